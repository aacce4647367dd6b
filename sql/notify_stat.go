package sql

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"wechattpp/notify"
)

// Counts per hour, client and sender are kept as changes: whoever changes
// recipients appends, in the same transaction, how many entered and left a
// state. Nobody waits for another there, as all would for a row with the sum;
// a step adds what was appended to the sums, and whoever reads adds the rest.

// tallyKey is what is counted together. hour is when the message was accepted,
// so that later outcomes count there, too.
type tallyKey struct {
	Hour     int64        `db:"hour"` // its first millisecond
	ClientID int64        `db:"client_id"`
	Sender   string       `db:"sender"`
	State    notify.State `db:"state"` // Queued stands for Sending, too
	Reason   string       `db:"reason"`
}

func (k tallyKey) compare(o tallyKey) int {
	return cmp.Or(cmp.Compare(k.Hour, o.Hour), cmp.Compare(k.ClientID, o.ClientID), cmp.Compare(k.Sender, o.Sender),
		cmp.Compare(k.State, o.State), cmp.Compare(k.Reason, o.Reason))
}

const hour = int64(time.Hour / time.Millisecond)

// tally collects changes of counts.
type tally map[tallyKey]int

func (l tally) add(h *head, c *chunkRow, s notify.State, code int, text string, n int) {
	k := tallyKey{h.CreatedAt - h.CreatedAt%hour, h.ClientID, h.parts[c.Part].Sender, s, ""}
	switch s {
	case notify.Sending:
		k.State = notify.Queued
	case notify.Failed:
		k.Reason = reason(code, text)
	}
	l[k] += n
}

// reason is by what failures are told apart: the vendor's code, or the word of
// an outcome. Long texts have something of their own in them, such as an id.
func reason(code int, text string) string {
	switch {
	case code != 0:
		return strconv.Itoa(code)
	case text == "" || utf8.RuneCountInString(text) > 40:
		return "other"
	}
	return text
}

func (l tally) keys() []tallyKey {
	maps.DeleteFunc(l, func(_ tallyKey, n int) bool { return n == 0 })
	return slices.SortedFunc(maps.Keys(l), tallyKey.compare)
}

const changeColumns = `INSERT INTO stat_change (hour, client_id, sender, state, reason, n) VALUES `

// count appends what a ledger changed.
func (t tx) count(ctx context.Context, l *ledger) error {
	counts := tally{}
	for _, c := range l.chunks {
		h := l.heads[c.MessageID]
		for _, ch := range l.changes[c] {
			counts.add(h, c, ch.from, ch.wasCode, ch.wasText, -1)
			counts.add(h, c, ch.to, ch.code, cut(ch.text, 255), 1)
		}
	}
	for some := range slices.Chunk(counts.keys(), mostRows) {
		var args []any
		for _, k := range some {
			args = append(args, k.Hour, k.ClientID, k.Sender, k.State, k.Reason, counts[k])
		}
		if _, err := t.exec(ctx, changeColumns+values(len(some), "(?, ?, ?, ?, ?, ?)"), args...); err != nil {
			return err
		}
	}
	return nil
}

// countSteps append the recipients of new messages. They were accepted when the
// database says so, in one statement for all.
func countSteps(batch []*adding) (steps []step) {
	counts := tally{}
	for _, a := range batch {
		h := head{ClientID: a.d.ClientID, parts: a.d.Parts}
		for _, c := range a.chunks {
			for _, s := range []notify.State{notify.Queued, notify.Skipped} {
				counts.add(&h, c, s, 0, "", *c.count(s))
			}
		}
	}
	for some := range slices.Chunk(counts.keys(), mostRows) {
		var args []any
		for _, k := range some {
			args = append(args, hour, batch[0].id.ID, k.ClientID, k.Sender, k.State, k.Reason, counts[k])
		}
		steps = append(steps, step{changeColumns + values(len(some), "((SELECT created_at - created_at % ? FROM message WHERE id = ?), ?, ?, ?, ?, ?)"), args})
	}
	return steps
}

