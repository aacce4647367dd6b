package callback

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"strconv"
	"time"

	"wechattpp/crypto"
	"wechattpp/wechat"
)

// Reply is what a push is answered with instead of success.
type Reply struct {
	Message []byte // passive reply in clear; empty: an empty body, as WeChat wants it where the answer comes later
}

// answer is the text to say to a push that is on disk. A reply is encrypted
// with the key that opened the push, which may be the previous one, and closed
// with the lock's id
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html).
//
// Failure policy: a reply that cannot be encrypted costs only itself; the push
// is on disk, and that is what success says.
func (d *Door) answer(a *arrival) string {
	switch {
	case a.reply == nil:
		return Success
	case len(a.reply.Message) == 0:
		return ""
	}
	text, err := a.seal()
	if err != nil {
		d.Log.Error("a passive reply could not be encrypted", "app_id", a.event.AppID, "err", err)
		return Success
	}
	return text
}

func (a *arrival) seal() (string, error) {
	encrypt, err := crypto.Seal(rand.Reader, a.reply.Message, a.lock.ID, a.key)
	if err != nil {
		return "", err
	}
	e := wechat.ReplyEnvelope{Encrypt: encrypt, TimeStamp: time.Now().Unix(), Nonce: strconv.FormatUint(mathrand.Uint64N(1e10), 10)}
	e.MsgSignature = crypto.Sign(a.lock.Token, strconv.FormatInt(e.TimeStamp, 10), e.Nonce, encrypt)
	return e.XML(), nil
}
