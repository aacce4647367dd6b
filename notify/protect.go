package notify

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Codes of refusals that protect recipients (docs.jiguang.cn/jums/server/message_code).
const (
	codeBroadcasts = 1015029
	codeSensitive  = 1015034
	codeQuiet      = 1015038
)

// Protection keeps recipients from what they shall not get, or not now. Its
// zero value protects from nothing.
type Protection struct {
	Words     Words  `json:"sensitive_words"`
	Quiet     Quiet  `json:"quiet_hours"`
	Broadcast Quota  `json:"broadcast_quota"`
	TimeZone  string `json:"time_zone"` // of hours and days: Asia/Shanghai, +08:00; empty is UTC+8
}

// Words are not to be in anything that is sent. Upper and lower case, full and
// half width are the same.
type Words struct {
	Enabled bool     `json:"enabled"`
	Words   []string `json:"words"` // at most 10,000 of 1 to 64 characters, 100,000 together
}

// Quiet are the hours of each day in which nobody is sent anything. From after
// To goes over midnight.
type Quiet struct {
	Enabled bool   `json:"enabled"`
	From    string `json:"from"` // 22:00
	To      string `json:"to"`   // 08:00, when sending goes on
	// Then is what happens to a message that would go in these hours: it is
	// refused ("refuse") or waits ("wait"). One accepted before they began waits.
	Then string `json:"quiet"`
}

// What Quiet.Then says.
const (
	QuietRefuse = "refuse"
	QuietWait   = "wait"
)

// Quota bounds the broadcasts of a client.
type Quota struct {
	PerDay int `json:"per_day"` // 0: any number
}

// Limits of the settings.
const (
	mostWords      = 10_000
	mostWordRunes  = 64
	mostWordsRunes = 100_000
	mostBroadcasts = 1_000_000
)

// Protecting keeps the settings, one set for all clients.
type Protecting interface {
	// Protection reads them, unless they are still of the version that is known:
	// then p is nil. The version of what was never set is 0.
	Protection(ctx context.Context, known int64) (p *Protection, version int64, err error)
	// ChangeProtection writes what change leaves. change runs in the transaction,
	// may run again, and stops it all with its error.
	ChangeProtection(ctx context.Context, change func(*Protection) error) error
}

// Protection answers the settings as they are.
func (r *Room) Protection(ctx context.Context) (Protection, error) {
	p, _, err := r.Store.Protection(ctx, -1)
	if err != nil || p == nil {
		return Protection{}, err
	}
	return *p, nil
}

// ChangeProtection changes the settings. Every replica follows within two
// seconds; what waits for quiet hours that are over now goes within a minute
// more. *Refusal.
func (r *Room) ChangeProtection(ctx context.Context, change func(*Protection)) (now Protection, err error) {
	err = r.Store.ChangeProtection(ctx, func(p *Protection) error {
		change(p)
		now = *p
		return p.check()
	})
	r.guarded.Store(nil)
	return now, err
}

func (p Protection) check() error {
	if _, err := Zone(p.TimeZone); err != nil {
		return invalid("time_zone", "%s", err)
	}
	if p.Broadcast.PerDay < 0 || p.Broadcast.PerDay > mostBroadcasts {
		return invalid("broadcast_quota.per_day", "is %d: 0 (any number) to %d", p.Broadcast.PerDay, mostBroadcasts)
	}
	if err := p.Quiet.check(); err != nil {
		return err
	}
	return p.Words.check()
}

func (q Quiet) check() error {
	if q == (Quiet{}) {
		return nil
	}
	from, ok := minute(q.From)
	if !ok {
		return invalid("quiet_hours.from", "must be a time of day such as 22:00")
	}
	to, ok := minute(q.To)
	if !ok {
		return invalid("quiet_hours.to", "must be a time of day such as 08:00")
	}
	if from == to {
		return invalid("quiet_hours.to", "is the same as from: leave some of the day for sending")
	}
	if q.Then != QuietRefuse && q.Then != QuietWait {
		return invalid("quiet_hours.quiet", `must be "refuse" or "wait"`)
	}
	return nil
}

func (w Words) check() error {
	if len(w.Words) > mostWords {
		return invalid("sensitive_words.words", "has %d words: at most %d", len(w.Words), mostWords)
	}
	total := 0
	for i, word := range w.Words {
		n := utf8.RuneCountInString(word)
		if n == 0 || n > mostWordRunes || strings.TrimSpace(word) != word || strings.ContainsFunc(word, unicode.IsControl) {
			return invalid(at("sensitive_words.words", i), "has %d characters: 1 to %d, no spaces around it, no control characters", n, mostWordRunes)
		}
		total += n
	}
	if total > mostWordsRunes {
		return invalid("sensitive_words.words", "have %d characters together: at most %d", total, mostWordsRunes)
	}
	return nil
}

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// minute reads a time of day as minutes since midnight.
func minute(text string) (int, bool) {
	if !clockForm.MatchString(text) {
		return 0, false
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil
}

// Zone reads the name of a time zone: one of IANA's, such as Asia/Shanghai, or a
// distance from UTC, such as +08:00. Empty is UTC+8, China's.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return china, nil
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		if offset >= -14*3600 && offset <= 14*3600 {
			return time.FixedZone(name, offset), nil
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil || strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("is no time zone: use a name such as Asia/Shanghai, or a distance from UTC such as +08:00")
	}
	return zone, nil
}
