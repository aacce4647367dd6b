package crypto

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func FuzzDecodeBase64AgreesWithTheStandardLibrary(f *testing.F) {
	for _, seed := range []string{"", "QUJD", "QUI=", "QQ==", "QUJDREVGR0hJSktM", "QUJDREVG\r\nR0hJSktM", "QUJDREVGR0hJS?tM", "QUJDREVGR0hJ====", "QQ==QUJDREVGR0hJ", "AAAAAAA?AAAAAAAA", "?AAAAAAAAAAAAAAA", "AAAA\x80AAAAAAAAAAA", strings.Repeat("+/9z", 100)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, want := make([]byte, base64.StdEncoding.DecodedLen(len(text))), make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := decodeBase64(got, text)
		m, wantErr := base64.StdEncoding.Decode(want, text)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, want %v", err, wantErr)
		}
		if err == nil && !bytes.Equal(got[:n], want[:m]) {
			t.Errorf("%x, want %x", got[:n], want[:m])
		}
	})
}

func BenchmarkDecodeBase64(b *testing.B) {
	text := []byte(strings.Repeat("QUJDREVG", 100))
	buf := make([]byte, len(text))
	for name, decode := range map[string]func(dst, src []byte) (int, error){"own": decodeBase64, "std": base64.StdEncoding.Decode} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := decode(buf, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
