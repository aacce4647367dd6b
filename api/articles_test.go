package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/wechat"
)

// pressHouse has the senders press, an Official Account, and mini beside a
// simulated WeChat; the token may send by both.
func pressHouse(t *testing.T) (h *house, sim *simulator.Simulator, token string) {
	t.Helper()
	const secret = "0123456789abcdef0123456789abcdef"
	sim = simulator.New(simulator.Config{ComponentAppID: "wxc0ffee0000000001"})
	world := simulator.SampleWorld()
	for i := range world {
		world[i].Secret = secret
	}
	if err := sim.AddAccount(world...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	vendor := wechat.API{Base: server.URL}
	h = newHouse(t, func(c *Config, db *sql.DB) {
		room := &sender.Room{Store: db.Sender("wxc0ffee0000000001"), API: vendor, Tokens: func(s sender.Sender) wechat.TokenSource {
			lent, err := vendor.StableToken(context.Background(), s.AppID, secret)
			if err != nil {
				t.Error(err)
			}
			return wechat.FixedToken(lent.Access)
		}}
		c.Senders, c.Articles = room, &sender.Articles{Store: db.Publication(), Senders: room}
		for code, s := range map[string]sender.Sender{"press": {Kind: "wechatoa", AppID: world[0].AppID}, "mini": {Kind: "wechatmp", AppID: world[2].AppID}} {
			s.Code, s.Credentials, s.Secrets = code, sender.Secret, sender.Secrets{AppSecret: secret}
			if _, err := room.Create(context.Background(), s); err != nil {
				t.Fatal(err)
			}
		}
	})
	_, token = h.client([]string{access.Send}, "press", "mini")
	return h, sim, token
}

const anArticle = `{"title":"五月 📰","content":"<p>a & b</p>","thumb_media_id":"COVER"}`

func TestADraftIsMadeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	h, _, token := pressHouse(t)
	const path = "/v1/senders/press/articles"
	made := h.json(h.call("POST", path, token, `{"articles":[`+anArticle+`,`+anArticle+`]}`), http.StatusCreated)
	id := made["media_id"].(string)
	h.json(h.call("PATCH", path+"/"+id, token, `{"index":1,"article":{"title":"六月","content":"c","thumb_media_id":"COVER"}}`), http.StatusOK)
	read := h.json(h.call("GET", path+"/"+id, token, nil), http.StatusOK)
	second := read["articles"].([]any)[1].(map[string]any)
	if second["title"] != "六月" || !strings.HasPrefix(second["url"].(string), "http://mp.weixin.qq.com/") {
		t.Errorf("%v", read)
	}
	for range 21 {
		h.json(h.call("POST", path, token, `{"articles":[`+anArticle+`]}`), http.StatusCreated)
	}
	seen, cursor := 0, ""
	for page := 0; page == 0 || cursor != ""; page++ {
		list := h.json(h.call("GET", path+"?limit=9&cursor="+cursor, token, nil), http.StatusOK)
		seen += len(list["items"].([]any))
		cursor = list["next_cursor"].(string)
	}
	if seen != 22 {
		t.Errorf("%d drafts are listed", seen)
	}
	if r := h.call("DELETE", path+"/"+id, token, nil); r.status != http.StatusNoContent {
		t.Errorf("deleted: %d", r.status)
	}
	h.json(h.call("GET", path+"/"+id, token, nil), http.StatusNotFound)
}

