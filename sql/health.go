package sql

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/authorizer"
	"wechattpp/health"
	"wechattpp/token"
	"wechattpp/wechat"
)

// health assesses an owner of a token anew, at the end of a transaction that
// changed its row, its account's or its sender's pause. If that is another
// result than the stored one, it stores it and tells the feed, once.
func (x tx) health(ctx context.Context, app string, o token.Owner) error {
	if o.Kind == token.Page { // whoever asks for it is told
		return nil
	}
	facts, told, err := x.facts(ctx, app, o)
	if err != nil {
		return err
	}
	before, err := x.findings(ctx, app, o.Kind, []string{o.ID})
	if err != nil {
		return err
	}
	now := health.Assess(facts)
	appeared, ended := health.Diff(before[o.ID], now)
	if len(appeared)+len(ended) == 0 {
		return nil
	}
	for i := range appeared {
		appeared[i].Since = keptSince(before[o.ID], appeared[i].Code)
	}
	if err := x.saveFindings(ctx, app, o, appeared, ended); err != nil {
		return err
	}
	return x.tellHealth(ctx, o, told, appeared, ended, now)
}

// keptSince is since when a finding has been there, zero if it is new: what it
// says may have changed.
func keptSince(before []health.Finding, code health.Code) time.Time {
	for _, f := range before {
		if f.Code == code {
			return f.Since
		}
	}
	return time.Time{}
}

func (x tx) saveFindings(ctx context.Context, app string, o token.Owner, appeared []health.Finding, ended []health.Code) error {
	for _, code := range ended {
		if _, err := x.exec(ctx, `DELETE FROM finding WHERE component_app_id = ? AND kind = ? AND owner = ? AND code = ?`, app, o.Kind, o.ID, string(code)); err != nil {
			return err
		}
	}
	for _, f := range appeared {
		_, err := x.exec(ctx, `INSERT INTO finding (component_app_id, kind, owner, code, level, since_at, cause, sets, detail)
VALUES (?, ?, ?, ?, ?, CASE WHEN ? > 0 THEN ? ELSE {now} END, ?, ?, ?)`+x.db.onConflict("component_app_id, kind, owner, code", "level", "cause", "sets", "detail"),
			app, o.Kind, o.ID, string(f.Code), string(f.Level), unixMilli(f.Since), unixMilli(f.Since), f.Cause.Text(), setsText(f.Sets), cut(f.Detail, 500))
		if err != nil {
			return err
		}
	}
	return nil
}

// healthLine is the data of an account.health line.
type healthLine struct {
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Sender   string          `json:"sender"` // code; empty if no sender is bound
	Appeared []healthFinding `json:"appeared"`
	Ended    []health.Code   `json:"ended"`
	Findings []health.Code   `json:"findings"` // all there are now
}

type healthFinding struct {
	Code    health.Code  `json:"code"`
	Level   health.Level `json:"level"`
	Text    string       `json:"text"`
	Remedy  string       `json:"remedy"`
	Vendor  int          `json:"vendor_code,omitempty"`
	RID     string       `json:"rid,omitempty"`
	Address string       `json:"address,omitempty"`
	Sets    []int        `json:"permission_sets,omitempty"`
}

// whose is what the feed says of an owner.
type whose struct{ appID, sender string }

func (x tx) tellHealth(ctx context.Context, o token.Owner, w whose, appeared []health.Finding, ended []health.Code, now []health.Finding) error {
	l := healthLine{Kind: o.Kind, ID: o.ID, Sender: w.sender, Appeared: []healthFinding{}, Ended: append([]health.Code{}, ended...), Findings: []health.Code{}}
	for _, f := range appeared {
		l.Appeared = append(l.Appeared, healthFinding{f.Code, f.Level, f.Text(), f.Remedy(w.sender), f.Cause.Code, f.Cause.RID, f.Cause.Address, f.Sets})
	}
	for _, f := range now {
		l.Findings = append(l.Findings, f.Code)
	}
	data, err := encodeJSON(l)
	if err != nil {
		return err
	}
	return x.feed(ctx, line{AppID: w.appID, Type: "account.health", Data: data})
}

