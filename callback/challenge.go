package callback

import (
	"context"
	"time"

	"wechattpp/crypto"
)

// Challenge is the verification of an address, as it arrived when someone
// entered the address in the vendor's console.
type Challenge struct {
	Source Source // one of a sender's own
	Sender string // code in the path; perhaps none at OfficialAccount
	// Timestamp, Nonce and Echo are the query's, percent-decoded once;
	// Signature is its signature, at WeCom its msg_signature.
	Timestamp, Nonce, Signature, Echo string
	At                                time.Time // when it arrived
}

// longestEcho is how many characters an echostr may have; WeChat sends 19
// digits. What is answered must be harmless wherever it is shown.
const longestEcho = 128

// Verify answers what to send back as text/plain with status 200: the echostr,
// at WeCom what it is when decrypted. The error is a *Refusal with the status.
//
// https://developers.weixin.qq.com/doc/subscription/guide/dev/push/
// https://developer.work.weixin.qq.com/document/path/90238
func (d *Door) Verify(c *Challenge) (string, error) {
	echo, l, refusal := d.verify(d.waits.from(c.At), c)
	if refusal == nil && !harmless(echo) {
		refusal = errEcho
	}
	if refusal != nil {
		d.tell(l, refusal, c.Timestamp, c.At)
		return "", d.Refuse(c.Source, refusal)
	}
	d.counts.verified[c.Source].Inc()
	return echo, nil
}

func (d *Door) verify(ctx context.Context, c *Challenge) (echo string, l *lock, _ *Refusal) {
	all, refusal := d.challenged(ctx, c)
	if refusal != nil {
		return "", nil, refusal
	}
	for _, l = range all {
		if !c.fits(l) {
			continue
		}
		if !d.timely(c.Timestamp, c.At) {
			return "", l, errStale
		}
		echo, refusal = c.echo(l)
		return echo, l, refusal
	}
	switch {
	case l != nil && l.missing != nil:
		return "", l, l.missing
	case l == nil || c.Sender == "":
		l = &lock{kind: c.Source.String()} // any of them may be meant
	}
	return "", l, errToken
}

// challenged answers the locks that a challenge may be for.
func (d *Door) challenged(ctx context.Context, c *Challenge) ([]*lock, *Refusal) {
	if c.Sender == "" {
		return d.every(ctx, c.Source)
	}
	l, refusal := d.lockOf(ctx, c.Source, c.Sender)
	return []*lock{l}, refusal
}

func (c *Challenge) fits(l *lock) bool {
	if c.Source == WeCom {
		return crypto.Verify(c.Signature, l.Token, c.Timestamp, c.Nonce, []byte(c.Echo))
	}
	return crypto.VerifyGET(c.Signature, l.Token, c.Timestamp, c.Nonce)
}

func (c *Challenge) echo(l *lock) (string, *Refusal) {
	if c.Source != WeCom {
		return c.Echo, nil
	}
	plain, _, err := crypto.Open([]byte(c.Echo), l.ID, l.Keys...)
	if err != nil {
		return "", errWrongKey
	}
	return string(plain), nil
}

func harmless(echo string) bool {
	for i := range len(echo) {
		switch c := echo[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return echo != "" && len(echo) <= longestEcho
}