func TestWhatIsWrongWithAnArticleIsSaid(t *testing.T) {
	t.Parallel()
	h, _, token := pressHouse(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no articles":                     {"POST", "press/articles", `{"articles":[]}`, 400, "articles has 0"},
		"an unknown field":                {"POST", "press/articles", `{"articles":[{"title":"t","headline":"x"}]}`, 400, "headline"},
		"a long title":                    {"POST", "press/articles", `{"articles":[{"title":"` + strings.Repeat("字", 33) + `","content":"c","thumb_media_id":"C"}]}`, 400, "articles[0].title has 33 characters"},
		"a Mini Program":                  {"POST", "mini/articles", `{"articles":[` + anArticle + `]}`, 409, "only Official Accounts"},
		"another's sender":                {"GET", "other/articles", ``, 404, "does not exist"},
		"a draft that is gone, read":      {"GET", "press/articles/GONE", ``, 404, "which a send or publication takes it out of"},
		"a draft that is gone, published": {"POST", "press/articles/GONE/publish", `{}`, 404, "40007"},
		"a preview for nobody":            {"POST", "press/articles/GONE/preview", `{}`, 400, "openid"},
		"a preview for two":               {"POST", "press/articles/GONE/preview", `{"openid":"o","wechat_name":"w"}`, 400, "openid"},
		"a preview for a stranger":        {"POST", "press/articles/GONE/preview", `{"openid":"stranger"}`, 400, "40003"},
		"a place beyond":                  {"PATCH", "press/articles/GONE", `{"index":8,"article":` + anArticle + `}`, 400, "index"},
		"a place beyond, of a draft":      {"PATCH", "press/articles/GONE", `{"index":7,"article":` + anArticle + `}`, 404, "no such thing"},
		"a publication that is none":      {"GET", "press/publications/5", ``, 404, "give a publish_id that publishing answered"},
		"an article of it, 0":             {"DELETE", "press/publications/5?index=0", ``, 400, "index"},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		got := h.json(h.call(c.method, "/v1/senders/"+c.path, token, body), c.status)
		if text, _ := got["message"].(string); !strings.Contains(text, c.says) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatADraftLacksIsNamed(t *testing.T) {
	t.Parallel()
	h, sim, token := pressHouse(t)
	const path, one = "/v1/senders/press/articles", `{"articles":[` + anArticle + `]}`
	id := h.json(h.call("POST", path, token, one), http.StatusCreated)["media_id"].(string)
	h.refused(h.call("PATCH", path+"/"+id, token, `{"index":1,"article":`+anArticle+`}`), http.StatusNotFound, codeNotFound, "count the articles of the draft from 0")
	if err := sim.Fail(simulator.Fault{Path: "/cgi-bin/draft/add", Code: 40007}); err != nil {
		t.Fatal(err)
	}
	h.refused(h.call("POST", path, token, one), http.StatusBadRequest, codeInvalid, "articles name a cover or images that the account's permanent material does not have")
}

func TestWhatWeChatSaysOfADraftReachesTheCaller(t *testing.T) {
	t.Parallel()
	h, sim, token := pressHouse(t)
	for _, c := range []struct {
		code, status, answer int
		after, words         string
	}{
		{45009, http.StatusTooManyRequests, codeRate, "3600", "the quota of the day is used up"}, {45011, http.StatusTooManyRequests, codeRate, "60", "errcode 45011"}, {53501, http.StatusTooManyRequests, codeRate, "60", "publishing is too frequent"},
		{45003, http.StatusBadRequest, codeInvalid, "", "the title is too long"}, {61003, http.StatusConflict, codeConflict, "", "have its administrator authorize again"},
		{48001, http.StatusConflict, codeConflict, "", "lacks this ability"}, {50002, http.StatusConflict, codeConflict, "", "limited, frozen or closed"}, {45034, http.StatusConflict, codeConflict, "", "library of media is full"},
		{-1, http.StatusBadGateway, codeVendor, "", "it may have been done"}, {99999, http.StatusBadGateway, codeVendor, "", "not in the documentation"},
	} {
		if err := sim.Fail(simulator.Fault{Path: "/cgi-bin/draft/add", Code: c.code}); err != nil {
			t.Fatal(err)
		}
		got := h.call("POST", "/v1/senders/press/articles", token, `{"articles":[`+anArticle+`]}`)
		h.refused(got, c.status, c.answer, c.words)
		if after := got.header.Get("Retry-After"); after != c.after {
			t.Errorf("%d: Retry-After %q, want %q", c.code, after, c.after)
		}
	}
}

func TestAPublicationIsFollowedAndTakenBack(t *testing.T) {
	t.Parallel()
	h, sim, token := pressHouse(t)
	id := h.json(h.call("POST", "/v1/senders/press/articles", token, `{"articles":[`+anArticle+`]}`), http.StatusCreated)["media_id"].(string)
	p := h.json(h.call("POST", "/v1/senders/press/articles/"+id+"/publish", token, `{}`), http.StatusAccepted)
	if p["state"] != "publishing" || p["media_id"] != id {
		t.Errorf("%v", p)
	}
	path := "/v1/senders/press/publications/" + p["publish_id"].(string)
	if p = h.json(h.call("GET", path, token, nil), http.StatusOK); p["state"] != "published" || p["article_id"] == "" || p["media_id"] != id {
		t.Errorf("%v", p)
	}
	if list := h.json(h.call("GET", "/v1/senders/press/publications", token, nil), http.StatusOK); len(list["items"].([]any)) != 1 {
		t.Errorf("%v", list)
	}
	if r := h.call("DELETE", path, token, nil); r.status != http.StatusNoContent {
		t.Errorf("%d", r.status)
	}
	if all := sim.PublishedArticles(simulator.SampleWorld()[0].AppID); len(all) != 1 || !all[0].Deleted {
		t.Errorf("%+v", all)
	}
	if p = h.json(h.call("GET", path, token, nil), http.StatusOK); p["state"] != "deleted" {
		t.Errorf("%v", p)
	}
	h.refused(h.call("DELETE", path, token, nil), http.StatusConflict, codeConflict, "its state must be published")
}

func TestPublicationsAreListedTheNewestFirst(t *testing.T) {
	t.Parallel()
	h, _, token := pressHouse(t)
	const path = "/v1/senders/press/"
	var want []string
	for range 5 {
		id := h.json(h.call("POST", path+"articles", token, `{"articles":[`+anArticle+`]}`), http.StatusCreated)["media_id"].(string)
		p := h.json(h.call("POST", path+"articles/"+id+"/publish", token, `{}`), http.StatusAccepted)
		want = append([]string{p["publish_id"].(string)}, want...)
	}
	var got []string
	for cursor := ""; ; {
		page := h.json(h.call("GET", path+"publications?limit=2&cursor="+cursor, token, nil), http.StatusOK)
		for _, p := range page["items"].([]any) {
			got = append(got, p.(map[string]any)["publish_id"].(string))
		}
		if cursor = page["next_cursor"].(string); cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, published %v", got, want)
	}
	for _, bad := range []string{"MTIz", "eCB5", "%21"} { // 123, x y
		h.refused(h.call("GET", path+"publications?cursor="+bad, token, nil), http.StatusBadRequest, codeInvalid, "cursor")
	}
}
