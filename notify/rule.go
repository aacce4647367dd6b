package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Rule says by which senders a user is tried, one after the other. It belongs to
// a client, or to all (ClientID 0).
type Rule struct {
	ID        int64
	ClientID  int64
	Name      string // 1 to 64 characters
	Steps     []Step // 2 to 8
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Step is one sender of a rule, and on what the next one is tried. The last
// step has no next.
type Step struct {
	Sender string
	// GoOn holds the states in which the next sender is tried: failed, skipped,
	// expired, unknown, and "undelivered": accepted by the vendor, and not
	// delivered Wait later.
	GoOn []string
	Wait time.Duration // a minute to a week
}

// Undelivered is the word of Step.GoOn that needs a Wait.
const Undelivered = "undelivered"

var usualGoOn = []string{Failed.String(), Skipped.String(), Expired.String(), Unknown.String()}

// Rules keeps them. fs.ErrNotExist: there is none of this number for the client
// (below 0: any client's).
type Rules interface {
	AddRule(ctx context.Context, r Rule) (Rule, error)
	ChangeRule(ctx context.Context, r Rule) (Rule, error)
	DeleteRule(ctx context.Context, id int64) error
	// Rule reads one of the client's, or one of all clients.
	Rule(ctx context.Context, id, clientID int64) (Rule, error)
	// ListRules gives up to limit after a number, in order.
	ListRules(ctx context.Context, clientID, after int64, limit int) ([]Rule, error)
}

// codeNoRule is JUMS's, for a rule that is no longer valid.
const codeNoRule = 1015026

// SaveRule makes a rule of the client, or changes the one with the number.
// *Refusal; fs.ErrNotExist.
func (r *Room) SaveRule(ctx context.Context, c Client, rule Rule) (Rule, error) {
	if err := r.checkRule(ctx, c, rule.Name, rule.Steps); err != nil {
		return Rule{}, err
	}
	for i := range rule.Steps {
		if len(rule.Steps[i].GoOn) == 0 {
			rule.Steps[i].GoOn = usualGoOn
		}
	}
	if rule.ID == 0 {
		rule.ClientID = max(0, c.scope())
		return r.Store.AddRule(ctx, rule)
	}
	return r.Store.ChangeRule(ctx, rule)
}

// Rule reads a rule that the client may use.
func (r *Room) Rule(ctx context.Context, c Client, id int64) (Rule, error) {
	return r.Store.Rule(ctx, id, c.scope())
}

// Rules pages through the rules that the client may use.
func (r *Room) Rules(ctx context.Context, c Client, after int64, limit int) ([]Rule, error) {
	return r.Store.ListRules(ctx, c.scope(), after, limit)
}

// OwnRule reads a rule that the client may change: those of all clients are an
// administrator's.
func (r *Room) OwnRule(ctx context.Context, c Client, id int64) (Rule, error) {
	rule, err := r.Store.Rule(ctx, id, c.scope())
	if err == nil && !c.All && rule.ClientID != c.ID {
		err = fs.ErrNotExist
	}
	return rule, err
}

func (r *Room) checkRule(ctx context.Context, c Client, name string, steps []Step) error {
	if err := checkName(name); err != nil {
		return err
	}
	if len(steps) < 2 || len(steps) > 8 {
		return invalid("steps", "has %d senders: 2 to 8, in the order in which they are tried", len(steps))
	}
	for i, s := range steps {
		path := at("steps", i)
		if slices.ContainsFunc(steps[:i], func(o Step) bool { return o.Sender == s.Sender }) {
			return invalid(path+".sender", "is %q a second time", s.Sender)
		}
		if err := r.mayUse(ctx, c, s.Sender, path+".sender"); err != nil {
			return err
		}
		if err := s.check(path); err != nil {
			return err
		}
	}
	return nil
}

func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	if n == 0 || n > 64 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return invalid("name", "has %d characters: 1 to 64, no control characters", n)
	}
	return nil
}

func (s Step) check(path string) error {
	words := append(slices.Clone(usualGoOn), Undelivered)
	for i, w := range s.GoOn {
		if !slices.Contains(words, w) {
			return invalid(at(path+".go_on", i), "must be one of %s", strings.Join(words, ", "))
		}
	}
	waits := slices.Contains(s.GoOn, Undelivered)
	if waits && (s.Wait < time.Minute || s.Wait > 7*24*time.Hour) {
		return invalid(path+".wait", `is %s: with "undelivered" it must be 1m to 168h`, s.Wait)
	}
	if !waits && s.Wait != 0 {
		return invalid(path+".wait", `is for "undelivered" in go_on: leave it out`)
	}
	return nil
}

// Next is on what the part after this one is tried, kept with the message.
type Next struct {
	GoOn []string      `json:"go_on"`
	Wait time.Duration `json:"wait,omitempty"`
}

// Tried is what became of a user at an earlier part.
type Tried struct {
	State State
	Since time.Duration // how long ago the vendor accepted it
}

// Turn is what a rule says of a user at a later part.
type Turn struct {
	Go   bool
	Wait time.Duration // not Go: to be looked at again after that; 0: never
	Why  string        // neither: why this part is not needed
}

// Parts are those of one message; by a rule they are tried in their order.
type Parts []Part

// Ruled tells whether they are tried one after the other.
func (ps Parts) Ruled() bool { return len(ps) > 1 && ps[0].Next != nil }

// Turn tells whether it is the turn of the part after those that were tried:
// only if each of them says so.
func (ps Parts) Turn(tried []Tried) Turn {
	for i, t := range tried {
		p := ps[i]
		switch {
		case t.State == Delivered:
			return Turn{Why: "not needed: reached by " + p.Sender}
		case t.State.Open():
			return Turn{Wait: unsettled}
		case t.State == Sent && !slices.Contains(p.Next.GoOn, Undelivered):
			return Turn{Why: "not needed: sent by " + p.Sender}
		case t.State == Sent && t.Since < p.Next.Wait:
			return Turn{Wait: min(p.Next.Wait-t.Since, time.Minute)}
		case t.State == Sent:
		case !slices.Contains(p.Next.GoOn, t.State.String()):
			return Turn{Why: fmt.Sprintf("not tried: %s at %s, where the rule ends", t.State, p.Sender)}
		}
	}
	return Turn{Go: true}
}

// unsettled is how soon a user is looked at again who is being sent to.
const unsettled = 2 * time.Second

// ruled puts the parts into the order of the rule that the request names.
func (r *Room) ruled(ctx context.Context, c Client, q *request, parts []Part) ([]Part, error) {
	if q.rule == 0 || len(q.targets) > 0 { // JUMS ignores rules where identities are given
		return parts, nil
	}
	rule, err := r.Store.Rule(ctx, q.rule, c.scope())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Refusal{codeNoRule, "rule_id", "names no rule of yours: see GET /v1/rules"}
	}
	if err != nil {
		return nil, err
	}
	if len(parts) != len(rule.Steps) {
		return nil, invalid("rule_id", "tries %d senders, and there are messages for %d: give one for each sender of the rule", len(rule.Steps), len(parts))
	}
	ordered := make([]Part, len(parts))
	for i, s := range rule.Steps {
		at := slices.IndexFunc(parts, func(p Part) bool { return p.Sender == s.Sender })
		if at < 0 {
			return nil, invalid("rule_id", "tries the sender %s, for which there is no message", s.Sender)
		}
		ordered[i] = parts[at]
		if i < len(rule.Steps)-1 {
			ordered[i].Next = &Next{s.GoOn, s.Wait}
		}
	}
	return ordered, nil
}
