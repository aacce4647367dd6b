package sql

import (
	"context"
	"io/fs"
	"slices"

	"wechattpp/callback"
	"wechattpp/sender"
)

// pageBytes is from how many bytes of bodies on a page of events ends.
const pageBytes = 4 << 20

// List finds the ids first, in an index where one serves, and then reads.
func (c *Callback) List(ctx context.Context, q callback.Query) (list []callback.Event, next int64, err error) {
	s, err := c.search(ctx, &q)
	if err != nil || s.nothing {
		return nil, 0, err
	}
	ids, next, err := s.ids(ctx)
	if err != nil {
		return nil, 0, err
	}
	bytes := 0
	for part := range slices.Chunk(ids, 20) {
		events, err := c.read(ctx, part)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, events...)
		for i := range events {
			bytes += len(events[i].Body)
		}
		if last := part[len(part)-1]; bytes > pageBytes && last != ids[len(ids)-1] {
			return list, last, c.name(ctx, list)
		}
	}
	return list, next, c.name(ctx, list)
}

// Read reads one event, if it is for the senders' eyes.
func (c *Callback) Read(ctx context.Context, id int64, senders []string) (callback.Event, error) {
	events, err := c.read(ctx, []int64{id})
	if err != nil {
		return callback.Event{}, err
	}
	if len(events) == 0 || events[0].Held {
		return callback.Event{}, fs.ErrNotExist
	}
	if senders != nil {
		places, err := c.places(ctx, senders)
		if err != nil {
			return callback.Event{}, err
		}
		e := &events[0]
		if !slices.ContainsFunc(places, func(p place) bool { return e.AppID == p.app && e.Sender == *p.sender }) {
			return callback.Event{}, fs.ErrNotExist
		}
	}
	return events[0], c.name(ctx, events)
}

// read reads events, the newest first; those gone meanwhile are left out.
func (c *Callback) read(ctx context.Context, ids []int64) ([]callback.Event, error) {
	var rows []job
	if err := c.db.run().all(ctx, &rows, eventColumns+`WHERE id IN (?) ORDER BY id DESC`, ids); err != nil {
		return nil, err
	}
	events := make([]callback.Event, len(rows))
	for i := range rows {
		e, err := c.event(&rows[i])
		if err != nil {
			return nil, err
		}
		events[i] = e
	}
	return events, nil
}

// name fills in the sender of what the component was pushed: the one that is
// bound to the account now.
func (c *Callback) name(ctx context.Context, events []callback.Event) error {
	var apps []string
	for i := range events {
		if events[i].Sender == "" {
			apps = append(apps, events[i].AppID)
		}
	}
	if len(apps) == 0 {
		return nil
	}
	var rows []senderName
	slices.Sort(apps)
	const bound = `SELECT code, app_id FROM sender WHERE app_id IN (?) AND credentials = ?`
	if err := c.db.run().all(ctx, &rows, bound, slices.Compact(apps), sender.Component); err != nil {
		return err
	}
	codes := make(map[string]string, len(rows))
	for _, r := range rows {
		codes[r.AppID] = r.Code
	}
	for i := range events {
		if events[i].Sender == "" {
			events[i].Sender = codes[events[i].AppID]
		}
	}
	return nil
}

type senderName struct {
	Code  string `db:"code"`
	AppID string `db:"app_id"`
}

// place is where a sender's events are: those of its account that came to its
// own address or, for a component's account, to the component.
type place struct {
	app    string
	sender *string // nil: whichever
}

// places answers where the events of senders are; one without an account has
// none.
func (c *Callback) places(ctx context.Context, codes []string) (list []place, err error) {
	for part := range slices.Chunk(codes, 1000) {
		var rows []senderRow
		if err := c.db.run().all(ctx, &rows, senderColumns+`WHERE code IN (?)`, part); err != nil {
			return nil, err
		}
		for _, r := range rows {
			if p := r.place(); p.app != "" {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

func (r *senderRow) place() place {
	came, account := r.Code, r.AppID
	switch {
	case r.Credentials == sender.Component:
		came = ""
	case r.Kind == sender.WeCom:
		account = r.CorpID
	}
	return place{account, &came}
}
