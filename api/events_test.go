package api

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sender"
	"wechattpp/sql"
)

const ticketXML = "<xml><AppId>wxplatform</AppId><InfoType>component_verify_ticket</InfoType><CreateTime>5</CreateTime><ComponentVerifyTicket>ticket@@@S</ComponentVerifyTicket></xml>"

// eventsHouse keeps three messages of a shop, one of a clinic, what is no
// UTF-8, and a ticket.
func eventsHouse(t *testing.T) *house {
	h := newHouse(t, func(c *Config, db *sql.DB) {
		store := db.Callback()
		c.Callback = callback.New(callback.Config{Token: "secret", Store: store, Accounts: noAccounts{}})
		for _, s := range []sender.Sender{{Code: "shop", Kind: "wechatoa", Credentials: sender.Component, AppID: "wxshop"}, {Code: "clinic", Kind: "wechatoa", Credentials: sender.Secret, AppID: "wxclinic"}} {
			if _, err := db.Sender("wxplatform").Create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		text := `<xml><ToUserName>gh_1</ToUserName><FromUserName>oA</FromUserName><CreateTime>1760000000</CreateTime><MsgType>text</MsgType><Content><![CDATA[<b> & 你好 😀]]></Content><MsgId>24600000000000001</MsgId></xml>`
		for i, e := range []callback.Event{
			{AppID: "wxshop", Source: callback.Message, Type: "wechat.text", User: "oA", Body: []byte(text)},
			{AppID: "wxshop", Source: callback.Message, Type: "wechat.brand_new", User: "oA", Body: []byte("<xml><Thing>\xff</Thing></xml>")},
			{AppID: "wxshop", Source: callback.Message, Type: "wechat.text", User: "oB", Body: []byte(text)},
			{AppID: "wxclinic", Sender: "clinic", Source: callback.OfficialAccount, Type: "wechat.unreadable", Body: []byte("{\"a\":")},
			{AppID: "wxplatform", Source: callback.Component, Type: "component.component_verify_ticket", Secret: true, Body: []byte(ticketXML)},
			{AppID: "wxshop", Source: callback.Message, Type: "wechat.text", Secret: true, User: "oT", Body: []byte("<xml><MsgType>text</MsgType><Content>QUERY_AUTH_CODE:S</Content></xml>")},
		} {
			e.ComponentAppID, e.CreatedAt, e.ReceivedAt = "wxplatform", time.Unix(1760000000, 0), time.Now()
			binary.BigEndian.PutUint64(e.Dedup[:], uint64(i+1))
			if _, err := store.Append(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
		}
	})
	return h
}

// shownTypes names the events of a list.
func (h *house) shownTypes(r reply) (types string, ids []float64) {
	h.t.Helper()
	for _, item := range h.json(r, http.StatusOK)["items"].([]any) {
		e := item.(map[string]any)
		types += fmt.Sprint(e["sender"], ":", strings.TrimPrefix(e["type"].(string), "wechat."), " ")
		ids = append(ids, e["id"].(float64))
	}
	return strings.TrimSpace(types), ids
}

func TestEventsAreListedForThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	h := eventsHouse(t)
	_, shop := h.client([]string{"events"}, "shop")
	_, both := h.client([]string{"events"}, "shop", "clinic")
	_, none := h.client([]string{"events"})
	for name, c := range map[string]struct{ token, query, want string }{
		"an administrator sees all":           {h.admin, "", "shop:text :component.component_verify_ticket clinic:unreadable shop:text shop:brand_new shop:text"},
		"a client sees its sender's":          {shop, "", "shop:text shop:text shop:brand_new shop:text"},
		"a client with two senders":           {both, "", "shop:text clinic:unreadable shop:text shop:brand_new shop:text"},
		"a client without one":                {none, "", ""},
		"by type":                             {shop, "type=wechat.brand_*", "shop:brand_new"},
		"by user":                             {both, "user=oA", "shop:brand_new shop:text"},
		"by account":                          {both, "appid=wxclinic", "clinic:unreadable"},
		"another's account":                   {shop, "appid=wxclinic", ""},
		"by sender":                           {h.admin, "sender=clinic", "clinic:unreadable"},
		"from an hour ago":                    {h.admin, "type=*.unreadable&from=" + url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339)), "clinic:unreadable"},
		"a zone whose plus nobody escaped":    {h.admin, "to=2020-01-02T15:04:05+08:00", ""},
		"type has characters of all patterns": {h.admin, "type=*a-z_0.9*", ""},
	} {
		if got, _ := h.shownTypes(h.call("GET", "/v1/events?"+c.query, c.token, nil)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	r := h.json(h.call("GET", "/v1/events?limit=4", h.admin, nil), 200)
	rest, _ := h.shownTypes(h.call("GET", "/v1/events?limit=4&cursor="+r["next_cursor"].(string), h.admin, nil))
	if rest != "shop:brand_new shop:text" {
		t.Errorf("the second page: %s", rest)
	}
}

func TestOneEventShowsWhatWasPushedButNoSecret(t *testing.T) {
	t.Parallel()
	h := eventsHouse(t)
	_, ids := h.shownTypes(h.call("GET", "/v1/events", h.admin, nil))
	read := func(i int) map[string]any {
		t.Helper()
		return h.json(h.call("GET", fmt.Sprintf("/v1/events/%.0f", ids[i]), h.admin, nil), 200)
	}
	text := read(5)
	if data := text["data"].(map[string]any); data["content"] != "<b> & 你好 😀" || data["msg_id"] != "24600000000000001" || !strings.Contains(text["raw"].(string), "<![CDATA[<b> & 你好 😀]]>") || text["created_at"] != "2025-10-09T08:53:20Z" {
		t.Errorf("a text: %v", text)
	}
	if odd := read(4); odd["raw"] != nil || odd["raw_base64"] == nil {
		t.Errorf("what is no UTF-8: %v", odd)
	}
	if unreadable := read(2); unreadable["raw"] != `{"a":` || len(unreadable["data"].(map[string]any)) != 0 {
		t.Errorf("what cannot be read: %v", unreadable)
	}
	for _, i := range []int{0, 1} {
		r := h.call("GET", fmt.Sprintf("/v1/events/%.0f", ids[i]), h.admin, nil)
		if body := string(r.body); strings.Contains(body, "@@@") || strings.Contains(body, "QUERY_AUTH_CODE") || strings.Contains(body, `"raw`) {
			t.Errorf("a secret shows: %s", body)
		}
	}
	_, shop := h.client([]string{"events"}, "shop")
	h.json(h.call("GET", fmt.Sprintf("/v1/events/%.0f", ids[3]), shop, nil), 200)
	for _, path := range []string{fmt.Sprintf("%.0f", ids[2]), fmt.Sprintf("%.0f", ids[1]), "999999999", "0", "x", "99999999999999999999"} {
		h.refused(h.call("GET", "/v1/events/"+path, shop, nil), 404, 4040)
	}
}

func TestBadQueriesOfEventsAreRefusedNamingTheField(t *testing.T) {
	t.Parallel()
	h := eventsHouse(t)
	for query, word := range map[string]string{
		"type=Wechat.Text": "type", "type=" + strings.Repeat("a", 97): "type", "type=a%27b": "type", "user=" + strings.Repeat("a", 65): "user", "user=a%20b": "user", "appid=%00": "appid",
		"from=yesterday": "from", "to=2026-01-01": "to", "limit=0": "limit", "limit=201": "limit", "cursor=%21": "cursor", "cursor=YWJj": "cursor", "senders=shop": "senders",
	} {
		h.refused(h.call("GET", "/v1/events?"+query, h.admin, nil), 400, 4004, word)
	}
	_, shop := h.client([]string{"events"}, "shop")
	h.refused(h.call("GET", "/v1/events?sender=clinic", shop, nil), 404, 4040, "clinic")
	_, sends := h.client([]string{"send"}, "shop")
	h.refused(h.call("GET", "/v1/events", sends, nil), 403, 4030, "events")
}
