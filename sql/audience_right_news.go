package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/wechat"
)

// Sending tells the ledger of consents through rows of its own: whoever changes
// recipients appends, in the same transaction, one row for each chunk and word;
// a step counts what was appended and deletes it, in one transaction. So a
// message is counted once, whoever dies when, and nobody who sends waits for the
// rows of the ledger.

// rightNews is what of a chunk the ledger is told.
type rightNews struct {
	word    audience.Word
	openids []string
}

// consentOf is the word that a change of a recipient is to the ledger, empty for
// none. A later word on a message whose answer was lost tells that it was taken.
func (ch change) consentOf() audience.Word {
	switch {
	case ch.from == notify.Sending && ch.to == notify.Sent:
		return audience.Spent
	case ch.from == notify.Unknown && (ch.to == notify.Delivered || ch.to == notify.Failed):
		return audience.Spent
	case ch.to == notify.Failed && ch.code == wechat.CodeNoRight:
		return audience.NoRight
	}
	return ""
}

// tellConsents appends what the ledger of consents is told of a transaction's
// changes. Parts that need no consent cost a look at their kind.
func (t tx) tellConsents(ctx context.Context, l *ledger) error {
	var args []any
	rows := 0
	for _, c := range l.chunks {
		p := l.heads[c.MessageID].parts[c.Part]
		template, scene, needed := p.Consent()
		if !needed {
			continue
		}
		for _, n := range consentNews(l.changes[c]) {
			data, err := encodeJSON(n.openids)
			if err != nil {
				return err
			}
			args = append(args, p.AppID, template, scene, string(n.word), string(data))
			rows++
		}
	}
	if rows == 0 {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO consent_news (app_id, template_id, scene, word, openids, at, due_at) VALUES `+
		values(rows, "(?, ?, ?, ?, ?, {now}, {now})"), args...)
	return err
}

func consentNews(changes []change) (news []*rightNews) {
	for _, ch := range changes {
		w := ch.consentOf()
		if w == "" {
			continue
		}
		at := 0
		for at < len(news) && news[at].word != w {
			at++
		}
		if at == len(news) {
			news = append(news, &rightNews{word: w})
		}
		news[at].openids = append(news[at].openids, ch.identity)
	}
	return news
}

// newsLease is how long news that somebody died over wait.
const newsLease = 30 * time.Second

type newsRow struct {
	Account  string `db:"app_id"`
	Template string `db:"template_id"`
	Scene    int    `db:"scene"`
	Word     string `db:"word"`
	OpenIDs  []byte `db:"openids"`
	At       int64  `db:"at"`
}

// EnterSent counts what sending told.
func (a *Audience) EnterSent(ctx context.Context, limit int) (int, error) {
	ids, claim, err := a.db.claimDue(ctx, "consent_news", limit, newsLease)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = a.db.inTx(ctx, func(t tx) error {
		var rows []newsRow
		if err := t.all(ctx, &rows, `SELECT app_id, template_id, scene, word, openids, at FROM consent_news WHERE id IN (?) AND claim = ? ORDER BY id`+t.db.forUpdate(), ids, claim); err != nil {
			return err
		}
		var entries []audience.Entry
		for _, r := range rows {
			some, err := r.entries()
			if err != nil {
				return err
			}
			entries = append(entries, some...)
		}
		if err := t.enter(ctx, entries); err != nil {
			return err
		}
		_, err := t.exec(ctx, `DELETE FROM consent_news WHERE id IN (?) AND claim = ?`, ids, claim)
		return err
	})
	return len(ids), err
}

func (r newsRow) entries() ([]audience.Entry, error) {
	var openids []string
	if err := json.Unmarshal(r.OpenIDs, &openids); err != nil {
		return nil, fmt.Errorf("news of consents: %w", err)
	}
	entries := make([]audience.Entry, len(openids))
	for i, id := range openids {
		entries[i] = audience.Entry{Account: r.Account, OpenID: id, Template: r.Template, Scene: r.Scene, Word: audience.Word(r.Word), At: time.UnixMilli(r.At)}
	}
	return entries, nil
}
