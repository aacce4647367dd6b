package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wechattpp/notify"
)

// openRow is a recipient that is queued or sending.
type openRow struct {
	MessageID int64        `db:"message_id"`
	Seq       int          `db:"seq"`
	UserID    string       `db:"userid"`
	Identity  string       `db:"identity"`
	State     notify.State `db:"state"`
	Attempt   int          `db:"attempt"`
	IntentAt  *int64       `db:"intent_at"`
	Code      *int         `db:"error_code"`    // read of failed and queued ones
	Text      *string      `db:"error_message"` // likewise
	Handover  *int64       `db:"handover_id"`
}

func (t tx) readStops(ctx context.Context, b *beginning, messages []int64) error {
	var rows []struct {
		MessageID int64  `db:"message_id"`
		Part      int    `db:"part"`
		Code      int    `db:"error_code"`
		Text      string `db:"error_message"`
	}
	err := t.all(ctx, &rows, `SELECT message_id, part, error_code, error_message FROM message_stop WHERE message_id IN (?)`, messages)
	for _, r := range rows {
		b.stops[stopKey{r.MessageID, r.Part}] = notify.Stop{Code: r.Code, Text: r.Text}
	}
	return err
}

func (t tx) readOpen(ctx context.Context, b *beginning) error {
	for some := range slices.Chunk(b.chunks, 400) {
		ranges, at := map[[2]int][]int64{}, map[numbered]*chunkRow{}
		for _, c := range some {
			seqs := [2]int{c.first(), c.last()}
			ranges[seqs] = append(ranges[seqs], c.MessageID)
			for n := range places(c.Size) {
				at[numbered{c.MessageID, int64(c.N + n)}] = c
			}
		}
		var where []string
		var args []any
		for seqs, messages := range ranges { // many small messages have the same
			where = append(where, "message_id IN (?) AND seq BETWEEN ? AND ?")
			args = append(args, messages, seqs[0], seqs[1])
		}
		var rows []openRow
		query := fmt.Sprintf(`SELECT message_id, seq, userid, identity, state, attempt, intent_at, handover_id, error_code FROM recipient
			WHERE (%s) AND state <= %d ORDER BY message_id, seq`, strings.Join(where, " OR "), notify.Sending)
		if err := t.all(ctx, &rows, query, args...); err != nil {
			return err
		}
		for _, r := range rows {
			c := at[numbered{r.MessageID, int64(r.Seq / notify.ChunkSize)}]
			b.open[c.ID] = append(b.open[c.ID], r)
		}
	}
	return nil
}
