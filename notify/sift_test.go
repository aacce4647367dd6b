package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"wechattpp/audience"
	"wechattpp/notify"
)

func (h *house) list(kind string, entries ...string) int64 {
	h.t.Helper()
	l, err := h.users.SaveList(context.Background(), audience.List{Kind: kind, Name: kind})
	if err == nil {
		l, err = h.users.ChangeList(context.Background(), l.ID, entries, nil)
	}
	if err != nil || l.Size != len(entries) {
		h.t.Fatalf("list %+v: %v", l, err)
	}
	return l.ID
}

func TestListsLeavePeopleOut(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.people(20)
		black, white := h.list("black", "u0001", "o0002"), h.list("white", "u0003", "o0010")
		for name, c := range map[string]struct {
			body    string
			sent    int
			skipped string
		}{
			"users":                          {fmt.Sprintf(`"aud_userid":["u0000","u0001","u0002"],"option":{"black_id":%d}`, black), 1, "is on the blacklist"},
			"openids":                        {fmt.Sprintf(`"aud_wechatoa":[{"data":["o0000","o0002"]}],"option":{"black_id":%d}`, black), 1, "is on the blacklist"},
			"users of a whitelist":           {fmt.Sprintf(`"aud_userid":["u0000","u0003","u0010"],"option":{"white_id":%d}`, white), 2, "is not on the whitelist"},
			"a tag, looked for page by page": {fmt.Sprintf(`"aud_tag":["vip"],"option":{"white_id":%d}`, white), 1, "is not on the whitelist"},
		} {
			id := h.accept(to(c.body))
			h.prepared(h.room)
			m := h.until(h.room, id)
			if m.Counts[notify.Sent] != c.sent || m.Counts[notify.Skipped] != m.Target-c.sent {
				h.t.Errorf("%s: %v", name, m.Counts)
			}
			for _, r := range h.recipients(id) {
				if r.State == notify.Skipped && !strings.HasPrefix(r.Text, c.skipped) {
					h.t.Errorf("%s: %s was skipped because it %q", name, r.UserID, r.Text)
				}
			}
			h.adds(id)
		}
	})
}

func TestListsAndSegmentsThatAreNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		black, white := h.list("black"), h.list("white")
		for body, want := range map[string]struct {
			code int
			text string
		}{
			`"aud_userid":["u"],"option":{"black_id":999}`:                                         {1015046, "names no blacklist"},
			fmt.Sprintf(`"aud_userid":["u"],"option":{"black_id":%d}`, white):                      {1015046, "names no blacklist"},
			fmt.Sprintf(`"aud_userid":["u"],"option":{"white_id":%d}`, black):                      {4004, "names no whitelist"},
			fmt.Sprintf(`"aud_userid":["u"],"option":{"black_id":%d,"white_id":%d}`, black, white): {1015097, "together"},
			`"aud_userid":["u"],"option":{"black_id":-1}`:                                          {4004, "black_id is -1"},
			`"aud_segment":["12"]`:                                {4004, "names no segment"},
			`"aud_segment":["vip"]`:                               {4004, "number of a segment"},
			`"aud_segment":["1","2"]`:                             {4004, "one a call"},
			`"aud_segment":["1"],"aud_wechatoa":[{"data":["o"]}]`: {4004, "must not be mixed"},
		} {
			_, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", to(body))
			refusal, ok := errors.AsType[*notify.Refusal](err)
			if !ok || refusal.Code != want.code || !strings.Contains(err.Error(), want.text) {
				h.t.Errorf("%s: %v, want %d %q", body, err, want.code, want.text)
			}
		}
	})
}

func TestASegmentIsWhoFitsItsCondition(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		h.people(2050) // every tenth is a vip
		opt := func(body string) {
			if report, err := h.users.Opt(ctx, audience.Writer{Senders: shop.Senders}, []byte(body)); err != nil || len(report.Fail) > 0 {
				h.t.Fatal(err, report.Fail)
			}
		}
		opt(`[{"userid":"u0010","add":{"tag":{"all":["north"]}}},{"userid":"u2040","add":{"tag":{"all":["north"]}}},{"userid":"u0011","add":{"tag":{"all":["north"]}}},
			{"userid":"far","set":{"tag":{"all":["vip","north"]}}}]`)
		for name, c := range map[string]struct {
			is     audience.Condition
			target int
		}{
			"any":                   {audience.Condition{Any: []string{"vip", "north"}}, 207},
			"all":                   {audience.Condition{All: []string{"vip", "north"}}, 3},
			"none":                  {audience.Condition{Any: []string{"north"}, None: []string{"vip"}}, 1},
			"none of all users":     {audience.Condition{None: []string{"vip"}}, 2050 - 205},
			"bound":                 {audience.Condition{All: []string{"vip", "north"}, Bound: []string{"oa1"}}, 2},
			"bound where nobody is": {audience.Condition{Bound: []string{"oa2"}}, 0},
		} {
			s, err := h.users.SaveSegment(ctx, audience.Segment{Name: name, Condition: c.is})
			if err != nil {
				h.t.Fatal(err)
			}
			id := h.accept(to(fmt.Sprintf(`"aud_segment":["%d"]`, s.ID)))
			h.prepared(h.room)
			if m := h.until(h.room, id); m.Target != c.target {
				h.t.Errorf("%s: target %d, want %d", name, m.Target, c.target)
			}
		}
	})
}

func TestSegmentsAndListsAreChecked(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		many := make([]string, 21)
		for i := range many {
			many[i] = fmt.Sprintf("t%d", i)
		}
		for want, s := range map[string]audience.Segment{
			"name has 0":                 {Condition: audience.Condition{Any: []string{"a"}}},
			"name has 65":                {Name: strings.Repeat("段", 65), Condition: audience.Condition{Any: []string{"a"}}},
			"any_tags is missing":        {Name: "x"},
			"all_tags has 21 entries":    {Name: "x", Condition: audience.Condition{All: many}},
			"no_tags[0] has a tag of 41": {Name: "x", Condition: audience.Condition{None: []string{strings.Repeat("a", 41)}}},
			"bound_to[1] is no sender":   {Name: "x", Condition: audience.Condition{Bound: []string{"oa1", "nope"}}},
			"bound_to[0] must be":        {Name: "x", Condition: audience.Condition{Bound: []string{"a b"}}},
		} {
			if _, err := h.users.SaveSegment(context.Background(), s); err == nil || !strings.Contains(err.Error(), want) {
				h.t.Errorf("%v, want %q", err, want)
			}
		}
		if _, err := h.users.SaveList(context.Background(), audience.List{Kind: "grey", Name: "x"}); err == nil {
			h.t.Error("a grey list was made")
		}
		if _, err := h.users.ChangeList(context.Background(), h.list("black"), make([]string, 1001), nil); err == nil || !strings.Contains(err.Error(), "at most 1000") {
			h.t.Errorf("1,001 entries: %v", err)
		}
	})
}
