package sql

import (
	"context"

	"wechattpp/sender"
)

// Reserve notes that a number is asked for, unless it was asked for in vain, or
// too many were. The rows of a company's day are few: most bounds them.
func (s *Sender) Reserve(ctx context.Context, corpID string, day int, digest string, most int) (asked sender.Asked, err error) {
	err = s.db.inTx(ctx, func(t tx) error {
		var all []string
		if err := t.all(ctx, &all, `SELECT digest FROM wrong_mobile WHERE corp_id = ? AND day = ?`+s.db.forUpdate(), corpID, day); err != nil {
			return err
		}
		for _, d := range all {
			if d == digest {
				asked = sender.AskedInVain
				return nil
			}
		}
		if asked = sender.AskedTooMany; len(all) >= most {
			return nil
		}
		asked = sender.NotAsked
		_, err := t.exec(ctx, `INSERT INTO wrong_mobile (corp_id, day, digest, asked_at) VALUES (?, ?, ?, {now})`+s.db.orIgnore("digest"), corpID, day, digest)
		return err
	})
	return asked, err
}

// Release takes back what Reserve noted: there is somebody of the number, or
// nobody was asked.
func (s *Sender) Release(ctx context.Context, corpID string, day int, digest string) error {
	_, err := s.db.run().exec(ctx, `DELETE FROM wrong_mobile WHERE corp_id = ? AND day = ? AND digest = ?`, corpID, day, digest)
	return err
}

// ForgetNumbers deletes those of days before one.
func (s *Sender) ForgetNumbers(ctx context.Context, day, limit int) (int, error) {
	var old []struct {
		Corp string `db:"corp_id"`
		Day  int    `db:"day"`
	}
	if err := s.db.run().all(ctx, &old, `SELECT DISTINCT corp_id, day FROM wrong_mobile WHERE day < ? LIMIT ?`, day, limit); err != nil {
		return 0, err
	}
	for _, o := range old {
		if _, err := s.db.run().exec(ctx, `DELETE FROM wrong_mobile WHERE corp_id = ? AND day = ?`, o.Corp, o.Day); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
