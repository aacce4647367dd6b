package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

func TestAUserIsAnsweredWithinItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		token, _ := h.accountToken(shop)
		send := func() answer {
			return h.call(customSend+token, object{"touser": customer, "msgtype": "text", "text": object{"content": "hi"}})
		}
		say := func(m object) { m["appid"], m["openid"] = shop, customer; h.call("/simulator/message", m) }
		count := func(n int) {
			t.Helper()
			for range n {
				wantCode(t, send(), 0)
			}
			wantCode(t, send(), 45047)
		}
		wantCode(t, send(), 45015)
		say(object{"event": "CLICK"})
		count(3)
		say(object{"event": "VIEW"})
		wantCode(t, send(), 45047)
		say(object{"content": "hello"})
		count(5)
		say(object{"event": "subscribe"})
		time.Sleep(time.Minute)
		token, _ = h.accountToken(shop)
		wantCode(t, send(), 45015)
		say(object{"content": "hello"})
		time.Sleep(48*time.Hour - time.Second)
		token, _ = h.accountToken(shop)
		wantCode(t, send(), 0)
		time.Sleep(time.Second)
		wantCode(t, send(), 45015)
	})
}

func TestCustomerMessagesOfEachTypeAreChecked(t *testing.T) {
	h := newHouse(t, nil)
	token, _ := h.accountToken(shop)
	mini, _ := h.accountToken(miniProgram)
	article := object{"title": "t", "url": "https://a.example"}
	for _, c := range []struct {
		token, kind string
		object      any
		code        int64
	}{
		{token, "image", object{"media_id": "m"}, 0}, {token, "image", object{}, 40007}, {token, "video", object{"media_id": "m"}, 40007}, {token, "news", object{"articles": []any{article}}, 0},
		{token, "news", object{"articles": []any{article, article}}, 45008}, {token, "link", object{"title": "t"}, 40008}, {token, "text", "hi", 47001}, {token, "msgmenu", object{"head_content": "h"}, 47001},
		{token, "miniprogrampage", object{"title": "t", "pagepath": "p", "thumb_media_id": "m"}, 40166}, {mini, "miniprogrampage", object{"title": "t", "pagepath": "p", "thumb_media_id": "m"}, 0},
		{mini, "voice", object{"media_id": "m"}, 40008}, {token, "text", object{"content": strings.Repeat("a", 2049)}, 45002},
	} {
		account, openID := shop, customer
		if c.token == mini {
			account, openID = miniProgram, visitor
		}
		if err := h.sim.Talk(account, openID); err != nil {
			t.Fatal(err)
		}
		a := h.call(customSend+c.token, object{"touser": openID, "msgtype": c.kind, c.kind: c.object})
		if a.code() != c.code {
			t.Errorf("%s %v: errcode %d, want %d", c.kind, c.object, a.code(), c.code)
		}
	}
}
