package main

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"wechattpp/crypto"
)

// The measured component and the account that is pushed to, all made up.
const (
	componentID = "wxbe9c400000000001"
	secret      = "bench-component-secret-0001"
	verifyToken = "benchVerifyToken"
	aesKey      = "abcdefghijABCDEFGHIJ0123456789klmnopqrstuvw"
	accountID   = "wx5a1e0c7d93b24f68" // of the simulator's sample world
	accountUser = "gh_5a1e0c7d93b2"
	openID      = "oShop0000000000000000000001A"
)

// messageSize is the plaintext of a push: a text message of two sentences.
const messageSize = 400

var messageNumber atomic.Int64

func init() { messageNumber.Store(time.Now().UnixNano()) } // new events in a kept database too

// pushes builds n pushes of new text messages, sealed and signed as WeChat
// does, with the timestamp of now: good for the ten minutes that the service
// accepts.
func pushes(n int) (*requests, error) {
	key, err := crypto.ParseKey(aesKey)
	if err != nil {
		return nil, err
	}
	r := &requests{data: make([]byte, 0, n*1400), ends: make([]int, 0, n)}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for range n {
		sealed, err := crypto.Seal(rand.Reader, textMessage(now), componentID, key)
		if err != nil {
			return nil, err
		}
		nonce := strconv.FormatInt(messageNumber.Load()%1e9, 10)
		r.push("/wechattpp/"+accountID+"/message", "ToUserName", accountUser, sealed, now, nonce)
	}
	return r, nil
}

func (r *requests) push(path, name, to, sealed, timestamp, nonce string) {
	body := "<xml>\n    <" + name + "><![CDATA[" + to + "]]></" + name + ">\n    <Encrypt><![CDATA[" + sealed + "]]></Encrypt>\n</xml>\n"
	query := "?signature=" + crypto.Sign(verifyToken, timestamp, nonce) + "&timestamp=" + timestamp + "&nonce=" + nonce +
		"&openid=" + openID + "&encrypt_type=aes&msg_signature=" + crypto.Sign(verifyToken, timestamp, nonce, sealed)
	r.add("POST ", path, query, " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nContent-Type: text/xml\r\nContent-Length: ",
		strconv.Itoa(len(body)), "\r\n\r\n", body)
}

func textMessage(now string) []byte {
	head := "<xml><ToUserName><![CDATA[" + accountUser + "]]></ToUserName>\n<FromUserName><![CDATA[" + openID + "]]></FromUserName>\n<CreateTime>" + now +
		"</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA["
	tail := "]]></Content>\n<MsgId>" + strconv.FormatInt(messageNumber.Add(1), 10) + "</MsgId>\n</xml>"
	fill := messageSize - len(head) - len(tail)
	return []byte(head + strings.Repeat("请问我的订单到了吗", fill/27+1)[:fill/27*27] + strings.Repeat(".", fill%27) + tail)
}

// ticketPush is the push that makes the component able to speak.
func ticketPush() (*requests, error) {
	key, err := crypto.ParseKey(aesKey)
	if err != nil {
		return nil, err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	sealed, err := crypto.Seal(rand.Reader, fmt.Appendf(nil, "<xml><AppId><![CDATA[%s]]></AppId>\n<CreateTime>%s</CreateTime>\n<InfoType><![CDATA[component_verify_ticket]]></InfoType>\n"+
		"<ComponentVerifyTicket><![CDATA[ticket@@@bench-%s]]></ComponentVerifyTicket>\n</xml>", componentID, now, now), componentID, key)
	if err != nil {
		return nil, err
	}
	r := &requests{}
	r.push("/wechattpp/component", "AppId", componentID, sealed, now, "12345")
	return r, nil
}
