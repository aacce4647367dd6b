package sql

import (
	"context"
	"errors"
	"hash/fnv"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"time"

	"wechattpp/notify"
)

// counting is what a transaction knows of the allowances of those it calls for:
// of apps on WeCom, whose rows it holds, so that replicas count one after the
// other. nil counts nothing.
type counting struct {
	apps  map[int64]*countedApp // by sender
	spent map[int64]*notify.Spent
	dirty map[int64]bool // of spent
	now   int64
}

type countedApp struct {
	Sender   int64  `db:"id"`
	Company  string `db:"corp_id"`
	Agent    int64  `db:"agent_id"`
	Accounts int64  `db:"accounts"`

	id   int64
	sent *int64 // today, of all senders that are this app
}

// countedOnes are recipients of a part, by sender, whose allowances matter.
type countedOnes struct {
	sender  int64
	part    notify.Part
	members []string
}

const chinaDay = 8 * 60 * 60 * 1000 // ms that China's day is ahead

func dayOf(now int64) int64 { return (now + chinaDay) / (24 * 60 * 60 * 1000) }

func hashOf(parts ...string) int64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00")) // never fails
	}
	return int64(h.Sum64())
}

func (a *countedApp) member(name string) int64 {
	return hashOf("member", strconv.FormatInt(a.id, 10), name)
}

// full tells that the app has sent all that it may today.
func (a *countedApp) full() bool { return a.Accounts > 0 && *a.sent >= a.Accounts*notify.PerAccount }

// linkedCalls is what calls of linkedcorp/message/send count among.
func (a *countedApp) linkedCalls() int64 { return hashOf("call", a.Company, "linkedcorp/message/send") }

// counting locks the apps and reads what was spent.
func (t tx) counting(ctx context.Context, ones []countedOnes) (*counting, error) {
	if len(ones) == 0 {
		return nil, nil
	}
	n := &counting{apps: map[int64]*countedApp{}, spent: map[int64]*notify.Spent{}, dirty: map[int64]bool{}}
	for _, o := range ones {
		n.apps[o.sender] = &countedApp{Sender: o.sender, id: hashOf("sender", strconv.FormatInt(o.sender, 10))} // of one that was deleted
	}
	var found []*countedApp
	if err := t.all(ctx, &found, `SELECT id, corp_id, agent_id, accounts FROM sender WHERE id IN (?)`, slices.Sorted(maps.Keys(n.apps))); err != nil {
		return nil, err
	}
	for _, a := range found {
		a.id = hashOf("app", a.Company, strconv.FormatInt(a.Agent, 10))
		n.apps[a.Sender] = a
	}
	if err := t.lockApps(ctx, n); err != nil {
		return nil, err
	}
	return n, t.readSpent(ctx, n, ones)
}

// lockApps holds the rows of the day, in the order of their ids.
func (t tx) lockApps(ctx context.Context, n *counting) error {
	ids := map[int64]bool{}
	for _, a := range n.apps {
		ids[a.id] = true
	}
	sorted := slices.Sorted(maps.Keys(ids))
	for _, id := range sorted {
		if _, err := t.exec(ctx, `INSERT INTO app_day (app, day, sent) VALUES (?, 0, 0)`+t.db.orIgnore("app"), id); err != nil {
			return err
		}
	}
	var rows []struct {
		App  int64 `db:"app"`
		Day  int64 `db:"day"`
		Sent int64 `db:"sent"`
		Now  int64 `db:"now"`
	}
	if err := t.all(ctx, &rows, `SELECT app, day, sent, {now} AS now FROM app_day WHERE app IN (?) ORDER BY app`+t.db.forUpdate(), sorted); err != nil {
		return err
	}
	for _, r := range rows {
		if n.now = r.Now; r.Day != dayOf(r.Now) {
			r.Sent = 0
		}
		for _, a := range n.apps {
			if a.id == r.App {
				a.sent = &r.Sent
			}
		}
	}
	return nil
}

