package sql

import (
	"context"
	"maps"
	"slices"

	"wechattpp/notify"
)

// begun is a handover that was begun before.
type begun struct {
	ID     int64 `db:"id"`
	At     int64 `db:"begun_at"`
	Serial int64 `db:"serial"`
}

// checked finds the handovers of the open recipients that may be repeated.
func (t tx) checked(ctx context.Context, open map[int64][]openRow) (map[int64]begun, error) {
	ids := map[int64]bool{}
	for _, rows := range open {
		for _, r := range rows {
			if r.Handover != nil && r.State == notify.Sending {
				ids[*r.Handover] = true
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []begun
	err := t.all(ctx, &rows, `SELECT id, begun_at, serial FROM handover WHERE id IN (?) AND checked = 1`, slices.Sorted(maps.Keys(ids)))
	found := make(map[int64]begun, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, err
}

// stale tells whether a recipient that is sending must not be repeated. Those of
// one handover are judged by when it began: they are repeated together.
func (b *beginning) stale(c *chunkRow, r openRow, many bool, window int64) bool {
	if r.State != notify.Sending {
		return false
	}
	intent := r.IntentAt
	if begun, ok := b.begun[orZero(r.Handover)]; many {
		if intent = nil; ok {
			intent = &begun.At
		}
	}
	return intent == nil || c.Now-*intent >= window
}

// handOver writes down each call for many that begins: what it carries, and
// whether the vendor shall notice its repeat.
func (t tx) handOver(ctx context.Context, b *beginning, works []*notify.Work) error {
	at := map[int64]*chunkRow{}
	for _, c := range b.chunks {
		at[c.ID] = c
	}
	if err := t.handAgain(ctx, works); err != nil {
		return err
	}
	for _, w := range works {
		if !w.Part.Many() {
			continue
		}
		c, by := at[w.Chunk], map[int]int64{} // handovers by seq
		for _, together := range companies(w) {
			if err := t.handOne(ctx, c, w, together); err != nil {
				return err
			}
			for _, i := range together {
				by[w.Calls[i].Seq] = w.Calls[i].Handover
			}
		}
		for i, ch := range b.l.changes[c] {
			if ch.to == notify.Sending {
				b.l.changes[c][i].handover = by[ch.seq]
			}
		}
	}
	return nil
}

// handAgain writes down when calls for many are repeated.
func (t tx) handAgain(ctx context.Context, works []*notify.Work) error {
	ids := map[int64]bool{}
	for _, w := range works {
		for _, c := range w.Calls {
			if c.Repeat && c.Handover != 0 {
				ids[c.Handover] = true
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := t.exec(ctx, `UPDATE handover SET again_at = {now} WHERE id IN (?)`, slices.Sorted(maps.Keys(ids)))
	return err
}

// companies parts the calls that begin now into those handed over together.
func companies(w *notify.Work) (all [][]int) {
	var together []int
	for i, c := range w.Calls {
		switch {
		case c.Repeat:
		case c.Alone:
			all = append(all, []int{i})
		default:
			together = append(together, i)
		}
	}
	if len(together) > 0 {
		all = append(all, together)
	}
	return all
}

// handOne writes down one call. The vendor shall not notice its repeat if the
// same went to the sender, or to another sender of its app, so lately that it
// would take this one for the repeat.
func (t tx) handOne(ctx context.Context, c *chunkRow, w *notify.Work, together []int) error {
	to := make([]string, len(together))
	for n, i := range together {
		to[n] = w.Calls[i].Identity
	}
	id, h := word(), w.Part.Handover(to)
	checked := true
	if !h.Fixed {
		var same int
		const query = `SELECT COUNT(*) FROM handover h LEFT JOIN sender o ON o.id = h.sender_id LEFT JOIN sender s ON s.id = ?
			WHERE h.digest = ? AND COALESCE(h.again_at, h.begun_at) > {now} - ? AND (h.sender_id = ? OR s.corp_id <> '' AND o.corp_id = s.corp_id AND o.agent_id = s.agent_id)`
		if err := t.get(ctx, &same, query, c.SenderID, h.Digest, h.Keeps.Milliseconds(), c.SenderID); err != nil {
			return err
		}
		checked = same == 0
	}
	serial, err := t.serial(ctx, w.Part, c)
	if err != nil {
		return err
	}
	const insert = `INSERT INTO handover (id, message_id, n, sender_id, digest, checked, begun_at, serial) VALUES (?, ?, ?, ?, ?, ?, {now}, ?)`
	if _, err := t.exec(ctx, insert, id, c.MessageID, c.N, c.SenderID, h.Digest, checked, serial); err != nil {
		return err
	}
	for _, i := range together {
		w.Calls[i].Handover, w.Calls[i].Checked, w.Calls[i].Serial = id, checked, serial
	}
	return nil
}

// handedOver writes the vendor's ids of calls for many, and forgets those that
// did not arrive. What was retracted meanwhile is recalled.
func (t tx) handedOver(ctx context.Context, r *notify.Result) error {
	if !r.Work.Part.Many() {
		return nil
	}
	open, sent := map[int64]bool{}, map[int64]bool{}
	for _, m := range r.Moves {
		id := r.Work.Calls[m.Call].Handover
		open[id] = open[id] || m.To == notify.Sending
		sent[id] = sent[id] || m.To == notify.Sent
	}
	for id := range open {
		var err error
		switch {
		case sent[id]:
			if err = t.keepCard(ctx, r, id); err != nil {
				return err
			}
			_, err = t.exec(ctx, `UPDATE handover SET vendor_msg_id = ?, due_at = CASE WHEN EXISTS (SELECT 1 FROM message m WHERE m.id = ? AND m.retracted_at IS NOT NULL)
				THEN {now} ELSE NULL END WHERE id = ?`, ascii(r.Named[id].ID), r.Work.MsgID.ID, id)
		case !open[id]:
			_, err = t.exec(ctx, `DELETE FROM handover WHERE id = ?`, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ascii is a vendor's id for a column, NULL if it said none that fits.
func ascii(id string) *string {
	if !isASCII(id, 255) {
		return nil
	}
	return &id
}

// isASCII: 1 to most printable characters without blanks.
func isASCII(id string, most int) bool {
	return id != "" && len(id) <= most && !slices.ContainsFunc([]byte(id), func(c byte) bool { return c <= ' ' || c > '~' })
}
