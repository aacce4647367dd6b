package sender

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Kinds of sending accounts.
const (
	OfficialAccount = "wechatoa"
	MiniProgram     = "wechatmp"
	WeCom           = "wechatwk"
	MobileApp       = "wechatapp"
)

// Component says that the account authorizes the platform; Secret, that it has
// a secret of its own.
const (
	Component = "component"
	Secret    = "secret"
)

// Sender is one sending account.
type Sender struct {
	ID          int64
	Code        string // ASCII letters and digits, at most 64; never changes
	Kind        string
	Name        string // for people, at most 30 characters
	Credentials string
	AppID       string // empty until an account is bound
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Change holds what to change; nil leaves a field alone.
type Change struct{ Name, AppID *string }

// InputError is a field that is not acceptable: its name, then what is wrong
// and the remedy.
type InputError struct{ Field, Text string }

func (e *InputError) Error() string { return e.Field + " " + e.Text }

// ErrInUse: messages still wait to be sent by the sender.
var ErrInUse = errors.New("messages are still waiting to be sent by this sender: let them finish or retract them first")

// Store keeps senders. fs.ErrNotExist: no such sender; fs.ErrExist: the code is
// taken. Update and Delete answer ErrInUse, atomically, where a message is
// still to be sent by the sender and its AppID would change.
type Store interface {
	Create(ctx context.Context, s Sender) (Sender, error)
	Read(ctx context.Context, code string) (Sender, error)
	Update(ctx context.Context, code string, c Change) (Sender, error)
	Delete(ctx context.Context, code string) error
	// List gives up to limit senders with codes after the given one, in order.
	List(ctx context.Context, after string, limit int) ([]Sender, error)
	// Codes gives up to limit codes of a kind, in order.
	Codes(ctx context.Context, kind string, limit int) ([]string, error)
}

func (s *Sender) check() error {
	if err := checkCode(s.Code); err != nil {
		return err
	}
	switch s.Kind {
	case OfficialAccount, MiniProgram:
	case WeCom, MobileApp:
		return &InputError{"kind", fmt.Sprintf("%s is not served by this version: use wechatoa or wechatmp", s.Kind)}
	default:
		return &InputError{"kind", "must be wechatoa or wechatmp"}
	}
	switch s.Credentials {
	case "":
		s.Credentials = Component
	case Component:
	case Secret:
		return &InputError{"credentials", `"secret" is not served by this version: use "component", and have the account's administrator authorize the platform`}
	default:
		return &InputError{"credentials", `must be "component"`}
	}
	return errors.Join(checkName(s.Name), checkAppID(s.AppID))
}

// checkCode holds codes to JUMS's rule, digits and letters
// (docs.jiguang.cn/en/jums/guideline/jums-console); the length is ours.
func checkCode(code string) error {
	bad := code == "" || len(code) > 64
	for _, c := range []byte(code) {
		bad = bad || !alnum(c)
	}
	if bad {
		return &InputError{"code", "must be 1 to 64 letters and digits (A-Z, a-z, 0-9)"}
	}
	if code == "all" {
		return &InputError{"code", `"all" names every sender in the user registry: choose another code`}
	}
	return nil
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n > 30 || !utf8.ValidString(name) {
		return &InputError{"name", fmt.Sprintf("has %d characters: at most 30", n)}
	}
	return nil
}

func checkAppID(id string) error {
	for _, c := range []byte(id) {
		if !alnum(c) {
			return &InputError{"app_id", "must be letters and digits, such as wx570bc396a51b8ff8"}
		}
	}
	if len(id) > 64 {
		return &InputError{"app_id", "is too long: at most 64 characters"}
	}
	return nil
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
