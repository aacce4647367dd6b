package audience

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// Keys sign what links are made of. The first signs, all verify.
type Keys [][]byte

const idLength, signatureLength = 32, 32

// sign appends a signature, so that guesses never reach the database: letters
// and digits only, as WeChat wants what it carries back to be.
func (k Keys) sign(use, id string) string { return id + signature(k[0], use, id) }

func (k Keys) verify(use, signed string) (id string, ok bool) {
	cut := len(signed) - signatureLength
	if cut < idLength {
		return "", false
	}
	for _, key := range k {
		if hmac.Equal([]byte(signed[cut:]), []byte(signature(key, use, signed[:cut]))) {
			return signed[:cut], true
		}
	}
	return "", false
}

func signature(key []byte, use, id string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use + " " + id))
	return hex.EncodeToString(mac.Sum(nil)[:signatureLength/2])
}

func random() string {
	b := make([]byte, idLength/2)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}

// digest is what is kept of a secret that comes back.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
