package crypto

import (
	"errors"
	"strings"
	"testing"
)

func TestAVaultThatTurnsOpensTheOldAndSealsWithTheNew(t *testing.T) {
	t.Parallel()
	v := mustVault(t, master(1))
	old := mustSeal(t, v, "secret", "x")
	if changed, err := v.Turn(master(2), master(1)); !changed || err != nil {
		t.Fatalf("changed %v, %v", changed, err)
	}
	if changed, err := v.Turn(master(2), master(1)); changed || err != nil {
		t.Errorf("the same keys again: changed %v, %v", changed, err)
	}
	if got, err := v.Open(old, "x"); err != nil || string(got) != "secret" || v.Current(old) {
		t.Errorf("the old value: %q, %v", got, err)
	}
	if SealedUnder(mustSeal(t, v, "y", "x")) != mustVault(t, master(2)).KeyID() {
		t.Error("it still seals under the old key")
	}
	if _, err := v.Turn(master(2)[:31]); err == nil || v.KeyID() != mustVault(t, master(2)).KeyID() {
		t.Errorf("a short key: %v", err)
	}
}

func TestAnUnknownKeyIsLookedForButDoesNotSeal(t *testing.T) {
	t.Parallel()
	v, asked := mustVault(t, master(1)), 0
	v.Learn(func() ([][]byte, error) { asked++; return [][]byte{master(2), master(1)}, nil })
	sealed := mustSeal(t, mustVault(t, master(2)), "secret", "x")
	for range 3 {
		if got, err := v.Open(sealed, "x"); err != nil || string(got) != "secret" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if asked != 1 || v.KeyID() != mustVault(t, master(1)).KeyID() || len(v.KeyIDs()) != 2 {
		t.Errorf("asked %d times, keys %v", asked, v.KeyIDs())
	}
	foreign := mustSeal(t, mustVault(t, master(3)), "secret", "x")
	for range 100 {
		_, err := v.Open(foreign, "x")
		if !errors.Is(err, ErrWrongKey) || !strings.Contains(err.Error(), SealedUnder(foreign)) {
			t.Fatalf("a key nobody has: %v", err)
		}
	}
	if asked > 3 {
		t.Errorf("a hundred values under a key nobody has: asked %d times", asked)
	}
}
