package sql

import (
	"context"
	"io/fs"
	"strings"
	"time"

	"wechattpp/audience"
)

type userRow struct {
	ID        int64  `db:"id"`
	UserID    string `db:"userid"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
}

func (r userRow) user(values []audience.Value) audience.Person {
	return audience.Person{ID: r.ID, UserID: r.UserID, Values: values, CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
}

// User gives one user.
func (a *Audience) User(ctx context.Context, userid string) (audience.Person, error) {
	users, err := a.withValues(ctx, `WHERE u.userid = ?`, userid)
	if err == nil && len(users) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return audience.Person{}, err
	}
	return users[0], nil
}

// Users gives the users that the query chooses.
func (a *Audience) Users(ctx context.Context, q audience.Query) ([]audience.Person, error) {
	where, args := []string{`u.userid > ?`}, []any{q.After}
	if q.Prefix != "" { // a range, for LIKE differs between the databases; nothing sorts behind the last character there is
		where, args = append(where, `u.userid >= ? AND u.userid < ?`), append(args, q.Prefix, q.Prefix+"\U0010FFFF")
	}
	has := func(not, kinds string, binds []string, kindArgs ...any) {
		one := not + `EXISTS (SELECT 1 FROM user_value v WHERE v.user_id = u.id AND ` + kinds
		args = append(args, kindArgs...)
		if binds != nil {
			one, args = one+` AND v.bind_id IN (?)`, append(args, binds)
		}
		where = append(where, one+`)`)
	}
	if q.Tag != "" {
		has(``, `v.kind = 'tag' AND v.value = ?`, q.TagBinds, q.Tag)
	}
	if q.Bound != nil || q.Sender != "" {
		not := ``
		if q.Bound != nil && !*q.Bound {
			not = `NOT `
		}
		has(not, `v.kind IN (?)`, q.Binds, q.Kinds)
	}
	return a.withValues(ctx, `WHERE `+strings.Join(where, ` AND `)+` ORDER BY u.userid LIMIT ?`, append(args, q.Limit)...)
}

func (a *Audience) withValues(ctx context.Context, where string, args ...any) ([]audience.Person, error) {
	var rows []userRow
	r := a.db.run()
	if err := r.all(ctx, &rows, `SELECT u.id, u.userid, u.created_at, u.updated_at FROM user u `+where, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, u := range rows {
		ids[i] = u.ID
	}
	var all []valueRow
	if err := r.all(ctx, &all, `SELECT user_id, kind, bind_id, value FROM user_value WHERE user_id IN (?) ORDER BY user_id, kind, bind_id, value`, ids); err != nil {
		return nil, err
	}
	of := make(map[int64][]audience.Value, len(rows))
	for _, v := range all {
		of[v.UserID] = append(of[v.UserID], audience.Value{Kind: v.Kind, BindID: v.BindID, Value: v.Value})
	}
	users := make([]audience.Person, len(rows))
	for i, u := range rows {
		users[i] = u.user(of[u.ID])
	}
	return users, nil
}
