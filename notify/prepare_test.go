package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// people registers n users u0000..., each with the openid o0000... at oa1; every
// tenth carries the tag vip under all, the first also under the shop's key.
func (h *house) people(n int) {
	h.t.Helper()
	const at = 500
	for i := 0; i < n; i += at {
		var list []string
		for j := i; j < min(i+at, n); j++ {
			tag := ""
			if j%10 == 0 {
				tag = `,"tag":{"all":["vip"]}`
			}
			list = append(list, fmt.Sprintf(`{"userid":"u%04d","set":{"wechatoa":{"oa1":"o%04d"}%s}}`, j, j, tag))
		}
		report, err := h.users.Opt(context.Background(), audience.Writer{Senders: shop.Senders}, []byte("["+strings.Join(list, ",")+"]"))
		if err != nil || len(report.Fail) > 0 {
			h.t.Fatal(err, report.Fail)
		}
	}
}

// to is a request by oa1 to the given targets.
func to(fields string) []byte {
	if fields != "" {
		fields += ","
	}
	return []byte(`{` + fields + `"msg_wechatoa":[{"sender":"oa1","template_id":"TPL","data":{"thing1":{"value":"x"}}}]}`)
}

func (h *house) broadcast() string {
	h.t.Helper()
	r, err := h.room.Accept(context.Background(), shop, "/v1/broadcast", "", to(""))
	if err != nil {
		h.t.Fatal(err)
	}
	return r.MsgID
}

