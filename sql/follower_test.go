package sql_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const followed = "wxFollowed"

func begun(t *testing.T, f *sql.Follower) sender.Pull {
	t.Helper()
	if _, err := f.BeginPull(context.Background(), followed, "oa"); err != nil {
		t.Fatal(err)
	}
	return claimedPull(t, f)
}

func claimedPull(t *testing.T, f *sql.Follower) sender.Pull {
	t.Helper()
	won, err := f.ClaimPulls(context.Background(), 10, time.Minute)
	if err != nil || len(won) != 1 {
		t.Fatalf("%v %+v", err, won)
	}
	return won[0]
}

func save(t *testing.T, f *sql.Follower, p sender.Pull, next string, ids ...string) {
	t.Helper()
	if err := f.SavePage(context.Background(), p, wechat.FollowerPage{Total: 9, OpenIDs: ids, Next: next}); err != nil {
		t.Fatal(err)
	}
}

func following(t *testing.T, f *sql.Follower, fresh bool) string {
	t.Helper()
	all, err := f.Followers(context.Background(), followed, "", 100, fresh)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, x := range all {
		ids = append(ids, x.OpenID)
	}
	return strings.Join(ids, " ")
}

func wantFollowing(t *testing.T, f *sql.Follower, step, all, fresh string) {
	t.Helper()
	if got := following(t, f, false); got != all {
		t.Errorf("%s: %q follow, want %q", step, got, all)
	}
	if got := following(t, f, true); got != fresh {
		t.Errorf("%s: %q are new, want %q", step, got, fresh)
	}
}

func TestARoundTellsWhoIsNewAndLetsGoWhoLeft(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		f := db.Follower()
		p := begun(t, f)
		save(t, f, p, "b", "a", "b")
		p = claimedPull(t, f)
		if p.Next != "b" || p.Seen != 2 {
			t.Fatalf("the second page: %+v", p)
		}
		save(t, f, p, "", "c", "C")
		wantFollowing(t, f, "first round", "C a b c", "C a b c")
		p = begun(t, f)
		save(t, f, p, "", "a", "b", "d")
		wantFollowing(t, f, "second round", "a b d", "d")
		p = begun(t, f)
		if err := f.FailPull(context.Background(), p, "no"); err != nil {
			t.Fatal(err)
		}
		if p = begun(t, f); p.Round != 3 {
			t.Errorf("a failed round is begun again as %d", p.Round)
		}
		save(t, f, p, "", "a", "b", "d")
		wantFollowing(t, f, "third round", "a b d", "")
	})
}

func TestEventsKeepTheListInAnyOrder(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		f, now := db.Follower(), time.Now()
		tell := func(id string, yes bool, at time.Duration) {
			t.Helper()
			if err := f.Follow(context.Background(), followed, id, yes, now.Add(at).Truncate(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		tell("a", true, -time.Hour)
		wantFollowing(t, f, "before any pull", "a", "")
		p := begun(t, f)
		tell("b", true, 2*time.Second)  // subscribes while the pull runs
		tell("c", false, 2*time.Second) // leaves while the pull runs, and stands on its page still
		save(t, f, p, "", "a", "c", "d")
		wantFollowing(t, f, "events during a pull", "a b d", "a b d")
		tell("d", false, -time.Hour) // older than the pull that saw it
		tell("a", false, 10*time.Second)
		tell("a", true, 5*time.Second) // late
		wantFollowing(t, f, "late events", "b d", "b d")
		tell("a", true, 20*time.Second)
		wantFollowing(t, f, "again", "a b d", "b d")
		tell("a", true, 20*time.Second)
		tell("b", false, 30*time.Second)
		tell("e", true, 30*time.Second)
		wantFollowing(t, f, "copies", "a d e", "d")
	})
}

func TestThePullOfTwoReplicasIsOne(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		f, ctx := db.Follower(), context.Background()
		if _, err := f.BeginPull(ctx, followed, "oa"); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		pages := map[string]int{}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					if p, err := f.Pull(ctx, followed); err != nil || p.Done {
						return
					}
					won, err := f.ClaimPulls(ctx, 10, time.Minute)
					if err != nil {
						t.Error(err)
						return
					}
					for _, p := range won {
						mu.Lock()
						pages[p.Next]++
						n := len(pages)
						mu.Unlock()
						next := ""
						if n < 10 {
							next = fmt.Sprintf("o%d", n)
						}
						if err := f.SavePage(ctx, p, wechat.FollowerPage{OpenIDs: []string{fmt.Sprintf("o%d", n)}, Next: next}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		for next, n := range pages {
			if n != 1 {
				t.Errorf("the page after %q was fetched %d times", next, n)
			}
		}
		if len(pages) != 10 {
			t.Errorf("%d pages", len(pages))
		}
	})
}

func TestWhoLostThePullChangesNothing(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		f := db.Follower()
		p := begun(t, f)
		p.Claim++
		save(t, f, p, "", "x")
		wantFollowing(t, f, "a late page", "", "")
	})
}
