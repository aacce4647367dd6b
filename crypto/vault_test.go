package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func master(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func mustVault(t testing.TB, current []byte, previous ...[]byte) *Vault {
	t.Helper()
	v, err := NewVault(current, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustSeal(t testing.TB, v *Vault, plain, binding string) []byte {
	t.Helper()
	sealed, err := v.Seal([]byte(plain), binding)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestVaultOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	v := mustVault(t, master(1))
	for _, plain := range []string{"", "x", strings.Repeat("refreshtoken@@@", 100)} {
		sealed := mustSeal(t, v, plain, "token/authorizer/wx1/refresh")
		got, err := v.Open(sealed, "token/authorizer/wx1/refresh")
		if err != nil || string(got) != plain {
			t.Errorf("%q, %v", got, err)
		}
		if len(sealed) != len(plain)+37 {
			t.Errorf("%d bytes became %d", len(plain), len(sealed))
		}
		if plain != "" && bytes.Contains(sealed, []byte(plain)) && len(plain) > 1 {
			t.Error("the plaintext shows")
		}
		if bytes.Equal(sealed, mustSeal(t, v, plain, "token/authorizer/wx1/refresh")) {
			t.Error("sealing twice gives the same bytes")
		}
	}
}

func TestASealedValueMovedElsewhereDoesNotOpen(t *testing.T) {
	t.Parallel()
	v := mustVault(t, master(1))
	sealed := mustSeal(t, v, "secret", "token/authorizer/wx1/access")
	for _, elsewhere := range []string{"token/authorizer/wx2/access", "token/authorizer/wx1/refresh", ""} {
		if got, err := v.Open(sealed, elsewhere); !errors.Is(err, ErrTampered) || got != nil {
			t.Errorf("at %q: %q, %v", elsewhere, got, err)
		}
	}
}

func TestEveryChangedBitIsNoticed(t *testing.T) {
	t.Parallel()
	v := mustVault(t, master(1))
	sealed := mustSeal(t, v, "secret", "x")
	for i := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[i/8] ^= 1 << (i % 8)
		want := ErrTampered
		if at := i / 8; at >= 1 && at <= 8 {
			want = ErrWrongKey // the key id
		}
		if got, err := v.Open(changed, "x"); !errors.Is(err, want) || got != nil {
			t.Fatalf("bit %d: %q, %v; want %v", i, got, err, want)
		}
	}
	for n := range len(sealed) {
		if _, err := v.Open(sealed[:n], "x"); !errors.Is(err, ErrTampered) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestRotationOpensTheOldAndSealsWithTheNew(t *testing.T) {
	t.Parallel()
	before, after, other := mustVault(t, master(1)), mustVault(t, master(2), nil, master(1)), mustVault(t, master(3))
	old := mustSeal(t, before, "secret", "x")
	if got, err := after.Open(old, "x"); err != nil || string(got) != "secret" {
		t.Errorf("after the rotation: %q, %v", got, err)
	}
	if after.Current(old) || !before.Current(old) || !after.Current(mustSeal(t, after, "", "x")) || after.Current(nil) {
		t.Error("Current does not tell old from new")
	}
	for name, v := range map[string]*Vault{"another master key": other, "the previous key taken away": mustVault(t, master(2))} {
		if _, err := v.Open(old, "x"); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if before.KeyID() == after.KeyID() || len(after.KeyID()) != 16 || after.KeyID() != mustVault(t, master(2)).KeyID() {
		t.Errorf("key ids %s, %s", before.KeyID(), after.KeyID())
	}
}

func TestDerivedKeysDifferByLabelAndMasterKey(t *testing.T) {
	t.Parallel()
	v := mustVault(t, master(2), master(1))
	all := v.DeriveAll("jwt")
	if len(all) != 2 || !bytes.Equal(all[0], v.Derive("jwt")) || !bytes.Equal(all[1], mustVault(t, master(1)).Derive("jwt")) {
		t.Error("DeriveAll is not the current and then the previous one")
	}
	if len(all[0]) != 32 || bytes.Equal(all[0], all[1]) || bytes.Equal(all[0], v.Derive("invitation")) || bytes.Equal(all[0], master(2)) {
		t.Error("derived keys are too alike")
	}
	if all[0][0]++; bytes.Equal(all[0], v.Derive("jwt")) {
		t.Error("a caller can change the vault's key")
	}
}

func TestMasterKeysAreCheckedByName(t *testing.T) {
	t.Parallel()
	std := base64.StdEncoding.EncodeToString(master(0xfb))
	for _, text := range []string{std, strings.TrimRight(std, "="), " " + std + "\n"} {
		if got, err := ParseMasterKey(text); err != nil || !bytes.Equal(got, master(0xfb)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	for name, test := range map[string]struct{ text, want string }{
		"31 bytes":     {base64.StdEncoding.EncodeToString(master(1)[:31]), "31 bytes found; want 32"},
		"empty":        {"", "0 bytes found; want 32"},
		"no base64":    {"correct horse battery staple", "28 characters that are not base64; want 32 bytes"},
		"hexadecimals": {strings.Repeat("0f", 32), "48 bytes found; want 32"},
	} {
		if _, err := ParseMasterKey(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := NewVault(nil); err == nil || !strings.Contains(err.Error(), "0 bytes, want 32") {
		t.Errorf("no master key: %v", err)
	}
	if _, err := NewVault(master(1), make([]byte, 16)); err == nil || !strings.Contains(err.Error(), "previous master key: 16 bytes") {
		t.Errorf("a short previous key: %v", err)
	}
}

func FuzzVaultOpen(f *testing.F) {
	v := mustVault(f, master(1), master(2))
	f.Add(mustSeal(f, v, "secret", "x"), "x")
	f.Add(mustSeal(f, mustVault(f, master(2)), "secret", "x"), "x")
	f.Add([]byte{1}, "")
	f.Fuzz(func(t *testing.T, sealed []byte, binding string) {
		plain, err := v.Open(sealed, binding)
		if err == nil && string(plain) != "secret" {
			t.Errorf("opened to %q, which was never sealed", plain)
		}
		if err != nil && !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrTampered) {
			t.Errorf("%v", err)
		}
	})
}
