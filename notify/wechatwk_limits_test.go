package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// chinese is n bytes of UTF-8, as many as fit of them Chinese.
func chinese(n int) string { return strings.Repeat("好", n/3) + strings.Repeat("x", n%3) }

func TestEveryLimitOfWeComsMessagesHoldsJustInsideAndJustOutside(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{Members: members(1)})
	type object = map[string]any
	article := func(name string, v any) object {
		a := object{"title": "题", "url": "https://a.example/"}
		a[name] = v
		return object{"articles": []any{a}}
	}
	page := func(name string, v any) object {
		a := object{"title": "题", "thumb_media_id": "M", "content": "<p>&"}
		a[name] = v
		return object{"articles": []any{a}}
	}
	notice := func(name string, v any) object {
		o := object{"appid": "wx1", "title": "会议室预订"}
		o[name] = v
		return o
	}
	card := func(name string, v any) object {
		o := object{"title": "题", "description": "述", "url": "https://a.example/"}
		o[name] = v
		return o
	}
	times := func(n int, v any) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = v
		}
		return list
	}
	link := func(n int) string { return "https://a.example/" + strings.Repeat("x", n-18) }
	one := object{"title": "题", "url": "https://a.example/"}
	for _, c := range []struct {
		kind, field string
		good, bad   any
	}{
		{"text", "content", object{"content": chinese(2048)}, object{"content": chinese(2049)}},
		{"text", "content", object{"content": "x"}, object{"content": " "}},
		{"markdown", "content", object{"content": chinese(2048)}, object{"content": chinese(2049)}},
		{"image", "media_id", object{"media_id": "M"}, object{}},
		{"voice", "media_id", object{"media_id": "M"}, object{"media_id": "媒"}},
		{"file", "media_id", object{"media_id": strings.Repeat("m", 512)}, object{"media_id": strings.Repeat("m", 513)}},
		{"video", "title", object{"media_id": "M", "title": chinese(128)}, object{"media_id": "M", "title": chinese(129)}},
		{"video", "description", object{"media_id": "M", "description": chinese(512)}, object{"media_id": "M", "description": chinese(513)}},
		{"textcard", "title", card("title", chinese(128)), card("title", chinese(129))},
		{"textcard", "description", card("description", chinese(512)), card("description", chinese(513))},
		{"textcard", "url", card("url", link(2048)), card("url", link(2049))},
		{"textcard", "btntxt", card("btntxt", "更多详情"), card("btntxt", "更多详情吧")},
		{"news", "title", article("title", chinese(128)), article("title", chinese(129))},
		{"news", "description", article("description", chinese(512)), article("description", chinese(513))},
		{"news", "url", article("url", link(2048)), article("url", "ftp://a.example/")},
		{"news", "picurl", article("picurl", link(2048)), article("picurl", link(2049))},
		{"news", "appid", object{"articles": []any{object{"title": "题", "appid": "wx1", "pagepath": "p"}}}, article("appid", "wx1")},
		{"news", "articles", object{"articles": times(8, one)}, object{"articles": times(9, one)}},
		{"news", "articles", object{"articles": times(1, one)}, object{"articles": times(0, one)}},
		{"mpnews", "title", page("title", chinese(128)), page("title", chinese(129))},
		{"mpnews", "author", page("author", chinese(64)), page("author", chinese(65))},
		{"mpnews", "digest", page("digest", chinese(512)), page("digest", chinese(513))},
		{"mpnews", "content", page("content", chinese(666<<10)), page("content", chinese(666<<10+1))},
		{"mpnews", "thumb_media_id", page("title", "题"), page("thumb_media_id", "")},
		{"miniprogram_notice", "title", notice("title", "出差申请"), notice("title", "差申请")},
		{"miniprogram_notice", "title", notice("title", strings.Repeat("好", 12)), notice("title", strings.Repeat("好", 13))},
		{"miniprogram_notice", "description", notice("description", strings.Repeat("好", 12)), notice("description", "三个字")},
		{"miniprogram_notice", "page", notice("page", chinese(1024)), notice("page", chinese(1025))},
		{"miniprogram_notice", "content_item", notice("content_item", times(10, object{"key": "城市", "value": "成都"})), notice("content_item", times(11, object{"key": "城市", "value": "成都"}))},
		{"miniprogram_notice", "key", notice("content_item", times(1, object{"key": strings.Repeat("好", 10)})), notice("content_item", times(1, object{"key": strings.Repeat("好", 11)}))},
		{"miniprogram_notice", "value", notice("content_item", times(1, object{"value": strings.Repeat("好", 30)})), notice("content_item", times(1, object{"value": strings.Repeat("好", 31)}))},
	} {
		name := c.kind + "." + c.field
		if err := h.tries(c.kind, c.good, ""); err != nil {
			t.Errorf("%s, inside: %v", name, err)
		}
		var r *notify.Refusal
		if err := h.tries(c.kind, c.bad, ""); !errors.As(err, &r) || r.Code != 4004 || !strings.HasPrefix(r.Field, "msg_wechatwk[0]."+c.kind) || !strings.HasSuffix(r.Field, c.field) {
			t.Errorf("%s, outside: %v", name, err)
		}
	}
}

