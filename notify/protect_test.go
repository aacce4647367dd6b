package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// Sleeps in this file are pauses between looks at a condition that has a deadline.

func (h *house) protect(change func(*notify.Protection)) {
	h.t.Helper()
	if _, err := h.room.ChangeProtection(context.Background(), change); err != nil {
		h.t.Fatal(err)
	}
}

// refused wants a refusal of the code whose text holds the words.
func refused(t testing.TB, err error, code int, words ...string) {
	t.Helper()
	var refusal *notify.Refusal
	if !errors.As(err, &refusal) || refusal.Code != code {
		t.Errorf("got %v, want a refusal with %d", err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(refusal.Error(), w) {
			t.Errorf("%q does not tell %q", refusal, w)
		}
	}
}

func TestASensitiveWordIsRefusedWhereverItStands(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	h.protect(func(p *notify.Protection) {
		p.Words = notify.Words{Enabled: true, Words: []string{"赌场", "Casino", "he", "hers", "13800", "oa1"}}
	})
	accept := func(path, body string) error {
		_, err := h.room.Accept(context.Background(), shop, path, "", []byte(body))
		return err
	}
	say := func(values string) string {
		return `{"aud_wechatoa":[{"sender":"oa1","data":["o1"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"oa1","data":{` + values + `}}]}`
	}
	for text, word := range map[string]string{"新赌场开业": "赌场", "the ＣＡＳＩＮＯ": "he", "caSINO": "Casino", "uhers": "he", "0138001": "13800"} {
		refused(t, accept("/v1/sent", say(fmt.Sprintf(`"first":{"value":%q}`, text))), 1015034, "msg_wechatoa[0].data.first.value", fmt.Sprintf("%q", word))
	}
	refused(t, accept("/v1/sent", say(`"first":{"value":13800}`)), 1015034, "data.first.value")
	if err := accept("/v1/sent", say(`"first":{"value":"赌 场 casin"}`)); err != nil {
		t.Errorf("a clean text, and a sender and a template called as a word: %v", err)
	}
	saved, err := h.room.SaveTemplate(context.Background(), shop, notify.Saved{Kind: notify.General, Name: "n",
		Body: notify.SavedBody{Messages: map[string]json.RawMessage{
			"msg_wechatoa": json.RawMessage(`[{"sender":"oa1","template_id":"T","data":{"first":{"value":"ca{{rest}}"}}}]`)}}})
	if err != nil {
		t.Fatal(err)
	}
	by := fmt.Sprintf(`{"aud_userid":["u"],"template_id":%d,"template_para":{"rest":"sino"}}`, saved.ID)
	refused(t, accept("/v1/template/sent", by), 1015034, `"Casino"`)
	h.protect(func(p *notify.Protection) { p.Words.Enabled = false })
	if err := accept("/v1/template/sent", by); err != nil {
		t.Errorf("switched off: %v", err)
	}
}

func TestSettingsBeyondTheirLimitsAreRefusedByName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	long, word := make([]string, 10_001), strings.Repeat("字", 64)
	for i := range long {
		long[i] = fmt.Sprint(i)
	}
	many := make([]string, 1563)
	for i := range many {
		many[i] = word
	}
	quiet := func(from, to, then string) func(*notify.Protection) {
		return func(p *notify.Protection) { p.Quiet = notify.Quiet{From: from, To: to, Then: then} }
	}
	words := func(list ...string) func(*notify.Protection) {
		return func(p *notify.Protection) { p.Words = notify.Words{Enabled: true, Words: list} }
	}
	for name, c := range map[string]struct {
		change func(*notify.Protection)
		want   string
	}{
		"10,000 words":          {words(long[:10_000]...), ""},
		"10,001 words":          {words(long...), "at most 10000"},
		"a word of 64":          {words(word), ""},
		"a word of 65":          {words(word + "x"), "words[0] has 65"},
		"an empty word":         {words("a", ""), "words[1]"},
		"a blank at the end":    {words("a "), "words[0]"},
		"99,968 characters":     {words(many[:1562]...), ""},
		"100,032 characters":    {words(many...), "100000"},
		"over midnight":         {quiet("23:59", "00:00", "wait"), ""},
		"hour 24":               {quiet("24:00", "08:00", "wait"), "quiet_hours.from"},
		"no end":                {quiet("22:00", "", "wait"), "quiet_hours.to"},
		"the whole day":         {quiet("08:00", "08:00", "wait"), "same as from"},
		"another way":           {quiet("22:00", "08:00", "drop"), "quiet_hours.quiet"},
		"a zone by name":        {func(p *notify.Protection) { p.TimeZone = "Asia/Tokyo" }, ""},
		"a zone by distance":    {func(p *notify.Protection) { p.TimeZone = "-05:30" }, ""},
		"no zone":               {func(p *notify.Protection) { p.TimeZone = "Beijing" }, "time_zone"},
		"the machine's zone":    {func(p *notify.Protection) { p.TimeZone = "Local" }, "time_zone"},
		"a million broadcasts":  {func(p *notify.Protection) { p.Broadcast.PerDay = 1_000_000 }, ""},
		"one more":              {func(p *notify.Protection) { p.Broadcast.PerDay = 1_000_001 }, "per_day"},
		"fewer than none a day": {func(p *notify.Protection) { p.Broadcast.PerDay = -1 }, "per_day"},
	} {
		_, err := h.room.ChangeProtection(context.Background(), c.change)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// around gives quiet hours that began an hour before now and end an hour later.
func around(then string) func(*notify.Protection) {
	now := time.Now().In(time.FixedZone("", 8*3600))
	return func(p *notify.Protection) {
		p.Quiet = notify.Quiet{Enabled: true, From: now.Add(-time.Hour).Format("15:04"), To: now.Add(time.Hour).Format("15:04"), Then: then}
	}
}

func TestInQuietHoursASendIsRefusedUnlessItGoesLater(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	h.protect(around(notify.QuietRefuse))
	_, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", body("o1"))
	refused(t, err, 1015038, "send_at", "+08:00")
	inside := with(body("o1"), map[string]any{"send_at": time.Now().Add(30 * time.Minute).Format(time.RFC3339)})
	_, err = h.room.Accept(context.Background(), shop, "/v1/sent", "", inside)
	refused(t, err, 1015038)
	outside := with(body("o1"), map[string]any{"send_at": time.Now().Add(2 * time.Hour).Format(time.RFC3339)})
	if _, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", outside); err != nil {
		t.Errorf("a send after the hours: %v", err)
	}
}

func TestWhoeverIsQueuedWaitsForTheEndOfQuietHours(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		before := h.accept(body("o1", "o2"))
		h.protect(around(notify.QuietWait))
		during := h.accept(body("o3"))
		soon := h.accept(with(body("o4"), map[string]any{"expire_at": time.Now().Add(5 * time.Second).Format(time.RFC3339Nano)}))
		h.send()
		for _, o := range []string{"o1", "o2", "o3", "o4"} {
			if h.v.got(o) != 0 {
				h.t.Errorf("%s was sent to in quiet hours", o)
			}
		}
		deadline := time.Now().Add(40 * time.Second)
		for h.message(soon).Stage != notify.Done && time.Now().Before(deadline) {
			h.send()
			time.Sleep(20 * time.Millisecond)
		}
		if m := h.message(soon); m.Counts[notify.Expired] != 1 {
			h.t.Errorf("expiry does not go on: %v", m.Counts)
		}
		h.protect(func(p *notify.Protection) { p.Quiet.Enabled = false })
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 1 WHERE due_at IS NOT NULL`) // the minute in which the change is seen
		h.until(h.room, before)
		h.until(h.room, during)
		h.once([]string{"o1", "o2", "o3"})
	})
}

func TestBroadcastsOfADayAreCountedOverReplicasAndRepeatsAreNot(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		withinOneDay()
		h.protect(func(p *notify.Protection) { p.Broadcast.PerDay = 3 })
		all := []byte(`{"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{"first":{"value":"x"}}}]}`)
		rooms := []*notify.Room{h.room, h.elsewhere()}
		send := func(i int, key string) error {
			_, err := rooms[i%2].Accept(context.Background(), shop, "/v1/broadcast", key, all)
			return err
		}
		for i, key := range []string{"a", "a", "", "b", "b", "a"} {
			if err := send(i, key); err != nil {
				h.t.Fatalf("broadcast %d: %v", i, err)
			}
		}
		refused(h.t, send(0, "c"), 1015029, "3 a day")
		refused(h.t, send(1, ""), 1015029)
		if err := send(1, "a"); err != nil {
			h.t.Errorf("a repeat beyond the quota: %v", err)
		}
		if _, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", body("o1")); err != nil {
			h.t.Errorf("a send that is no broadcast: %v", err)
		}
		h.protect(func(p *notify.Protection) { p.Broadcast.PerDay = 4 })
		if err := send(0, "c"); err != nil {
			h.t.Errorf("the refusal was remembered: %v", err)
		}
		sqltest.Exec(h.t, h.source, `UPDATE broadcast_day SET day = day - 1`)
		if err := send(0, ""); err != nil {
			h.t.Errorf("the next day: %v", err)
		}
	})
}

