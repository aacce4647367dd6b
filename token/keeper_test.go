package token_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

const app = "wxComponent"

func account(i int) token.Owner {
	return token.Owner{Kind: token.Authorizer, ID: fmt.Sprintf("wx%06d", i)}
}

// vendor mints numbered tokens and counts the calls for each owner.
type vendor struct {
	answer time.Duration
	life   time.Duration
	err    func(call int64) error

	calls, now, most atomic.Int64
	mu               sync.Mutex
	byOwner          map[string]int
	refreshes        []string
}

func (v *vendor) Mint(ctx context.Context, o token.Owner, refresh string) (wechat.Lent, error) {
	n := v.calls.Add(1)
	v.note(o, refresh)
	defer v.now.Add(-1)
	if now := v.now.Add(1); now > v.most.Load() {
		v.most.Store(now)
	}
	select {
	case <-time.After(v.answer):
	case <-ctx.Done():
		return wechat.Lent{}, ctx.Err()
	}
	if v.err != nil {
		if err := v.err(n); err != nil {
			return wechat.Lent{}, err
		}
	}
	life := v.life
	if life == 0 {
		life = 2 * time.Hour
	}
	return wechat.Lent{Access: fmt.Sprint("access-", n), Refresh: refresh, Life: life}, nil
}

func (v *vendor) note(o token.Owner, refresh string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byOwner == nil {
		v.byOwner = map[string]int{}
	}
	v.byOwner[o.ID]++
	v.refreshes = append(v.refreshes, refresh)
}

func keeper(t testing.TB, db *sql.DB, v token.Minter, with ...func(*token.Config)) *token.Keeper {
	t.Helper()
	c := token.Config{Store: db.Token(app), Log: slog.New(slog.DiscardHandler), Minters: map[string]token.Minter{token.Authorizer: v, token.Component: v, token.Sender: v, token.WeCom: v}}
	for _, f := range with {
		f(&c)
	}
	k := token.New(c)
	t.Cleanup(k.Close)
	return k
}

func put(t testing.TB, k *token.Keeper, o token.Owner, life time.Duration) {
	t.Helper()
	if err := k.Put(context.Background(), o, wechat.Lent{Access: "first-" + o.ID, Refresh: "refresh-" + o.ID, Life: life}, 0); err != nil {
		t.Fatal(err)
	}
}

func TestAThousandCallersOnThreeReplicasMakeOneCall(t *testing.T) {
	source := sqltest.Source(t, "mysql")
	v := &vendor{answer: 200 * time.Millisecond}
	var replicas []*token.Keeper
	sqltest.Open(t, source)
	for range 3 {
		replicas = append(replicas, keeper(t, sqltest.Raw(t, source, 0), v))
	}
	const most = 250 * time.Millisecond
	var more []time.Duration
	for len(more) < 3 && (len(more) == 0 || more[len(more)-1] > most) { // a busy machine may spoil one
		o := account(len(more))
		put(t, replicas[0], o, 0) // lapsed
		before := v.calls.Load()
		took := thousandCallers(t, replicas, o)
		if n := v.calls.Load() - before; n != 1 {
			t.Fatalf("%d calls to the vendor, want 1", n)
		}
		more = append(more, took[989]-v.answer)
	}
	if more[len(more)-1] > most {
		t.Errorf("p99 of the waiters took %v more than the call, want at most %v", more, most)
	}
}

// thousandCallers ask for one owner's token at once, and all get the same. It
// answers how long each waited, in order.
func thousandCallers(t *testing.T, replicas []*token.Keeper, o token.Owner) []time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tokens, took := make([]string, 1000), make([]time.Duration, 1000)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			start := time.Now()
			got, err := replicas[i%len(replicas)].Source(o).Token(ctx)
			if err != nil {
				t.Error(err)
			}
			tokens[i], took[i] = got, time.Since(start)
		})
	}
	all.Wait()
	slices.Sort(tokens)
	if len(slices.Compact(tokens)) != 1 {
		t.Fatal("callers got different tokens")
	}
	slices.Sort(took)
	return took
}

func TestATokenRefusedByManyIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{answer: 50 * time.Millisecond}
		k := keeper(t, db, v)
		put(t, k, account(1), 2*time.Hour)
		ctx, s := context.Background(), k.Source(account(1))
		old, err := s.Token(ctx)
		if err != nil || old != "first-wx000001" {
			t.Fatal(old, err)
		}
		if _, err := s.Replace(ctx, old); !errors.Is(err, token.ErrTooSoon) {
			t.Fatalf("a token of this second: %v, want ErrTooSoon", err)
		}
		time.Sleep(31 * time.Second)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got, err := s.Replace(ctx, old); err != nil || got != "access-1" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		all.Wait()
		if got, err := s.Replace(ctx, old); err != nil || got != "access-1" {
			t.Errorf("one that others replaced: %q, %v", got, err)
		}
		if v.calls.Load() != 1 {
			t.Errorf("%d calls, want 1", v.calls.Load())
		}
	})
}