// errCounted: another replica was first.
var errCounted = errors.New("counted by another replica")

// CountDue adds appended changes to the sums.
func (n *Notify) CountDue(ctx context.Context, limit int) (int, error) {
	var rows []struct {
		tallyKey
		ID int64 `db:"id"`
		N  int   `db:"n"`
	}
	const query = `SELECT id, hour, client_id, sender, state, reason, n FROM stat_change ORDER BY id LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, limit); err != nil || len(rows) == 0 {
		return 0, err
	}
	ids, sums := make([]int64, len(rows)), tally{}
	for i, r := range rows {
		ids[i] = r.ID
		sums[r.tallyKey] += r.N
	}
	keys := sums.keys()
	err := n.db.inTx(ctx, func(t tx) error {
		if gone, err := t.exec(ctx, `DELETE FROM stat_change WHERE id IN (?)`, ids); err != nil || int(gone) != len(ids) {
			return cmp.Or(err, errCounted)
		}
		return t.sum(ctx, keys, sums)
	})
	if errors.Is(err, errCounted) {
		return 0, nil
	}
	return len(ids), err
}

func (t tx) sum(ctx context.Context, keys []tallyKey, sums tally) error {
	add := " ON CONFLICT (hour, client_id, sender, state, reason) DO UPDATE SET n = stat.n + excluded.n"
	if t.db.dialect == onMySQL {
		add = " ON DUPLICATE KEY UPDATE n = n + VALUES(n)"
	}
	for some := range slices.Chunk(keys, mostRows) {
		var args []any
		for _, k := range some {
			args = append(args, k.Hour, k.ClientID, k.Sender, k.State, k.Reason, sums[k])
		}
		if _, err := t.exec(ctx, `INSERT INTO stat (hour, client_id, sender, state, reason, n) VALUES `+values(len(some), "(?, ?, ?, ?, ?, ?)")+add, args...); err != nil {
			return err
		}
	}
	return nil
}

// Tallies reads sums and what is not in them yet, as they are at one moment.
func (n *Notify) Tallies(ctx context.Context, q notify.StatQuery) ([]notify.Tally, error) {
	from, to := q.From.UnixMilli(), q.To.UnixMilli()
	const query = `SELECT client_id, sender, state, reason, SUM(n) AS n FROM (
		SELECT client_id, sender, state, reason, n FROM stat WHERE hour >= ? AND hour < ?
		UNION ALL SELECT client_id, sender, state, reason, n FROM stat_change WHERE hour >= ? AND hour < ?) AS s
		WHERE (client_id = ? OR ? < 0) AND (sender = ? OR ? = '') GROUP BY client_id, sender, state, reason HAVING SUM(n) <> 0 ORDER BY client_id, sender, state, reason`
	var rows []struct {
		ClientID int64        `db:"client_id"`
		Sender   string       `db:"sender"`
		State    notify.State `db:"state"`
		Reason   string       `db:"reason"`
		N        int          `db:"n"`
	}
	if err := n.db.run().all(ctx, &rows, query, from, to, from, to, q.ClientID, q.ClientID, q.Sender, q.Sender); err != nil {
		return nil, err
	}
	list := make([]notify.Tally, len(rows))
	for i, r := range rows {
		list[i] = notify.Tally(r)
	}
	return list, nil
}

// ForgetTallies deletes sums of hours older than age.
func (n *Notify) ForgetTallies(ctx context.Context, age time.Duration, limit int) (int, error) {
	var hours []int64
	const query = `SELECT hour FROM stat WHERE hour < {now} - ? ORDER BY hour LIMIT ?`
	if err := n.db.run().all(ctx, &hours, query, age.Milliseconds(), limit); err != nil || len(hours) == 0 {
		return 0, err
	}
	gone, err := n.db.run().exec(ctx, `DELETE FROM stat WHERE hour >= ? AND hour <= ?`, hours[0], hours[len(hours)-1])
	return int(gone), err
}
