package access_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/access"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

var key = bytes.Repeat([]byte{3}, 32)

// replica is a room on a database, as each process has one.
func replica(t *testing.T, db *sql.DB) *access.Room {
	t.Helper()
	r, err := access.New(access.Config{Store: db.Access(), Keys: [][]byte{key}, Issuer: "http://test"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func room(t *testing.T) *access.Room {
	t.Helper()
	return replica(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
}

func create(t *testing.T, r *access.Room, scopes ...string) access.Client {
	t.Helper()
	c, err := r.Create(t.Context(), access.Client{Name: "shop", Scopes: scopes, Senders: []string{"wechatoa123"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func token(t *testing.T, r *access.Room, c access.Client, scope string) string {
	t.Helper()
	g, err := r.Exchange(t.Context(), "192.0.2.1", c.ChannelKey, scope, c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return g.Token
}

func TestACreatedClientHasJUMSLikeKeysAndIsLetIn(t *testing.T) {
	t.Parallel()
	r := room(t)
	c := create(t, r, access.Send)
	if len(c.ChannelKey) != 24 || len(c.Secret) < 32 || strings.Trim(c.ChannelKey+c.Secret, "0123456789abcdef") != "" {
		t.Errorf("key %q and secret %q", c.ChannelKey, c.Secret)
	}
	p, err := r.Basic(t.Context(), "192.0.2.1", c.ChannelKey, c.Secret)
	if err != nil || p.ClientID != c.ID || p.ChannelKey != c.ChannelKey || !p.Has(access.Send) || p.Has(access.Users) ||
		!p.MaySender("wechatoa123") || p.MaySender("wechatoa124") || p.Admin() {
		t.Errorf("basic: %+v, %v", p, err)
	}
	if q, err := r.Bearer(t.Context(), token(t, r, c, "")); err != nil || q.ClientID != p.ClientID || !slices.Equal(q.Scopes, p.Scopes) {
		t.Errorf("bearer: %+v, %v", q, err)
	}
}

func TestWhatIsNoGoodClientIsRefusedNamingTheField(t *testing.T) {
	t.Parallel()
	r := room(t)
	for name, c := range map[string]struct {
		client access.Client
		field  string
	}{
		"no name":                            {access.Client{Scopes: []string{"send"}}, "name"},
		"a name too long":                    {access.Client{Name: strings.Repeat("名", 65), Scopes: []string{"send"}}, "name"},
		"no scopes":                          {access.Client{Name: "a"}, "scopes"},
		"an unknown scope":                   {access.Client{Name: "a", Scopes: []string{"send", "fly"}}, "scopes[1]"},
		"a scope twice":                      {access.Client{Name: "a", Scopes: []string{"send", "send"}}, "scopes[1]"},
		"users:delete for a channel":         {access.Client{Name: "a", Scopes: []string{"users:delete"}}, "scopes[0]"},
		"an access key that sends":           {access.Client{Name: "a", Kind: access.AccessKey, Scopes: []string{"send"}}, "scopes[0]"},
		"an access key with senders":         {access.Client{Name: "a", Kind: access.AccessKey, Senders: []string{"x"}}, "senders"},
		"a kind that is none":                {access.Client{Name: "a", Kind: "robot", Scopes: []string{"send"}}, "kind"},
		"a key without secret":               {access.Client{Name: "a", ChannelKey: "0123456789", Scopes: []string{"send"}}, "channel_key"},
		"a secret without key":               {access.Client{Name: "a", Secret: strings.Repeat("x", 20), Scopes: []string{"send"}}, "channel_key"},
		"a secret of 19 characters":          {access.Client{Name: "a", ChannelKey: "0123456789", Secret: strings.Repeat("x", 19), Scopes: []string{"send"}}, "master_secret"},
		"a key that Basic cannot carry":      {access.Client{Name: "a", ChannelKey: "a:b:c:d:e", Secret: strings.Repeat("x", 20), Scopes: []string{"send"}}, "channel_key"},
		"a sender named twice":               {access.Client{Name: "a", Senders: []string{"x", "x"}, Scopes: []string{"send"}}, "senders[1]"},
		"more senders than one client takes": {access.Client{Name: "a", Senders: make([]string, 1001), Scopes: []string{"send"}}, "senders"},
	} {
		var in *access.InputError
		if _, err := r.Create(t.Context(), c.client); !errors.As(err, &in) || in.Field != c.field || in.Text == "" {
			t.Errorf("%s: %v, want an error about %s", name, err, c.field)
		}
	}
}

func TestAnImportedClientKeepsItsKeyAndSecret(t *testing.T) {
	t.Parallel()
	r := room(t)
	old := access.Client{Name: "old", ChannelKey: "7d431e42dfa6a6d693ac2d04", Secret: "20-characters-secret", Scopes: []string{access.Send}}
	if _, err := r.Create(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Basic(t.Context(), "192.0.2.1", old.ChannelKey, old.Secret); err != nil {
		t.Error(err)
	}
	if _, err := r.Create(t.Context(), old); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the same key again: %v", err)
	}
}

func TestAnAccessKeyHasUsersAndUsersDeleteOnly(t *testing.T) {
	t.Parallel()
	r := room(t)
	c, err := r.Create(t.Context(), access.Client{Name: "keeper", Kind: access.AccessKey})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Bearer(t.Context(), token(t, r, c, ""))
	if err != nil || !p.Has(access.Users) || !p.Has(access.UsersDelete) || p.Has(access.Send) || p.Kind != access.AccessKey {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAdminIncludesEveryScopeButUsersDelete(t *testing.T) {
	t.Parallel()
	p := access.Principal{Scopes: []string{access.Admin}}
	for _, s := range []string{access.Send, access.Users, access.Templates, access.Tokens, access.Events, access.MessagesRead, access.Proxy, access.Admin} {
		if !p.Has(s) {
			t.Errorf("admin lacks %s", s)
		}
	}
	if p.Has(access.UsersDelete) {
		t.Error("admin deletes users")
	}
}

func TestATokenIsNarrowedToTheScopesAskedFor(t *testing.T) {
	t.Parallel()
	r := room(t)
	c := create(t, r, access.Send, access.Users)
	p, err := r.Bearer(t.Context(), token(t, r, c, access.Send))
	if err != nil || !p.Has(access.Send) || p.Has(access.Users) {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := r.Exchange(t.Context(), "192.0.2.1", c.ChannelKey, "send events", c.Secret); !errors.Is(err, access.ErrScope) {
		t.Errorf("a scope beyond the client's: %v", err)
	}
}

// inBubble runs f with a clock that jumps: two replicas on one database. A
// time.Sleep inside moves that clock and takes no time.
func inBubble(t *testing.T, f func(t *testing.T, here, there *access.Room)) {
	t.Helper()
	source := sqltest.Source(t, "sqlite")
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, source)
		f(t, replica(t, db), replica(t, db))
	})
}

func TestWhatIsTakenAwayIsRefusedByEveryReplicaWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take func(context.Context, *access.Room, access.Client) error
		want error
	}{
		"a client switched off": {func(ctx context.Context, r *access.Room, c access.Client) error {
			_, err := r.Update(ctx, c.ID, func(c *access.Client) { c.Disabled = true })
			return err
		}, access.ErrDisabled},
		"a client deleted": {func(ctx context.Context, r *access.Room, c access.Client) error { return r.Delete(ctx, c.ID) }, access.ErrDenied},
		"a secret rotated that is not kept": {func(ctx context.Context, r *access.Room, c access.Client) error {
			_, err := r.Rotate(ctx, c.ID, 0)
			return err
		}, access.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, here, there *access.Room) {
				client := create(t, here, access.Send)
				bearer := token(t, there, client, "")
				try := func(r *access.Room) (basic, jwt error) {
					_, jwt = r.Bearer(t.Context(), bearer)
					_, basic = r.Basic(t.Context(), "192.0.2.1", client.ChannelKey, client.Secret)
					return basic, jwt
				}
				for _, r := range []*access.Room{here, there} {
					if basic, jwt := try(r); basic != nil || jwt != nil {
						t.Fatalf("before: %v, %v", basic, jwt)
					}
				}
				if err := c.take(t.Context(), here, client); err != nil {
					t.Fatal(err)
				}
				if basic, jwt := try(here); !errors.Is(basic, c.want) || !errors.Is(jwt, c.want) {
					t.Errorf("at once, here: basic %v, bearer %v", basic, jwt)
				}
				time.Sleep(1900 * time.Millisecond) // the bubble's clock
				if basic, jwt := try(there); !errors.Is(basic, c.want) || !errors.Is(jwt, c.want) {
					t.Errorf("after 1.9 s, there: basic %v, bearer %v", basic, jwt)
				}
			})
		})
	}
}

func TestScopesAndSendersAreTheRowsNotTheTokens(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, here, there *access.Room) {
		client := create(t, here, access.Send, access.Users)
		bearer := token(t, there, client, "")
		_, err := here.Update(t.Context(), client.ID, func(c *access.Client) { c.Scopes, c.Senders = []string{access.Users}, nil })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(1900 * time.Millisecond) // the bubble's clock
		p, err := there.Bearer(t.Context(), bearer)
		if err != nil || p.Has(access.Send) || !p.Has(access.Users) || p.MaySender("wechatoa123") {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func TestAClientsTokenEndsAfterAnHour(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, here, _ *access.Room) {
		client := create(t, here, access.Send)
		bearer := token(t, here, client, "")
		time.Sleep(time.Hour - 2*time.Second)
		if _, err := here.Bearer(t.Context(), bearer); err != nil {
			t.Errorf("just before: %v", err)
		}
		time.Sleep(3 * time.Second)
		if _, err := here.Bearer(t.Context(), bearer); !errors.Is(err, access.ErrDenied) {
			t.Errorf("after: %v", err)
		}
	})
}

func TestAnOldSecretThatIsKeptEndsInTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, here, there *access.Room) {
		client := create(t, here, access.Send)
		bearer := token(t, here, client, "")
		rotated, err := here.Rotate(t.Context(), client.ID, 24*time.Hour)
		if err != nil || rotated.Secret == client.Secret || len(rotated.Secret) < 32 {
			t.Fatalf("%+v, %v", rotated, err)
		}
		for _, secret := range []string{client.Secret, rotated.Secret} {
			if _, err := there.Basic(t.Context(), "192.0.2.1", client.ChannelKey, secret); err != nil {
				t.Errorf("in the meantime: %v", err)
			}
		}
		if _, err := there.Bearer(t.Context(), bearer); err != nil {
			t.Errorf("a token made with the old one, which is kept: %v", err)
		}
		time.Sleep(24*time.Hour + time.Second)
		if _, err := there.Basic(t.Context(), "192.0.2.1", client.ChannelKey, client.Secret); !errors.Is(err, access.ErrDenied) {
			t.Errorf("the old one after a day: %v", err)
		}
		if _, err := here.Rotate(t.Context(), client.ID, 25*time.Hour); err == nil {
			t.Error("an old secret may be kept for more than a day")
		}
	})
}

func TestGuessingIsLimitedPerAddressAndNeverPerKey(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r, _ *access.Room) {
		c := create(t, r, access.Send)
		var wait *access.TooManyError
		tries := 0
		for ; tries < 100 && wait == nil; tries++ {
			key := c.ChannelKey
			if tries%2 == 0 {
				key = "no-such-key"
			}
			_, err := r.Basic(t.Context(), "192.0.2.66", key, "wrong")
			if !errors.As(err, &wait) && !errors.Is(err, access.ErrDenied) {
				t.Fatal(err)
			}
		}
		if tries != 21 || wait == nil || wait.After <= 0 {
			t.Fatalf("limited after %d tries, wait %v", tries, wait)
		}
		if _, err := r.Basic(t.Context(), "192.0.2.66", c.ChannelKey, c.Secret); !errors.As(err, &wait) {
			t.Errorf("the right secret from the guesser's address tells that it is right: %v", err)
		}
		if _, err := r.Basic(t.Context(), "192.0.2.1", c.ChannelKey, c.Secret); err != nil {
			t.Errorf("the client itself is locked out: %v", err)
		}
		time.Sleep(wait.After + time.Second)
		if _, err := r.Basic(t.Context(), "192.0.2.66", c.ChannelKey, c.Secret); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestAdministratorsTokens(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, here, there *access.Room) {
		bearer, made, err := here.Issue(t.Context(), "root", []string{access.Admin}, 30*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		p, err := there.Bearer(t.Context(), bearer)
		if err != nil || !p.Admin() || p.ClientID != 0 || p.Actor() != "admin/root" || !p.MaySender("any") {
			t.Errorf("%+v, %v", p, err)
		}
		all, err := here.Issued(t.Context(), 0, 10)
		if err != nil || len(all) != 1 || all[0].ID != made.ID || all[0].Subject != "root" {
			t.Errorf("issued: %+v, %v", all, err)
		}
		if err := here.Revoke(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1900 * time.Millisecond)
		if _, err := there.Bearer(t.Context(), bearer); !errors.Is(err, access.ErrDenied) {
			t.Errorf("revoked: %v", err)
		}
		if err := here.Revoke(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("revoke what is not: %v", err)
		}
		for name, c := range map[string]struct {
			subject string
			scopes  []string
			life    time.Duration
		}{
			"over 30 days": {"root", []string{access.Admin}, 30*24*time.Hour + time.Second},
			"no life":      {"root", []string{access.Admin}, 0},
			"no subject":   {"", []string{access.Admin}, time.Hour},
			"no scope":     {"root", nil, time.Hour},
			"users:delete": {"root", []string{access.UsersDelete}, time.Hour},
		} {
			if _, _, err := here.Issue(t.Context(), c.subject, c.scopes, c.life); err == nil {
				t.Errorf("%s: issued", name)
			}
		}
	})
}

func TestOldTokensAndEntriesAreRemoved(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r, _ *access.Room) {
		if _, _, err := r.Issue(t.Context(), "root", []string{access.Admin}, time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := r.Record(t.Context(), access.Entry{Actor: "admin/root", Action: "test", Target: strings.Repeat("店", 500)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * 24 * time.Hour)
		if n, err := r.PruneDue(t.Context()); n != 0 || err != nil {
			t.Errorf("after 29 days %d rows went, %v", n, err)
		}
		time.Sleep(372 * 24 * time.Hour)
		if n, err := r.PruneDue(t.Context()); n != 2 || err != nil {
			t.Errorf("after 401 days %d rows went, %v", n, err)
		}
	})
}

// A token that was verified is remembered, but not beyond its hour.
func TestATokenInUseEndsWithItsHour(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, here, _ *access.Room) {
		client := create(t, here, access.Send)
		bearer := token(t, here, client, "")
		for _, c := range []struct {
			after time.Duration
			want  error
		}{{0, nil}, {access.TokenLife - 2*time.Second, nil}, {3 * time.Second, access.ErrDenied}} {
			time.Sleep(c.after) // the bubble's clock
			if _, err := here.Bearer(t.Context(), bearer); !errors.Is(err, c.want) {
				t.Errorf("after %s more: %v, want %v", c.after, err, c.want)
			}
		}
	})
}
