package callback

import (
	"context"

	"wechattpp/crypto"
	"wechattpp/wechat"
)

// mostHashed bounds the work of finding whom a push without a code is for:
// bytes hashed, all senders together. An ordinary push of 2 kB may be looked
// for among sixteen thousand senders, the longest one among thirty-two.
const mostHashed = 32 << 20

// fitting answers the lock of the sender whose token signed a push and whose
// AppID closes it. Where none does, it is that of a sender whose token did, or
// one that nothing fits.
func (d *Door) fitting(ctx context.Context, r *Request) (*lock, *Refusal) {
	found := &lock{Token: d.nobody, kind: r.Source.String()}
	env, err := wechat.ParseEnvelope(r.Body)
	if err != nil {
		return found, nil // open says what is wrong with it
	}
	all, refusal := d.every(ctx, r.Source)
	if refusal != nil {
		return nil, refusal
	}
	fits, left := map[string]bool{}, mostHashed // several senders may share a token
	for _, l := range all {
		good, seen := fits[l.Token]
		if !seen {
			if left -= len(env.Encrypt); left < 0 {
				d.Log.Warn("too many senders to look among for a long push: enter the address that ends in the sender's code", "bytes", len(env.Encrypt))
				break
			}
			good = crypto.Verify(r.Signature, l.Token, r.Timestamp, r.Nonce, env.Encrypt)
			fits[l.Token] = good
		}
		if !good {
			continue
		}
		if _, _, err := crypto.Open(env.Encrypt, l.ID, l.Keys...); err == nil {
			return l, nil
		}
		found = l
	}
	return found, nil
}
