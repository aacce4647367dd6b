package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/audience"
)

// ForgetSources drops sources that nobody brings again. Events are numbered in
// the order they come, so that the old ones stand first.
func (a *Audience) ForgetSources(ctx context.Context, age time.Duration, limit int) (int, error) {
	r := a.db.run()
	var ids []int64
	const old = `SELECT DISTINCT event_id FROM (SELECT event_id, entered_at FROM consent_source ORDER BY event_id LIMIT ?) AS oldest WHERE entered_at < {now} - ?`
	if err := r.all(ctx, &ids, old, limit, age.Milliseconds()); err != nil || len(ids) == 0 {
		return 0, err
	}
	n, err := r.exec(ctx, `DELETE FROM consent_source WHERE event_id IN (?)`, ids)
	return int(n), err
}

// ForgetRights drops rights that allow nothing, longest unheard of first.
func (a *Audience) ForgetRights(ctx context.Context, age time.Duration, limit int) (int, error) {
	var keys []rightKey
	r := a.db.run()
	if err := r.all(ctx, &keys, `SELECT app_id, template_id, scene, openid FROM consent WHERE left_over = 0 AND updated_at < {now} - ? ORDER BY updated_at LIMIT ?`, age.Milliseconds(), limit); err != nil {
		return 0, err
	}
	for _, k := range keys {
		const one = `DELETE FROM consent WHERE app_id = ? AND template_id = ? AND scene = ? AND openid = ? AND left_over = 0 AND updated_at < {now} - ?`
		if _, err := r.exec(ctx, one, k.Account, k.Template, k.Scene, k.OpenID, age.Milliseconds()); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

// dropRights deletes what is kept of consents at an account that no sender
// speaks for any more.
func (t tx) dropRights(ctx context.Context, account string) error {
	if account == "" {
		return nil
	}
	_, err := t.exec(ctx, `DELETE FROM consent WHERE app_id = ? AND NOT EXISTS (SELECT 1 FROM sender WHERE sender.app_id = consent.app_id)`, account)
	return err
}

// dropRightsOf deletes what is kept of the consents of people who are deleted,
// by the identities they had; one that another user has as well stays.
func (t tx) dropRightsOf(ctx context.Context, had []audience.Value) error {
	type place struct{ kind, bindID string }
	openids := map[place][]string{}
	for _, v := range had {
		p := place{v.Kind, v.BindID}
		openids[p] = append(openids[p], v.Value)
	}
	for p, ids := range openids {
		for some := range slices.Chunk(ids, 500) {
			const drop = `DELETE FROM consent WHERE app_id = (SELECT app_id FROM sender WHERE code = ?) AND openid IN (?)
				AND NOT EXISTS (SELECT 1 FROM user_value v WHERE v.kind = ? AND v.bind_id = ? AND v.value = consent.openid)`
			if _, err := t.exec(ctx, drop, p.bindID, some, p.kind, p.bindID); err != nil {
				return err
			}
		}
	}
	return nil
}
