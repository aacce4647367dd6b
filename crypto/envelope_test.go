package crypto

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

const (
	sampleKey = "0123456789abcdefghijABCDEFGHIJklmnopqrstuvw"
	sampleID  = "wx1a2b3c4d5e6f7a8b"
)

func TestParseKeySaysWhatIsWrongWithoutTheKey(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ key, want string }{
		"42 characters":      {sampleKey[:42], "has 42 characters, want 43"},
		"44 with the sign":   {sampleKey + "=", "has 44 characters, want 43"},
		"none":               {"", "has 0 characters, want 43"},
		"a plus sign":        {"+" + sampleKey[1:], "character 1 is not one of"},
		"a blank at the end": {sampleKey[:42] + " ", "character 43 is not one of"},
		"a line break":       {sampleKey[:20] + "\n" + sampleKey[21:], "character 21 is not one of"},
	}
	for name, test := range tests {
		_, err := ParseKey(test.key)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		} else if strings.Contains(err.Error(), sampleKey[4:12]) {
			t.Errorf("%s: the error tells the key: %v", name, err)
		}
	}
}

func TestKeysAndVaultsPrintAsStars(t *testing.T) {
	t.Parallel()
	key := mustKey(t, sampleKey)
	vault, err := NewVault(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []any{key, vault} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			if got := fmt.Sprintf(verb, secret); got != "***" {
				t.Errorf("%s of %T prints %s", verb, secret, got)
			}
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret)
		if strings.Count(log.String(), "***") != 2 {
			t.Errorf("slog prints %s", log.String())
		}
	}
}

func TestASignatureIsFortyLowerCaseHexDigits(t *testing.T) {
	t.Parallel()
	good := Sign("token", "1", "2", "body")
	for name, signature := range map[string]string{
		"empty": "", "cut": good[:39], "longer": good + "0", "upper case": strings.ToUpper(good), "with a blank": good[:39] + " ",
	} {
		if Verify(signature, "token", "1", "2", []byte("body")) {
			t.Errorf("%s: verifies", name)
		}
	}
}

func TestVerifyAgreesWithSignInEveryOrderOfTheValues(t *testing.T) {
	t.Parallel()
	values := []string{"", "a", "aa", "b", "B", "1", "10", "2", "é"}
	for _, a := range values {
		for _, b := range values {
			for _, c := range values {
				for _, d := range values {
					if !Verify(Sign(a, b, c, d), a, b, c, []byte(d)) {
						t.Fatalf("token %q, timestamp %q, nonce %q, encrypt %q", a, b, c, d)
					}
				}
				if !VerifyGET(Sign(a, b, c), a, b, c) {
					t.Fatalf("GET: token %q, timestamp %q, nonce %q", a, b, c)
				}
			}
		}
	}
}

func TestSignLeavesItsArgumentsInTheirOrder(t *testing.T) {
	t.Parallel()
	parts := []string{"b", "a"}
	if Sign(parts...); parts[0] != "b" {
		t.Error("sorted in place")
	}
}

func TestOpenTakesLineBreaksInBase64(t *testing.T) {
	t.Parallel()
	key := mustKey(t, sampleKey)
	sealed, err := Seal(rand.Reader, []byte("hello"), sampleID, key)
	if err != nil {
		t.Fatal(err)
	}
	msg, _, err := Open([]byte(sealed[:40]+"\r\n"+sealed[40:]), sampleID, key)
	if err != nil || string(msg) != "hello" {
		t.Errorf("%q, %v", msg, err)
	}
}

func TestOpenWithoutAKeyIsAnErrorOfItsOwnKind(t *testing.T) {
	t.Parallel()
	if _, i, err := Open([]byte("QUJD"), sampleID, nil, nil); !errors.Is(err, ErrOpen) || i != -1 {
		t.Errorf("key %d, %v", i, err)
	}
}

func TestTheMessageCannotGrowIntoTheID(t *testing.T) {
	t.Parallel()
	key := mustKey(t, sampleKey)
	sealed, _ := Seal(rand.Reader, []byte("hello"), sampleID, key)
	msg, _, err := Open([]byte(sealed), sampleID, key)
	if err != nil || cap(msg) != len(msg) {
		t.Errorf("length %d, capacity %d, %v", len(msg), cap(msg), err)
	}
}

func TestEveryByteOfThePaddingIsChecked(t *testing.T) {
	t.Parallel()
	key := mustKey(t, sampleKey)
	for at := range 32 {
		plain := append(make([]byte, headSize), sampleID...) // 38 bytes, so that 26 are padding
		plain = append(plain, bytes.Repeat([]byte{26}, 26)...)
		if at < 26 {
			plain[len(plain)-26+at] ^= 0x40
		}
		cipher.NewCBCEncrypter(key.block, key.iv[:]).CryptBlocks(plain, plain)
		_, _, err := Open([]byte(base64.StdEncoding.EncodeToString(plain)), sampleID, key)
		if (err == nil) != (at >= 26) {
			t.Errorf("byte %d of the padding changed: %v", at, err)
		}
	}
}

