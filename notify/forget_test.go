package notify_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"wechattpp/sql/sqltest"
)

func TestOldMessagesAreForgottenAndOthersStay(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		old, waiting, young := h.accept(body(openids(1000)...)), "", h.accept(body("oYoung"))
		h.send()
		waiting = h.accept(with(body("oWaiting"), map[string]any{"send_at": time.Now().Add(time.Hour)}))
		const month = 30 * 24 * 3600 * 1000
		sqltest.Exec(t, h.source, `UPDATE message SET created_at = created_at - ?, done_at = done_at - ? WHERE target = 1000 OR done_at IS NULL`, month, month)
		if n, err := h.room.ForgetOld(ctx, 7*24*time.Hour); err != nil || n != 1 {
			t.Fatalf("forgot %d messages, %v", n, err)
		}
		if _, err := h.room.Message(ctx, shop, old); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the old message: %v", err)
		}
		for _, table := range []string{"recipient", "chunk"} {
			if n := sqltest.Number(t, h.source, `SELECT COUNT(*) FROM `+table); n != 2 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
		h.adds(waiting)
		h.adds(young)
		if n, err := h.room.ForgetOld(ctx, 0); err != nil || n != 0 {
			t.Errorf("with an age of none, %d messages of today were forgotten, %v", n, err)
		}
	})
}
