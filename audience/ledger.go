package audience

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Source names the event that entries come from, so that they count once however
// often it is brought. Zero: they are no event's.
type Source struct {
	Event int64
	Part  int // of an event that is taken in parts
}

// RightQuery chooses rights of an account. Empty fields choose all.
type RightQuery struct {
	Account  string // AppID
	OpenID   string
	Template string
	After    Right // by template, scene and openid, after which to go on
	Limit    int

	Kind, BindID string // whose identities tell the UserID of each
}

// RightStore keeps the ledger.
type RightStore interface {
	// Enter takes entries in one transaction, unless their source was taken before,
	// and leaves out those of accounts that no sender speaks for. now: they happened
	// at this moment, by the database's clock.
	Enter(ctx context.Context, from Source, entries []Entry, now bool) error
	// EnterSent takes what sending told of up to limit parts of messages, and answers
	// of how many.
	EnterSent(ctx context.Context, limit int) (int, error)
	// Rights lists what the query chooses, in the order of template, scene and openid.
	Rights(ctx context.Context, q RightQuery) ([]Right, error)
	// RightsOf gives what is known of the openids, at most Most; those without are left out.
	RightsOf(ctx context.Context, account, template string, scene int, openids []string) ([]Right, error)
	// CountRights looks at up to most rights to a template and tells at how many, and
	// how many of them are granted.
	CountRights(ctx context.Context, account, template string, scene int, longTerm bool, most int) (granted, looked int, err error)
	// ForgetSources drops up to limit sources older than age.
	ForgetSources(ctx context.Context, age time.Duration, limit int) (int, error)
	// ForgetRights drops up to limit rights that allow nothing and of which nothing was heard for so long.
	ForgetRights(ctx context.Context, age time.Duration, limit int) (int, error)
}

// Ledger keeps who may be sent what. Store is needed. Safe for concurrent use.
type Ledger struct {
	Store RightStore
	// LongTerm tells whether a sender's template is one whose consent is not spent by
	// a message. nil, or one that it does not know: each message spends one.
	LongTerm func(ctx context.Context, sender, template string) (bool, error)
}

// Enter takes what an event told.
func (l *Ledger) Enter(ctx context.Context, from Source, entries []Entry) error {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool {
		return checkIdentity(e.OpenID) != "" || !isTemplate(e.Template)
	})
	if len(entries) == 0 {
		return nil
	}
	return l.Store.Enter(ctx, from, entries, false)
}

// Report takes a user's answer for a scene as a mobile app tells it, and gives
// what is known then. *InputError.
func (l *Ledger) Report(ctx context.Context, e Entry) (Right, error) {
	if why := checkIdentity(e.OpenID); why != "" {
		return Right{}, &InputError{"openid", "must be the openid that the app was answered: 1 to 128 ASCII letters, digits, - and _"}
	}
	if err := CheckSubscription(e.Scene, e.Template); err != nil {
		return Right{}, err
	}
	if e.Word != Confirm && e.Word != Cancel {
		return Right{}, &InputError{"action", `must be "confirm" or "cancel"`}
	}
	if err := l.Store.Enter(ctx, Source{}, []Entry{e}, true); err != nil {
		return Right{}, err
	}
	known, err := l.Store.RightsOf(ctx, e.Account, e.Template, e.Scene, []string{e.OpenID})
	if err != nil || len(known) == 0 {
		return Right{}, err
	}
	return known[0], nil
}

// CheckSubscription holds scene and template of a one-time subscription to their
// limits; *InputError.
func CheckSubscription(scene int, template string) error {
	if scene < 0 || scene > MostScene {
		return &InputError{"scene", fmt.Sprintf("is %d: 0 to %d", scene, MostScene)}
	}
	if !isTemplate(template) {
		return &InputError{"template_id", "must be the id of a template: 1 to 128 ASCII characters without blanks"}
	}
	return nil
}

func isTemplate(id string) bool {
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}

// EnterSent takes what sending told and answers how much that was. Any number
// of replicas may call it.
func (l *Ledger) EnterSent(ctx context.Context) (int, error) { return l.Store.EnterSent(ctx, 100) }

// Rights lists the rights at a sender.
func (l *Ledger) Rights(ctx context.Context, q RightQuery) ([]Right, error) {
	return l.Store.Rights(ctx, q)
}

// Without gives those of the openids who have no recorded right to a message of
// the template at the sender of the account; scene is NoScene but for a one-time
// subscription. It never refuses: the ledger is a hint.
func (l *Ledger) Without(ctx context.Context, sender, account, template string, scene int, openids []string) (without []string, err error) {
	long, err := l.Lasts(ctx, sender, template, scene)
	if err != nil {
		return nil, err
	}
	granted := map[string]bool{}
	for some := range slices.Chunk(openids, Most) {
		known, err := l.Store.RightsOf(ctx, account, template, scene, some)
		if err != nil {
			return nil, err
		}
		for _, r := range known {
			granted[r.OpenID] = r.Granted(long)
		}
	}
	for _, id := range openids {
		if !granted[id] {
			without = append(without, id)
		}
	}
	return without, nil
}

// Granted looks at up to most users of whose consent to the template something is
// known, and tells at how many, and how many may be sent a message.
func (l *Ledger) Granted(ctx context.Context, sender, account, template string, scene, most int) (granted, looked int, err error) {
	long, err := l.Lasts(ctx, sender, template, scene)
	if err != nil {
		return 0, 0, err
	}
	return l.Store.CountRights(ctx, account, template, scene, long, most)
}

// Lasts tells whether a consent to the template outlives a message.
func (l *Ledger) Lasts(ctx context.Context, sender, template string, scene int) (bool, error) {
	if scene != NoScene || l.LongTerm == nil {
		return false, nil
	}
	return l.LongTerm(ctx, sender, template)
}

// sourceLife is longer than an event is tried, and than its copies are known as
// such.
const sourceLife = 72 * time.Hour

// ForgetSources drops what nobody brings again.
func (l *Ledger) ForgetSources(ctx context.Context) (int, error) {
	return l.Store.ForgetSources(ctx, sourceLife, 1000)
}

// ForgetRights drops rights that allow nothing and of which nothing was heard for so long.
func (l *Ledger) ForgetRights(ctx context.Context, age time.Duration) (int, error) {
	return l.Store.ForgetRights(ctx, age, 1000)
}
