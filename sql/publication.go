package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"wechattpp/sender"
)

// Publication keeps what was published.
type Publication struct{ db *DB }

var _ sender.PublicationStore = (*Publication)(nil)

// Publication gives the store of publications.
func (db *DB) Publication() *Publication { return &Publication{db} }

type publicationRow struct {
	AppID     string `db:"app_id"`
	PublishID string `db:"publish_id"`
	MediaID   string `db:"media_id"`
	State     int    `db:"status"`
	ArticleID string `db:"article_id"`
	Detail    []byte `db:"detail"`
	Submitted int64  `db:"submitted_at"`
	Told      *int64 `db:"told_at"`
}

const publicationColumns = `SELECT app_id, publish_id, media_id, status, article_id, detail, submitted_at, told_at FROM publication `

func (r publicationRow) publication() (sender.Publication, error) {
	p := sender.Publication{AppID: r.AppID, PublishID: r.PublishID, MediaID: r.MediaID, State: r.State, ArticleID: r.ArticleID,
		SubmittedAt: time.UnixMilli(r.Submitted), ToldAt: when(r.Told)}
	if len(r.Detail) > 0 {
		if err := json.Unmarshal(r.Detail, &p.Detail); err != nil {
			return p, fmt.Errorf("publication %s: %w", r.PublishID, err)
		}
	}
	return p, nil
}

// Submitted keeps one, and of one whose end was told before the draft alone.
func (b *Publication) Submitted(ctx context.Context, p sender.Publication) error {
	insert := `INSERT INTO publication (app_id, publish_id, media_id, status, submitted_at) VALUES (?, ?, ?, ?, {now})` +
		b.db.onConflict("app_id, publish_id", "media_id")
	_, err := b.db.run().exec(ctx, insert, p.AppID, p.PublishID, p.MediaID, p.State)
	return err
}

// Told keeps what WeChat tells.
func (b *Publication) Told(ctx context.Context, p sender.Publication) error {
	detail, err := encodeJSON(p.Detail)
	if err != nil {
		return err
	}
	insert := `INSERT INTO publication (app_id, publish_id, media_id, status, article_id, detail, submitted_at, told_at) VALUES (?, ?, '', ?, ?, ?, {now}, {now})` +
		b.db.onConflict("app_id, publish_id", "status", "article_id", "detail", "told_at")
	_, err = b.db.run().exec(ctx, insert, p.AppID, p.PublishID, p.State, p.ArticleID, detail)
	return err
}

// Publication reads one.
func (b *Publication) Publication(ctx context.Context, appID, publishID string) (sender.Publication, error) {
	var row publicationRow
	if err := b.db.run().get(ctx, &row, publicationColumns+`WHERE app_id = ? AND publish_id = ?`, appID, publishID); err != nil {
		return sender.Publication{}, err
	}
	return row.publication()
}

// Publications pages through those of an account, which are few enough to sort.
func (b *Publication) Publications(ctx context.Context, appID string, after sender.Publication, limit int) ([]sender.Publication, error) {
	var rows []publicationRow
	before := below(unixMilli(after.SubmittedAt))
	const query = publicationColumns + `WHERE app_id = ? AND (submitted_at < ? OR (submitted_at = ? AND publish_id < ?)) ORDER BY submitted_at DESC, publish_id DESC LIMIT ?`
	if err := b.db.run().all(ctx, &rows, query, appID, before, before, after.PublishID, limit); err != nil {
		return nil, err
	}
	list := make([]sender.Publication, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.publication(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ForgetPublications drops old ones.
func (b *Publication) ForgetPublications(ctx context.Context, age time.Duration, limit int) (int, error) {
	var rows []publicationRow
	if err := b.db.run().all(ctx, &rows, publicationColumns+`WHERE submitted_at < {now} - ? LIMIT ?`, age.Milliseconds(), limit); err != nil {
		return 0, err
	}
	for _, r := range rows {
		if _, err := b.db.run().exec(ctx, `DELETE FROM publication WHERE app_id = ? AND publish_id = ?`, r.AppID, r.PublishID); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
