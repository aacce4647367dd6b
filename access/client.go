package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Client is a business system. Its MasterSecret is in Secret only where the
// store, or the answer to a creation or rotation, holds it.
type Client struct {
	ID         int64
	Name       string
	Kind       string // Channel or AccessKey
	ChannelKey string // unique
	Secret     string
	// Previous is the secret before a rotation, taken for PreviousLife longer,
	// as the database's clock has it; empty once it is over.
	Previous     string
	PreviousLife time.Duration
	Senders      []string // codes of the senders it may see and use
	Scopes       []string
	// ProxyPrefixes are the paths that the client may call through the proxy,
	// with all below them, such as /cgi-bin/user; "/" is every path.
	ProxyPrefixes []string
	Disabled      bool
	// CallsPerSecond is what the client may call, at each replica; 0: as Limits say.
	CallsPerSecond int
	// Approval: what the client sends waits for an administrator's yes, and names
	// one of Owners, its people's accounts.
	Approval bool
	Owners   []string
	// Generation is in each token made for the client; a token of another
	// generation is no longer good. A rotation that keeps nothing moves it on.
	Generation int64
	CreatedAt  time.Time
}

// Store keeps clients, administrators' tokens and the audit trail. Secrets are
// sealed in it. Not found is fs.ErrNotExist, a taken key fs.ErrExist. Each
// method is atomic and safe for concurrent use.
type Store interface {
	// CreateClient keeps a new client and answers it with ID and CreatedAt.
	CreateClient(ctx context.Context, c Client) (Client, error)
	// Client and ClientByKey answer a client with its secrets.
	Client(ctx context.Context, id int64) (Client, error)
	ClientByKey(ctx context.Context, channelKey string) (Client, error)
	// Clients lists up to limit clients with ids above after, by id, without
	// secrets.
	Clients(ctx context.Context, after int64, limit int) ([]Client, error)
	// UpdateClient writes all but kind, key, secrets and generation as change leaves
	// it, and answers the client without secrets. change runs in the
	// transaction, may run again, and stops it all with its error.
	UpdateClient(ctx context.Context, id int64, change func(*Client) error) (Client, error)
	// Rotate puts a new secret in place. The one before is good for keep longer;
	// with keep 0 not at all, and the generation moves on.
	Rotate(ctx context.Context, id int64, secret string, keep time.Duration) (Client, error)
	DeleteClient(ctx context.Context, id int64) error

	// IssueToken keeps an administrator's token for its life.
	IssueToken(ctx context.Context, t Token) (Token, error)
	// Token answers a token that was issued, with its remaining life.
	Token(ctx context.Context, id string) (Token, error)
	// Tokens lists up to limit tokens with a sequence number below before (0:
	// the newest), newest first.
	Tokens(ctx context.Context, before int64, limit int) ([]Token, error)
	RevokeToken(ctx context.Context, id string) error

	// Limits reads what was set for all clients; ChangeLimits writes what change
	// leaves, as UpdateClient does.
	Limits(ctx context.Context) (Limits, error)
	ChangeLimits(ctx context.Context, change func(*Limits) error) error

	// Record appends to the trail; Audit lists up to limit entries with ids
	// below before (0: the newest), newest first.
	Record(ctx context.Context, e Entry) error
	Audit(ctx context.Context, before int64, limit int) ([]Entry, error)

	// Prune removes what is over: up to batch audit entries older than trail,
	// and tokens that ended keep ago. It answers how many rows went.
	Prune(ctx context.Context, keep, trail time.Duration, batch int) (int64, error)
}

// Entry is one line of the audit trail. Detail holds no secret.
type Entry struct {
	ID     int64
	At     time.Time
	Actor  string // client/12, admin/name, or system
	Action string // as client.create
	Target string // as client/12
	Detail map[string]any
}

// Token is a token issued to an administrator.
type Token struct {
	Seq       int64  // grows with each token
	ID        string // jti
	Subject   string // for whom
	Scopes    []string
	Life      time.Duration // what is left of it, by the database's clock; negative when over
	CreatedAt time.Time
	ExpiresAt time.Time
	Revoked   bool
}

// Errors of admission. Test with errors.Is.
var (
	// ErrDenied: no such client or token, or the secret does not match. It does
	// not tell which.
	ErrDenied = errors.New("the credentials are not valid")
	// ErrDisabled: the credentials are right, but the client is switched off.
	ErrDisabled = errors.New("this client is switched off: an administrator can switch it on again")
	// ErrScope: the client does not have a scope that was asked for.
	ErrScope = errors.New("a scope beyond the client's was asked for")
)

// TooManyError: too many failures from one address.
type TooManyError struct{ After time.Duration }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many failed attempts from this address: wait %s", e.After)
}

// InputError is a field that breaks its limit; Text says the remedy.
type InputError struct{ Field, Text string }

func (e *InputError) Error() string { return e.Field + " " + e.Text }

func actor(id int64, name string) string {
	if id != 0 {
		return fmt.Sprintf("client/%d", id)
	}
	if name == "" {
		return "nobody"
	}
	return "admin/" + strings.ToValidUTF8(name, "?")
}
