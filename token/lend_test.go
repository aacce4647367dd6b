package token_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

func TestALoanEndsAtThePlannedRenewalAndIsNeverShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{}
		k := keeper(t, db, v)
		put(t, k, account(1), 2*time.Hour)
		s := k.Source(account(1))
		last, ends := "", time.Now()
		for range 12 * 60 { // half a day, minute by minute, while nobody renews ahead
			loan, err := s.Lend(t.Context())
			if err != nil || loan.For < time.Minute {
				t.Fatalf("%+v %v", loan, err)
			}
			if loan.Access == last && time.Now().Add(loan.For).Sub(ends).Abs() > 2*time.Second {
				t.Fatalf("the same token first ended at %s, then at %s", ends, time.Now().Add(loan.For))
			}
			last, ends = loan.Access, time.Now().Add(loan.For)
			time.Sleep(time.Minute)
		}
		if n := v.calls.Load(); n < 7 || n > 12 { // each is planned for its 60th to 100th minute, at random
			t.Errorf("%d renewals in twelve hours", n)
		}
	})
}

func TestAVendorThatIsAwayCostsNobodyATokenThatIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{err: func(int64) error { return errors.New("away") }}
		k := keeper(t, db, v)
		put(t, k, account(1), 2*time.Hour)
		time.Sleep(110 * time.Minute) // past every planned renewal
		loan, err := k.Source(account(1)).Lend(t.Context())
		if err != nil || loan.Access != "first-wx000001" || loan.For > time.Minute || v.calls.Load() == 0 {
			t.Errorf("%+v %v, %d tries", loan, err, v.calls.Load())
		}
		time.Sleep(10 * time.Minute)
		if loan, err := k.Source(account(1)).Lend(t.Context()); err == nil {
			t.Errorf("a dead token is lent: %+v", loan)
		}
	})
}

func TestAReportIsBelievedOnlyIfTheVendorSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{}
		k := keeper(t, db, v)
		put(t, k, account(1), 2*time.Hour)
		time.Sleep(31 * time.Second)
		for _, c := range []struct {
			reported string
			says     error
			want     token.Finding
			renewals int64
		}{
			{"another", nil, token.Superseded, 0},
			{"first-wx000001", wechat.ErrUnanswered, token.Unchecked, 0},
			{"first-wx000001", wechat.ErrThrottledDay, token.Unchecked, 0},
			{"first-wx000001", nil, token.StillTaken, 0},
			{"first-wx000001", wechat.ErrTokenRefused, token.StillTaken, 0}, // within five seconds of the last word
		} {
			loan, got, err := k.Source(account(1)).Report(t.Context(), c.reported, func(context.Context, string) error { return c.says })
			if err != nil || got != c.want || loan.Access != "first-wx000001" || v.calls.Load() != c.renewals {
				t.Errorf("%+v: %s %+v %v", c, got, loan, err)
			}
		}
		time.Sleep(6 * time.Second)
		refuses := func(context.Context, string) error { return wechat.ErrTokenRefused }
		loan, got, err := k.Source(account(1)).Report(t.Context(), "first-wx000001", refuses)
		if err != nil || got != token.Renewed || loan.Access != "access-1" || v.calls.Load() != 1 {
			t.Errorf("%s %+v %v", got, loan, err)
		}
		if _, _, err := k.Source(account(1)).Report(t.Context(), "access-1", refuses); !errors.Is(err, token.ErrTooSoon) || v.calls.Load() != 1 {
			t.Errorf("refused again within 30 s: %v", err)
		}
	})
}
