package sql_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wechattpp/access"
	"wechattpp/authorizer"
	"wechattpp/callback"
	"wechattpp/crypto"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
)

// noSecret are the binary columns that are not sealed. A new binary column
// belongs here, or into sealedColumns in sealed.go and into fillSealed.
var noSecret = []string{"feed.data", "event.dedup", "message.content", "message.params", "idempotency.word", "idempotency.body_hash", "customer_task.body", "preparation.selection",
	"delivery.body", "mass_outcome.detail", "publication.detail", "segment.condition_json", "send_rule.steps_json", "send_template.body_json", "account_template.body_json", "template_addition.before_json", "setting.body_json", "allowance.recent"}

const binaryColumns = `SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE()
 AND table_name <> 'goose_db_version' AND data_type IN ('blob', 'tinyblob', 'mediumblob', 'longblob', 'binary', 'varbinary')`

const binaryColumnsSQLite = `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
 AND (upper(c.type) LIKE '%BLOB%' OR upper(c.type) LIKE '%BINARY%')`

func TestEveryBinaryColumnIsRotatedOrHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for kind, query := range map[string]string{"mysql": binaryColumns, "sqlite": binaryColumnsSQLite} {
		source := sqltest.Source(t, kind)
		sqltest.Open(t, source)
		found := sqltest.Texts(t, source, query)
		for _, c := range found {
			if !slices.Contains(sql.SealedColumns(), c) && !slices.Contains(noSecret, c) {
				t.Errorf("%s: %s is neither in sealedColumns (sql/sealed.go), so that 'keys rotate' seals it anew, nor listed as holding no secret", kind, c)
			}
		}
		for _, c := range sql.SealedColumns() {
			if !slices.Contains(found, c) {
				t.Errorf("%s: %s is listed, but is no binary column", kind, c)
			}
		}
	}
}

var newKey = bytes.Repeat([]byte{8}, 32)

