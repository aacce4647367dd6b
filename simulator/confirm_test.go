package simulator

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	asking  = "OTS-shop-00000000000000000000000000000006"
	askLink = "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=" + shop + "&scene=1000&template_id=" + asking +
		"&redirect_url=https%3A%2F%2Fshop.example.com%2Fback%3Fa%3D1&reserved=abc123#wechat_redirect"
)

func TestThePageOfAOneTimeSubscriptionIsStrict(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	a := h.sim.world.find(shop)
	a.profile.Domains = []string{"shop.example.com"}
	for name, link := range map[string]string{
		"no fragment":        strings.Replace(askLink, "#wechat_redirect", "", 1),
		"another path":       strings.Replace(askLink, "/mp/subscribemsg", "/mp/subscribe", 1),
		"another action":     strings.Replace(askLink, "get_confirm", "confirm", 1),
		"another account":    strings.Replace(askLink, shop, miniProgram, 1),
		"a scene too high":   strings.Replace(askLink, "1000", "10001", 1),
		"no scene":           strings.Replace(askLink, "scene=1000&", "", 1),
		"another template":   strings.Replace(askLink, asking, asking+"x", 1),
		"a foreign domain":   strings.Replace(askLink, "shop.example.com", "evil.example.com", 1),
		"no redirect":        strings.Replace(askLink, "redirect_url=", "redirect_uri=", 1),
		"reserved with a -":  strings.Replace(askLink, "abc123", "abc-123", 1),
		"reserved of 129":    strings.Replace(askLink, "abc123", strings.Repeat("a", 129), 1),
		"something besides":  strings.Replace(askLink, "&reserved", "&x=1&reserved", 1),
		"reserved repeated":  strings.Replace(askLink, "&reserved", "&reserved=a&reserved", 1),
		"a redirect unquote": strings.Replace(askLink, "https%3A%2F%2Fshop.example.com%2Fback%3Fa%3D1", "shop.example.com", 1),
	} {
		if to, err := h.sim.Confirm(Confirmation{Link: link, OpenID: customer, Action: "confirm"}); err == nil {
			t.Errorf("%s: sent to %s", name, to)
		}
	}
	if _, err := h.sim.Confirm(Confirmation{Link: askLink, OpenID: customer, Action: "accept"}); err == nil {
		t.Error("another answer than the two was taken")
	}
	for link, openid := range map[string]string{askLink: customer, strings.Replace(askLink, "abc123", strings.Repeat("a", 128), 1): customer} {
		to, err := h.sim.Confirm(Confirmation{Link: link, OpenID: openid, Action: "confirm"})
		if u, _ := url.Parse(to); err != nil || u.Query().Get("openid") != customer || u.Query().Get("a") != "1" || u.Query().Get("scene") != "1000" {
			t.Errorf("%s, %v", to, err)
		}
	}
	to, err := h.sim.Confirm(Confirmation{Link: askLink, OpenID: customer, Action: "cancel", Slash: true})
	if u, _ := url.Parse(to); err != nil || u.Query().Has("openid") || u.Query().Get("action") != "cancel" || u.Path != "/back/" {
		t.Errorf("%s, %v", to, err)
	}
}

func TestAPersonAnswersOnThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path := strings.TrimSuffix(strings.TrimPrefix(askLink, "https://mp.weixin.qq.com"), "#wechat_redirect")
	if res := h.do(http.MethodGet, path, ""); res.StatusCode != http.StatusOK {
		t.Errorf("the page: %s", res.Status)
	}
	if res := h.do(http.MethodGet, strings.Replace(path, "1000", "x", 1), ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a wrong link: %s", res.Status)
	}
	res, err := h.client.PostForm("http://mp.example.com"+path, url.Values{"openid": {customer}, "do": {"confirm"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusFound || !strings.Contains(to, "openid="+customer) {
		t.Errorf("%s to %s", res.Status, to)
	}
}

func TestAPageIsSignedWithATicketOfItsAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	token, _ := h.accountToken(shop)
	get := func(query string) answer {
		return h.read(h.do(http.MethodGet, "/cgi-bin/ticket/getticket?access_token="+token+query, ""))
	}
	wantCode(t, get(""), 40097)
	wantCode(t, get("&type=wx_card"), 40097)
	ticket := get("&type=jsapi").text("ticket")
	p := PageSignature{AppID: shop, URL: "https://shop.example.com/a?b=1#c", Timestamp: 1748741400, NonceStr: "n1"}
	sign := func(ticket, url string) PageSignature {
		p := p
		p.Signature = fmt.Sprintf("%x", sha1.Sum([]byte("jsapi_ticket="+ticket+"&noncestr=n1&timestamp=1748741400&url="+url)))
		return p
	}
	if err := h.sim.CheckPage(sign(ticket, "https://shop.example.com/a?b=1")); err != nil {
		t.Error(err)
	}
	for _, wrong := range []PageSignature{p, sign(ticket, p.URL), sign("x", "https://shop.example.com/a?b=1")} {
		if h.sim.CheckPage(wrong) == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
	clinicToken, _ := h.accountToken(clinic) // which cannot grant set 4
	wantCode(t, h.read(h.do(http.MethodGet, "/cgi-bin/ticket/getticket?type=jsapi&access_token="+clinicToken, "")), 61007)
}

func TestAnswersForSeveralTemplatesAreOneEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil).run()
	second := parcelHere
	second.ID, second.Type = "PRI-second", longTermTemplate
	h.sim.world.find(shop).templates.add(second)
	ctx := t.Context()
	both := Subscription{AppID: shop, OpenID: customer, TemplateID: parcelHere.ID, Also: []Also{{second.ID, "reject"}}}
	if err := h.sim.Subscribe(ctx, both); err != nil {
		t.Fatal(err)
	}
	if got := h.waitFor("subscribe_msg_popup_event", 1); len(got) != 1 {
		t.Errorf("%d events", len(got))
	}
	if err := h.sim.SentElsewhere(ctx, shop, customer, parcelHere.ID); err != nil {
		t.Fatal(err)
	}
	h.waitFor("subscribe_msg_sent_event", 1)
	if err := h.sim.SentElsewhere(ctx, shop, customer, parcelHere.ID); err == nil {
		t.Error("a right was spent twice")
	}
	if err := h.sim.Subscribe(ctx, Subscription{AppID: shop, OpenID: customer, TemplateID: parcelHere.ID, Action: "refuse"}); err != nil {
		t.Fatal(err)
	}
	h.waitFor("subscribe_msg_change_event", 1)
	mixed := both
	mixed.Action = "refuse"
	if err := h.sim.Subscribe(ctx, mixed); err == nil {
		t.Error("the settings and a popup in one event")
	}
}
