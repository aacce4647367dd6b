package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// The floor is what the primitives cost over the same bytes, with every state and buffer at hand: SHA-1 of the sorted
// values already joined, base64, AES-256-CBC in place. Compare the pairs with
//
//	go test -run '^$' -bench 'Open|Bare' -count 10 ./crypto/

var benchSizes = []struct {
	name string
	size int
}{{"400B", 400}, {"2KB", 2 << 10}, {"20KB", 20 << 10}}

const benchToken, benchTime, benchNonce = "SampleToken2024", "1760000000", "836492017"

func BenchmarkOpen(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			key := mustKey(b, sampleKey)
			sealed, _ := Seal(rand.Reader, make([]byte, size.size), sampleID, key)
			signature, encrypt := Sign(benchToken, benchTime, benchNonce, sealed), []byte(sealed)
			b.SetBytes(int64(size.size))
			b.ReportAllocs()
			for b.Loop() {
				if !Verify(signature, benchToken, benchTime, benchNonce, encrypt) {
					b.Fatal("does not verify")
				}
				if _, _, err := Open(encrypt, sampleID, key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBare(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			key := mustKey(b, sampleKey)
			sealed, _ := Seal(rand.Reader, make([]byte, size.size), sampleID, key)
			sorted := []string{benchToken, benchTime, benchNonce, sealed}
			slices.Sort(sorted)
			signed, encrypt := []byte(strings.Join(sorted, "")), []byte(sealed)
			raw, _ := base64.StdEncoding.DecodeString(sampleKey + "=")
			block, _ := aes.NewCipher(raw)
			mode := cipher.NewCBCDecrypter(block, raw[:16])
			buf := make([]byte, base64.StdEncoding.DecodedLen(len(encrypt)))
			b.SetBytes(int64(size.size))
			b.ReportAllocs()
			for b.Loop() {
				sha1.Sum(signed)
				n, _ := base64.StdEncoding.Decode(buf, encrypt)
				mode.CryptBlocks(buf[:n], buf[:n])
			}
		})
	}
}

func BenchmarkVaultOpen(b *testing.B) {
	v := mustVault(b, master(1))
	sealed := mustSeal(b, v, strings.Repeat("x", 160), "token/authorizer/wx1/access")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(sealed, "token/authorizer/wx1/access"); err != nil {
			b.Fatal(err)
		}
	}
}
