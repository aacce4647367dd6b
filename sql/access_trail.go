package sql

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"

	"wechattpp/access"
)

type adminTokenRow struct {
	Seq       int64  `db:"seq"`
	ID        string `db:"id"`
	Subject   string `db:"subject"`
	Scopes    string `db:"scopes"`
	Left      int64  `db:"life_left"` // milliseconds
	CreatedAt int64  `db:"created_at"`
	ExpiresAt int64  `db:"expires_at"`
	RevokedAt *int64 `db:"revoked_at"`
}

const adminTokenColumns = `SELECT seq, id, subject, scopes, expires_at - {now} AS life_left, created_at, expires_at, revoked_at FROM admin_token `

func (r adminTokenRow) token() (access.Token, error) {
	t := access.Token{Seq: r.Seq, ID: r.ID, Subject: r.Subject, Life: time.Duration(r.Left) * time.Millisecond,
		CreatedAt: time.UnixMilli(r.CreatedAt).UTC(), ExpiresAt: time.UnixMilli(r.ExpiresAt).UTC(), Revoked: r.RevokedAt != nil}
	return t, json.Unmarshal([]byte(r.Scopes), &t.Scopes)
}

// IssueToken keeps the id of an administrator's token, and never the token.
func (s *Access) IssueToken(ctx context.Context, t access.Token) (access.Token, error) {
	const insert = `INSERT INTO admin_token (id, subject, scopes, created_at, expires_at) VALUES (?, ?, ?, {now}, {now} + ?)`
	if _, err := s.db.run().exec(ctx, insert, t.ID, t.Subject, array(t.Scopes), t.Life.Milliseconds()); err != nil {
		return access.Token{}, err
	}
	return s.Token(ctx, t.ID)
}

// Token answers a token by its id.
func (s *Access) Token(ctx context.Context, id string) (access.Token, error) {
	var row adminTokenRow
	if err := s.db.run().get(ctx, &row, adminTokenColumns+`WHERE id = ?`, id); err != nil {
		return access.Token{}, err
	}
	return row.token()
}

// Tokens lists tokens, newest first.
func (s *Access) Tokens(ctx context.Context, before int64, limit int) ([]access.Token, error) {
	var rows []adminTokenRow
	if err := s.db.run().all(ctx, &rows, adminTokenColumns+`WHERE seq < ? ORDER BY seq DESC LIMIT ?`, below(before), limit); err != nil {
		return nil, err
	}
	list := make([]access.Token, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.token(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// below makes "0: from the newest" a bound.
func below(before int64) int64 {
	if before == 0 {
		return math.MaxInt64
	}
	return before
}

// RevokeToken ends a token; once ended it stays so.
func (s *Access) RevokeToken(ctx context.Context, id string) error {
	return found(s.db.run().exec(ctx, `UPDATE admin_token SET revoked_at = COALESCE(revoked_at, {now}) WHERE id = ?`, id))
}

type auditRow struct {
	ID     int64  `db:"id"`
	At     int64  `db:"at"`
	Actor  string `db:"actor"`
	Action string `db:"action"`
	Target string `db:"target"`
	Detail string `db:"detail"`
}

// Record appends to the audit trail and returns when the entry is durable.
// What queued behind the running commit shares the next one, for every call of
// the proxy is an entry.
func (s *Access) Record(ctx context.Context, e access.Entry) error { return s.trail.do(ctx, e) }

// appendTrail writes entries, all or none.
func (s *Access) appendTrail(ctx context.Context, batch []access.Entry) error {
	var insert strings.Builder
	insert.WriteString(`INSERT INTO audit (at, actor, action, target, detail) VALUES `)
	args := make([]any, 0, 4*len(batch))
	for i, e := range batch {
		detail := []byte("{}")
		if len(e.Detail) > 0 {
			var err error
			if detail, err = json.Marshal(e.Detail); err != nil {
				return err
			}
		}
		if i > 0 {
			insert.WriteString(", ")
		}
		insert.WriteString("({now}, ?, ?, ?, ?)")
		args = append(args, e.Actor, e.Action, e.Target, string(detail))
	}
	_, err := s.db.run().exec(ctx, insert.String(), args...)
	return err
}

// Audit lists the trail, newest first.
func (s *Access) Audit(ctx context.Context, before int64, limit int) ([]access.Entry, error) {
	var rows []auditRow
	const query = `SELECT id, at, actor, action, target, detail FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?`
	if err := s.db.run().all(ctx, &rows, query, below(before), limit); err != nil {
		return nil, err
	}
	list := make([]access.Entry, len(rows))
	for i, r := range rows {
		list[i] = access.Entry{ID: r.ID, At: time.UnixMilli(r.At).UTC(), Actor: r.Actor, Action: r.Action, Target: r.Target}
		if err := json.Unmarshal([]byte(r.Detail), &list[i].Detail); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Prune removes a batch of what is over: tokens that ended keep ago, and audit
// entries older than trail. It answers how many rows went.
func (s *Access) Prune(ctx context.Context, keep, trail time.Duration, batch int) (int64, error) {
	var ids []int64
	// Ids grow with time, so the oldest entries are the first: no index on at.
	if err := s.db.run().all(ctx, &ids, `SELECT id FROM audit ORDER BY id LIMIT ?`, batch); err != nil {
		return 0, err
	}
	gone, err := int64(0), error(nil)
	if len(ids) > 0 {
		if gone, err = s.db.run().exec(ctx, `DELETE FROM audit WHERE id IN (?) AND at < {now} - ?`, ids, trail.Milliseconds()); err != nil {
			return gone, err
		}
	}
	n, err := s.db.run().exec(ctx, `DELETE FROM admin_token WHERE expires_at < {now} - ?`, keep.Milliseconds())
	return gone + n, err
}
