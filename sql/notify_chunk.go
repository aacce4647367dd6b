package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"

	"wechattpp/notify"
)

// chunkStep is one UPDATE: chunks that change alike, as those of many small
// messages do.
type chunkStep struct {
	due      stdsql.NullInt64
	claim    int64
	attempts int
	more     notify.Counts // than there were
}

func (l *ledger) chunkStep(c *chunkRow) chunkStep {
	s := chunkStep{due: stdsql.NullInt64{Int64: orZero(c.DueAt), Valid: c.DueAt != nil}, claim: c.Claim, attempts: c.Attempts}
	was := l.was[c]
	for state := range s.more {
		s.more[state] = *c.count(notify.State(state)) - *was.count(notify.State(state))
	}
	return s
}

func (t tx) moveChunks(ctx context.Context, l *ledger) error {
	steps := map[chunkStep][]int64{}
	for _, c := range l.chunks {
		s := l.chunkStep(c)
		steps[s] = append(steps[s], c.ID)
	}
	for s, ids := range steps {
		set, args := "due_at = ?, claim = ?, attempts = ?", []any{s.due, s.claim, s.attempts}
		for state, n := range s.more {
			if n != 0 {
				column := notify.State(state).String() // they are called like the states
				set, args = set+", "+column+" = "+column+" + ?", append(args, n)
			}
		}
		for some := range slices.Chunk(ids, mostRows) {
			if _, err := t.exec(ctx, `UPDATE chunk SET `+set+` WHERE id IN (?)`, append(args, some)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbered names something of a message by its number there: a recipient, a chunk.
type numbered struct{ message, number int64 }

// which is the condition for rows whose numbers stand in the column. Messages of
// which the same numbers are meant go together, as many with one recipient each.
func which(column string, keys []numbered) (string, []any) {
	numbers := map[int64][]any{}
	for _, k := range keys {
		numbers[k.message] = append(numbers[k.message], k.number)
	}
	messages := map[string][]any{}
	for id, some := range numbers {
		same := fmt.Sprint(some...)
		messages[same] = append(messages[same], id)
	}
	var parts []string
	var args []any
	for _, ids := range messages {
		some := numbers[ids[0].(int64)]
		parts = append(parts, "message_id IN ("+values(len(ids), "?")+") AND "+column+" IN ("+values(len(some), "?")+")")
		args = append(append(args, ids...), some...)
	}
	return strings.Join(parts, " OR "), args
}
