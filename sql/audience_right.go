package sql

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"wechattpp/audience"
)

var _ audience.RightStore = (*Audience)(nil)

// rightKey names a row of the ledger.
type rightKey struct {
	Account  string `db:"app_id"`
	Template string `db:"template_id"`
	Scene    int    `db:"scene"`
	OpenID   string `db:"openid"`
}

func (k rightKey) compare(o rightKey) int {
	return cmp.Or(cmp.Compare(k.Account, o.Account), cmp.Compare(k.Template, o.Template), cmp.Compare(k.Scene, o.Scene), cmp.Compare(k.OpenID, o.OpenID))
}

type rightRow struct {
	rightKey
	Left     int     `db:"left_over"`
	Accepted int64   `db:"accepted"`
	Sent     int64   `db:"sent"`
	Word     string  `db:"word"`
	WordAt   int64   `db:"word_at"`
	SentAt   int64   `db:"sent_at"`
	ResetAt  int64   `db:"reset_at"`
	Owed     int     `db:"owed"`
	OwedAt   int64   `db:"owed_at"`
	UserID   *string `db:"userid"`
}

const rightColumns = `app_id, template_id, scene, openid, left_over, accepted, sent, word, word_at, sent_at, reset_at, owed, owed_at`

func (r rightRow) right() audience.Right {
	out := audience.Right{OpenID: r.OpenID, Template: r.Template, Scene: r.Scene, Left: r.Left, Accepted: r.Accepted, Sent: r.Sent,
		Word: audience.Word(r.Word), WordAt: moment(r.WordAt), SentAt: moment(r.SentAt), ResetAt: moment(r.ResetAt), Owed: r.Owed, OwedAt: moment(r.OwedAt)}
	if r.UserID != nil {
		out.UserID = *r.UserID
	}
	return out
}

func (k rightKey) args(r audience.Right) []any {
	return []any{k.Account, k.Template, k.Scene, k.OpenID, r.Left, r.Accepted, r.Sent, string(r.Word),
		unixMilli(r.WordAt), unixMilli(r.SentAt), unixMilli(r.ResetAt), r.Owed, unixMilli(r.OwedAt)}
}

// Enter takes what an event, or somebody at this moment, told.
func (a *Audience) Enter(ctx context.Context, from audience.Source, entries []audience.Entry, now bool) error {
	return a.db.inTx(ctx, func(t tx) error {
		if from.Event != 0 {
			_, err := t.exec(ctx, `INSERT INTO consent_source (event_id, part, entered_at) VALUES (?, ?, {now})`, from.Event, from.Part)
			if errors.Is(err, fs.ErrExist) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		if now {
			var clock int64
			if err := t.get(ctx, &clock, `SELECT {now}`); err != nil {
				return err
			}
			for i := range entries {
				entries[i].At = time.UnixMilli(clock)
			}
		}
		return t.enter(ctx, entries)
	})
}

// enter changes the rows that entries are about, in the order of their keys, so
// that two transactions take turns.
func (t tx) enter(ctx context.Context, entries []audience.Entry) error {
	spoken, err := t.spokenFor(ctx, entries)
	if err != nil {
		return err
	}
	by := map[rightKey][]audience.Entry{}
	for _, e := range entries {
		k := rightKey{e.Account, e.Template, e.Scene, e.OpenID}
		if spoken[e.Account] {
			by[k] = append(by[k], e)
		}
	}
	keys := make([]rightKey, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, rightKey.compare)
	for some := range slices.Chunk(keys, 500) {
		if err := t.enterSome(ctx, some, by); err != nil {
			return err
		}
	}
	return nil
}

// spokenFor tells which of the accounts a sender speaks for.
func (t tx) spokenFor(ctx context.Context, entries []audience.Entry) (map[string]bool, error) {
	spoken := map[string]bool{}
	var accounts, found []string
	for _, e := range entries {
		if !slices.Contains(accounts, e.Account) {
			accounts = append(accounts, e.Account)
		}
	}
	if len(accounts) == 0 {
		return spoken, nil
	}
	err := t.all(ctx, &found, `SELECT DISTINCT app_id FROM sender WHERE app_id <> '' AND app_id IN (?)`, accounts)
	for _, id := range found {
		spoken[id] = true
	}
	return spoken, err
}

func (t tx) enterSome(ctx context.Context, keys []rightKey, by map[rightKey][]audience.Entry) error {
	const columns, row = `INSERT INTO consent (` + rightColumns + `, updated_at) VALUES `, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now})"
	var args []any
	for _, k := range keys {
		args = append(args, k.args(audience.Right{})...)
	}
	if _, err := t.exec(ctx, columns+values(len(keys), row)+t.db.orIgnore("openid"), args...); err != nil {
		return err
	}
	known, err := t.rights(ctx, keys)
	if err != nil {
		return err
	}
	args = args[:0]
	for _, k := range keys {
		r := known[k]
		for _, e := range by[k] {
			r = r.Take(e)
		}
		args = append(args, k.args(r)...)
	}
	_, err = t.exec(ctx, columns+values(len(keys), row)+t.db.onConflict("app_id, template_id, scene, openid",
		"left_over", "accepted", "sent", "word", "word_at", "sent_at", "reset_at", "owed", "owed_at", "updated_at"), args...)
	return err
}

