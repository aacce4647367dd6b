package crypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// What can be wrong with an envelope. Test with errors.Is.
var (
	// ErrNotBase64 is text that is not standard base64.
	ErrNotBase64 = errors.New("encrypted message is not base64")
	// ErrCiphertext is a ciphertext that is empty or no multiple of 16 bytes.
	ErrCiphertext = errors.New("encrypted message is empty or no multiple of 16 bytes")
	// ErrOpen is a ciphertext that none of the keys opens. Why is not told: an answer that did would be an oracle.
	ErrOpen = errors.New("no key opens the encrypted message")
)

// openError is ErrOpen with the reason, which only tests look at.
type openError struct{ reason string }

func (e *openError) Error() string        { return ErrOpen.Error() }
func (e *openError) Is(target error) bool { return target == ErrOpen }

var (
	errNoKey   = &openError{"no key"}
	errPadding = &openError{"padding"}
	errLength  = &openError{"length"}
	errID      = &openError{"id"}
)

// The plaintext is 16 random bytes, the message's length in four bytes, the message, the id, and padding to 32
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Message_encryption_and_decryption.html).
const (
	randomSize = 16
	headSize   = randomSize + 4
	padTo      = 32
)

// Open decrypts the trimmed base64 text of an envelope with the first key that fits, and tells which one it was, counted
// from 0 (-1 with an error). A key fits if padding, length and the trailing id are right. Nil keys are passed over.
// The only allocation is the one buffer msg lies in. Safe for concurrent use.
//
// Verify first: an unsigned ciphertext must not get here. Errors: ErrNotBase64, ErrCiphertext, ErrOpen.
func Open(encrypt []byte, id string, keys ...*Key) (msg []byte, key int, err error) {
	buf := make([]byte, base64.StdEncoding.DecodedLen(len(encrypt))+2) // decodeBase64 writes eight bytes where six are
	err = errNoKey
	for i, k := range keys {
		if k == nil {
			continue
		}
		n, bad := decodeBase64(buf, encrypt) // again for each key, as decryption overwrites
		if bad != nil {
			return nil, -1, ErrNotBase64
		}
		if n == 0 || n%aes.BlockSize != 0 {
			return nil, -1, ErrCiphertext
		}
		k.decrypt(buf[:n])
		if msg, err = unpack(buf[:n], id); err == nil {
			return msg, i, nil
		}
	}
	return nil, -1, err
}

// unpack takes the message out of a decrypted envelope. With a wrong key the padding is right by chance once in 256
// times, so that the length and the id must be checked too.
func unpack(plain []byte, id string) ([]byte, error) {
	plain, ok := unpad(plain)
	if !ok {
		return nil, errPadding
	}
	if len(plain) < headSize {
		return nil, errLength
	}
	size := uint64(binary.BigEndian.Uint32(plain[randomSize:]))
	body := plain[headSize:]
	if size > uint64(len(body)) {
		return nil, errLength
	}
	if string(body[size:]) != id {
		return nil, errID
	}
	return body[:size:size], nil
}

// unpad removes PKCS #7 padding to a block of 32, not AES's 16: pads of 17 to 32 are common.
func unpad(plain []byte) ([]byte, bool) {
	n := int(plain[len(plain)-1])
	if n < 1 || n > padTo || n > len(plain) {
		return nil, false
	}
	rest := len(plain) - n
	for _, b := range plain[rest:] {
		if int(b) != n {
			return nil, false
		}
	}
	return plain[:rest], true
}

// Seal encrypts msg for id and gives the base64 text, to be signed with Sign. rand gives the 16 random bytes: pass
// crypto/rand.Reader. It fails only when rand does, or beyond 4 GiB.
func Seal(rand io.Reader, msg []byte, id string, key *Key) (string, error) {
	if uint64(len(msg)) > math.MaxUint32 {
		return "", fmt.Errorf("message of %d bytes: an envelope holds at most %d", len(msg), uint32(math.MaxUint32))
	}
	buf := make([]byte, headSize, headSize+len(msg)+len(id)+padTo)
	if _, err := io.ReadFull(rand, buf[:randomSize]); err != nil {
		return "", fmt.Errorf("random bytes for an envelope: %w", err)
	}
	binary.BigEndian.PutUint32(buf[randomSize:], uint32(len(msg)))
	buf = append(append(buf, msg...), id...)
	pad := padTo - len(buf)%padTo
	buf = append(buf, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(key.block, key.iv[:]).CryptBlocks(buf, buf)
	return base64.StdEncoding.EncodeToString(buf), nil
}
