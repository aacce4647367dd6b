package simulator

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"wechattpp/crypto"
)

// style picks the shape of each push, from a seed so that a run can be repeated.
type style struct {
	mu  sync.Mutex
	rnd *mathrand.Rand
}

func (s *style) init(seed uint64) { s.rnd = mathrand.New(mathrand.NewPCG(seed, 0)) }

func (s *style) bits() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rnd.Uint64()
}

func (s *style) next() form {
	b := s.bits()
	return form{pretty: b&1 != 0, cdata: b&2 != 0}
}

// Envelope seals and signs an inner message as one push: the query and the
// body. A userName (gh_…) makes the form of the message URL, "" that of the
// authorization URL. For tests and benchmarks that knock by themselves.
func (s *Simulator) Envelope(userName, openID string, inner []byte) (query string, body []byte, err error) {
	if s.keyErr != nil {
		return "", nil, s.keyErr
	}
	sealed, err := crypto.Seal(rand.Reader, inner, s.cfg.ComponentAppID, s.key)
	if err != nil {
		return "", nil, fmt.Errorf("seal a push: %w", err)
	}
	return s.signedQuery(sealed, openID), s.wrap(userName, sealed), nil
}

func (s *Simulator) signedQuery(sealed, openID string) string {
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	nonce := strconv.FormatUint(s.style.bits()%10_000_000_000, 10)
	q := url.Values{
		"timestamp": {timestamp}, "nonce": {nonce}, "encrypt_type": {"aes"},
		"signature":     {crypto.Sign(s.cfg.Token, timestamp, nonce)},
		"msg_signature": {crypto.Sign(s.cfg.Token, timestamp, nonce, sealed)},
	}
	if openID != "" {
		q.Set("openid", openID)
	}
	return q.Encode()
}

// wrap also puts white space around the ciphertext now and then (WxJava 1634).
func (s *Simulator) wrap(userName, sealed string) []byte {
	outer := member{name: "AppId", value: s.cfg.ComponentAppID}
	if userName != "" {
		outer = member{name: "ToUserName", value: userName}
	}
	f := s.style.next()
	encrypt := f
	encrypt.spaced = s.style.bits()&3 == 0
	text := encrypt.text(member{value: sealed})
	return f.write([]member{outer, {name: "Encrypt", value: text, number: true}})
}

// passive is an encrypted reply; names are case-sensitive (component 1.7).
type passive struct {
	XMLName      xml.Name `xml:"xml"`
	Encrypt      string   `xml:"Encrypt"`
	MsgSignature string   `xml:"MsgSignature"`
	TimeStamp    string   `xml:"TimeStamp"`
	Nonce        string   `xml:"Nonce"`
}

// openReply reads a passive reply as WeChat would, or says why it would not.
func (s *Simulator) openReply(body []byte) (string, error) {
	return openPassive(body, s.cfg.Token, s.cfg.ComponentAppID, s.key)
}

func openPassive(body []byte, token, id string, keys ...*crypto.Key) (string, error) {
	var r passive
	if err := xml.Unmarshal(body, &r); err != nil {
		return "", fmt.Errorf("the answer is neither success nor a passive reply: %w", err)
	}
	sealed := []byte(strings.TrimSpace(r.Encrypt))
	if !crypto.Verify(strings.TrimSpace(r.MsgSignature), token, strings.TrimSpace(r.TimeStamp), strings.TrimSpace(r.Nonce), sealed) {
		return "", fmt.Errorf("the reply's MsgSignature does not fit")
	}
	msg, _, err := crypto.Open(sealed, id, keys...)
	if err != nil {
		return "", fmt.Errorf("the reply does not open: %w", err)
	}
	return string(msg), nil
}
