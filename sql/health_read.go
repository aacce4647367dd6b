package sql

import (
	"context"
	"encoding/json"
	"slices"

	"wechattpp/health"
	"wechattpp/wechat"
)

// Health reads the findings of one component's deployment.
type Health struct {
	db  *DB
	app string // the component's
}

var _ health.Store = (*Health)(nil)

// Health gives the store of findings.
func (db *DB) Health(componentAppID string) *Health { return &Health{db, componentAppID} }

// Of reads findings.
func (h *Health) Of(ctx context.Context, kind string, ids []string) (map[string][]health.Finding, error) {
	return h.db.run().findings(ctx, h.app, kind, ids)
}

// Count counts owners by finding.
func (h *Health) Count(ctx context.Context) (map[health.Mark]int, error) {
	var rows []struct {
		Code  string `db:"code"`
		Level string `db:"level"`
		N     int    `db:"n"`
	}
	err := h.db.run().all(ctx, &rows, `SELECT code, level, COUNT(*) AS n FROM finding WHERE component_app_id = ? GROUP BY code, level`, h.app)
	counts := map[health.Mark]int{}
	for _, r := range rows {
		counts[health.Mark{Code: health.Code(r.Code), Level: health.Level(r.Level)}] = r.N
	}
	return counts, err
}

// Errors reads what a person must mend.
func (h *Health) Errors(ctx context.Context, limit int) ([]health.Owned, error) {
	var rows []struct {
		Kind   string `db:"kind"`
		Sender string `db:"sender"`
		findingRow
	}
	err := h.db.run().all(ctx, &rows, `SELECT f.kind, f.owner, f.code, f.level, f.since_at, f.cause, f.sets, f.detail,
CASE f.kind WHEN 'authorizer' THEN COALESCE(a.sender, '') WHEN 'component' THEN '' ELSE f.owner END AS sender
FROM finding f LEFT JOIN authorizer a ON a.component_app_id = f.component_app_id AND a.app_id = f.owner
WHERE f.component_app_id = ? AND f.level = ? ORDER BY f.since_at, f.owner, f.code LIMIT ?`, h.app, string(health.Error), limit)
	if err != nil {
		return nil, err
	}
	all := make([]health.Owned, len(rows))
	for i, r := range rows {
		f, err := r.finding()
		if err != nil {
			return nil, err
		}
		all[i] = health.Owned{Kind: r.Kind, Owner: r.Owner, Sender: r.Sender, Finding: f}
	}
	return all, nil
}

type findingRow struct {
	Owner  string `db:"owner"`
	Code   string `db:"code"`
	Level  string `db:"level"`
	Since  int64  `db:"since_at"`
	Cause  string `db:"cause"`
	Sets   string `db:"sets"`
	Detail string `db:"detail"`
}

func (r findingRow) finding() (f health.Finding, err error) {
	f = health.Finding{Code: health.Code(r.Code), Level: health.Level(r.Level), Since: moment(r.Since), Cause: wechat.ParseCause(r.Cause), Detail: r.Detail}
	return f, json.Unmarshal([]byte(r.Sets), &f.Sets)
}

func (r runner) findings(ctx context.Context, app, kind string, ids []string) (map[string][]health.Finding, error) {
	var rows []findingRow
	err := r.all(ctx, &rows, `SELECT owner, code, level, since_at, cause, sets, detail FROM finding WHERE component_app_id = ? AND kind = ? AND owner IN (?) ORDER BY owner, code`, app, kind, ids)
	found := map[string][]health.Finding{}
	for _, row := range rows {
		f, err := row.finding()
		if err != nil {
			return nil, err
		}
		found[row.Owner] = append(found[row.Owner], f)
	}
	for _, all := range found {
		slices.SortStableFunc(all, health.Worst)
	}
	return found, err
}