// openUnder opens a database with other keys than the tests' usual one.
func openUnder(t *testing.T, source string, keys ...[]byte) *sql.DB {
	t.Helper()
	vault, err := crypto.NewVault(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(context.Background(), sql.Options{Source: source, Vault: vault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// fillSealed stores a value in every sealed column.
func fillSealed(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx := context.Background()
	if err := db.Token("wxUs").Put(ctx, token.Owner{Kind: token.Authorizer, ID: "wxShop"}, lent("access", "refresh"), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Component("wxUs").PutTicket(ctx, "ticket", time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Authorizer("wxUs").Take(ctx, authorizer.Arrival{Code: "code"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	c, err := db.Access().CreateClient(ctx, access.Client{Name: "shop", Kind: access.Channel, ChannelKey: "key", Secret: "first"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Access().Rotate(ctx, c.ID, "second", time.Hour); err != nil {
		t.Fatal(err)
	}
	fillSender(t, db)
	if err := db.Release("wxUs").Keep(ctx, strings.Repeat("a", 64), "test token"); err != nil {
		t.Fatal(err)
	}
	e := &callback.Event{Source: callback.Component, Type: "ticket", Body: []byte("body"), Secret: true, Due: true, CreatedAt: time.Now(), ReceivedAt: time.Now(), Dedup: [16]byte{0, 255, 3}}
	if _, err := db.Callback().Append(ctx, e); err != nil {
		t.Fatal(err)
	}
	fillCard(t, db.Notify("wxUs"))
}

// fillCard hands a card over, whose code is kept.
func fillCard(t *testing.T, n *sql.Notify) {
	t.Helper()
	ctx := context.Background()
	d := &notify.Draft{Parts: []notify.Part{{Sender: "wk", SenderID: 1, App: &notify.App{Type: "template_card", Object: []byte(`{}`)}}}, Targets: [][]notify.Target{{{Identity: "liwei"}}}}
	if _, _, err := n.Add(ctx, d); err != nil {
		t.Fatal(err)
	}
	due, err := n.Due(ctx, nil, 1)
	if err != nil || len(due) != 1 {
		t.Fatalf("%v %v", due, err)
	}
	works, err := n.Begin(ctx, []notify.Take{{Chunk: due[0].Chunk, Most: 1}}, time.Minute, notify.Part.Window)
	if err != nil || len(works) != 1 {
		t.Fatalf("%v %v", works, err)
	}
	r := &notify.Result{Work: works[0], Moves: []notify.Move{{To: notify.Sent}}, Named: map[int64]notify.Handed{works[0].Calls[0].Handover: {ID: "m", Code: "code of a card"}}}
	if _, err := n.Record(ctx, r); err != nil {
		t.Fatal(err)
	}
}

const aes, aesBefore = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFH"

// fillSender makes a sender whose AES key has changed once.
func fillSender(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx, room := context.Background(), &sender.Room{Store: db.Sender("wxUs")}
	made := sender.Sender{Code: "own", Kind: sender.OfficialAccount, Name: "own", Credentials: "secret", AppID: "wx0123456789abcdef",
		Secrets: sender.Secrets{AppSecret: "0123456789abcdef0123456789abcdef", Token: "token", AESKey: aesBefore}}
	if _, err := room.Create(ctx, made); err != nil {
		t.Fatal(err)
	}
	key := aes
	if _, err := room.Update(ctx, "own", sender.Change{AESKey: &key}); err != nil {
		t.Fatal(err)
	}
}

// checkSealed reads every one of them.
func checkSealed(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx := context.Background()
	k, err := db.Token("wxUs").Load(ctx, token.Owner{Kind: token.Authorizer, ID: "wxShop"})
	if err != nil || k.Access != "access" || k.Refresh != "refresh" {
		t.Errorf("token %q, %q, %v", k.Access, k.Refresh, err)
	}
	if got, err := db.Component("wxUs").Ticket(ctx); err != nil || got.Ticket != "ticket" {
		t.Errorf("ticket %q, %v", got.Ticket, err)
	}
	if got, err := db.Authorizer("wxUs").ClaimExchanges(ctx, 9, time.Minute); err != nil || len(got) != 1 || got[0].Code != "code" {
		t.Errorf("codes %v, %v", got, err)
	}
	if got, err := db.Access().ClientByKey(ctx, "key"); err != nil || got.Secret != "second" || got.Previous != "first" {
		t.Errorf("client %q, %q, %v", got.Secret, got.Previous, err)
	}
	keys, err := db.Sender("wxUs").Keys(ctx, "own")
	_, secret, err2 := db.Sender("wxUs").Secret(ctx, "own")
	if err != nil || err2 != nil || keys.Token != "token" || !slices.Equal(keys.AES, []string{aes, aesBefore}) || secret != "0123456789abcdef0123456789abcdef" {
		t.Errorf("sender %v, %v", err, err2)
	}
	if got, _, err := db.Release("wxUs").Progress(ctx, strings.Repeat("a", 64)); err != nil || got != "test token" {
		t.Errorf("release test %q, %v", got, err)
	}
	if got, err := db.Callback().Claim(ctx, 9, time.Minute); err != nil || len(got) != 1 || string(got[0].Body) != "body" {
		t.Errorf("events %v, %v", got, err)
	}
}

// under counts the values under the newest key and under others, and names the
// columns seen.
func under(t *testing.T, db *sql.DB) (current, others int, columns []string) {
	t.Helper()
	counts, err := db.CountSealed(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	id, err := crypto.KeyIDOf(newKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range counts {
		if columns = append(columns, n.Column); n.KeyID == id {
			current += n.Values
		} else {
			others += n.Values
		}
	}
	return current, others, columns
}

// eachSource runs f on an empty, migrated database of each kind.
func eachSource(t *testing.T, f func(t *testing.T, source string, db *sql.DB)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			source := sqltest.Source(t, kind)
			f(t, source, sqltest.Open(t, source))
		})
	}
}

func quiet(sql.Resealed) {}

func TestRotationSealsEveryColumnAnewAndTheOldKeyMayGo(t *testing.T) {
	t.Parallel()
	eachSource(t, func(t *testing.T, source string, old *sql.DB) {
		ctx := context.Background()
		fillSealed(t, old)
		_, all, columns := under(t, old)
		for _, c := range sql.SealedColumns() {
			if !slices.Contains(columns, c) {
				t.Errorf("fillSealed puts nothing into %s", c)
			}
		}
		both := openUnder(t, source, newKey, sqltest.MasterKey)
		if p, err := both.Reseal(ctx, quiet); err != nil || p.Bad != 0 || p.Done != all {
			t.Fatalf("%+v, %v; want %d done", p, err, all)
		}
		if p, err := both.Reseal(ctx, quiet); err != nil || p.Done+p.Moved+p.Bad != 0 {
			t.Errorf("again: %+v, %v", p, err)
		}
		if current, others, _ := under(t, both); current != all || others != 0 {
			t.Errorf("%d under the new key, %d under others", current, others)
		}
		checkSealed(t, openUnder(t, source, newKey))
	})
}

func TestAProcessThatLacksAKeyIsToldWhichOne(t *testing.T) {
	t.Parallel()
	eachSource(t, func(t *testing.T, source string, old *sql.DB) {
		ctx := context.Background()
		fillSealed(t, old)
		before, _ := crypto.KeyIDOf(sqltest.MasterKey)
		after, _ := crypto.KeyIDOf(newKey)
		early := openUnder(t, source, newKey)
		if err := early.CheckKey(ctx); !errors.Is(err, sql.ErrWrongKey) || !strings.Contains(err.Error(), before) {
			t.Errorf("the previous key removed too early: %v", err)
		}
		both := openUnder(t, source, newKey, sqltest.MasterKey)
		if err := errors.Join(both.CheckKey(ctx), both.UseKey(ctx, after)); err != nil {
			t.Fatal(err)
		}
		if err := old.CheckKey(ctx); !errors.Is(err, sql.ErrWrongKey) || !strings.Contains(err.Error(), after) {
			t.Errorf("a replica that knows the old key alone, before anything is sealed anew: %v", err)
		}
		if _, err := both.Reseal(ctx, quiet); err != nil {
			t.Fatal(err)
		}
		if err := early.CheckKey(ctx); !errors.Is(err, sql.ErrWrongKey) || !strings.Contains(err.Error(), before) {
			t.Errorf("everything is sealed anew, but nobody has looked whether anything is left: %v", err)
		}
		_, err := old.Token("wxUs").Load(ctx, token.Owner{Kind: token.Authorizer, ID: "wxShop"})
		if !errors.Is(err, sql.ErrWrongKey) || errors.Is(err, crypto.ErrTampered) || !strings.Contains(err.Error(), after) {
			t.Errorf("a value under a key it does not know: %v", err)
		}
		if err := errors.Join(both.RetireKey(ctx, before), early.CheckKey(ctx)); err != nil {
			t.Errorf("after the rotation: %v", err)
		}
	})
}

func TestAValueThatChangesMeanwhileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	eachSource(t, func(t *testing.T, source string, old *sql.DB) {
		ctx := context.Background()
		both := openUnder(t, source, newKey, sqltest.MasterKey)
		shop, writer := token.Owner{Kind: token.Authorizer, ID: "wxShop"}, old.Token("wxUs")
		var stop atomic.Bool
		last := make(chan string)
		go func() { // a replica that still seals under the old key
			refresh := ""
			for n := 0; n == 0 || !stop.Load(); n++ {
				refresh = "r" + strings.Repeat("x", n%97)
				if err := writer.Put(ctx, shop, lent("a", refresh), 0, time.Hour); err != nil {
					t.Error(err)
				}
				if k, err := both.Token("wxUs").Load(ctx, shop); err != nil || k.Refresh != refresh {
					t.Errorf("stored was %q, now it is %q (%v)", refresh, k.Refresh, err)
				}
				time.Sleep(time.Millisecond) // who waits for SQLite's lock has no turn, and would find no gap
			}
			last <- refresh
		}()
		for range 50 {
			if _, err := both.Reseal(ctx, quiet); err != nil {
				t.Error(err)
			}
		}
		stop.Store(true)
		want := <-last
		if _, err := both.Reseal(ctx, quiet); err != nil {
			t.Fatal(err)
		}
		if k, err := openUnder(t, source, newKey).Token("wxUs").Load(ctx, shop); err != nil || k.Refresh != want {
			t.Errorf("the last refresh token stored was %q, now it is %q (%v)", want, k.Refresh, err)
		}
	})
}

func TestARotationThatIsStoppedGoesOnAndPassesOverWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	eachSource(t, func(t *testing.T, source string, old *sql.DB) {
		ctx := context.Background()
		fillSealed(t, old)
		for _, c := range strings.Split("abcdefghijkl", "") { // 4,096 rows, more than one window; those copied do not open
			sqltest.Exec(t, source, `INSERT INTO token (component_app_id, kind, owner, access) SELECT component_app_id, kind, CONCAT(owner, ?), access FROM token`, c)
		}
		both := openUnder(t, source, newKey, sqltest.MasterKey)
		stopping, stop := context.WithCancel(ctx)
		_, err := both.Reseal(stopping, func(p sql.Resealed) {
			if p.Column == "token.access" {
				stop()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped: %v", err)
		}
		p, err := both.Reseal(ctx, quiet)
		if err != nil || p.Bad != 4095 || !errors.Is(p.Why, crypto.ErrTampered) || !strings.Contains(p.Why.Error(), "token.access of row") {
			t.Errorf("%+v, %v", p, err)
		}
		if _, others, _ := under(t, both); others != 4095 {
			t.Errorf("%d are left under the old key, want those that do not open", others)
		}
		checkSealed(t, both)
	})
}

func TestReplicasShowWhatTheyKnowAndLeave(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		a, b := sql.Replica{ID: 1, Name: "a", Knows: []string{"k1"}}, sql.Replica{ID: 2, Name: "b", Knows: []string{"k2", "k1"}}
		if err := errors.Join(db.Beat(ctx, a), db.Beat(ctx, b), db.Beat(ctx, b)); err != nil {
			t.Fatal(err)
		}
		got, err := db.Replicas(ctx)
		if err != nil || len(got) != 2 || got[0].Name != "a" || !slices.Equal(got[1].Knows, b.Knows) {
			t.Errorf("%+v, %v", got, err)
		}
		if err := db.Leave(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Replicas(ctx); err != nil || len(got) != 1 || got[0].ID != 2 {
			t.Errorf("after one left: %+v, %v", got, err)
		}
	})
}
