package audience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

func TestALinkIsUsedUpByOneBinding(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, store := context.Background(), db.Audience()
		link := audience.Link{ID: "0123456789abcdef0123456789abcdef", Sender: "oaShop", UserID: "u-1"}
		if _, err := store.AddLink(ctx, link, time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, err := store.ClaimLink(ctx, link.ID, "a", time.Minute); !got || err != nil {
			t.Errorf("not claimed: %v %v", got, err)
		}
		if got, err := store.ClaimLink(ctx, link.ID, "b", time.Minute); got || err != nil {
			t.Errorf("claimed while another is at it: %v %v", got, err)
		}
		if err := store.FreeLink(ctx, link.ID); err != nil {
			t.Fatal(err)
		}
		v := audience.Value{Kind: "wechatoa", BindID: "oaShop", Value: "o1"}
		if got, err := store.Bind(ctx, link, v); got != audience.Bound || err != nil {
			t.Fatalf("%q %v", got, err)
		}
		if _, err := store.Bind(ctx, link, v); !errors.Is(err, audience.ErrUsed) {
			t.Errorf("again: %v", err)
		}
		if got := known(t, newRoom(db), "u-1"); got != "wechatoa/oaShop=o1" {
			t.Error(got)
		}
	})
}

func TestAnExpiredLinkIsRefusedAndForgottenLater(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			source := sqltest.Source(t, kind)
			ctx, store := context.Background(), sqltest.Open(t, source).Audience()
			links := &audience.Links{Store: store, PublicURL: "http://test", Keys: [][]byte{[]byte("key")}}
			url, expires, err := links.Make(ctx, "oaShop", "u-1", false)
			if err != nil || time.Until(expires) > 10*time.Minute+time.Second {
				t.Fatal(expires, err)
			}
			token := url[len("http://test/bind/"):]
			if err := links.Known(ctx, token); err != nil {
				t.Error(err)
			}
			sqltest.Exec(t, source, `UPDATE bind_link SET expires_at = expires_at - 601000`)
			if err := links.Known(ctx, token); !errors.Is(err, audience.ErrLink) {
				t.Errorf("expired: %v", err)
			}
			sqltest.Exec(t, source, `UPDATE bind_link SET expires_at = expires_at - 3600000`)
			if n, err := links.Forget(ctx); n != 1 || err != nil {
				t.Errorf("forgot %d %v", n, err)
			}
		})
	}
}