func TestSealFailsWithItsRandomness(t *testing.T) {
	t.Parallel()
	if _, err := Seal(strings.NewReader("short"), nil, sampleID, mustKey(t, sampleKey)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestOneKeyServesManyGoroutines(t *testing.T) {
	t.Parallel()
	key := mustKey(t, sampleKey)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				want := fmt.Sprintf("%d-%d-%s", g, i, strings.Repeat("x", i))
				sealed, err := Seal(rand.Reader, []byte(want), sampleID, key)
				if err != nil {
					t.Error(err)
				}
				if !Verify(Sign("t", "1", "2", sealed), "t", "1", "2", []byte(sealed)) {
					t.Error("does not verify")
				}
				if msg, _, err := Open([]byte(sealed), sampleID, key); err != nil || string(msg) != want {
					t.Errorf("%q, %v", msg, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestVerifyAndOpenAllocateOnlyThePlaintext(t *testing.T) {
	key := mustKey(t, sampleKey)
	for _, size := range []int{400, 2 << 10, 20 << 10} {
		sealed, _ := Seal(rand.Reader, make([]byte, size), sampleID, key)
		encrypt, signature := []byte(sealed), Sign("token", "1760000000", "836492017", sealed)
		got := testing.AllocsPerRun(200, func() {
			if !Verify(signature, "token", "1760000000", "836492017", encrypt) {
				t.Fatal("does not verify")
			}
			if _, _, err := Open(encrypt, sampleID, key); err != nil {
				t.Fatal(err)
			}
		})
		if got != 1 && !raceEnabled { // the race detector makes sync.Pool drop things at random
			t.Errorf("%d bytes: %v allocations, want 1", size, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	all := readVectors(f)
	for _, v := range append(append(all.Valid, all.Invalid...), all.Published...) {
		f.Add([]byte(v.Encrypt), v.TrailingID+v.ExpectedID)
	}
	current, previous := mustKey(f, all.CurrentKey), mustKey(f, all.PreviousKey)
	f.Fuzz(func(t *testing.T, encrypt []byte, id string) {
		given := bytes.Clone(encrypt)
		msg, i, err := Open(encrypt, id, current, nil, previous)
		if !bytes.Equal(given, encrypt) {
			t.Error("Open changed what it was given")
		}
		if err != nil {
			if i != -1 || msg != nil {
				t.Errorf("key %d, %d bytes with %v", i, len(msg), err)
			}
			return
		}
		key := map[int]*Key{0: current, 2: previous}[i]
		sealed, err := Seal(rand.Reader, msg, id, key)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := Open([]byte(sealed), id, key)
		if err != nil || !bytes.Equal(again, msg) {
			t.Errorf("sealed again it opens to %q, %v", again, err)
		}
	})
}

// A message that is signed and whose bytes are then changed must not verify; nor with any other signature.
func FuzzMalleability(f *testing.F) {
	f.Add("SampleToken2024", "1760000000", "836492017", []byte("QUJD"), uint16(3), byte(1))
	f.Add("", "", "", []byte{}, uint16(0), byte(0x20))
	f.Fuzz(func(t *testing.T, token, timestamp, nonce string, encrypt []byte, at uint16, flip byte) {
		signature := Sign(token, timestamp, nonce, string(encrypt))
		if !Verify(signature, token, timestamp, nonce, encrypt) {
			t.Fatal("its own signature does not verify")
		}
		if flip == 0 {
			return
		}
		changed := []byte(signature)
		changed[int(at)%len(changed)] ^= flip
		if Verify(string(changed), token, timestamp, nonce, encrypt) {
			t.Errorf("%s verifies for %s", changed, signature)
		}
		if len(encrypt) > 0 {
			other := bytes.Clone(encrypt)
			other[int(at)%len(other)] ^= flip
			if Verify(signature, token, timestamp, nonce, other) && Sign(token, timestamp, nonce, string(other)) != signature {
				t.Errorf("%q verifies for %q", other, encrypt)
			}
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{sampleKey, "", sampleKey[:42], sampleKey + "=", strings.Repeat("\xff", 43), strings.Repeat("9", 43)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseKey(text)
		if err != nil {
			if len(text) > 3 && strings.Contains(err.Error(), text) {
				t.Errorf("the error tells the key: %v", err)
			}
			return
		}
		if raw, err := base64.StdEncoding.DecodeString(text + "="); err != nil || len(raw) != 32 {
			t.Errorf("took %d bytes, %v", len(raw), err)
		}
		sealed, err := Seal(rand.Reader, []byte("x"), "id", key)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open([]byte(sealed), "id", key); err != nil {
			t.Error(err)
		}
	})
}
