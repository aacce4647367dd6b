package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// house is the built program with a vendor of its own, on a database of its own.
type house struct {
	*process
	addr   netip.AddrPort
	vendor string // address of the simulator or the lean vendor
	env    []string
	beside *process
	db     *server
	admin  string // a JWT
}

// masterKey seals the measured databases; it protects nothing.
var masterKey = bytes.Repeat([]byte{7}, 32)

// besides says which vendor stands beside the program.
const (
	simulated = "sim"
	lean      = "vendor"
)

// open starts the program on an empty database, with every setting at its
// default but the batch and what it must be told.
func (b *bench) open(db *server, name, vendor string, batch int, env ...string) (*house, error) {
	source, err := db.fresh("bench_" + name)
	if err != nil {
		return nil, err
	}
	h := &house{db: db}
	if err := h.startVendor(b, name, vendor); err != nil {
		return nil, err
	}
	h.addr = freeAddr()
	base := "http://" + h.addr.String()
	h.env = append(env,
		"WECHATTPP_LISTEN="+h.addr.String(), "WECHATTPP_PUBLIC_URL="+base, "WECHATTPP_DATABASE="+source,
		"WECHATTPP_MASTER_KEY="+base64.StdEncoding.EncodeToString(masterKey),
		"WECHATTPP_COMPONENT_APP_ID="+componentID, "WECHATTPP_COMPONENT_APP_SECRET="+secret,
		"WECHATTPP_ENCODING_TOKEN="+verifyToken, "WECHATTPP_ENCODING_AES_KEY="+aesKey,
		"WECHATTPP_API_BASE_URL="+h.vendor, "WECHATTPP_MP_BASE_URL="+h.vendor, "WECHATTPP_OPEN_BASE_URL="+h.vendor,
	)
	if batch > 0 {
		h.env = append(h.env, fmt.Sprintf("WECHATTPP_COMMIT_BATCH=%d", batch))
	}
	if err := h.serve(b, name); err != nil {
		h.stop()
		return nil, err
	}
	return h, nil
}

func (h *house) startVendor(b *bench, name, kind string) error {
	addr := freeAddr()
	h.vendor = "http://" + addr.String()
	var err error
	h.beside, err = start(b.dir, name+"-"+kind, b.self, nil, "-listen", addr.String(), kind)
	if err != nil {
		return err
	}
	return h.beside.until(10*time.Second, func() error { return answers(h.vendor + "/") })
}

// serve starts the program and waits until it is ready.
func (h *house) serve(b *bench, name string) error {
	binary, err := b.program()
	if err != nil {
		return err
	}
	if h.process, err = start(b.dir, name, binary, h.env, "serve"); err != nil {
		return err
	}
	return h.until(60*time.Second, func() error {
		res, err := web.Get("http://" + h.addr.String() + "/readyz")
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(res.Body)
			return fmt.Errorf("/readyz: %s %s", res.Status, text)
		}
		return nil
	})
}

func (h *house) stop() {
	if h == nil {
		return
	}
	h.process.stop()
	h.beside.stop()
}

// pids are the processes whose CPU counts: the program and its database.
func (h *house) pids() []int { return []int{h.pid(), h.db.pid} }

// web follows no redirect: the harness wants to see them.
var web = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func answers(address string) error {
	res, err := web.Get(address)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// fetch asks an address and gives its text; another status than want is an error with the answer.
func fetch(method, address, bearer, body string, want int) (text []byte, location string, err error) {
	q, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	q.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		q.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := web.Do(q)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err = io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != want/100 {
		err = fmt.Errorf("%s %s answered %s: %.500s", method, address, res.Status, text)
	}
	return text, res.Header.Get("Location"), err
}

// call asks the program's API as administrator, answering into out if not nil.
func (h *house) call(method, path, body string, out any) error {
	text, _, err := fetch(method, "http://"+h.addr.String()+path, h.admin, body, 200)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// administer gets a JWT from the shell, as an operator does.
func (h *house) administer(b *bench) error {
	cmd := exec.Command(b.binary, "token", "issue", "--scope", "admin")
	cmd.Env, cmd.Dir = h.env, b.dir
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("token issue: %w", err)
	}
	h.admin = strings.TrimSpace(string(out))
	return nil
}

var loginPage = regexp.MustCompile(`href="([^"]*componentloginpage[^"]*)"`)

// authorize plays the main job's first half: ticket, sender, invitation, the
// account's administrator at the (simulated) page, and the return.
func (h *house) authorize(b *bench) error {
	if err := h.administer(b); err != nil {
		return err
	}
	base := "http://" + h.addr.String()
	urls := fmt.Sprintf(`{"authorization": "%s/wechattpp/component", "message": "%s/wechattpp/$APPID$/message"}`, base, base)
	if _, _, err := fetch("POST", h.vendor+"/simulator/urls", "", urls, 200); err != nil {
		return err
	}
	if _, _, err := fetch("POST", h.vendor+"/simulator/push-ticket", "", "", 200); err != nil {
		return err
	}
	if err := h.call("POST", "/v1/senders", `{"code": "shop", "kind": "wechatoa", "name": "Shop", "credentials": "component"}`, nil); err != nil {
		return err
	}
	link, err := h.invite()
	if err != nil {
		return err
	}
	answer, _, err := fetch("POST", h.vendor+"/simulator/authorize", "", fmt.Sprintf(`{"appid": %q, "link": %q}`, accountID, link), 200)
	if err != nil {
		return err
	}
	var done struct{ Location string }
	if err := json.Unmarshal(answer, &done); err != nil {
		return err
	}
	if _, _, err := fetch("GET", done.Location, "", "", 200); err != nil {
		return err
	}
	err = h.until(20*time.Second, func() error {
		var a struct{ Sender string }
		if err := h.call("GET", "/v1/authorizers/"+accountID, "", &a); err != nil || a.Sender != "shop" {
			return fmt.Errorf("authorizer is bound to %q: %w", a.Sender, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.call("POST", "/v1/senders/shop/templates/refresh", "", nil) // sends are held against the template, as in production
}

// invite opens an invitation and answers WeChat's page it links to.
func (h *house) invite() (string, error) {
	var invitation struct{ URL string }
	if err := h.call("POST", "/v1/senders/shop/invitations", `{}`, &invitation); err != nil {
		return "", err
	}
	page, _, err := fetch("GET", invitation.URL, "", "", 200)
	if err != nil {
		return "", err
	}
	found := loginPage.FindSubmatch(page)
	if found == nil {
		return "", fmt.Errorf("the invitation's page has no link to WeChat's: %.800s", page)
	}
	return html.UnescapeString(string(found[1])), nil
}

// sendToken makes a client that may send and answers its JWT.
func (h *house) sendToken() (string, error) {
	return h.clientToken(`{"name": "Bench", "kind": "channel", "senders": ["shop"], "scopes": ["send"]}`)
}

// clientToken makes a client and answers its JWT.
func (h *house) clientToken(body string) (string, error) {
	var client struct {
		Key    string `json:"channel_key"`
		Secret string `json:"master_secret"`
	}
	if err := h.call("POST", "/v1/clients", body, &client); err != nil {
		return "", err
	}
	res, err := web.PostForm("http://"+h.addr.String()+"/v1/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client.Key}, "client_secret": {client.Secret}})
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || token.AccessToken == "" {
		return "", fmt.Errorf("/v1/oauth/token: %s, %w", res.Status, err)
	}
	return token.AccessToken, nil
}