// rights reads rows by their keys, which are in order.
func (t tx) rights(ctx context.Context, keys []rightKey) (map[rightKey]audience.Right, error) {
	known := make(map[rightKey]audience.Right, len(keys))
	for len(keys) > 0 {
		first, n := keys[0], 0
		var openids []string
		for n < len(keys) && keys[n].Account == first.Account && keys[n].Template == first.Template && keys[n].Scene == first.Scene {
			openids = append(openids, keys[n].OpenID)
			n++
		}
		var rows []rightRow
		if err := t.all(ctx, &rows, `SELECT `+rightColumns+` FROM consent WHERE app_id = ? AND template_id = ? AND scene = ? AND openid IN (?)`,
			first.Account, first.Template, first.Scene, openids); err != nil {
			return nil, err
		}
		for _, r := range rows {
			known[r.rightKey] = r.right()
		}
		keys = keys[n:]
	}
	return known, nil
}

// RightsOf gives what is known of some users.
func (a *Audience) RightsOf(ctx context.Context, account, template string, scene int, openids []string) ([]audience.Right, error) {
	if len(openids) == 0 {
		return nil, nil
	}
	return a.rightsWhere(ctx, `SELECT `+rightColumns+` FROM consent WHERE app_id = ? AND template_id = ? AND scene = ? AND openid IN (?)`, account, template, scene, openids)
}

// Rights lists what a query chooses.
func (a *Audience) Rights(ctx context.Context, q audience.RightQuery) ([]audience.Right, error) {
	where, args := ` WHERE app_id = ?`, []any{q.Kind, q.BindID, q.Account}
	for column, value := range map[string]string{"openid": q.OpenID, "template_id": q.Template} {
		if value != "" {
			where, args = where+` AND `+column+` = ?`, append(args, value)
		}
	}
	if q.After.OpenID != "" {
		where += ` AND template_id >= ? AND (template_id > ? OR scene > ? OR (scene = ? AND openid > ?))`
		args = append(args, q.After.Template, q.After.Template, q.After.Scene, q.After.Scene, q.After.OpenID)
	}
	const who = `(SELECT MIN(u.userid) FROM user_value v JOIN user u ON u.id = v.user_id WHERE v.kind = ? AND v.bind_id = ? AND v.value = consent.openid) AS userid`
	return a.rightsWhere(ctx, `SELECT `+rightColumns+`, `+who+` FROM consent`+where+` ORDER BY template_id, scene, openid LIMIT ?`, append(args, q.Limit)...)
}

func (a *Audience) rightsWhere(ctx context.Context, query string, args ...any) ([]audience.Right, error) {
	var rows []rightRow
	if err := a.db.run().all(ctx, &rows, query, args...); err != nil {
		return nil, err
	}
	all := make([]audience.Right, len(rows))
	for i, r := range rows {
		all[i] = r.right()
	}
	return all, nil
}

// CountRights looks at so many rows and no more.
func (a *Audience) CountRights(ctx context.Context, account, template string, scene int, longTerm bool, most int) (granted, looked int, err error) {
	is := `left_over > 0`
	if longTerm {
		is = `word = 'accept'`
	}
	var n struct {
		Granted int `db:"granted"`
		Looked  int `db:"looked"`
	}
	err = a.db.run().get(ctx, &n, `SELECT COALESCE(SUM(CASE WHEN `+is+` THEN 1 ELSE 0 END), 0) AS granted, COUNT(*) AS looked
		FROM (SELECT left_over, word FROM consent WHERE app_id = ? AND template_id = ? AND scene = ? LIMIT ?) some`, account, template, scene, most)
	return n.Granted, n.Looked, err
}
