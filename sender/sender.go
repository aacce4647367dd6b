package sender

import (
	"context"
	"errors"
	"time"
)

// Kinds of sending accounts.
const (
	OfficialAccount = "wechatoa"
	MiniProgram     = "wechatmp"
	WeCom           = "wechatwk"  // an app of a company on WeCom
	MobileApp       = "wechatapp" // one registered on the open platform
)

// Component says that the account authorizes the platform; Secret, that it has
// a secret of its own; Webhook, that it is no account but the webhook of a group
// chat on WeCom, whose key is kept as the secret.
const (
	Component = "component"
	Secret    = "secret"
	Webhook   = "webhook"
)

// Sender is one sending account.
type Sender struct {
	ID          int64
	Code        string // ASCII letters and digits, at most 64; never changes
	Kind        string // never changes
	Name        string // for people, at most 30 characters
	Credentials string
	AppID       string   // empty until an account is bound, and for WeCom
	CorpID      string   // of the company, for WeCom only
	AgentID     int64    // of the app in the company, for WeCom only
	Accounts    int64    // how many accounts the company may have, for WeCom only: its apps may send to 200 members a day for each; 0: not told
	Domains     []string // 业务域名: hosts, lower case, that visitors may be sent on to
	CreatedAt   time.Time
	UpdatedAt   time.Time

	// Which of the secrets are kept.
	SecretSet, TokenSet, AESKeySet bool
	// Secrets are only on the way in, to Create: no answer holds them.
	Secrets Secrets
}

// Account names the account that the sender speaks for: its AppID, or the
// company's CorpID. Empty: none yet.
func (s Sender) Account() string {
	if s.Kind == WeCom {
		return s.CorpID
	}
	return s.AppID
}

// HasToken tells whether a token of the sender's own is kept.
func (s Sender) HasToken() bool { return s.Credentials == Secret && s.SecretSet }

// InputError is a field that is not acceptable: its name, then what is wrong
// and the remedy.
type InputError struct{ Field, Text string }

func (e *InputError) Error() string { return e.Field + " " + e.Text }

// ErrInUse: messages still wait to be sent by the sender.
var ErrInUse = errors.New("messages are still waiting to be sent by this sender: let them finish or retract them first")

// Filter says which senders to list; the zero value is all of them.
type Filter struct {
	Finding string // those with this finding of package health, of their own or of the account that they speak for
}

// Store keeps senders, their secrets sealed. fs.ErrNotExist: no such sender;
// fs.ErrExist: the code is taken. Each method is atomic.
//
// A sender that HasToken has a row of its own among the tokens, which is made,
// restarted and removed together with the change that calls for it: when its
// secret or the account it is of changes, its token is forgotten and due, and
// whoever renews it right now loses the claim.
type Store interface {
	Create(ctx context.Context, s Sender) (Sender, error)
	Read(ctx context.Context, code string) (Sender, error)
	// Update stores what Change.Apply makes of the sender, under a lock, and
	// keeps the former AES key as the previous one. ErrInUse: its account would
	// change while a message is still to be sent by it.
	Update(ctx context.Context, code string, c Change) (Sender, error)
	// Delete removes a sender, its secrets, token and users' identities, unless
	// ErrInUse.
	Delete(ctx context.Context, code string) error
	// List gives up to limit senders with codes after the given one, in order.
	List(ctx context.Context, f Filter, after string, limit int) ([]Sender, error)
	// Codes gives up to limit codes of a kind, in order.
	Codes(ctx context.Context, kind string, limit int) ([]string, error)
	// Secret gives the sender and its AppSecret or secret, "" if it has none.
	Secret(ctx context.Context, code string) (Sender, string, error)
	// Keys gives what the pushes of the sender, or of up to limit senders of a
	// kind in the order of their codes, are verified and opened with. Senders
	// without both token and key have none: fs.ErrNotExist.
	Keys(ctx context.Context, code string) (Keys, error)
	KeysOf(ctx context.Context, kind string, limit int) ([]Keys, error)

	ChatStore
	NumberStore
}
