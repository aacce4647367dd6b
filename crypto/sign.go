package crypto

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"
)

// Sign gives the lower-case hex SHA-1 of the parts, sorted by bytes and joined without a separator. It is msg_signature
// over token, timestamp, nonce and the base64 ciphertext, and signature over the first three
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html).
// It leaves parts as they were.
func Sign(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, "")))
	return hex.EncodeToString(sum[:])
}

// Verify tells whether signature is the msg_signature of the other four, in constant time and without an allocation.
// timestamp and nonce are the query's values, percent-decoded once; encrypt is the trimmed base64 text.
func Verify(signature, token, timestamp, nonce string, encrypt []byte) bool {
	return verify(signature, [3]string{token, timestamp, nonce}, encrypt, true)
}

// VerifyGET tells whether signature is the one of a URL verification of an account in plain form, which covers three
// values only and so says nothing about any body.
func VerifyGET(signature, token, timestamp, nonce string) bool {
	return verify(signature, [3]string{token, timestamp, nonce}, nil, false)
}

// signer is what one verification needs; pooled, because each part would otherwise be an allocation.
type signer struct {
	hash hash.Hash
	text []byte
	sum  [sha1.Size]byte
	want [2 * sha1.Size]byte
	got  [2 * sha1.Size]byte
}

var signers = sync.Pool{New: func() any { return &signer{hash: sha1.New(), text: make([]byte, 0, 128)} }}

// keptText bounds the buffer a pooled signer keeps, for the query comes from strangers.
const keptText = 1 << 10

func verify(signature string, parts [3]string, encrypt []byte, signed bool) bool {
	if len(signature) != 2*sha1.Size {
		return false
	}
	s := signers.Get().(*signer)
	s.compute(parts, encrypt, signed)
	copy(s.got[:], signature)
	ok := subtle.ConstantTimeCompare(s.got[:], s.want[:]) == 1
	if cap(s.text) <= keptText {
		signers.Put(s)
	}
	return ok
}

// compute writes the hex sum into want. The ciphertext is hashed where it lies, between the strings sorted around it.
func (s *signer) compute(parts [3]string, encrypt []byte, signed bool) {
	sort3(&parts)
	s.hash.Reset()
	s.text = s.text[:0]
	for _, part := range parts {
		if signed && string(encrypt) <= part { // the conversion does not allocate in a comparison
			_, _ = s.hash.Write(s.text)
			_, _ = s.hash.Write(encrypt)
			s.text, signed = s.text[:0], false
		}
		s.text = append(s.text, part...)
	}
	_, _ = s.hash.Write(s.text)
	if signed {
		_, _ = s.hash.Write(encrypt)
	}
	hex.Encode(s.want[:], s.hash.Sum(s.sum[:0]))
}

func sort3(p *[3]string) {
	if p[1] < p[0] {
		p[0], p[1] = p[1], p[0]
	}
	if p[2] < p[1] {
		p[1], p[2] = p[2], p[1]
	}
	if p[1] < p[0] {
		p[0], p[1] = p[1], p[0]
	}
}
