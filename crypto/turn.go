package crypto

import (
	"slices"
	"time"
)

// askEvery bounds how often a value under an unknown key makes the vault look for that key.
const askEvery = time.Second

// learner is whom to ask about an unknown key, and when that was done last.
type learner struct {
	source func() ([][]byte, error)
	asked  time.Time // guarded by Vault.mu
}

// Turn replaces the keys: from now on master seals, and the previous ones still open. What was being sealed meanwhile is
// sealed under the former key. It tells whether anything has changed.
func (v *Vault) Turn(master []byte, previous ...[]byte) (changed bool, err error) {
	keys, err := vaultKeys(master, previous)
	if err != nil {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	changed = !slices.EqualFunc(*v.keys.Load(), keys, func(a, b vaultKey) bool { return a.id == b.id })
	if changed {
		v.keys.Store(&keys)
	}
	return changed, nil
}

// Learn says where the master keys are read from, the sealing one first. A value under an unknown key makes the vault
// read them, once a second at most, and open with what it finds; which key seals changes by Turn alone. Call it before
// the vault is used by several.
func (v *Vault) Learn(source func() ([][]byte, error)) { v.learn.Store(&learner{source: source}) }

// ask looks for a key that the vault does not have; nil if nobody has it. Whoever comes while another asks waits for its
// answer.
func (v *Vault) ask(id [keyIDSize]byte) *vaultKey {
	l := v.learn.Load()
	if l == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if k := find(*v.keys.Load(), id); k != nil {
		return k
	}
	if time.Since(l.asked) < askEvery {
		return nil
	}
	l.asked = time.Now()
	masters, err := l.source()
	if err != nil {
		return nil // whoever reads the keys regularly reports it
	}
	return v.add(masters, id)
}

// add appends the key with that id to those that open.
func (v *Vault) add(masters [][]byte, id [keyIDSize]byte) *vaultKey {
	for _, m := range masters {
		k, err := newVaultKey(m)
		if err != nil || k.id != id {
			continue
		}
		keys := append(slices.Clone(*v.keys.Load()), k)
		v.keys.Store(&keys)
		return &keys[len(keys)-1]
	}
	return nil
}

// KeyIDOf names a master key of 32 bytes as KeyID does.
func KeyIDOf(master []byte) (string, error) {
	v, err := NewVault(master)
	if err != nil {
		return "", err
	}
	return v.KeyID(), nil
}