// prepared looks for recipients until there is nothing left to look for.
func (h *house) prepared(room *notify.Room) {
	h.t.Helper()
	for {
		n, err := room.PrepareDue(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestABroadcastReachesEveryoneOnce(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.people(2345)
		if _, err := h.users.Opt(context.Background(), audience.Writer{}, []byte(`[{"userid":"nobody","set":{"email":"x@example.com"}}]`)); err != nil {
			h.t.Fatal(err)
		}
		id := h.broadcast()
		if m := h.message(id); m.Stage != notify.Preparing || m.Target != 0 {
			h.t.Errorf("before: %s, target %d", m.Stage, m.Target)
		}
		h.send()
		if m := h.message(id); m.Stage != notify.Preparing {
			h.t.Errorf("it is %s before anybody was looked for", m.Stage)
		}
		h.prepared(h.room)
		m := h.until(h.room, id)
		if m.Target != 2346 || m.Counts[notify.Sent] != 2345 || m.Counts[notify.Skipped] != 1 {
			h.t.Errorf("target %d, %v", m.Target, m.Counts)
		}
		h.once(openids(2345))
		h.adds(id)
		if n := h.told("message.done"); n != 1 {
			h.t.Errorf("its end was told %d times", n)
		}
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM preparation`); n != 0 {
			h.t.Errorf("%d preparations are left", n)
		}
	})
}

func TestTagsAndUserIDsAreUnited(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.people(60)
		id := h.accept(to(`"aud_tag":["vip","none"],"aud_userid":["u0000","u0001","stranger"]`))
		h.prepared(h.room)
		m := h.until(h.room, id)
		if m.Target != 8 || m.Counts[notify.Sent] != 7 || m.Counts[notify.Skipped] != 1 {
			h.t.Errorf("target %d, %v", m.Target, m.Counts)
		}
		h.once([]string{"o0000", "o0001", "o0010", "o0050"})
		h.adds(id)
	})
}

func TestAChannelsOwnTagWins(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.people(30)
		own := shop
		own.ChannelKey = "shopkey"
		if _, err := h.users.Opt(context.Background(), audience.Writer{ChannelKey: "shopkey"}, []byte(`[{"userid":"u0007","set":{"tag":{"shopkey":["vip"]}}}]`)); err != nil {
			h.t.Fatal(err)
		}
		r, err := h.room.Accept(context.Background(), own, "/v1/sent", "", to(`"aud_tag":["vip"]`))
		if err != nil {
			h.t.Fatal(err)
		}
		h.prepared(h.room)
		if m := h.until(h.room, r.MsgID); m.Target != 1 || h.v.got("o0007") != 1 {
			h.t.Errorf("%v", m.Counts)
		}
	})
}

func TestNobodyWithTheTagIsAMessageThatIsDone(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		id := h.accept(to(`"aud_tag":["vip"]`))
		h.prepared(h.room)
		if m := h.message(id); m.Stage != notify.Done || m.Target != 0 || m.DoneAt.IsZero() {
			h.t.Errorf("%s, target %d", m.Stage, m.Target)
		}
	})
}

func TestASearchGoesOnWhereADeadWorkerLeftIt(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.people(2500)
		id := h.broadcast()
		ctx, cancel := context.WithCancel(context.Background())
		dies := h.replica(func(c *notify.Config) { c.Store = &oneExtend{h.store, cancel} })
		if _, err := dies.PrepareDue(ctx); err != nil {
			h.t.Fatal(err)
		}
		if m := h.message(id); m.Target != 1000 || m.Stage != notify.Preparing {
			h.t.Fatalf("after the first page: %s, target %d", m.Stage, m.Target)
		}
		if n, err := h.room.PrepareDue(context.Background()); n != 0 || err != nil {
			h.t.Fatalf("while the lease runs another took it: %d, %v", n, err)
		}
		sqltest.Exec(h.t, h.source, `UPDATE preparation SET due_at = 1`)
		h.prepared(h.elsewhere())
		if m := h.until(h.room, id); m.Target != 2500 || m.Counts[notify.Sent] != 2500 {
			h.t.Errorf("target %d, %v", m.Target, m.Counts)
		}
		h.once(openids(2500))
	})
}

// oneExtend dies after the first page.
type oneExtend struct {
	notify.Store
	die func()
}

func (o *oneExtend) Extend(ctx context.Context, p notify.Preparation, targets [][]notify.Target, done bool, lease time.Duration) error {
	defer o.die()
	return o.Store.Extend(ctx, p, targets, done, lease)
}

func TestARetractedBroadcastLooksForNobodyElse(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.people(1500)
		id := h.broadcast()
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := h.replica(func(c *notify.Config) { c.Store = &oneExtend{h.store, cancel} }).PrepareDue(ctx); err != nil {
			h.t.Fatal(err)
		}
		if err := h.room.Retract(context.Background(), shop, id); err != nil {
			h.t.Fatal(err)
		}
		h.prepared(h.room)
		h.send()
		if m := h.message(id); m.Stage != notify.Withdrawn || m.Counts[notify.Canceled] != 1000 || len(h.v.calls) != 0 {
			h.t.Errorf("%s %v", m.Stage, m.Counts)
		}
		h.adds(id)
	})
}

func TestABroadcastNamesNoTargets(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		for body, want := range map[string]string{
			`"aud_userid":["u"]`:              "must be left out",
			`"aud_tag":["vip"]`:               "must be left out",
			`"aud_wechatoa":[{"data":["o"]}]`: "must be left out",
		} {
			if _, err := h.room.Accept(context.Background(), shop, "/v1/broadcast", "", to(body)); err == nil || !strings.Contains(err.Error(), want) {
				h.t.Errorf("%s: %v", body, err)
			}
		}
		tags := func(n int) string {
			list := make([]string, n)
			for i := range list {
				list[i] = fmt.Sprintf(`"t%d"`, i)
			}
			return `"aud_tag":[` + strings.Join(list, ",") + `]`
		}
		for body, want := range map[string]string{
			tags(20): "", tags(21): "at most 20",
			`"aud_tag":["` + strings.Repeat("标", 13) + `x"]`:  "",
			`"aud_tag":["` + strings.Repeat("标", 13) + `xx"]`: "1 to 40",
			`"aud_tag":[""]`: "1 to 40",
			`"aud_tag":["a"],"aud_wechatoa":[{"data":["o"]}]`: "must not be mixed",
		} {
			_, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", to(body))
			if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
				h.t.Errorf("%s: %v, want %q", body, err, want)
			}
		}
	})
}
