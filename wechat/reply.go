package wechat

import (
	"encoding/json"
	"strconv"
	"strings"
)

// TextReply is a passive reply of text, before it is encrypted: the names of the push it answers, swapped.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html
type TextReply struct {
	ToUserName   string // openid
	FromUserName string // gh_… of the account
	CreateTime   int64  // Unix seconds
	Content      string
}

// XML writes the reply, the same bytes for the same reply.
func (r TextReply) XML() []byte {
	return []byte("<xml><ToUserName>" + cdata(r.ToUserName) + "</ToUserName><FromUserName>" + cdata(r.FromUserName) + "</FromUserName><CreateTime>" +
		strconv.FormatInt(r.CreateTime, 10) + "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>" + cdata(r.Content) + "</Content></xml>")
}

// ReplyEnvelope is the outside of an encrypted passive reply. MsgSignature covers the other three. Names are
// case-sensitive, TimeStamp above all.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html
type ReplyEnvelope struct {
	Encrypt      string
	MsgSignature string
	TimeStamp    int64 // Unix seconds
	Nonce        string
}

// XML is the form for pushes in XML.
func (e ReplyEnvelope) XML() string {
	return "<xml><Encrypt>" + cdata(e.Encrypt) + "</Encrypt><MsgSignature>" + cdata(e.MsgSignature) + "</MsgSignature><TimeStamp>" +
		strconv.FormatInt(e.TimeStamp, 10) + "</TimeStamp><Nonce>" + cdata(e.Nonce) + "</Nonce></xml>"
}

// JSON is the form for pushes in JSON, TimeStamp a number.
func (e ReplyEnvelope) JSON() (string, error) {
	b, err := json.Marshal(e)
	return string(b), err
}

func cdata(s string) string {
	return "<![CDATA[" + strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>") + "]]>"
}