func (t tx) readSpent(ctx context.Context, n *counting, ones []countedOnes) error {
	for _, o := range ones {
		a := n.apps[o.sender]
		for _, m := range o.members {
			n.spent[a.member(m)] = &notify.Spent{}
		}
		if o.part.Linked != nil {
			n.spent[a.linkedCalls()] = &notify.Spent{}
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(n.spent)), 1000) {
		var rows []spentRow
		if err := t.all(ctx, &rows, `SELECT id, recent, flying, until_at FROM allowance WHERE id IN (?)`, ids); err != nil {
			return err
		}
		for _, r := range rows {
			n.spent[r.ID] = &notify.Spent{Recent: r.Recent, Flying: r.Flying, Until: r.Until}
		}
	}
	return nil
}

type spentRow struct {
	ID     int64  `db:"id"`
	Recent []byte `db:"recent"`
	Flying int    `db:"flying"`
	Until  int64  `db:"until_at"`
}

// countDown writes what was spent.
func (t tx) countDown(ctx context.Context, n *counting) error {
	if n == nil || len(n.dirty) == 0 {
		return nil
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(n.dirty)), 400) {
		var args []any
		for _, id := range ids {
			s := n.spent[id]
			args = append(args, id, append([]byte{}, s.Recent...), s.Flying, s.Until, n.now)
		}
		upsert := `INSERT INTO allowance (id, recent, flying, until_at, used_at) VALUES ` + values(len(ids), "(?, ?, ?, ?, ?)") +
			t.db.onConflict("id", "recent", "flying", "until_at", "used_at")
		if _, err := t.exec(ctx, upsert, args...); err != nil {
			return err
		}
	}
	byApp := map[int64]int64{}
	for _, a := range n.apps {
		byApp[a.id] = *a.sent
	}
	for _, id := range slices.Sorted(maps.Keys(byApp)) {
		if _, err := t.exec(ctx, `UPDATE app_day SET day = ?, sent = ? WHERE app = ?`, dayOf(n.now), max(0, byApp[id]), id); err != nil {
			return err
		}
	}
	return nil
}

// Spend counts a call for the company of a sender.
func (n *Notify) Spend(ctx context.Context, code, call string) (wait time.Duration, err error) {
	err = n.db.inTx(ctx, func(t tx) error {
		var company string
		if err := t.get(ctx, &company, `SELECT corp_id FROM sender WHERE code = ?`, code); err != nil {
			if errors.Is(err, fs.ErrNotExist) { // deleted: whoever calls hears of it
				return nil
			}
			return err
		}
		id := hashOf("call", company, call)
		const row = `INSERT INTO allowance (id, recent, flying, until_at, used_at) VALUES (?, ?, 0, 0, {now})`
		if _, err := t.exec(ctx, row+t.db.orIgnore("id"), id, []byte{}); err != nil {
			return err
		}
		var is struct {
			spentRow
			Now int64 `db:"now"`
		}
		if err := t.get(ctx, &is, `SELECT id, recent, flying, until_at, {now} AS now FROM allowance WHERE id = ?`+t.db.forUpdate(), id); err != nil {
			return err
		}
		s := notify.Spent{Recent: is.Recent, Flying: is.Flying, Until: is.Until}
		if wait = s.Wait(notify.CallAllowance, is.Now); wait > 0 {
			return nil
		}
		s.Take(is.Now)
		_, err := t.exec(ctx, `UPDATE allowance SET recent = ?, flying = ?, until_at = ?, used_at = {now} WHERE id = ?`, append([]byte{}, s.Recent...), s.Flying, s.Until, id)
		return err
	})
	return wait, err
}

// ForgetAllowances drops those that nobody used for more than an hour: nothing of
// them counts any more.
func (n *Notify) ForgetAllowances(ctx context.Context, limit int) (int, error) {
	var ids []int64
	err := n.db.run().all(ctx, &ids, `SELECT id FROM allowance WHERE used_at < {now} - ? ORDER BY used_at LIMIT ?`, (2 * time.Hour).Milliseconds(), limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	gone, err := n.db.run().exec(ctx, `DELETE FROM allowance WHERE id IN (?) AND used_at < {now} - ?`, ids, (2 * time.Hour).Milliseconds())
	return int(gone), err
}
