package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"wechattpp/sender"
)

type additionRow struct {
	TemplateID string `db:"template_id"`
	Before     []byte `db:"before_json"`
	Claim      int64  `db:"claim"`
	Young      bool   `db:"young"`
}

// youth is how long after it was added a template may be missing in WeChat's
// list; until then the row's until, which no lease needs any more, is ahead.
const youth = 10 * time.Minute

// ClaimAddition takes a choice's lease by compare-and-set.
func (t *Templates) ClaimAddition(ctx context.Context, appID, key string, lease time.Duration) (a sender.Addition, err error) {
	err = t.db.inTx(ctx, func(x tx) error {
		a = sender.Addition{AppID: appID, Key: key, Claim: word()}
		const insert = `INSERT INTO template_addition (app_id, word, template_id, before_json, claim, until) VALUES (?, ?, '', NULL, 0, 0)`
		if _, err := x.exec(ctx, insert+t.db.orIgnore("word"), appID, key); err != nil {
			return err
		}
		const take = `UPDATE template_addition SET claim = ?, until = {now} + ? WHERE app_id = ? AND word = ? AND template_id = '' AND until <= {now}`
		won, err := x.exec(ctx, take, a.Claim, lease.Milliseconds(), appID, key)
		if err != nil {
			return err
		}
		var row additionRow
		if err := x.get(ctx, &row, `SELECT template_id, before_json, claim, until > {now} AS young FROM template_addition WHERE app_id = ? AND word = ?`, appID, key); err != nil {
			return err
		}
		switch {
		case row.TemplateID != "":
			a.TemplateID, a.Young, a.Claim = row.TemplateID, row.Young, 0
			return nil
		case won == 0:
			return sender.ErrLeased
		}
		if row.Before != nil {
			if err := json.Unmarshal(row.Before, &a.Before); err != nil {
				return fmt.Errorf("what was in the list of %s: %w", appID, err)
			}
		}
		return x.all(ctx, &a.Others, `SELECT template_id FROM template_addition WHERE app_id = ? AND template_id <> ''`, appID)
	})
	return a, err
}

// PlanAddition keeps the list as it was.
func (t *Templates) PlanAddition(ctx context.Context, a sender.Addition, before []string) error {
	if before == nil {
		before = []string{}
	}
	body, err := encodeJSON(before)
	if err != nil {
		return err
	}
	return t.held(ctx, `before_json = ?`, a, body)
}

// FinishAddition keeps the id.
func (t *Templates) FinishAddition(ctx context.Context, a sender.Addition, id string) error {
	return t.held(ctx, fmt.Sprintf(`template_id = ?, before_json = NULL, claim = 0, until = {now} + %d`, youth.Milliseconds()), a, id)
}

// LeaveAddition ends the lease.
func (t *Templates) LeaveAddition(ctx context.Context, a sender.Addition, begun bool, after time.Duration) error {
	set := `claim = 0, until = {now} + ?`
	if !begun {
		set += `, before_json = NULL`
	}
	return t.held(ctx, set, a, after.Milliseconds())
}

// held changes a row whose lease is still had.
func (t *Templates) held(ctx context.Context, set string, a sender.Addition, arg any) error {
	n, err := t.db.run().exec(ctx, `UPDATE template_addition SET `+set+` WHERE app_id = ? AND word = ? AND claim = ?`, arg, a.AppID, a.Key, a.Claim)
	if err == nil && n == 0 {
		err = sender.ErrLeased
	}
	return err
}

// RecordAddition keeps what a choice became.
func (t *Templates) RecordAddition(ctx context.Context, appID, key, id string) error {
	_, err := t.db.run().exec(ctx, `INSERT INTO template_addition (app_id, word, template_id, before_json, claim, until) VALUES (?, ?, ?, NULL, 0, {now} + ?)`+
		t.db.onConflict("app_id, word", "template_id", "before_json", "claim", "until"), appID, key, id, youth.Milliseconds())
	return err
}
