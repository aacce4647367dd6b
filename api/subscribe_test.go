package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"wechattpp/audience"
	"wechattpp/simulator"
	"wechattpp/sql"
)

const oneTime = "OTS-shop-00000000000000000000000000000006"

// confirming is a house whose Official Account asks for one-time subscriptions.
func confirming(t *testing.T) (*house, *simulator.Simulator, string) {
	t.Helper()
	h, sim, token := binding(t, func(cfg *Config, db *sql.DB) {
		cfg.Ledger = &audience.Ledger{Store: db.Audience()}
		cfg.Confirmations = &audience.Confirmations{Store: db.Audience(), PublicURL: "http://test", Keys: [][]byte{testKey}, Address: cfg.Senders.ConfirmLink}
	})
	h.json(h.call("PATCH", "/v1/senders/oa1", h.admin, `{"business_domains":["Shop.example.com","test"]}`), http.StatusOK)
	return h, sim, token
}

func (h *house) subscribeLink(token, fields string) string {
	h.t.Helper()
	body := `{"scene":1000,"template_id":"` + oneTime + `","redirect_url":"https://shop.example.com/back?order=7#done"` + fields + `}`
	m := h.json(h.call("POST", "/v1/senders/oa1/subscribe-links", token, body), http.StatusCreated)
	if m["warnings"] != nil || m["expires_at"] == nil {
		h.t.Errorf("made %v", m)
	}
	return m["url"].(string)
}

