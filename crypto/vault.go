package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// What can be wrong with a sealed secret. Test with errors.Is.
var (
	// ErrWrongKey is a value sealed under a master key the vault does not have.
	ErrWrongKey = errors.New("sealed under another master key")
	// ErrTampered is a value that was changed, cut, or moved to another place than the one it was sealed for.
	ErrTampered = errors.New("sealed value was changed, cut or moved")
)

const (
	masterSize = 32
	keyIDSize  = 8
	version    = 1
	// A sealed value: version ‖ key id ‖ nonce ‖ ciphertext and tag.
	vaultHead = 1 + keyIDSize
)

// Labels that keep the uses of one master key apart.
const (
	labelID     = "wechattpp key id"
	labelSeal   = "wechattpp seal v1"
	labelDerive = "wechattpp derive: "
)

// Vault seals secrets at rest with AES-256-GCM under a master key, and opens what this or a previous one sealed.
// Safe for concurrent use. However it is printed or logged, it shows as ***.
//
// Nonces are random, so one master key is good for some four thousand million values; rotate before.
//
// The keys can change under a running program: see Turn and Learn in turn.go.
type Vault struct {
	keys  atomic.Pointer[[]vaultKey] // the first seals, all open; replaced whole, never written
	mu    sync.Mutex                 // held while the keys are replaced
	learn atomic.Pointer[learner]    // whom to ask about an unknown key; may be nil
}

type vaultKey struct {
	id     [keyIDSize]byte
	master []byte
	aead   cipher.AEAD // takes its nonce from the system's randomness and puts it before the ciphertext
}

// ParseMasterKey reads 32 bytes in base64, with or without its padding. White space around is ignored. The error tells
// what was found, never the key.
func ParseMasterKey(text string) ([]byte, error) {
	const want = "want 32 bytes in base64, as `openssl rand -base64 32` prints"
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("master key: %d characters that are not base64; %s", len(text), want)
	}
	if len(raw) != masterSize {
		return nil, fmt.Errorf("master key: %d bytes found; %s", len(raw), want)
	}
	return raw, nil
}

// NewVault makes a vault that seals under master and also opens what the previous ones sealed. Each is 32 bytes; empty
// previous ones are passed over.
func NewVault(master []byte, previous ...[]byte) (*Vault, error) {
	keys, err := vaultKeys(master, previous)
	if err != nil {
		return nil, err
	}
	v := &Vault{}
	v.keys.Store(&keys)
	return v, nil
}

func vaultKeys(master []byte, previous [][]byte) ([]vaultKey, error) {
	first, err := newVaultKey(master)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	keys := []vaultKey{first}
	for _, p := range previous {
		if len(p) == 0 {
			continue
		}
		k, err := newVaultKey(p)
		if err != nil {
			return nil, fmt.Errorf("previous master key: %w", err)
		}
		if !slices.ContainsFunc(keys, func(o vaultKey) bool { return o.id == k.id }) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func newVaultKey(master []byte) (vaultKey, error) {
	if len(master) != masterSize {
		return vaultKey{}, fmt.Errorf("%d bytes, want %d", len(master), masterSize)
	}
	k := vaultKey{master: append([]byte(nil), master...)}
	mac := hmac.New(sha256.New, k.master)
	mac.Write([]byte(labelID))
	copy(k.id[:], mac.Sum(nil))
	sealing, err := hkdf.Key(sha256.New, k.master, nil, labelSeal, masterSize)
	if err != nil {
		return vaultKey{}, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return vaultKey{}, err
	}
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// Seal encrypts plain for the one place that binding names, such as "token/authorizer/wx1/access": only with the same
// binding will it open, so that a value copied to another row is no use there. The result is len(plain) + 37 bytes.
func (v *Vault) Seal(plain []byte, binding string) ([]byte, error) {
	k := &(*v.keys.Load())[0]
	out := make([]byte, vaultHead, vaultHead+len(plain)+k.aead.Overhead())
	out[0] = version
	copy(out[1:], k.id[:])
	return k.aead.Seal(out, nil, plain, []byte(binding)), nil
}

// Open gives back what Seal got. Errors: ErrWrongKey, with the id of the key that is missing; ErrTampered.
func (v *Vault) Open(sealed []byte, binding string) ([]byte, error) {
	if len(sealed) < vaultHead || sealed[0] != version {
		return nil, ErrTampered
	}
	id := [keyIDSize]byte(sealed[1:vaultHead])
	k := find(*v.keys.Load(), id)
	if k == nil {
		k = v.ask(id)
	}
	if k == nil {
		return nil, fmt.Errorf("%w (key id %x)", ErrWrongKey, id)
	}
	plain, err := k.aead.Open(nil, nil, sealed[vaultHead:], []byte(binding))
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}

func find(keys []vaultKey, id [keyIDSize]byte) *vaultKey {
	for i := range keys {
		if keys[i].id == id {
			return &keys[i]
		}
	}
	return nil
}

// Current tells whether sealed names the key that Seal uses now; after a rotation the others are to be sealed anew.
func (v *Vault) Current(sealed []byte) bool { return SealedUnder(sealed) == v.KeyID() }

// SealedUnder is the id of the master key that a sealed value names, in 16 hex digits; "" if it is no sealed value.
func SealedUnder(sealed []byte) string {
	if len(sealed) < vaultHead || sealed[0] != version {
		return ""
	}
	return hex.EncodeToString(sealed[1:vaultHead])
}

// KeyID names the current master key in 16 hex digits, which tell nothing else about it.
func (v *Vault) KeyID() string { return v.KeyIDs()[0] }

// KeyIDs names every master key that opens; the first one seals.
func (v *Vault) KeyIDs() []string {
	keys := *v.keys.Load()
	ids := make([]string, len(keys))
	for i := range keys {
		ids[i] = hex.EncodeToString(keys[i].id[:])
	}
	return ids
}

// Derive makes a 32-byte key of the current master key for the use that label names, by HKDF-SHA256.
func (v *Vault) Derive(label string) []byte { return (*v.keys.Load())[0].derive(label) }

// DeriveAll is Derive for the current and then each previous master key: sign with the first, verify with any.
func (v *Vault) DeriveAll(label string) [][]byte {
	keys := *v.keys.Load()
	all := make([][]byte, len(keys))
	for i := range keys {
		all[i] = keys[i].derive(label)
	}
	return all
}

func (k *vaultKey) derive(label string) []byte {
	out, err := hkdf.Key(sha256.New, k.master, nil, labelDerive+label, masterSize)
	if err != nil {
		panic("crypto: HKDF of a 32-byte key: " + err.Error()) // only for a wrong length, which is constant here
	}
	return out
}

// String hides the keys.
func (v *Vault) String() string { return hidden }

// GoString hides the keys.
func (v *Vault) GoString() string { return hidden }

// LogValue hides the keys.
func (v *Vault) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format hides the keys under every verb: %d and %x would go past String.
func (v *Vault) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hidden)) }
