package sql

import (
	"context"

	"wechattpp/audience"
)

// Everyone pages through all users.
func (a *Audience) Everyone(ctx context.Context, after int64, limit int) ([]audience.User, error) {
	var users []audience.User
	err := a.db.run().all(ctx, &users, `SELECT id, userid FROM user WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	return users, err
}

// Holding pages through the users of whom a value is known.
func (a *Audience) Holding(ctx context.Context, v audience.Value, after int64, limit int) ([]audience.User, error) {
	var users []audience.User
	const query = `SELECT u.id, u.userid FROM user_value v JOIN user u ON u.id = v.user_id
		WHERE v.kind = ? AND v.bind_id = ? AND v.value = ? AND v.user_id > ? ORDER BY v.user_id LIMIT ?`
	err := a.db.run().all(ctx, &users, query, v.Kind, v.BindID, v.Value, after, limit)
	return users, err
}
