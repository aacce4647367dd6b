package sql

import (
	"context"
	"time"

	"wechattpp/notify"
)

// Ended finds messages that were done longer ago than age, among the next of
// limit with ids above from. last is the id to go on from, 0 at the end: ids
// grow with time, so that what follows a message of less than age is younger.
func (n *Notify) Ended(ctx context.Context, age time.Duration, from int64, limit int) (ids []int64, last int64, err error) {
	var rows []struct {
		ID    int64 `db:"id"`
		Ended bool  `db:"ended"`
		Old   bool  `db:"old"`
	}
	const query = `SELECT id, done_at IS NOT NULL AND done_at < {now} - ? AS ended, created_at < {now} - ? AS old FROM message WHERE id > ? ORDER BY id LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, age.Milliseconds(), age.Milliseconds(), from, limit); err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		if !r.Old {
			return ids, 0, nil
		}
		if r.Ended {
			ids = append(ids, r.ID)
		}
		last = r.ID
	}
	if len(rows) < limit {
		last = 0
	}
	return ids, last, nil
}

// dropChunks is how many chunks, of 100 recipients each, one transaction
// deletes: long ones hold up replication and everybody who waits for the rows.
const dropChunks = 10

// Drop deletes the next recipients of a message that has ended, and with the
// last of them the message; more tells that it is to be called again.
func (n *Notify) Drop(ctx context.Context, id int64) (more bool, err error) {
	err = n.db.inTx(ctx, func(t tx) error {
		var chunks []struct {
			ID   int64 `db:"id"`
			N    int   `db:"n"`
			Size int   `db:"size"`
		}
		if err := t.all(ctx, &chunks, `SELECT id, n, size FROM chunk WHERE message_id = ? ORDER BY n LIMIT ?`, id, dropChunks); err != nil {
			return err
		}
		more = len(chunks) == dropChunks
		for i, size := 0, 0; i < len(chunks); i++ {
			if size += chunks[i].Size; i > 0 && size > dropChunks*notify.ChunkSize { // large ones: fewer
				chunks, more = chunks[:i], true
			}
		}
		if len(chunks) > 0 {
			last := chunks[len(chunks)-1]
			first, past := chunks[0].N*notify.ChunkSize, (last.N+places(last.Size))*notify.ChunkSize
			if _, err := t.exec(ctx, `DELETE FROM recipient WHERE message_id = ? AND seq >= ? AND seq < ?`, id, first, past); err != nil {
				return err
			}
			const told = `DELETE FROM mass_outcome WHERE handover_id IN (SELECT id FROM handover WHERE message_id = ? AND n >= ? AND n <= ?)`
			if _, err := t.exec(ctx, told, id, chunks[0].N, last.N); err != nil {
				return err
			}
			if _, err := t.exec(ctx, `DELETE FROM handover WHERE message_id = ? AND n >= ? AND n <= ?`, id, chunks[0].N, last.N); err != nil {
				return err
			}
		}
		for _, c := range chunks {
			for _, query := range []string{`DELETE FROM draft_copy WHERE chunk_id = ?`, `DELETE FROM chunk WHERE id = ?`} {
				if _, err := t.exec(ctx, query, c.ID); err != nil {
					return err
				}
			}
		}
		if more {
			return nil
		}
		for _, beside := range []string{"message_approval", "card"} {
			if _, err := t.exec(ctx, `DELETE FROM `+beside+` WHERE message_id = ?`, id); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, `DELETE FROM message WHERE id = ?`, id)
		return err
	})
	return more, err
}
