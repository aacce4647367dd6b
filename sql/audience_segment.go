package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"wechattpp/audience"
)

type segmentRow struct {
	ID        int64  `db:"id"`
	Name      string `db:"name"`
	Condition []byte `db:"condition_json"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
}

const segmentColumns = `SELECT id, name, condition_json, created_at, updated_at FROM segment `

func (r segmentRow) segment() (audience.Segment, error) {
	s := audience.Segment{ID: r.ID, Name: r.Name, CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
	if err := json.Unmarshal(r.Condition, &s.Condition); err != nil {
		return s, fmt.Errorf("condition of segment %d: %w", r.ID, err)
	}
	return s, nil
}

// AddSegment stores a segment under a fresh number.
func (a *Audience) AddSegment(ctx context.Context, s audience.Segment) (audience.Segment, error) {
	id, err := a.db.ids.take(ctx, "segment", 1)
	if err != nil {
		return s, err
	}
	condition, err := encodeJSON(s.Condition)
	if err != nil {
		return s, err
	}
	const insert = `INSERT INTO segment (id, name, condition_json, created_at, updated_at) VALUES (?, ?, ?, {now}, {now})`
	if _, err := a.db.run().exec(ctx, insert, id, s.Name, condition); err != nil {
		return s, err
	}
	return a.Segment(ctx, id)
}

// Segment reads one.
func (a *Audience) Segment(ctx context.Context, id int64) (audience.Segment, error) {
	var row segmentRow
	if err := a.db.run().get(ctx, &row, segmentColumns+`WHERE id = ?`, id); err != nil {
		return audience.Segment{}, err
	}
	return row.segment()
}

// ChangeSegment gives a segment another name and condition.
func (a *Audience) ChangeSegment(ctx context.Context, s audience.Segment) (audience.Segment, error) {
	condition, err := encodeJSON(s.Condition)
	if err != nil {
		return s, err
	}
	if _, err := a.db.run().exec(ctx, `UPDATE segment SET name = ?, condition_json = ?, updated_at = {now} WHERE id = ?`, s.Name, condition, s.ID); err != nil {
		return s, err
	}
	return a.Segment(ctx, s.ID)
}

// DeleteSegment removes one.
func (a *Audience) DeleteSegment(ctx context.Context, id int64) error {
	return one(a.db.run().exec(ctx, `DELETE FROM segment WHERE id = ?`, id))
}

// one makes fs.ErrNotExist of a statement that found no row.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		err = fs.ErrNotExist
	}
	return err
}

// ListSegments pages through the segments.
func (a *Audience) ListSegments(ctx context.Context, after int64, limit int) ([]audience.Segment, error) {
	var rows []segmentRow
	if err := a.db.run().all(ctx, &rows, segmentColumns+`WHERE id > ? ORDER BY id LIMIT ?`, after, limit); err != nil {
		return nil, err
	}
	list := make([]audience.Segment, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.segment(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Marks reads what a condition looks at.
func (a *Audience) Marks(ctx context.Context, ids []int64, bindIDs, senders []string) (map[int64]audience.Marks, error) {
	marks := make(map[int64]audience.Marks, len(ids))
	var rows []valueRow
	err := a.db.run().all(ctx, &rows, `SELECT user_id, kind, bind_id, value FROM user_value WHERE user_id IN (?) AND kind = 'tag' AND bind_id IN (?)`, ids, bindIDs)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		m := marks[r.UserID]
		m.Tags = append(m.Tags, r.Value)
		marks[r.UserID] = m
	}
	if len(senders) == 0 {
		return marks, nil
	}
	rows = nil
	err = a.db.run().all(ctx, &rows, `SELECT user_id, kind, bind_id, value FROM user_value WHERE user_id IN (?) AND kind <> 'tag' AND bind_id IN (?)`, ids, senders)
	for _, r := range rows {
		m := marks[r.UserID]
		m.Senders = append(m.Senders, r.BindID)
		marks[r.UserID] = m
	}
	return marks, err
}
