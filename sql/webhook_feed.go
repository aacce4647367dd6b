package sql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"wechattpp/notify"
	"wechattpp/webhook"
)

const (
	// readLease is how long a reader that died keeps the others waiting. A page
	// takes a fraction of it.
	readLease = 5 * time.Second
	// feedPageBytes bounds a page: with the caller's params, a receipt can be
	// sixty times as large as its part of the line.
	feedPageBytes = 512 << 10
)

// ReadFeed reads a page of the feed in one transaction.
func (w *Webhook) ReadFeed(ctx context.Context, lines int, p webhook.Packing, tell func(webhook.Page) []webhook.Record) (more bool, err error) {
	if news, err := w.news(ctx); err != nil || !news {
		return false, err
	}
	claim := word()
	n, err := w.db.run().exec(ctx, `UPDATE feed_reader SET claim = ?, free_at = {now} + ? WHERE id = 1 AND free_at <= {now}`, claim, readLease.Milliseconds())
	if err != nil || n == 0 {
		return false, err
	}
	err = w.db.inTx(ctx, func(t tx) error {
		more, err = t.readPage(ctx, claim, lines, p, tell)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist): // the claim has passed to another
		return false, nil
	case err != nil:
		return false, errors.Join(err, w.letGo(claim))
	}
	return more, nil
}

// news looks, without a write, whether there may be something to read.
func (w *Webhook) news(ctx context.Context) (bool, error) {
	var n int
	const query = `SELECT COUNT(*) FROM feed_reader WHERE id = 1 AND free_at <= {now} AND (holes <> '[]' OR position < COALESCE((SELECT MAX(id) FROM feed), 0))`
	err := w.db.run().get(ctx, &n, query)
	return n > 0, err
}

// letGo ends a claim whose transaction failed, so that the next round need not
// wait for its lease.
func (w *Webhook) letGo(claim int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := w.db.run().exec(ctx, `UPDATE feed_reader SET free_at = {now} + 500, claim = 0 WHERE id = 1 AND claim = ?`, claim)
	return err
}

// readPage moves the cursor by a page and keeps what tell makes of it;
// fs.ErrNotExist if the claim is lost.
func (t tx) readPage(ctx context.Context, claim int64, lines int, p webhook.Packing, tell func(webhook.Page) []webhook.Record) (more bool, err error) {
	var row struct {
		Position int64  `db:"position"`
		Holes    []byte `db:"holes"`
		Now      int64  `db:"now"`
	}
	const read = `SELECT position, holes, {now} AS now FROM feed_reader WHERE id = 1 AND claim = ?`
	if err := t.get(ctx, &row, read+t.db.forUpdate(), claim); err != nil {
		return false, err
	}
	c := cursor{Position: row.Position}
	if err := json.Unmarshal(row.Holes, &c.Holes); err != nil {
		return false, fmt.Errorf("holes of the feed's reader: %w", err)
	}
	page, more, err := t.page(ctx, &c, lines, row.Now)
	if err != nil {
		return false, err
	}
	if len(page.Targets) > 0 {
		if err := t.pack(ctx, p, tell(page)); err != nil {
			return false, err
		}
	}
	holes, err := encodeJSON(slices.Concat([]hole{}, c.Holes))
	if err != nil {
		return false, err
	}
	const move = `UPDATE feed_reader SET position = ?, holes = ?, free_at = {now}, claim = 0 WHERE id = 1 AND claim = ?`
	return more, found(t.exec(ctx, move, c.Position, string(holes), claim))
}

// feedRow is a line as it lies in the table.
type feedRow struct {
	ID        int64  `db:"id"`
	Type      string `db:"type"`
	Data      []byte `db:"data"`
	CreatedAt int64  `db:"created_at"`
}

const recipientLine = "recipient."

// page reads what comes next and moves the cursor over it. Lines that nobody
// is told of come without their data.
func (t tx) page(ctx context.Context, c *cursor, lines int, now int64) (p webhook.Page, more bool, err error) {
	where, args := c.where()
	last, more, err := t.cutPage(ctx, where, args, lines)
	if err != nil || last == 0 {
		c.advance(nil, now)
		return p, more, err
	}
	var rows []*feedRow
	const query = `SELECT id, type, CASE WHEN type LIKE 'recipient.%' THEN data END AS data, created_at FROM feed WHERE `
	if err := t.all(ctx, &rows, query+where+` AND id <= ? ORDER BY id`, append(args, last)...); err != nil {
		return p, false, err
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
		if len(r.Data) == 0 {
			continue
		}
		l, err := r.line()
		if err != nil {
			return p, false, err
		}
		p.Lines = append(p.Lines, l)
	}
	c.advance(ids, now)
	return p, more, t.concerned(ctx, &p)
}

