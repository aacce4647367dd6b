package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// saved are the tables of the backup: those that change while the service runs.
var saved = []string{"token", "ticket", "authorizer", "invitation", "preauth", "exchange", "finding", "reconciliation", "event", "message", "chunk", "recipient", "feed"}

// reconcile runs the command beside the service and answers its last line.
func (r *replica) reconcile(args ...string) (last string, err error) {
	r.t.Helper()
	c := command(r.t, append(r.w.env, "WECHATTPP_PUBLIC_URL="+r.url()), append([]string{"authorizers", "reconcile"}, args...)...)
	out, err := c.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errorText(err))
	}
	return strings.Join(strings.Fields(lines[len(lines)-1]), " "), err
}

// rotate renews every account's token, and so its refresh token, once.
func (w *world) rotate(t *testing.T, j *mainJob, accounts []string) {
	t.Helper()
	before := map[string]int{}
	for _, id := range accounts {
		a, err := w.Account(id)
		if err != nil {
			t.Fatal(err)
		}
		before[id] = a.Mints
	}
	sqltest.Exec(t, w.source, `UPDATE token SET due_at = 1 WHERE kind = 'authorizer' AND due_at IS NOT NULL`)
	j.again("the rotation", func() error {
		for _, id := range accounts {
			if a, err := w.Account(id); err != nil || a.Mints == before[id] {
				return fmt.Errorf("%s is not renewed yet, %v", id, err)
			}
		}
		if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM token WHERE kind = 'authorizer' AND claim <> 0`); n > 0 {
			return fmt.Errorf("%d renewals are not stored yet", n)
		}
		return nil
	})
}

func TestARestoredBackupIsRebuiltByOneCommand(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, kind, func(c *simulator.Config) { c.RotateRefresh = true })
			r := w.start(t)
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
			admin := r.admin()
			j.authorize(admin)
			business := j.client(admin)
			j.delivered(business, j.send(business))
			accounts := []string{j.shop.AppID}
			for _, g := range w.AddAccounts(6, "wxmany") {
				accounts = append(accounts, g.AppID)
			}
			if last, err := r.reconcile(); err != nil || !strings.Contains(last, "seen 7 of 7 adopted 6") {
				t.Fatalf("%s, %v", last, err)
			}
			w.rotate(t, j, accounts)

			for _, table := range saved {
				sqltest.Exec(t, w.source, `CREATE TABLE saved_`+table+` AS SELECT * FROM `+table)
			}
			w.rotate(t, j, accounts) // twice: the vendor takes the refresh token before the last one for five minutes
			w.rotate(t, j, accounts)
			left, come := accounts[1], w.AddAccounts(1, "wxcame")[0].AppID
			if err := w.Unauthorize(simulator.Unauthorization{AppID: left, NoEvent: true}); err != nil {
				t.Fatal(err)
			}
			r.kill()
			for _, table := range saved {
				sqltest.Exec(t, w.source, `DELETE FROM `+table)
				sqltest.Exec(t, w.source, `INSERT INTO `+table+` SELECT * FROM saved_`+table)
			}
			r.run()
			r.ready()

			last, err := r.reconcile()
			if err != nil || !strings.Contains(last, "adopted 1") || !strings.Contains(last, "refresh tokens renewed 6") || !strings.Contains(last, "absent 1 ended 1") {
				t.Errorf("%s, %v", last, err)
			}
			j.findings(admin, left, "needs_reauthorization")
			j.findings(admin, come, "unclaimed")
			j.delivered(business, j.sendAs(business, "order-2"))
			for _, table := range []string{"event", "message"} {
				gone := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM saved_`+table+` s WHERE NOT EXISTS (SELECT 1 FROM `+table+` t WHERE t.id = s.id)`)
				if gone != 0 {
					t.Errorf("%d rows of %s are gone", gone, table)
				}
			}
			if last, err := r.reconcile(); err != nil || !strings.Contains(last, "adopted 0 refresh tokens renewed 0") || !strings.Contains(last, "absent 0 ended 0") {
				t.Errorf("repeated: %s, %v", last, err)
			}
		})
	}
}

// findings waits for a finding of an account.
func (j *mainJob) findings(admin *caller, appID, code string) {
	j.t.Helper()
	j.again(code+" of "+appID, func() error {
		var a struct {
			Findings []struct{ Code, Remedy string }
		}
		err := admin.call(j.ctx, http.MethodGet, "/v1/authorizers/"+appID, nil, &a)
		for _, f := range a.Findings {
			if f.Code == code && f.Remedy != "" {
				return nil
			}
		}
		return fmt.Errorf("findings %v, %w", a.Findings, err)
	})
}
