package notify_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"wechattpp/notify"
)

// vendorsClock takes what arrives, and drops what is too much within any minute
// or hour.
type vendorsClock struct{ took []int64 }

func (v *vendorsClock) takes(at int64, a notify.Allowance) bool {
	minute, hour := 0, 0
	for _, t := range v.took {
		if at-t < time.Minute.Milliseconds() {
			minute++
		}
		if at-t < time.Hour.Milliseconds() {
			hour++
		}
	}
	v.took = append(v.took, at)
	return minute < a.Minute && hour < a.Hour
}

// Whenever calls begin, arrive and end, and whether or not their end is told,
// the vendor never sees more than it takes.
func TestNothingThatIsAllowedIsTooMuchForTheVendor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := notify.Allowance{Minute: rapid.IntRange(1, 4).Draw(rt, "minute"), Hour: rapid.IntRange(4, 12).Draw(rt, "hour")}
		var s notify.Spent
		var v vendorsClock
		type call struct{ arrives, ends, until int64 }
		var flying []call
		now := int64(1_800_000_000_000)
		settle := func(to int64) {
			for {
				first := -1
				for i, c := range flying {
					if c.arrives <= to && c.arrives > 0 && (first < 0 || c.arrives < flying[first].arrives) {
						first = i
					}
				}
				if first < 0 {
					break
				}
				if !v.takes(flying[first].arrives, a) {
					rt.Fatalf("dropped at %d", flying[first].arrives)
				}
				flying[first].arrives = 0
			}
			open := flying[:0]
			for _, c := range flying {
				if c.ends > to {
					open = append(open, c)
				} else if c.ends < c.until { // else it died
					s.End(true, c.ends)
				}
			}
			flying = open
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			now += rapid.Int64Range(0, 90_000).Draw(rt, "pause")
			settle(now)
			if s.Wait(a, now) > 0 {
				if rapid.Bool().Draw(rt, "patient") {
					now += s.Wait(a, now).Milliseconds()
					settle(now)
				}
				if s.Wait(a, now) > 0 {
					continue
				}
			}
			until := now + 90_000
			arrives := now + rapid.Int64Range(1, 60_000).Draw(rt, "under way")
			s.Begin(now, until)
			flying = append(flying, call{arrives, arrives + rapid.Int64Range(0, 40_000).Draw(rt, "answer"), until})
		}
		if len(s.Recent) > 1200 {
			rt.Fatalf("%d bytes are kept", len(s.Recent))
		}
	})
}

func TestAllowancesAreGivenBackWhenTheWindowHasPassed(t *testing.T) {
	t.Parallel()
	var s notify.Spent
	now := int64(1_800_000_000_000)
	for range 30 {
		if s.Wait(notify.MemberAllowance, now) != 0 {
			t.Fatal("thirty a minute are allowed")
		}
		s.Begin(now, now+90_000)
		s.End(true, now+500)
		now += 10
	}
	wait := s.Wait(notify.MemberAllowance, now)
	if wait < 59*time.Second || wait > 62*time.Second {
		t.Errorf("the thirty-first waits %s", wait)
	}
	s.Begin(now, now+90_000)
	s.End(false, now) // not taken
	if again := s.Wait(notify.MemberAllowance, now); again != wait {
		t.Errorf("one that was not taken counts: %s", again)
	}
	if w := s.Wait(notify.MemberAllowance, now+wait.Milliseconds()); w != 0 {
		t.Errorf("after the wait: %s", w)
	}
	for range 2000 { // one every two seconds: the hour's limit bites first
		if w := s.Wait(notify.MemberAllowance, now); w > 0 {
			now += w.Milliseconds()
		}
		s.Begin(now, now+90_000)
		s.End(true, now)
		now += 2100
	}
	if len(s.Recent) > 1200 {
		t.Errorf("%d bytes are kept", len(s.Recent))
	}
}

// FuzzSpent: whatever stands in the column, nothing panics or grows.
func FuzzSpent(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 2, 9}, 3, int64(1_800_000_000_000))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00"), -1, int64(5))
	f.Fuzz(func(t *testing.T, recent []byte, flying int, until int64) {
		s := notify.Spent{Recent: recent, Flying: flying, Until: until}
		const now = 1_800_000_000_000
		if s.Wait(notify.MemberAllowance, now) < 0 {
			t.Error("a wait below nothing")
		}
		s.Begin(now, now+90_000)
		s.End(true, now)
		s.Take(now)
		if len(s.Recent) > len(recent)+3*6 {
			t.Errorf("%d bytes became %d", len(recent), len(s.Recent))
		}
	})
}
