package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// keyLength is the number of characters of an EncodingAESKey.
const keyLength = 43

// Key is an expanded EncodingAESKey of a message envelope. It is safe for concurrent use; do not copy it.
// However it is printed or logged, it shows as ***.
type Key struct {
	block     cipher.Block
	iv        [aes.BlockSize]byte
	decrypter sync.Pool // of cipher.BlockMode: one costs an allocation and is good for ever
}

// ParseKey reads the 43 letters and digits of an EncodingAESKey. The error names the length or the place of a wrong
// character, never the key.
//
// 43 characters carry 258 bits, so the last one may have two spare bits set: a strict decoder refuses valid keys
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Message_encryption_and_decryption.html).
func ParseKey(encodingAESKey string) (*Key, error) {
	if n := len(encodingAESKey); n != keyLength {
		return nil, fmt.Errorf("EncodingAESKey has %d characters, want %d of a-z, A-Z, 0-9", n, keyLength)
	}
	for i := range keyLength {
		if !alphanumeric(encodingAESKey[i]) {
			return nil, fmt.Errorf("EncodingAESKey: character %d is not one of a-z, A-Z, 0-9", i+1)
		}
	}
	raw, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil {
		return nil, errors.New("EncodingAESKey is not base64") // cannot happen; err could quote the key
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, errors.New("EncodingAESKey is not an AES-256 key")
	}
	k := &Key{block: block}
	copy(k.iv[:], raw) // the IV is the key's first 16 bytes
	return k, nil
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// decrypt works in place; len(b) must be a multiple of the block size. The IV is right only the first time a decrypter is
// used; it garbles the first block alone, which is random and thrown away.
func (k *Key) decrypt(b []byte) {
	mode, ok := k.decrypter.Get().(cipher.BlockMode)
	if !ok {
		mode = cipher.NewCBCDecrypter(k.block, k.iv[:])
	}
	mode.CryptBlocks(b, b)
	k.decrypter.Put(mode)
}

// String hides the key.
func (k *Key) String() string { return hidden }

// GoString hides the key.
func (k *Key) GoString() string { return hidden }

// LogValue hides the key.
func (k *Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format hides the key under every verb: %d and %x would go past String.
func (k *Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hidden)) }

// hidden stands for a secret wherever one would be printed.
const hidden = "***"
