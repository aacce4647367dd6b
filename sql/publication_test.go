package sql_test

import (
	"slices"
	"testing"

	"wechattpp/sender"
	"wechattpp/sql/sqltest"
)

func TestPublicationsArePagedTheNewestFirst(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			store := sqltest.Open(t, source).Publication()
			for _, id := range []string{"9", "10", "11", "12"} {
				if err := store.Submitted(t.Context(), sender.Publication{AppID: "wxShop", PublishID: id, MediaID: "D" + id}); err != nil {
					t.Fatal(err)
				}
			}
			sqltest.Exec(t, source, `UPDATE publication SET submitted_at = CASE publish_id WHEN '9' THEN 1000 WHEN '12' THEN 3000 ELSE 2000 END`)
			var got []string
			for last := (sender.Publication{}); ; {
				page, err := store.Publications(t.Context(), "wxShop", last, 1)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				last = page[0]
				got = append(got, last.PublishID)
			}
			if want := []string{"12", "11", "10", "9"}; !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