// tries asks for a message of a type with more fields of its element.
func (h *house) tries(kind string, object any, more string) error {
	o, err := json.Marshal(object)
	if err != nil {
		return err
	}
	b := fmt.Sprintf(`{"aud_wechatwk":["Member.000"],"msg_wechatwk":[{"msgtype":%q,%q:%s%s}]}`, kind, kind, o, more)
	_, err = h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(b))
	return err
}

func TestOptionsOfWeComsMessagesAreForTheTypesThatHaveThem(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{Members: members(1)})
	text, media := map[string]string{"content": "一"}, map[string]string{"media_id": "M"}
	news := map[string]any{"articles": []any{map[string]string{"title": "题", "url": "https://a.example/"}}}
	for more, object := range map[string]any{`,"safe":1`: text, `,"enable_id_trans":1`: text, `,"enable_duplicate_check":0`: text,
		`,"enable_duplicate_check":1,"duplicate_check_interval":14400`: text} {
		if err := h.tries("text", object, more); err != nil {
			t.Errorf("%s: %v", more, err)
		}
	}
	for _, c := range []struct {
		kind   string
		object any
		more   string
	}{{"text", text, `,"safe":2`}, {"news", news, `,"safe":1`}, {"voice", media, `,"safe":1`}, {"image", media, `,"enable_id_trans":1`},
		{"text", text, `,"enable_duplicate_check":2`}, {"text", text, `,"duplicate_check_interval":14401`}, {"text", text, `,"duplicate_check_interval":0`},
		{"text", text, `,"touser":"x"`}, {"text", text, `,"image":{"media_id":"M"}`}, {"template_card", text, ``}, {"text", map[string]string{"contents": "x"}, ``}} {
		var r *notify.Refusal
		if err := h.tries(c.kind, c.object, c.more); !errors.As(err, &r) {
			t.Errorf("%s%s: %v", c.kind, c.more, err)
		}
	}
	for _, b := range []string{
		`{"aud_wechatwk":["@all","a"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`,
		`{"aud_wechatwk":["a/b"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`,
		`{"aud_wechatwk":["` + strings.Repeat("a", 65) + `"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`,
		`{"aud_wechatwk_party":["01"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`,
		`{"aud_wechatwk_tag":["x"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`,
		`{"aud_wechatwk":["@all"],"msg_wechatwk":[{"msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1","title":"出差申请"}}]}`,
	} {
		var r *notify.Refusal
		if _, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(b)); !errors.As(err, &r) || r.Code != 4004 {
			t.Errorf("%s: %v", b, err)
		}
	}
}