func TestAMessageThatNeedsApprovalWaitsForIt(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		held := shop
		held.Approval, held.Owners = true, []string{"li.na"}
		_, err := h.room.Accept(ctx, held, "/v1/sent", "", body("o1"))
		refused(h.t, err, 1015023, "option.owner")
		send := func(key, openid string) string {
			r, err := h.room.Accept(ctx, held, "/v1/sent", key, with(body(openid), map[string]any{"option": map[string]any{"owner": "li.na"}}))
			if err != nil {
				h.t.Fatal(err)
			}
			if !r.Again && (len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "approval")) {
				h.t.Errorf("its caller is not told that it waits: %v", r.Warnings)
			}
			return r.MsgID
		}
		yes, no, gone := send("k", "o1"), send("", "o2"), send("", "o3")
		if again := send("k", "o1"); again != yes {
			h.t.Errorf("the same key made %s, before %s", again, yes)
		}
		h.send()
		if m := h.message(yes); m.Stage != notify.Paused || m.Approval != notify.Waiting || m.Owner != "li.na" || h.v.got("o1") != 0 {
			h.t.Errorf("held: %+v", m)
		}
		if err := h.room.Resume(ctx, held, yes); !errors.Is(err, notify.ErrUnapproved) {
			h.t.Errorf("resumed by its sender: %v", err)
		}
		if list, err := h.room.Messages(ctx, notify.Client{All: true}, true, 0, 10); err != nil || len(list) != 3 {
			h.t.Errorf("%d wait, %v", len(list), err)
		}
		if err := errors.Join(h.room.Approve(ctx, yes), h.room.Reject(ctx, no), h.room.Retract(ctx, held, gone)); err != nil {
			h.t.Fatal(err)
		}
		for _, id := range []string{yes, no} {
			if err := h.room.Approve(ctx, id); !errors.Is(err, notify.ErrNotWaiting) {
				h.t.Errorf("decided twice: %v", err)
			}
		}
		if err := h.room.Approve(ctx, gone); !errors.Is(err, notify.ErrRetracted) {
			h.t.Errorf("a retracted message: %v", err)
		}
		if m := h.until(h.room, yes); m.Counts[notify.Sent] != 1 || m.Approval != notify.Approved {
			h.t.Errorf("approved: %+v", m)
		}
		h.send()
		if m := h.message(no); m.Stage != notify.Withdrawn || m.Counts[notify.Canceled] != 1 || m.Approval != notify.Rejected {
			h.t.Errorf("rejected: %+v", m)
		}
		if h.v.got("o2")+h.v.got("o3") != 0 {
			h.t.Error("a message without a yes was sent")
		}
		if list, _ := h.room.Messages(ctx, notify.Client{All: true}, true, 0, 10); len(list) != 0 {
			h.t.Errorf("%d still wait", len(list))
		}
	})
}
