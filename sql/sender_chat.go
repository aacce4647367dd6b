package sql

import (
	"context"
	"time"

	"wechattpp/sender"
)

type chatRow struct {
	ID      string `db:"chatid"`
	Name    string `db:"name"`
	Owner   string `db:"owner"`
	Created int64  `db:"created_at"`
}

// KeepChat writes a chat down, or what became of one.
func (s *Sender) KeepChat(ctx context.Context, senderID int64, c sender.Chat) error {
	_, err := s.db.run().exec(ctx, `INSERT INTO app_chat (sender_id, chatid, name, owner, created_at) VALUES (?, ?, ?, ?, {now})`+
		s.db.onConflict("sender_id, chatid", "name", "owner"), senderID, c.ID, c.Name, c.Owner)
	return err
}

// Chats lists chats by id.
func (s *Sender) Chats(ctx context.Context, senderID int64, after string, limit int) ([]sender.Chat, error) {
	var rows []chatRow
	const query = `SELECT chatid, name, owner, created_at FROM app_chat WHERE sender_id = ? AND chatid > ? ORDER BY chatid LIMIT ?`
	if err := s.db.run().all(ctx, &rows, query, senderID, after, limit); err != nil {
		return nil, err
	}
	all := make([]sender.Chat, len(rows))
	for i, r := range rows {
		all[i] = sender.Chat{ID: r.ID, Name: r.Name, Owner: r.Owner, CreatedAt: time.UnixMilli(r.Created)}
	}
	return all, nil
}