func TestTwoReplicasRenewEachOfAThousandAccountsOnce(t *testing.T) {
	source := sqltest.Source(t, "mysql")
	v := &vendor{answer: 5 * time.Millisecond}
	sqltest.Open(t, source)
	a, b := keeper(t, sqltest.Raw(t, source, 0), v), keeper(t, sqltest.Raw(t, source, 0), v)
	var all sync.WaitGroup
	for i := range 1000 { // due: half of a life of no time
		all.Go(func() { put(t, a, account(i), 0) })
	}
	all.Wait()
	for _, k := range []*token.Keeper{a, b} {
		all.Go(func() {
			for n := 1; n > 0; {
				var err error
				if n, err = k.RenewDue(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(v.byOwner) != 1000 || v.calls.Load() != 1000 {
		t.Fatalf("%d calls for %d accounts, want 1000 for 1000", v.calls.Load(), len(v.byOwner))
	}
	if v.most.Load() > 256 {
		t.Errorf("%d calls at once by two replicas, want at most 128 each", v.most.Load())
	}
}

func TestTwoHoursOfRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{answer: 50 * time.Millisecond}
		k := keeper(t, db, v)
		const accounts = 30
		for i := range accounts {
			put(t, k, account(i), 2*time.Hour)
		}
		minutes := map[int]int{}
		for minute := range 121 {
			n, err := k.RenewDue(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			minutes[minute] = n
			for i := range accounts {
				if _, err := k.Source(account(i)).Token(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		if v.calls.Load() != accounts {
			t.Errorf("%d calls in two hours for %d accounts: nobody should have waited for a renewal", v.calls.Load(), accounts)
		}
		for minute, n := range minutes {
			if n > 0 && (minute < 60 || minute > 101) || n > accounts/2 {
				t.Errorf("%d renewals in minute %d, want them spread over 60 to 100", n, minute)
			}
		}
	})
}

func TestADeadOwnerIsReplacedWithinItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{answer: 50 * time.Millisecond}
		k := keeper(t, db, v)
		put(t, k, account(1), 0)
		rows, err := db.Token(app).ClaimDue(context.Background(), token.Authorizer, 1, 15*time.Second) // and dies
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		start := time.Now()
		if _, err := k.Source(account(1)).Token(context.Background()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 14*time.Second || took > 16*time.Second {
			t.Errorf("replaced after %v, want 15 s", took)
		}
	})
}

func TestStopHoldsOnEveryReplicaWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{}
		here, there := keeper(t, db, v), keeper(t, db, v)
		put(t, here, account(1), 2*time.Hour)
		ctx := context.Background()
		if _, err := there.Source(account(1)).Token(ctx); err != nil {
			t.Fatal(err)
		}
		if err := here.Stop(ctx, account(1), "cancelled by the account"); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Source(account(1)).Token(ctx); !errors.Is(err, wechat.ErrNotAuthorized) {
			t.Errorf("here at once: %v", err)
		}
		time.Sleep(1100 * time.Millisecond)
		_, err := there.Source(account(1)).Token(ctx)
		var u *token.Unavailable
		if !errors.As(err, &u) || !u.Rests || u.Problem != "cancelled by the account" {
			t.Errorf("there after a second: %v", err)
		}
		if n, err := there.RenewDue(ctx); n != 0 || err != nil || v.calls.Load() != 0 {
			t.Errorf("renewed a stopped one: %d, %v", n, err)
		}
	})
}

func TestShutdownFinishesCallsAndGivesTheRestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{answer: 3 * time.Second}
		k := keeper(t, db, v, func(c *token.Config) { c.Parallel = 2 })
		for i := range 20 {
			put(t, k, account(i), 0)
		}
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if _, err := k.RenewDue(ctx); err != nil {
			t.Fatal(err)
		}
		if v.calls.Load() != 2 {
			t.Errorf("%d calls, want the 2 that ran", v.calls.Load())
		}
		free, stored := 0, 0
		for i := range 20 {
			got, err := k.State(context.Background(), account(i))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Held {
				free++
			}
			if got.Left > time.Hour {
				stored++
			}
		}
		if free != 20 || stored != 2 {
			t.Errorf("%d of 20 rows are free, %d renewed; want 20 and 2", free, stored)
		}
	})
}