// facts reads what is stored of an owner. The account's row is locked, so that
// of two transactions the later one sees what the earlier one did.
func (x tx) facts(ctx context.Context, app string, o token.Owner) (f health.Facts, w whose, err error) {
	f.Kind, w = o.Kind, whose{appID: o.ID}
	switch {
	case o.Kind == token.Authorizer:
		w.sender, err = x.accountFacts(ctx, app, o.ID, &f)
		if err == nil {
			f.Pauses, err = x.pauseFacts(ctx, `s.app_id = ? AND s.credentials = 'component'`, o.ID)
		}
	case o.Own():
		w.sender = o.ID
		if w.appID, err = x.senderAppID(ctx, o.ID); err == nil {
			f.Pauses, err = x.pauseFacts(ctx, `s.code = ?`, o.ID)
		}
	case o.Kind == token.Component:
		f.Alarm, err = x.alarm(ctx, app)
	}
	if err == nil {
		f.Token, err = x.tokenFacts(ctx, app, o)
	}
	return f, w, err
}

func (x tx) accountFacts(ctx context.Context, app, appID string, f *health.Facts) (sender string, err error) {
	var r accountRow
	err = x.get(ctx, &r, `SELECT `+accountColumns+` FROM authorizer WHERE component_app_id = ? AND app_id = ?`+x.db.forUpdate(), app, appID)
	if errors.Is(err, fs.ErrNotExist) { // a sender that an administrator gave the AppID: nothing more is known
		return "", nil
	}
	if err != nil {
		return "", err
	}
	a, err := r.account()
	if err != nil {
		return "", err
	}
	f.Account = health.AccountFacts{
		Exists: true, Ended: a.Status != authorizer.Authorized, Problem: a.Problem, Cause: a.Cause, Bound: a.Sender != "", Wanted: a.Wanted != "", Waiting: a.Waiting,
		Known: a.Kind != "", Failures: a.Failures, Status: a.Profile.AccountStatus,
	}
	for _, m := range a.Missing() {
		switch m.Level {
		case authorizer.Required:
			f.Account.Required = append(f.Account.Required, m.ID)
		case authorizer.Advised:
			f.Account.Advised = append(f.Account.Advised, m.ID)
		}
	}
	return a.Sender, nil
}

func (x tx) senderAppID(ctx context.Context, code string) (string, error) {
	s, err := readSender(ctx, x.runner, code)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return s.AppID, err
}

func (x tx) tokenFacts(ctx context.Context, app string, o token.Owner) (health.TokenFacts, error) {
	var r struct {
		Refresh  bool   `db:"refresh"`
		Rests    bool   `db:"rests"`
		Failures int    `db:"failures"`
		Problem  string `db:"problem"`
		Cause    string `db:"cause"`
	}
	err := x.get(ctx, &r, `SELECT refresh IS NOT NULL AS refresh, due_at IS NULL AS rests, failures, problem, cause FROM token
WHERE component_app_id = ? AND kind = ? AND owner = ?`, app, o.Kind, o.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return health.TokenFacts{}, nil
	}
	return health.TokenFacts{Kept: true, Refresh: r.Refresh, Rests: r.Rests, Failures: r.Failures, Problem: r.Problem, Cause: wechat.ParseCause(r.Cause)}, err
}

// pauseFacts is why a sender, or a feature of it, is paused, if a refusal is
// the reason.
func (x tx) pauseFacts(ctx context.Context, where, owner string) ([]health.PauseFacts, error) {
	var rows []struct {
		Kind   string `db:"kind"`
		Detail string `db:"detail"`
		Cause  string `db:"cause"`
		Needs  int    `db:"needs"`
	}
	query := `SELECT s.kind, p.detail, p.cause, 0 AS needs FROM sender s JOIN sender_pause p ON p.sender_id = s.id WHERE ` + where +
		` UNION ALL SELECT s.kind, f.detail, f.cause, f.needs FROM sender s JOIN feature_pause f ON f.sender_id = s.id WHERE ` + where
	if err := x.all(ctx, &rows, query, owner, owner); err != nil {
		return nil, err
	}
	facts := make([]health.PauseFacts, len(rows))
	for i, r := range rows {
		set := cmp.Or(r.Needs, map[string]int{"wechatoa": 7, "wechatmp": 18}[r.Kind])
		facts[i] = health.PauseFacts{Cause: wechat.ParseCause(r.Cause), Detail: r.Detail, Set: set}
	}
	return facts, nil
}

func (x tx) alarm(ctx context.Context, app string) (alarm string, err error) {
	err = x.get(ctx, &alarm, `SELECT alarm FROM reconciliation WHERE component_app_id = ?`, app)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return alarm, err
}
