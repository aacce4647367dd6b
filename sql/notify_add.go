package sql

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"slices"

	json2 "github.com/go-json-experiment/json"
	json1 "github.com/go-json-experiment/json/v1"

	"wechattpp/notify"
)

// adding is a message on its way into the database.
type adding struct {
	d       *notify.Draft
	id      notify.MsgID
	content []byte
	chunks  []*chunkRow
	targets [][]notify.Target // of each chunk
	rows    int
	next    int // number of the chunk after these

	first *notify.MsgID // the message that has the key already
	err   error
}

func (a *adding) weight() int { return 2 + 2*len(a.chunks) + a.rows + len(a.content)/1024 }

// Add stores a message by group commit.
func (n *Notify) Add(ctx context.Context, d *notify.Draft) (notify.MsgID, bool, error) {
	a, err := n.adding(ctx, d)
	if err != nil {
		return notify.MsgID{}, false, err
	}
	if err := n.adds.do(ctx, a); err != nil {
		return notify.MsgID{}, false, err
	}
	if a.first != nil {
		return *a.first, true, a.err
	}
	return a.id, false, a.err
}

// adding gives a message its ids and cuts it into chunks. The recipients of each
// begin at a round number, a hundred times the chunk's n; a larger one takes the
// place of several.
func (n *Notify) adding(ctx context.Context, d *notify.Draft) (*adding, error) {
	a := &adding{d: d}
	var err error
	if a.id.ID, err = n.db.ids.take(ctx, "message", 1); err != nil {
		return nil, err
	}
	a.id.Nonce = nonce()
	if a.content, err = encodeJSON(d.Parts); err != nil {
		return nil, err
	}
	first, err := n.chunkIDs(ctx, d.Parts, d.Targets)
	a.cut(first, 0)
	return a, err
}

// chunkIDs takes as many ids as the targets make chunks. Not in a transaction:
// SQLite has one connection.
func (n *Notify) chunkIDs(ctx context.Context, parts []notify.Part, targets [][]notify.Target) (first int64, err error) {
	chunks := 0
	for _, cuts := range cutsOf(parts, targets) {
		chunks += len(cuts)
	}
	if chunks == 0 {
		return 0, nil
	}
	return n.db.ids.take(ctx, "chunk", chunks)
}

// cut makes chunks of the recipients, with ids and numbers from the given ones
// on: part after part, but by a rule all parts of the same users side by side,
// so that with k parts the chunks of the same users are those of the same n/k.
func (a *adding) cut(id int64, n int) {
	cuts := cutsOf(a.d.Parts, a.d.Targets)
	a.next = n
	add := func(part, i int) {
		c := &chunkRow{ID: id + int64(len(a.chunks)), MessageID: a.id.ID, N: a.next, Part: part, SenderID: a.d.Parts[part].SenderID, Feature: int(a.d.Parts[part].Feature()),
			Size: len(cuts[part][i]), ExpireAt: millis(a.d.ExpireAt), DueAt: millis(a.d.SendAt)}
		for _, t := range cuts[part][i] {
			*c.count(initial(t))++
		}
		a.chunks, a.targets = append(a.chunks, c), append(a.targets, cuts[part][i])
		a.rows += c.Size
		a.next += places(c.Size)
	}
	if notify.Parts(a.d.Parts).Ruled() && len(cuts) > 0 {
		for i := range cuts[0] {
			for part := range cuts {
				add(part, i)
			}
		}
		return
	}
	for part := range cuts {
		for i := range cuts[part] {
			add(part, i)
		}
	}
}

// cutsOf are the chunks of each part. By a rule all are alike.
func cutsOf(parts notify.Parts, targets [][]notify.Target) [][][]notify.Target {
	cuts := make([][][]notify.Target, len(targets))
	for part, some := range targets {
		if parts.Ruled() {
			cuts[part] = slices.Collect(slices.Chunk(some, notify.ChunkSize))
		} else {
			cuts[part] = parts[part].Cut(some)
		}
	}
	return cuts
}

// open counts the chunks with somebody queued.
func (a *adding) open() (n int) {
	for _, c := range a.chunks {
		if c.open() {
			n++
		}
	}
	return n
}

func initial(t notify.Target) notify.State {
	if t.Skipped() {
		return notify.Skipped
	}
	return notify.Queued
}

// nonce is the unguessable part of a msgid: 40 random bits.
func nonce() int64 {
	var b [8]byte
	_, _ = rand.Read(b[3:]) // never fails, says crypto/rand
	return int64(binary.BigEndian.Uint64(b[:]))
}

// add writes a batch of messages in one transaction: in one trip, unless there
// are keys or quotas to be looked at on the way.
func (n *Notify) add(ctx context.Context, batch []*adding) error {
	if !slices.ContainsFunc(batch, func(a *adding) bool { return a.d.Key != "" || a.d.Quota > 0 }) {
		steps, err := n.addSteps(batch)
		if err == nil {
			_, err = n.db.script(ctx, steps...)
		}
		return err
	}
	return n.db.inTx(ctx, func(t tx) error {
		fresh, err := t.takeKeys(ctx, batch)
		if err == nil {
			fresh, err = t.takeQuotas(ctx, fresh)
		}
		if err != nil || len(fresh) == 0 {
			return err
		}
		steps, err := n.addSteps(fresh)
		if err != nil {
			return err
		}
		for _, s := range steps {
			if _, err := t.exec(ctx, s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// addSteps are the statements that store messages.
func (n *Notify) addSteps(batch []*adding) (steps []step, err error) {
	feed, err := feedAdded(batch)
	if err != nil {
		return nil, err
	}
	steps = slices.Concat([]step{n.messageStep(batch)}, chunkSteps(batch), recipientSteps(batch), skipSteps(batch), approvalSteps(batch), countSteps(batch), feed)
	for _, a := range batch {
		if a.d.For != nil {
			prepare, err := a.prepareStep()
			if err != nil {
				return nil, err
			}
			steps = append(steps, prepare)
		}
	}
	for i := range steps {
		if steps[i].args, err = plain(steps[i].args); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

func (a *adding) stage(open int) notify.Stage {
	switch {
	case a.d.Held && open > 0:
		return notify.Paused
	case a.d.For != nil:
		return notify.Preparing
	case open == 0:
		return notify.Done
	case !a.d.SendAt.IsZero():
		return notify.Scheduled
	}
	return notify.Running
}

// encodeJSON writes JSON in which < > & stay themselves.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// decodeJSON is encoding/json's Unmarshal in one pass instead of three, for what
// is read by the thousand.
func decodeJSON(raw []byte, to any) error {
	return json2.Unmarshal(raw, to, json1.DefaultOptionsV1())
}
