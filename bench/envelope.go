package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"wechattpp/crypto"
)

// envelopes measures verifying and opening a push against the bare primitives
// over the same bytes: SHA-1, base64 and AES-CBC into the one buffer that any
// opener must make.
func (b *bench) envelopes() error {
	for _, c := range []struct {
		name string
		size int
		bar  float64
	}{{"400 B", 400, 1.25}, {"2 KB", 2 << 10, 1.15}, {"20 KB", 20 << 10, 1.1}} {
		if err := b.envelope(c.name, c.size, c.bar); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) envelope(name string, size int, bar float64) error {
	key, err := crypto.ParseKey(aesKey)
	if err != nil {
		return err
	}
	text, err := crypto.Seal(rand.Reader, bytes.Repeat([]byte{'x'}, size), componentID, key)
	if err != nil {
		return err
	}
	sealed, signature := []byte(text), crypto.Sign(verifyToken, "1760000000", "12345", text)
	whole := func() error {
		if !crypto.Verify(signature, verifyToken, "1760000000", "12345", sealed) {
			return errors.New("not verified")
		}
		msg, _, err := crypto.Open(sealed, componentID, key)
		if err == nil && len(msg) != size {
			err = fmt.Errorf("%d bytes opened, want %d", len(msg), size)
		}
		return err
	}
	floor, err := primitives(sealed)
	if err != nil {
		return err
	}
	// Many short pairs: what else the machine does spoils some of them, not the median.
	n, pairs := repeats(whole), 40*b.rounds
	var ours, bare []float64
	for i := range pairs {
		if i%2 == 1 {
			ours = append(ours, nanoseconds(whole, n))
		}
		bare = append(bare, nanoseconds(floor, n))
		if i%2 == 0 {
			ours = append(ours, nanoseconds(whole, n))
		}
	}
	if err := errors.Join(floor(), whole()); err != nil {
		return err
	}
	allocations := testing.AllocsPerRun(1000, func() { _ = whole() })
	b.table.add(
		row{Work: "verify + open, " + name, Floor: fmt.Sprintf("bare primitives %.2f µs", median(bare)/1e3), Ours: fmt.Sprintf("%.2f µs", median(ours)/1e3),
			Ratio: median(ratios(ours, bare)), Bar: bar, AtMost: true, Unit: "×", Rounds: pairs},
		row{Work: "  its allocations", Floor: "the plaintext", Ours: fmt.Sprint(allocations), Ratio: allocations, Bar: 1, AtMost: true, Unit: "allocations", Rounds: 1000})
	return nil
}

// resettable is what crypto/cipher's CBC modes can do: begin anew without an allocation.
type resettable interface {
	cipher.BlockMode
	SetIV([]byte)
}

// primitives is the floor: the same hash over the same bytes, the same
// decoding and the same decryption, and no question asked.
func primitives(sealed []byte) (func() error, error) {
	raw, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	mode, ok := cipher.NewCBCDecrypter(block, raw[:16]).(resettable)
	if !ok {
		return nil, errors.New("this Go's CBC mode cannot be reset")
	}
	hash, before, after := sha1.New(), []byte("176000000012345"), []byte(verifyToken)
	var sum [sha1.Size]byte
	var text [2 * sha1.Size]byte
	return func() error {
		hash.Reset()
		_, _ = hash.Write(before)
		_, _ = hash.Write(sealed) // where it lies: a copy would cost the floor its cache
		_, _ = hash.Write(after)
		hex.Encode(text[:], hash.Sum(sum[:0]))
		buf := make([]byte, base64.StdEncoding.DecodedLen(len(sealed)))
		n, err := base64.StdEncoding.Decode(buf, sealed)
		if err != nil {
			return err
		}
		mode.SetIV(raw[:16])
		mode.CryptBlocks(buf[:n], buf[:n])
		return nil
	}, nil
}

// repeats is how often f fits into five milliseconds, at least once.
func repeats(f func() error) int {
	return max(int(5e6/nanoseconds(f, 100)), 1)
}

// nanoseconds is what one of n calls takes.
func nanoseconds(f func() error, n int) float64 {
	begin := time.Now()
	for range n {
		_ = f() // tried before and after
	}
	return float64(time.Since(begin)) / float64(n)
}