// confirmed answers a link and gives the path that WeChat returns to.
func (h *house) confirmed(sim *simulator.Simulator, c simulator.Confirmation) string {
	h.t.Helper()
	to, err := sim.Confirm(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimPrefix(to, "http://test")
}

// grants tells what is left by openid at the scene.
func (h *house) grants(token string) string {
	h.t.Helper()
	var page struct{ Items []consentAnswer }
	if err := json.Unmarshal(h.call("GET", "/v1/senders/oa1/grants", token, nil).body, &page); err != nil {
		h.t.Fatal(err)
	}
	var all []string
	for _, g := range page.Items {
		all = append(all, fmt.Sprint(g.OpenID, "@", *g.Scene, ":", g.Left, " ", g.LastWord))
	}
	return strings.Join(all, "; ")
}

func TestAVisitorConfirmsOneMessageAndComesBack(t *testing.T) {
	t.Parallel()
	h, sim, token := confirming(t)
	for _, slash := range []bool{false, true} {
		back := h.confirmed(sim, simulator.Confirmation{Link: h.subscribeLink(token, ""), OpenID: "oVisitor1", Action: "confirm", Slash: slash})
		if strings.HasPrefix(back, "/subscribe/callback/?") != slash {
			t.Errorf("came back to %s", back)
		}
		if r := h.call("HEAD", back, "", nil); r.status != http.StatusMethodNotAllowed {
			t.Errorf("HEAD: %d", r.status)
		}
		r := h.call("GET", back, "", nil)
		to, err := url.Parse(r.header.Get("Location"))
		want := "action=confirm&openid=oVisitor1&order=7&scene=1000&template_id=" + oneTime
		if err != nil || r.status != http.StatusFound || to.Host != "shop.example.com" || to.Path != "/back" || to.Fragment != "done" || to.Query().Encode() != want {
			t.Errorf("%d to %s", r.status, to)
		}
		if got := h.grants(token); got != "oVisitor1@1000:1 confirm" { // the second confirmation adds nothing
			t.Errorf("grants: %s", got)
		}
		h.wantPage(h.call("GET", back, "", nil), http.StatusBadRequest, "has been used")
	}
	if log := h.log.String(); strings.Contains(log, "reserved=") || strings.Contains(log, "oVisitor1") {
		t.Error("the log holds the value of a return")
	}
}

func TestACancelTakesTheRightBackWhereItIsKnownWhose(t *testing.T) {
	t.Parallel()
	h, sim, token := confirming(t)
	h.call("GET", h.confirmed(sim, simulator.Confirmation{Link: h.subscribeLink(token, ""), OpenID: "o1", Action: "confirm"}), "", nil)
	back := h.confirmed(sim, simulator.Confirmation{Link: h.subscribeLink(token, ""), OpenID: "o1", Action: "cancel"})
	r := h.call("GET", back, "", nil)
	if to := r.header.Get("Location"); r.status != http.StatusFound || !strings.Contains(to, "action=cancel") || strings.Contains(to, "openid") {
		t.Errorf("%d to %s", r.status, to)
	}
	if got := h.grants(token); got != "o1@1000:1 confirm" {
		t.Errorf("WeChat did not tell who canceled: %s", got)
	}
	h.call("GET", h.confirmed(sim, simulator.Confirmation{Link: h.subscribeLink(token, `,"openid":"o1"`), OpenID: "o1", Action: "cancel"}), "", nil)
	if got := h.grants(token); got != "o1@1000:0 cancel" {
		t.Errorf("canceled: %s", got)
	}
}

func TestReturnsThatWereChangedRecordNothing(t *testing.T) {
	t.Parallel()
	h, sim, token := confirming(t)
	back := h.confirmed(sim, simulator.Confirmation{Link: h.subscribeLink(token, ""), OpenID: "o1", Action: "confirm"})
	other := h.confirmed(sim, simulator.Confirmation{Link: h.subscribeLink(token, ""), OpenID: "o2", Action: "confirm"})
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(name, value string) string {
		q := u.Query()
		q.Set(name, value)
		return u.Path + "?" + q.Encode()
	}
	reserved := u.Query().Get("reserved")
	for name, path := range map[string]string{
		"another scene": changed("scene", "1001"), "a scene written otherwise": changed("scene", "01000"), "another template": changed("template_id", oneTime+"x"),
		"no openid": changed("openid", ""), "an openid that is none": changed("openid", "o 1"), "another word": changed("action", "accept"), "no word": changed("action", ""),
		"a forged value": changed("reserved", strings.Repeat("0", len(reserved))), "half of the value": changed("reserved", reserved[:32]),
		"no value": changed("reserved", ""), "nothing": "/subscribe/callback",
	} {
		if r := h.call("GET", path, "", nil); r.status != http.StatusBadRequest || !strings.Contains(string(r.body), "This cannot go on") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if got := h.grants(token); got != "" {
		t.Errorf("recorded %s", got)
	}
	var found int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 { // at once
		all.Go(func() {
			if h.call("GET", back, "", nil).status == http.StatusFound {
				mu.Lock()
				found++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if found != 1 {
		t.Errorf("one return was taken %d times", found)
	}
	app := "wxother00000000000"
	h.json(h.call("PATCH", "/v1/senders/oa1", h.admin, `{"app_id":"`+app+`"}`), http.StatusOK)
	h.wantPage(h.call("GET", other, "", nil), http.StatusBadRequest, "no such link")
	if err := h.db.Audience().UseConfirmLink(context.Background(), audience.ConfirmLink{Hash: "x"}, audience.Entry{}); err == nil {
		t.Error("a link that is none was used")
	}
}

func TestSubscribeLinksAreMadeOfGoodFieldsOnly(t *testing.T) {
	t.Parallel()
	h, _, token := confirming(t)
	const ok = `{"scene":10000,"template_id":"OTS","redirect_url":"https://shop.example.com/"}`
	make := func(sender, body string) reply {
		return h.call("POST", "/v1/senders/"+sender+"/subscribe-links", token, body)
	}
	h.json(make("oa1", ok), http.StatusCreated)
	h.json(make("oa1", strings.Replace(ok, "10000", `"0"`, 1)), http.StatusCreated)
	for says, body := range map[string]string{
		"scene is 10001":            strings.Replace(ok, "10000", "10001", 1),
		"scene is -1":               strings.Replace(ok, "10000", "-1", 1),
		"scene must be a number":    `{"template_id":"OTS","redirect_url":"https://shop.example.com/"}`,
		"template_id must be":       strings.Replace(ok, "OTS", strings.Repeat("a", 129), 1),
		"redirect_url leads to":     strings.Replace(ok, "shop.", "evil.", 1),
		"redirect_url names a port": strings.Replace(ok, ".com", ".com:8443", 1),
		"redirect_url is missing":   `{"scene":1,"template_id":"OTS"}`,
		"openid must be":            strings.Replace(ok, "{", `{"openid":"o 1",`, 1),
	} {
		h.refused(make("oa1", body), http.StatusBadRequest, codeInvalid, says)
	}
	h.refused(make("mp1", ok), http.StatusConflict, codeConflict, "Official Accounts")
	h.refused(make("oa2", ok), http.StatusNotFound, codeNotFound)
	h.json(h.call("PATCH", "/v1/senders/oa1", h.admin, `{"business_domains":["shop.example.com"]}`), http.StatusOK)
	if m := h.json(make("oa1", ok), http.StatusCreated); !strings.Contains(fmt.Sprint(m["warnings"]), "test (wechattpp_public_url)") {
		t.Errorf("our own host is no business domain: %v", m)
	}
	if m := h.json(h.call("PATCH", "/v1/senders/oa1", h.admin, `{"business_domains":[]}`), http.StatusOK); m["business_domains"] != nil {
		t.Errorf("removed: %v", m)
	}
	h.refused(make("oa1", ok), http.StatusBadRequest, codeInvalid, "business_domains")
}
