package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/component"
)

// Component keeps the ticket of a component.
type Component struct {
	db  *DB
	app string
}

var _ component.Store = (*Component)(nil)

// Component gives the store of a component's ticket.
func (db *DB) Component(appID string) *Component { return &Component{db, appID} }

func ticketBinding(app string) string { return "ticket/" + app }

// ensure makes the row, from which the waiting for a first ticket is counted.
func (c *Component) ensure(ctx context.Context, x tx) error {
	_, err := x.exec(ctx, `INSERT INTO ticket (component_app_id, watched_at) VALUES (?, {now})`+c.db.orIgnore("component_app_id"), c.app)
	return err
}

// PutTicket stores the newest ticket.
func (c *Component) PutTicket(ctx context.Context, ticket string, created time.Time) (stored bool, err error) {
	sealed, err := c.db.seal(ticket, ticketBinding(c.app))
	if err != nil {
		return false, err
	}
	err = c.db.inTx(ctx, func(x tx) error {
		if err := c.ensure(ctx, x); err != nil {
			return err
		}
		n, err := x.exec(ctx, `UPDATE ticket SET ticket = ?, created_at = ? WHERE component_app_id = ? AND created_at < ?`,
			sealed, created.UnixMilli(), c.app, created.UnixMilli())
		stored = n > 0
		return err
	})
	return stored, err
}

// Ticket reads the newest one.
func (c *Component) Ticket(ctx context.Context) (component.Ticket, error) {
	var r struct {
		Sealed []byte `db:"ticket"`
		Age    int64  `db:"age"`
	}
	err := c.db.run().get(ctx, &r, `SELECT ticket, {now} - created_at AS age FROM ticket WHERE component_app_id = ?`, c.app)
	if err != nil {
		return component.Ticket{}, err
	}
	if len(r.Sealed) == 0 {
		return component.Ticket{}, fs.ErrNotExist
	}
	ticket, err := c.db.open(r.Sealed, ticketBinding(c.app))
	return component.Ticket{Ticket: ticket, Age: ms(max(r.Age, 0))}, err
}

// Watch answers the age of the ticket, or of the waiting for it.
func (c *Component) Watch(ctx context.Context) (component.Watched, error) {
	var r struct {
		Created int64 `db:"created_at"`
		Since   int64 `db:"watched_at"`
		Now     int64 `db:"clock"`
	}
	err := c.db.run().get(ctx, &r, `SELECT created_at, watched_at, {now} AS clock FROM ticket WHERE component_app_id = ?`, c.app)
	if errors.Is(err, fs.ErrNotExist) {
		return component.Watched{}, c.db.inTx(ctx, func(x tx) error { return c.ensure(ctx, x) })
	}
	if err != nil || r.Created > 0 {
		return component.Watched{Any: true, Age: ms(max(r.Now-r.Created, 0))}, err
	}
	return component.Watched{Age: ms(r.Now - r.Since)}, nil
}

// Ask lets one replica ask, once in every.
func (c *Component) Ask(ctx context.Context, every time.Duration) (bool, error) {
	n, err := c.db.run().exec(ctx, `UPDATE ticket SET asked_at = {now} WHERE component_app_id = ? AND asked_at <= {now} - ?`, c.app, every.Milliseconds())
	return n > 0, err
}

// Clear lets one replica clear the quota, once in every.
func (c *Component) Clear(ctx context.Context, every time.Duration) (bool, error) {
	n, err := c.db.run().exec(ctx, `UPDATE ticket SET cleared_at = {now} WHERE component_app_id = ? AND cleared_at <= {now} - ?`, c.app, every.Milliseconds())
	return n > 0, err
}
