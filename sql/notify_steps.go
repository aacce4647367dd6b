package sql

import (
	"maps"
	"slices"
	"strings"

	"wechattpp/notify"
)

// mostRows is how many rows one statement inserts: SQLite takes 32,766 values.
const mostRows = 1000

func (n *Notify) messageStep(batch []*adding) step {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now})"
	args := make([]any, 0, 13*len(batch))
	for _, a := range batch {
		open := a.open()
		if a.d.For != nil {
			open = 1 // the search for recipients counts like an open chunk, until it ends
		}
		args = append(args, a.id.ID, a.id.Nonce, n.component, a.d.ClientID, a.stage(open), a.rows, open, a.d.Resend,
			millis(a.d.SendAt), millis(a.d.ExpireAt), a.d.SendNo, a.content, a.d.Params)
	}
	return step{`INSERT INTO message (id, nonce, component_app_id, client_id, state, target, open_chunks, on_unknown,
		send_at, expire_at, sendno, content, params, created_at) VALUES ` + values(len(batch), row), args}
}

func chunkSteps(batch []*adding) (steps []step) {
	const columns = 11
	var rows []string
	var args []any
	for _, a := range batch {
		for _, c := range a.chunks {
			due := "{now} + ?"
			var at any = a.d.Shift.Milliseconds()
			switch {
			case !c.open():
				due, at = "?", nil
			case c.DueAt != nil:
				due, at = "?", *c.DueAt
			}
			rows = append(rows, "(?, ?, ?, ?, ?, ?, "+due+", ?, ?, ?, ?)")
			args = append(args, c.ID, c.MessageID, c.N, c.Part, c.SenderID, c.Feature, at, c.Size, c.ExpireAt, c.Queued, c.Skipped)
		}
	}
	for i := 0; i < len(rows); i += mostRows {
		end := min(i+mostRows, len(rows))
		steps = append(steps, step{`INSERT INTO chunk (id, message_id, n, part, sender_id, feature, due_at, size, expire_at, queued, skipped) VALUES ` +
			strings.Join(rows[i:end], ", "), args[i*columns : end*columns]})
	}
	return steps
}

func recipientSteps(batch []*adding) (steps []step) {
	const columns = 7
	var args []any
	for _, a := range batch {
		_ = a.each(func(c *chunkRow, seq int, r notify.Target) error { // its function never fails
			args = append(args, a.id.ID, seq, c.SenderID, who(c.SenderID, r.Identity), r.Identity, r.UserID, initial(r))
			return nil
		})
	}
	for some := range slices.Chunk(args, columns*mostRows) {
		steps = append(steps, step{`INSERT INTO recipient (message_id, seq, sender_id, who, identity, userid, state) VALUES ` +
			values(len(some)/columns, "(?, ?, ?, ?, ?, ?, ?)"), some})
	}
	return steps
}

// skipSteps write down why recipients are skipped, where it is not for want of
// an identity: a column in the insert above would cost every message.
func skipSteps(batch []*adding) (steps []step) {
	for _, a := range batch {
		seqs := map[string][]any{}
		_ = a.each(func(_ *chunkRow, seq int, r notify.Target) error { // its function never fails
			if r.Skip != "" {
				seqs[r.Skip] = append(seqs[r.Skip], seq)
			}
			return nil
		})
		for _, why := range slices.Sorted(maps.Keys(seqs)) {
			for some := range slices.Chunk(seqs[why], mostRows) {
				steps = append(steps, step{`UPDATE recipient SET error_message = ? WHERE message_id = ? AND seq IN (` + values(len(some), "?") + `)`,
					append([]any{why, a.id.ID}, some...)})
			}
		}
	}
	return steps
}

// each walks over the recipients with their chunks and numbers.
func (a *adding) each(f func(c *chunkRow, seq int, r notify.Target) error) error {
	for n, c := range a.chunks {
		for i, r := range a.targets[n] {
			if err := f(c, c.first()+i, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// feedAdded tells of queued and skipped recipients, and of messages that are
// done at once because nobody could be resolved.
func feedAdded(batch []*adding) ([]step, error) {
	var news feedNews
	for _, a := range batch {
		h := head{ID: a.id.ID, Nonce: a.id.Nonce, ClientID: a.d.ClientID, parts: a.d.Parts}
		open := false
		_ = a.each(func(c *chunkRow, seq int, r notify.Target) error { // its function never fails
			open = open || c.open()
			news.recipient(&h, c, change{seq: seq, to: initial(r), text: r.Skip, userid: r.UserID, identity: r.Identity})
			return nil
		})
		if !open && a.d.For == nil {
			news.done(&h)
		}
	}
	lines, err := news.gather()
	return feedSteps(lines), err
}
