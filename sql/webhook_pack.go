package sql

import (
	"context"
	"slices"

	"wechattpp/webhook"
)

// packet is a delivery that records are added to.
type packet struct {
	ID        int64  `db:"id"` // 0: not yet in the table
	Target    int64  `db:"target_id"`
	Records   int    `db:"records"`
	CreatedAt int64  `db:"created_at"`
	DueAt     int64  `db:"due_at"`
	Body      []byte `db:"body"`

	sealed, changed bool
}

// pack puts records into deliveries, going on where the last page ended. The
// targets are locked.
func (t tx) pack(ctx context.Context, p webhook.Packing, records []webhook.Record) error {
	if len(records) == 0 {
		return nil
	}
	var now int64
	if err := t.get(ctx, &now, `SELECT {now}`); err != nil {
		return err
	}
	byTarget, order := map[int64][]webhook.Record{}, []int64{}
	for _, r := range records {
		if byTarget[r.Target] == nil {
			order = append(order, r.Target)
		}
		byTarget[r.Target] = append(byTarget[r.Target], r)
	}
	slices.Sort(order)
	open, err := t.openPackets(ctx, order)
	if err != nil {
		return err
	}
	var all []*packet
	for _, target := range order {
		mine := fillPackets(open[target], target, byTarget[target], p, now)
		if err := t.wakeTarget(ctx, target, mine); err != nil {
			return err
		}
		all = append(all, mine...)
	}
	return t.writePackets(ctx, all)
}

// openPackets locks the deliveries that are not sealed.
func (t tx) openPackets(ctx context.Context, targets []int64) (map[int64]*packet, error) {
	var rows []*packet
	const query = `SELECT id, target_id, records, created_at, due_at, body FROM delivery WHERE target_id IN (?) AND sealed = 0 ORDER BY id`
	err := t.all(ctx, &rows, query+t.db.forUpdate(), targets)
	open := map[int64]*packet{}
	for _, r := range rows {
		open[r.Target] = r
	}
	return open, err
}

// fillPackets adds records of one target to its open packet and to new ones.
func fillPackets(open *packet, target int64, records []webhook.Record, p webhook.Packing, now int64) (all []*packet) {
	if open != nil {
		all = append(all, open)
	}
	for _, r := range records {
		if open == nil {
			at := r.At.UnixMilli()
			open = &packet{Target: target, CreatedAt: at, DueAt: max(at+p.Wait.Milliseconds(), now)}
			all = append(all, open)
		}
		if open.Records > 0 {
			open.Body = append(open.Body, ',')
		}
		open.Body, open.changed = append(open.Body, r.JSON...), true
		if open.Records++; open.Records >= p.Most {
			open.sealed, open.DueAt = true, now
			open = nil
		}
	}
	return all
}

// wakeTarget makes a target due with its next delivery. While it is claimed,
// whoever releases it looks by himself.
func (t tx) wakeTarget(ctx context.Context, target int64, packets []*packet) error {
	due := packets[0].DueAt
	for _, p := range packets {
		due = min(due, p.DueAt)
	}
	const query = `UPDATE target SET due_at = CASE WHEN rest_until > ? THEN rest_until ELSE ? END WHERE id = ? AND claim = 0 AND (due_at IS NULL OR due_at > ?)`
	_, err := t.exec(ctx, query, due, due, target, due)
	return err
}

// writePackets writes about a megabyte a statement.
func (t tx) writePackets(ctx context.Context, all []*packet) error {
	const insert = `INSERT INTO delivery (target_id, records, sealed, created_at, due_at, body) VALUES `
	var args []any
	size := 0
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := t.exec(ctx, insert+values(len(args)/6, "(?, ?, ?, ?, ?, ?)"), args...)
		args, size = nil, 0
		return err
	}
	for _, p := range all {
		if p.ID != 0 {
			const update = `UPDATE delivery SET records = ?, sealed = ?, due_at = ?, body = ? WHERE id = ?`
			if _, err := t.exec(ctx, update, p.Records, p.sealed, p.DueAt, p.Body, p.ID); err != nil {
				return err
			}
			continue
		}
		args = append(args, p.Target, p.Records, p.sealed, p.CreatedAt, p.DueAt, p.Body)
		if size += len(p.Body); size > 1<<20 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
