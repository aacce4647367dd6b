package audience

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// Segment is a saved condition on users, named by its number.
type Segment struct {
	ID        int64
	Name      string // 1 to 64 characters
	Condition Condition
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Condition says who belongs to a segment: whoever carries one of Any, all of
// All, none of None, and has an identity at one of Bound. What is empty asks
// for nothing. Tags count under "all" and under the caller's own ChannelKey.
type Condition struct {
	Any   []string `json:"any_tags"`
	All   []string `json:"all_tags"`
	None  []string `json:"no_tags"`
	Bound []string `json:"bound_to"` // codes of senders
}

// Limits of segments and lists.
const (
	mostInCondition = 20
	mostNameLength  = 64
)

// Segments keeps them. fs.ErrNotExist: there is none of this number.
type Segments interface {
	AddSegment(ctx context.Context, s Segment) (Segment, error)
	Segment(ctx context.Context, id int64) (Segment, error)
	ChangeSegment(ctx context.Context, s Segment) (Segment, error)
	DeleteSegment(ctx context.Context, id int64) error
	// ListSegments gives up to limit after a number, in order.
	ListSegments(ctx context.Context, after int64, limit int) ([]Segment, error)
	// Marks gives, for each of the users, its tags under the bind ids and the
	// senders, of the given ones, at which it has an identity.
	Marks(ctx context.Context, ids []int64, bindIDs, senders []string) (map[int64]Marks, error)
}

// Marks is what a condition looks at.
type Marks struct{ Tags, Senders []string }

// SaveSegment makes a segment, or changes the one with the number. *InputError;
// fs.ErrNotExist.
func (r *Room) SaveSegment(ctx context.Context, s Segment) (Segment, error) {
	if err := checkTitle(s.Name); err != nil {
		return Segment{}, err
	}
	if err := s.Condition.check(); err != nil {
		return Segment{}, err
	}
	for i, code := range s.Condition.Bound {
		if kind, err := r.Kind(ctx, code); err != nil || !slices.Contains(identities, kind) {
			return Segment{}, cmp.Or(err, error(&InputError{fmt.Sprintf("bound_to[%d]", i), "is no sender that users have identities at: use the code of one that is"}))
		}
	}
	if s.ID == 0 {
		return r.Store.AddSegment(ctx, s)
	}
	return r.Store.ChangeSegment(ctx, s)
}

func checkTitle(name string) error {
	n := utf8.RuneCountInString(name)
	if n == 0 || n > mostNameLength || !utf8.ValidString(name) || slices.ContainsFunc([]rune(name), unicode.IsControl) {
		return &InputError{"name", fmt.Sprintf("has %d characters: 1 to %d, no control characters", n, mostNameLength)}
	}
	return nil
}

func (c Condition) check() error {
	n := 0
	for _, f := range []struct {
		name  string
		list  []string
		check func(string) string
	}{{"any_tags", c.Any, checkTag}, {"all_tags", c.All, checkTag}, {"no_tags", c.None, checkTag}, {"bound_to", c.Bound, checkCode}} {
		if len(f.list) > mostInCondition {
			return &InputError{f.name, fmt.Sprintf("has %d entries: at most %d", len(f.list), mostInCondition)}
		}
		for i, word := range f.list {
			if wrong := f.check(word); wrong != "" {
				return &InputError{fmt.Sprintf("%s[%d]", f.name, i), wrong}
			}
		}
		n += len(f.list)
	}
	if n == 0 {
		return &InputError{"any_tags", "is missing: give any_tags, all_tags, no_tags or bound_to; for everyone use a broadcast"}
	}
	return nil
}

func checkCode(code string) string {
	if !isWord(code, 64) {
		return "must be the code of a sender: 1 to 64 letters and digits"
	}
	return ""
}

// fits tells whether a user with these marks belongs.
func (c Condition) fits(m Marks) bool {
	has := func(tag string) bool { return slices.Contains(m.Tags, tag) }
	lacks := func(tag string) bool { return !has(tag) }
	return (len(c.Any) == 0 || slices.ContainsFunc(c.Any, has)) && !slices.ContainsFunc(c.All, lacks) &&
		!slices.ContainsFunc(c.None, has) && (len(c.Bound) == 0 || len(m.Senders) > 0)
}

// HasSegment tells whether there is one of this number.
func (r *Room) HasSegment(ctx context.Context, id int64) (bool, error) {
	_, err := r.Store.Segment(ctx, id)
	return exists(err)
}

func exists(err error) (bool, error) {
	if err == nil || !isNotExist(err) {
		return err == nil, err
	}
	return false, nil
}

// members gives the next limit users of a segment. One that is deleted
// meanwhile has none.
func (r *Room) members(ctx context.Context, id int64, channelKey string, after int64, limit int) ([]User, error) {
	s, err := r.Store.Segment(ctx, id)
	if isNotExist(err) {
		return nil, nil
	}
	var found []User
	for err == nil && len(found) < limit {
		var some []User
		if some, err = r.candidates(ctx, s.Condition, channelKey, after, limit); err != nil || len(some) == 0 {
			break
		}
		after = some[len(some)-1].ID
		if some, err = r.fitting(ctx, s.Condition, channelKey, some); err == nil {
			found = append(found, some...)
		}
	}
	return found[:min(len(found), limit)], err
}

// candidates are those among whom the members are: whoever carries a tag that
// is asked for, else everyone.
func (r *Room) candidates(ctx context.Context, c Condition, channelKey string, after int64, limit int) ([]User, error) {
	tags := c.Any
	if len(tags) == 0 && len(c.All) > 0 {
		tags = c.All[:1]
	}
	if len(tags) == 0 {
		return r.Store.Everyone(ctx, after, limit)
	}
	var all []User
	for _, tag := range tags {
		for _, bindID := range binds(channelKey) {
			some, err := r.Store.Holding(ctx, Value{"tag", bindID, tag}, after, limit)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	all = united(all)
	return all[:min(len(all), limit)], nil
}

func (r *Room) fitting(ctx context.Context, c Condition, channelKey string, users []User) ([]User, error) {
	ids := make([]int64, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	marks, err := r.Store.Marks(ctx, ids, binds(channelKey), c.Bound)
	return slices.DeleteFunc(users, func(u User) bool { return !c.fits(marks[u.ID]) }), err
}

func binds(channelKey string) []string {
	if channelKey == "" {
		return []string{"all"}
	}
	return []string{"all", channelKey}
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
