package crypto

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

type vector struct {
	ID, Kind, Note, Token, Timestamp, Nonce, Msg, Encrypt, Signature, Echostr, Expect string

	Key          string `json:"encoding_aes_key"`
	Random       string `json:"random16"`
	TrailingID   string `json:"trailing_id"`
	ExpectedID   string `json:"expected_trailing_id"`
	MsgSignature string `json:"msg_signature"`
	ExpectedBody string `json:"expected_body"`
}

type vectors struct {
	CurrentKey  string `json:"current_key"`
	PreviousKey string `json:"previous_key"`

	Valid, Invalid, Published []vector
	GetVerify                 []vector `json:"get_verify"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Valid) != 16 || len(v.Invalid) != 12 || len(v.Published) != 4 || len(v.GetVerify) != 3 {
		t.Fatalf("%d, %d, %d, %d vectors: some are missing", len(v.Valid), len(v.Invalid), len(v.Published), len(v.GetVerify))
	}
	return v
}

func mustKey(t testing.TB, s string) *Key {
	t.Helper()
	k, err := ParseKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestValidVectorsVerifyOpenAndSealAgain(t *testing.T) {
	t.Parallel()
	all := readVectors(t)
	for _, v := range append(all.Valid, all.Published...) {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			key := mustKey(t, v.Key)
			if v.MsgSignature != "" {
				if !Verify(v.MsgSignature, v.Token, v.Timestamp, v.Nonce, []byte(v.Encrypt)) {
					t.Error("its msg_signature does not verify")
				}
				if got := Sign(v.Token, v.Timestamp, v.Nonce, v.Encrypt); got != v.MsgSignature {
					t.Errorf("Sign gives %s, want %s", got, v.MsgSignature)
				}
			}
			if v.Signature != "" && !VerifyGET(v.Signature, v.Token, v.Timestamp, v.Nonce) {
				t.Error("its signature does not verify")
			}
			msg, i, err := Open([]byte(v.Encrypt), v.TrailingID, key)
			if err != nil || string(msg) != v.Msg || i != 0 {
				t.Errorf("Open gives %q, key %d, %v", msg, i, err)
			}
			sealed, err := Seal(strings.NewReader(v.Random), []byte(v.Msg), v.TrailingID, key)
			if err != nil || sealed != v.Encrypt {
				t.Errorf("Seal gives other bytes, or %v", err)
			}
		})
	}
}

func TestThePreviousKeyOpensWhatWasSealedWithIt(t *testing.T) {
	t.Parallel()
	all := readVectors(t)
	current, previous := mustKey(t, all.CurrentKey), mustKey(t, all.PreviousKey)
	found := 0
	for _, v := range all.Valid {
		want := 1 // in the list below
		if v.Key == all.PreviousKey {
			want, found = 3, found+1
			if _, _, err := Open([]byte(v.Encrypt), v.TrailingID, current); !errors.Is(err, ErrOpen) {
				t.Errorf("%s: the current key alone: %v", v.ID, err)
			}
		}
		msg, i, err := Open([]byte(v.Encrypt), v.TrailingID, nil, current, nil, previous)
		if err != nil || string(msg) != v.Msg || i != want {
			t.Errorf("%s: key %d, %v; want key %d", v.ID, i, err, want)
		}
	}
	if found == 0 {
		t.Error("no vector is sealed with the previous key")
	}
}

func TestInvalidVectorsFailForTheirReason(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).Invalid {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			verified := Verify(v.MsgSignature, v.Token, v.Timestamp, v.Nonce, []byte(v.Encrypt))
			if verified != (v.Expect != "signature") {
				t.Errorf("Verify says %v", verified)
			}
			msg, i, err := Open([]byte(v.Encrypt), v.ExpectedID, mustKey(t, v.Key))
			if v.Expect == "signature" {
				return // the ciphertext itself is good
			}
			if err == nil || msg != nil || i != -1 {
				t.Fatalf("Open gives %q, key %d, %v", msg, i, err)
			}
			if !fits(v.Expect, err) {
				t.Errorf("%#v, want %s", err, v.Expect)
			}
		})
	}
}

func fits(expect string, err error) bool {
	var open *openError
	switch expect {
	case "base64":
		return errors.Is(err, ErrNotBase64)
	case "cipher-length":
		return errors.Is(err, ErrCiphertext)
	case "any-decrypt-error":
		return errors.Is(err, ErrOpen)
	case "appid":
		expect = "id"
	}
	return errors.Is(err, ErrOpen) && errors.As(err, &open) && open.reason == expect && err.Error() == ErrOpen.Error()
}

func TestURLVerification(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).GetVerify {
		if v.Kind == "get-verify-wecom" { // signed as a push, and the echostr is an envelope
			msg, _, err := Open([]byte(v.Echostr), v.TrailingID, mustKey(t, v.Key))
			if err != nil || string(msg) != v.ExpectedBody || !Verify(v.MsgSignature, v.Token, v.Timestamp, v.Nonce, []byte(v.Echostr)) {
				t.Errorf("%s: %q, %v", v.ID, msg, err)
			}
			continue
		}
		if !VerifyGET(v.Signature, v.Token, v.Timestamp, v.Nonce) || VerifyGET(v.Signature, v.Token, v.Timestamp, v.Nonce+"1") {
			t.Errorf("%s does not verify, or verifies with another nonce", v.ID)
		}
	}
}
