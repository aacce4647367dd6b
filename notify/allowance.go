package notify

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// Allowance is how often something may be done within any minute and any hour.
type Allowance struct{ Minute, Hour int }

// What WeCom allows (https://developer.work.weixin.qq.com/document/path/90312).
// Beyond Member it drops messages, and says nothing; beyond Call it answers 45009
// and blocks.
var (
	MemberAllowance = Allowance{30, 1000}        // messages of one app to one member
	CallAllowance   = Allowance{10_000, 150_000} // calls of one kind for one company, but for message/send
)

// PerAccount is to how many members an app may send a day for each account that
// its company may have.
const PerAccount = 200

// Spent is what of an allowance was used lately. Recent holds seconds and
// numbers, the oldest first: of older ones a minute's together, which then count
// as of its last second. Flying are those whose end is not known; they end by
// Until, in milliseconds.
type Spent struct {
	Recent []byte
	Flying int
	Until  int64
}

const (
	spentEntry = 6 // a second and a number
	fine       = 2 * 60
	hour       = 60 * 60
)

type spent struct {
	second uint32
	n      uint16
}

func (s *Spent) entries() []spent {
	list := make([]spent, 0, len(s.Recent)/spentEntry)
	for b := s.Recent; len(b) >= spentEntry; b = b[spentEntry:] {
		list = append(list, spent{binary.BigEndian.Uint32(b), binary.BigEndian.Uint16(b[4:])})
	}
	return list
}

// Wait tells when one more may be begun, by a clock in milliseconds; 0: now. It
// holds for every minute and hour in which the vendor may take it: whatever may
// have been taken within one before counts, and so does what is under way.
func (s *Spent) Wait(a Allowance, now int64) time.Duration {
	s.land(now)
	list := s.entries()
	return max(s.wait(list, a.Minute, time.Minute, now), s.wait(list, a.Hour, time.Hour, now))
}

func (s *Spent) wait(list []spent, most int, window time.Duration, now int64) time.Duration {
	n := s.Flying
	for i := len(list) - 1; i >= 0; i-- {
		over := (int64(list[i].second)+1)*1000 + window.Milliseconds() // when it counts no longer
		if over <= now {
			break
		}
		if n += int(list[i].n); n >= most {
			return time.Duration(over-now) * time.Millisecond
		}
	}
	if n >= most {
		return time.Second // all are under way: their end is near
	}
	return 0
}

// Begin counts one that is handed over from now on, by until at the latest.
func (s *Spent) Begin(now, until int64) {
	s.land(now)
	s.Flying++
	s.Until = max(s.Until, until)
}

// Take counts one that is over as soon as it is begun.
func (s *Spent) Take(now int64) {
	s.land(now)
	s.add(1, now)
}

// End counts one that was begun as ended; took: the vendor may have taken it.
func (s *Spent) End(took bool, now int64) {
	s.land(now)
	s.Flying = max(0, s.Flying-1)
	if took {
		s.add(1, now)
	}
}

// land counts those whose end nobody told.
func (s *Spent) land(now int64) {
	if s.Flying > 0 && s.Until <= now {
		s.add(s.Flying, s.Until)
		s.Flying = 0
	}
}

func (s *Spent) add(n int, at int64) {
	second := uint32(at / 1000)                                        //nolint:gosec // until 2106
	all := append(s.entries(), spent{second, uint16(min(n, 1<<16-1))}) //nolint:gosec // bounded
	slices.SortStableFunc(all, func(a, b spent) int { return cmp.Compare(a.second, b.second) })
	var kept []spent
	for _, e := range all {
		if e.second+hour+1 < all[len(all)-1].second {
			continue
		}
		last := len(kept) - 1
		same := last >= 0 && (kept[last].second == e.second || e.second+fine < all[len(all)-1].second && kept[last].second/60 == e.second/60)
		if same && int(kept[last].n)+int(e.n) < 1<<16 {
			kept[last].second, kept[last].n = max(kept[last].second, e.second), kept[last].n+e.n
		} else {
			kept = append(kept, e)
		}
	}
	s.Recent = s.Recent[:0]
	for _, e := range kept {
		s.Recent = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(s.Recent, e.second), e.n)
	}
}

// Allowing keeps what was spent of allowances. Begin and Record count members by
// themselves, in their transactions.
type Allowing interface {
	// Spend counts one call of a kind for the company of a sender, unless it
	// must wait.
	Spend(ctx context.Context, sender, call string) (wait time.Duration, err error)
	// ForgetAllowances drops up to limit that were not used for an hour.
	ForgetAllowances(ctx context.Context, limit int) (int, error)
}

// Members tells whether the recipients of a part are members of a company on
// WeCom, whose messages are counted.
func (p Part) Members() bool { return p.App != nil || p.Linked != nil }

// Member is what a recipient of such a part is counted by; empty for those that
// the vendor expands: nobody says to whom.
func (p Part) Member(identity string) string {
	if _, group := strip(identity); group != "" || identity == everyMember || identity == everyLinked {
		return ""
	}
	return strings.ToLower(identity)
}