// cutPage finds the id up to which a page goes, 0 if there is nothing: so many
// lines, or so many bytes.
func (t tx) cutPage(ctx context.Context, where string, args []any, lines int) (last int64, more bool, err error) {
	var sizes []struct {
		ID   int64 `db:"id"`
		Size int   `db:"size"`
	}
	const query = `SELECT id, CASE WHEN type LIKE 'recipient.%' THEN LENGTH(data) ELSE 0 END AS size FROM feed WHERE `
	if err := t.all(ctx, &sizes, query+where+` ORDER BY id LIMIT ?`, append(slices.Clone(args), lines)...); err != nil {
		return 0, false, err
	}
	sum := 0
	for i, s := range sizes {
		if sum += s.Size; i > 0 && sum > feedPageBytes {
			return last, true, nil
		}
		last = s.ID
	}
	return last, len(sizes) == lines, nil
}

func (r *feedRow) line() (webhook.Line, error) {
	var l newsLine
	if err := decodeJSON(r.Data, &l); err != nil {
		return webhook.Line{}, fmt.Errorf("line %d of the feed: %w", r.ID, err)
	}
	out := webhook.Line{ID: r.ID, At: moment(r.CreatedAt), State: r.Type[len(recipientLine):], MsgID: l.MsgID, ClientID: l.ClientID,
		Kind: l.Kind, Linked: l.Linked, Outcome: l.Outcome, Recipients: make([]webhook.Recipient, len(l.Recipients))}
	for i, who := range l.Recipients {
		out.Recipients[i] = webhook.Recipient{UserID: who.UserID, Identity: who.Identity}
		if who.Error != nil {
			out.Recipients[i].Code, out.Recipients[i].Text = who.Error.Code, who.Error.Message
		}
	}
	return out, nil
}

// concerned adds what the lines' clients and messages say about receipts. It
// locks the targets, see Webhook.
func (t tx) concerned(ctx context.Context, p *webhook.Page) error {
	var clients []int64
	for _, l := range p.Lines {
		clients = append(clients, l.ClientID)
	}
	slices.Sort(clients)
	if clients = slices.Compact(clients); len(clients) == 0 {
		return nil
	}
	var rows []*targetRow
	const query = targetColumns + `WHERE client_id IN (?) AND kind = ? ORDER BY id`
	if err := t.all(ctx, &rows, query+t.db.forUpdate(), clients, webhook.Receipts); err != nil || len(rows) == 0 {
		return err
	}
	p.Targets = map[int64][]webhook.Target{}
	for _, r := range rows {
		p.Targets[r.ClientID] = append(p.Targets[r.ClientID], r.target())
	}
	if err := t.channelKeys(ctx, p, clients); err != nil {
		return err
	}
	p.Lines = slices.DeleteFunc(p.Lines, func(l webhook.Line) bool { return p.Targets[l.ClientID] == nil })
	return t.kept(ctx, p)
}

func (t tx) channelKeys(ctx context.Context, p *webhook.Page, clients []int64) error {
	var keys []struct {
		ID  int64  `db:"id"`
		Key string `db:"channel_key"`
	}
	err := t.all(ctx, &keys, `SELECT id, channel_key FROM client WHERE id IN (?)`, clients)
	p.Keys = map[int64]string{}
	for _, k := range keys {
		p.Keys[k.ID] = k.Key
	}
	return err
}

// kept adds what the messages' requests said in callback.
func (t tx) kept(ctx context.Context, p *webhook.Page) error {
	var ids []int64
	for _, l := range p.Lines {
		if m, err := notify.ParseMsgID(l.MsgID); err == nil {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil
	}
	var rows []struct {
		ID     int64  `db:"id"`
		Nonce  int64  `db:"nonce"`
		Params []byte `db:"params"`
	}
	if err := t.all(ctx, &rows, `SELECT id, nonce, params FROM message WHERE id IN (?) AND params IS NOT NULL`, ids); err != nil {
		return err
	}
	type callback struct {
		Callback string          `json:"callback"`
		Params   json.RawMessage `json:"params"`
	}
	said := map[string]callback{}
	for _, r := range rows {
		var c callback
		id := notify.MsgID{ID: r.ID, Nonce: r.Nonce}.String()
		if err := json.Unmarshal(r.Params, &c); err != nil {
			return fmt.Errorf("params of message %s: %w", id, err)
		}
		said[id] = c
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Callback, l.Params = said[l.MsgID].Callback, said[l.MsgID].Params
	}
	return nil
}
