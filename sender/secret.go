package sender

import (
	"fmt"
	"log/slog"
)

// Secrets are what a sender with a secret of its own is given and nobody can
// read back. Empty is none.
type Secrets struct {
	AppSecret string // of an account or a mobile app
	Secret    string // of an app of WeCom
	Token     string // that its pushes are signed with
	AESKey    string // that its pushes are encrypted with, 43 characters
}

// Keys is what a sender's pushes are verified and opened with.
type Keys struct {
	Code, Kind string
	ID         string // AppID or CorpID, which closes the plaintext
	AgentID    int64  // of an app of WeCom
	Token      string
	AES        []string // the current key, then the one before the last change, if any
}

const hidden = "***"

// Format hides the secrets, however they are printed.
func (s Secrets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the secrets.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format hides token and keys, however they are printed.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "keys of %s", k.Code) }

// LogValue hides token and keys.
func (k Keys) LogValue() slog.Value { return slog.StringValue("keys of " + k.Code) }
