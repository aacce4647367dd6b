package sql

import (
	"context"
	"errors"
	"strings"
	"time"

	"wechattpp/token"
	"wechattpp/wechat"
)

// tokenSave is a vendor's answer on its way into the row.
type tokenSave struct {
	id, claim       int64
	access, refresh []byte        // refresh only if it was rotated
	asked           time.Time     // our clock; only differences of it are used
	life, due       time.Duration // since then
	mended          *token.Owner  // whose health the success changes; nil if it was well
}

// Save stores a new token together with whatever queued beside it.
func (t *Token) Save(ctx context.Context, k token.Kept, lent wechat.Lent, age, due time.Duration) error {
	if lent.Refresh == k.Refresh {
		lent.Refresh = "" // not rotated: a late answer of another owner may have stored a newer one
	}
	access, refresh, err := t.db.sealLent(t.app, k.Owner, lent)
	if err != nil {
		return err
	}
	s := tokenSave{k.ID, k.Claim, access, refresh, time.Now().Add(-age), lent.Life, due, nil}
	if k.Failures > 0 {
		s.mended = &k.Owner
	}
	err = t.saves.do(ctx, s)
	if errors.Is(err, token.ErrLost) && refresh != nil {
		return errors.Join(err, t.keepLate(ctx, k, refresh))
	}
	return err
}

// keepLate is the rescue of a rotated refresh token whose bringer has lost the
// claim: see the package comment of token.
func (t *Token) keepLate(ctx context.Context, k token.Kept, refresh []byte) error {
	n, err := t.db.run().exec(ctx, `UPDATE token SET refresh = ? WHERE id = ? AND version = ?`, refresh, k.ID, k.Version)
	if err != nil || n > 0 {
		return err
	}
	_, err = t.db.run().exec(ctx, `UPDATE token SET due_at = {now} WHERE id = ? AND claim = 0 AND due_at IS NOT NULL`, k.ID)
	return err
}

// flushSaves writes all or nothing; if a row was lost, the group splits the
// batch until it is found.
func (t *Token) flushSaves(ctx context.Context, batch []tokenSave) error {
	return t.db.inTx(ctx, func(x tx) error {
		save := x.saveEach
		if t.db.dialect == onMySQL {
			save = x.saveJoined
		}
		if err := save(ctx, batch); err != nil {
			return err
		}
		for _, s := range batch {
			if s.mended == nil {
				continue
			}
			if err := x.health(ctx, t.app, *s.mended); err != nil {
				return err
			}
		}
		return nil
	})
}

func (x tx) saveEach(ctx context.Context, batch []tokenSave) error {
	for _, s := range batch {
		age := time.Since(s.asked).Milliseconds()
		err := lostIfNone(x.exec(ctx, `UPDATE token SET access = ?, refresh = COALESCE(?, refresh), issued_at = {now} - ?, expires_at = {now} - ? + ?,
due_at = {now} - ? + ?, claim = 0, version = version + 1, failures = 0, problem = '' WHERE id = ? AND claim = ?`,
			s.access, s.refresh, age, age, s.life.Milliseconds(), age, s.due.Milliseconds(), s.id, s.claim))
		if err != nil {
			return err
		}
	}
	return nil
}

// One statement a batch: over a network, one a row would cost more than the
// vendor's calls.
const saveJoinedSQL = `UPDATE token t JOIN (SELECT ? AS id, ? AS claim, ? AS access, ? AS refresh, ? AS age, ? AS life, ? AS due`

func (x tx) saveJoined(ctx context.Context, batch []tokenSave) error {
	args := make([]any, 0, 7*len(batch))
	for _, s := range batch {
		args = append(args, s.id, s.claim, s.access, s.refresh, time.Since(s.asked).Milliseconds(), s.life.Milliseconds(), s.due.Milliseconds())
	}
	n, err := x.exec(ctx, saveJoinedSQL+strings.Repeat(` UNION ALL SELECT ?, ?, ?, ?, ?, ?, ?`, len(batch)-1)+`) s ON s.id = t.id AND s.claim = t.claim
SET t.access = s.access, t.refresh = COALESCE(s.refresh, t.refresh), t.issued_at = {now} - s.age, t.expires_at = {now} - s.age + s.life,
t.due_at = {now} - s.age + s.due, t.version = t.version + 1, t.failures = 0, t.problem = '', t.claim = 0`, args...)
	if err == nil && int(n) < len(batch) {
		return token.ErrLost
	}
	return err
}

type tokenRelease struct {
	id, claim int64
	owner     token.Owner
	v         token.Verdict
}

// Release ends a claim without a token.
func (t *Token) Release(ctx context.Context, k token.Kept, v token.Verdict) error {
	return t.releases.do(ctx, tokenRelease{k.ID, k.Claim, k.Owner, v})
}

func (t *Token) flushReleases(ctx context.Context, batch []tokenRelease) error {
	return t.db.inTx(ctx, func(x tx) error {
		for _, r := range batch {
			if err := x.release(ctx, t.app, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// release stores what follows a failure. A first one is nothing to tell of.
func (x tx) release(ctx context.Context, app string, r tokenRelease) error {
	query := `UPDATE token SET due_at = {now} + ?, claim = 0, failures = ?, problem = ?, cause = ? WHERE id = ? AND claim = ?`
	args := []any{r.v.Due.Milliseconds(), r.v.Failures, r.v.Problem, r.v.Cause.Text(), r.id, r.claim}
	if r.v.Rest {
		query = `UPDATE token SET access = NULL, due_at = NULL, claim = 0, version = version + 1, failures = ?, problem = ?, cause = ? WHERE id = ? AND claim = ?`
		args = args[1:]
	}
	if err := lostIfNone(x.exec(ctx, query, args...)); err != nil || r.v.Failures == 0 {
		return err
	}
	return x.health(ctx, app, r.owner)
}
