package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func news(change object) object {
	one := object{"title": "t", "content": "<p>c</p>", "thumb_media_id": "COVER"}
	for name, v := range change {
		one[name] = v
	}
	return one
}

func TestDraftsAreCheckedAsTheVendorDoes(t *testing.T) {
	h := newHouse(t, nil)
	token, _ := h.accountToken(shop)
	add := func(articles any) answer {
		return h.call("/cgi-bin/draft/add?access_token="+token, object{"articles": articles})
	}
	list := func(n int) (all []any) {
		for range n {
			all = append(all, news(nil))
		}
		return all
	}
	images := func(n int) (all []any) {
		for i := range n {
			all = append(all, object{"image_media_id": fmt.Sprint(i)})
		}
		return all
	}
	for name, c := range map[string]struct {
		articles any
		code     int64
	}{
		"eight": {list(8), 0}, "nine": {list(9), 45008}, "none": {list(0), 47001}, "an object": {news(nil), 47001},
		"a title of 32":     {[]any{news(object{"title": strings.Repeat("字", 32)})}, 0},
		"a title of 33":     {[]any{news(object{"title": strings.Repeat("字", 33)})}, 45003},
		"no title":          {[]any{news(object{"title": ""})}, 40227},
		"an author of 17":   {[]any{news(object{"author": strings.Repeat("字", 17)})}, 45110},
		"a digest of 129":   {[]any{news(object{"digest": strings.Repeat("字", 129)})}, 45004},
		"a text of 19,999":  {[]any{news(object{"content": strings.Repeat("字", 19_999)})}, 0},
		"a text of 20,000":  {[]any{news(object{"content": strings.Repeat("字", 20_000)})}, 45002},
		"no cover":          {[]any{news(object{"thumb_media_id": ""})}, 40229},
		"another's cover":   {[]any{news(object{"thumb_media_id": mediaMark + "OTHER"})}, 40007},
		"twenty images":     {[]any{object{"article_type": "newspic", "title": "t", "content": "c", "image_info": object{"image_list": images(20)}}}, 0},
		"twenty-one images": {[]any{object{"article_type": "newspic", "title": "t", "content": "c", "image_info": object{"image_list": images(21)}}}, 45008},
	} {
		if got := add(c.articles).code(); got != c.code {
			t.Errorf("%s: %d, want %d", name, got, c.code)
		}
	}
	wantCode(t, h.call("/cgi-bin/draft/add?access_token="+token, `{"articles":[{"title":"\u4f60"}]}`), 47002)
	id := add(list(2)).text("media_id")
	of := func(call string, body object) answer {
		return h.call("/cgi-bin/draft/"+call+"?access_token="+token, body)
	}
	wantCode(t, of("update", object{"media_id": id, "index": 2, "articles": news(nil)}), 40114)
	wantCode(t, of("update", object{"media_id": id, "index": 0, "articles": []any{news(nil)}}), 47001)
	wantCode(t, of("update", object{"media_id": id, "index": 1, "articles": news(object{"title": "新"})}), 0)
	raw, _ := json.Marshal(of("get", object{"media_id": id}))
	if !strings.Contains(string(raw), `"title":"新"`) || !strings.Contains(string(raw), `"url":"http://mp.weixin.qq.com/s/`) {
		t.Errorf("%s", raw)
	}
	wantCode(t, of("batchget", object{"offset": 0, "count": 21}), 40035)
	wantCode(t, of("delete", object{"media_id": id}), 0)
	wantCode(t, of("get", object{"media_id": id}), 40007)
}

func TestAMassSendTakesTheDraftAndItsQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		token, _ := h.accountToken(shop)
		draft := func() string {
			return h.call("/cgi-bin/draft/add?access_token="+token, object{"articles": []any{news(nil)}}).text("media_id")
		}
		send := func(call string, body object) answer {
			body["msgtype"] = "mpnews"
			return h.call("/cgi-bin/message/mass/"+call+"?access_token="+token, body)
		}
		first := draft()
		two := []string{customer, "oShop0000000000000000000002B"}
		wantCode(t, send("send", object{"touser": two[:1], "mpnews": object{"media_id": first}}), 40130)
		wantCode(t, send("send", object{"touser": []string{customer, "stranger"}, "mpnews": object{"media_id": first}}), 40031)
		wantCode(t, send("send", object{"touser": two, "mpnews": object{"media_id": first}, "clientmsgid": strings.Repeat("x", 33)}), 45067)
		wantCode(t, send("sendall", object{"filter": object{"is_to_all": false, "tag_id": 5}, "mpnews": object{"media_id": first}}), 45159)
		wantCode(t, send("preview", object{"touser": customer, "mpnews": object{"media_id": first}}), 0)
		wantCode(t, send("preview", object{"touser": customer, "towxname": "nobody", "mpnews": object{"media_id": first}}), 40132)
		sent := send("send", object{"touser": two, "mpnews": object{"media_id": first}, "clientmsgid": strings.Repeat("x", 32)})
		wantCode(t, sent, 0)
		again := send("send", object{"touser": two, "mpnews": object{"media_id": first}, "clientmsgid": strings.Repeat("x", 32)})
		if wantCode(t, again, 45065); fmt.Sprint(again["msg_id"]) != fmt.Sprint(sent["msg_id"]) {
			t.Errorf("%v of %v", again, sent)
		}
		wantCode(t, send("send", object{"touser": two, "mpnews": object{"media_id": first}}), 40007) // the draft is gone
		wantCode(t, send("sendall", object{"filter": object{"is_to_all": true}, "mpnews": object{"media_id": draft()}}), 0)
		wantCode(t, send("sendall", object{"filter": object{"is_to_all": true}, "mpnews": object{"media_id": draft()}}), 45028)
		for range 2 { // to the month's fourth
			wantCode(t, send("send", object{"touser": two, "mpnews": object{"media_id": draft()}}), 0)
		}
		wantCode(t, send("send", object{"touser": two, "mpnews": object{"media_id": draft()}}), 0)
		all := h.sim.MassSends(shop)
		if last := all[len(all)-1]; last.Total != 2 || last.Filtered != 0 || last.Sent != 0 {
			t.Errorf("the fifth this month: %+v", last)
		}
		of := func(call string, id any) answer {
			return h.call("/cgi-bin/message/mass/"+call+"?access_token="+token, object{"msg_id": id})
		}
		wantCode(t, of("delete", 5), 40059)
		time.Sleep(time.Minute)
		if got := of("get", fmt.Sprint(sent["msg_id"])).text("msg_status"); got != "SEND_SUCCESS" {
			t.Error(got)
		}
		wantCode(t, of("delete", sent["msg_id"]), 0)
		if got := of("get", fmt.Sprint(sent["msg_id"])).text("msg_status"); got != "DELETE" {
			t.Error(got)
		}
	})
}

func TestAPublicationEndsAsItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.OutcomeAfter = time.Second }).run()
		token, _ := h.accountToken(shop)
		of := func(call string, body object) answer { return h.call("/cgi-bin/"+call+"?access_token="+token, body) }
		if err := h.sim.FailOutcome(OutcomeFault{OpenID: Publications, Status: "4"}); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{"4", "0"} {
			id := of("draft/add", object{"articles": []any{news(nil)}}).text("media_id")
			p := of("freepublish/submit", object{"media_id": id})
			wantCode(t, p, 0)
			wantCode(t, of("freepublish/submit", object{"media_id": id}), 40007)
			got := of("freepublish/get", object{"publish_id": fmt.Sprint(p["publish_id"])})
			if fmt.Sprint(got["publish_status"]) != "1" {
				t.Errorf("at once: %v", got)
			}
			time.Sleep(2 * time.Second)
			got = of("freepublish/get", object{"publish_id": fmt.Sprint(p["publish_id"])})
			if fmt.Sprint(got["publish_status"]) != state {
				t.Errorf("later: %v", got)
			}
			if state == "0" {
				wantCode(t, of("freepublish/delete", object{"article_id": got["article_id"]}), 0)
				wantCode(t, of("freepublish/delete", object{"article_id": got["article_id"]}), 53600)
			}
		}
		wantCode(t, of("freepublish/get", object{"publish_id": "1"}), 53502)
		h.waitFor("PUBLISHJOBFINISH", 2)
	})
}
