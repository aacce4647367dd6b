package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"wechattpp/simulator"
)

// The demo's one message goes to the first follower of the first sample
// account, with its first template.
const (
	demoSender = "wechatoaDemo"
	demoUser   = "u-1001"
)

// play is the main job, each step shown with what was sent and received.
func (d *demo) play(ctx context.Context) error {
	voice := &narrator{out: d.out}
	d.vendor.AfterCall(voice.call)
	d.vendor.OnPush(voice.push)
	d.admin.say = voice.request
	shop := simulator.SampleWorld()[0]
	fmt.Fprintf(d.out, "wechattpp at %s, beside a simulated WeChat at %s\n", d.admin.base, d.vendor.url())

	voice.step("WeChat pushes its encrypted ticket; it is verified, opened, durable, then answered")
	if err := until(ctx, "the ticket", func() (bool, error) { return d.vendor.State().Component.TicketOK, nil }); err != nil {
		return err
	}
	voice.step("An administrator invites the account %q to authorize", shop.NickName)
	page, err := d.invite(ctx)
	if err != nil {
		return err
	}
	voice.step("The account's administrator opens the page, follows it to WeChat and scans the code")
	if err := d.authorize(ctx, page, shop.AppID, voice); err != nil {
		return err
	}
	voice.step("The service knows the account: tokens, profile, permission sets, and its templates once they are read")
	if err := d.known(ctx, shop.AppID); err != nil {
		return err
	}
	if err := d.admin.call(ctx, http.MethodPost, "/v1/senders/"+demoSender+"/templates/refresh", nil, nil); err != nil {
		return err
	}
	voice.step("A business system gets its credentials and a JWT")
	business, err := d.client(ctx, voice)
	if err != nil {
		return err
	}
	voice.step("It tells who its user is at this account")
	err = business.call(ctx, http.MethodPost, "/v1/user/opt", []any{map[string]any{
		"userid": demoUser, "set": map[string]any{"wechatoa": map[string]any{demoSender: shop.Followers[0]}}}}, nil)
	if err != nil {
		return err
	}
	voice.step("It sends a template message to that user, and has its msgid once it is durable")
	return d.send(ctx, business, shop, voice)
}

func (d *demo) invite(ctx context.Context) (page string, err error) {
	err = d.admin.call(ctx, http.MethodPost, "/v1/senders", map[string]any{
		"code": demoSender, "kind": "wechatoa", "name": "Demo shop", "credentials": "component"}, nil)
	if err != nil {
		return "", err
	}
	var answer struct{ URL string }
	err = d.admin.call(ctx, http.MethodPost, "/v1/senders/"+demoSender+"/invitations", nil, &answer)
	return answer.URL, err
}

// authorize does what the administrator's browser and phone do.
func (d *demo) authorize(ctx context.Context, page, appID string, voice *narrator) error {
	body, err := browse(ctx, page)
	if err != nil {
		return err
	}
	link := desktopLink.FindString(body)
	if link == "" {
		return errors.New("the invitation page has no link to WeChat")
	}
	result, err := d.vendor.Authorize(ctx, simulator.Authorization{AppID: appID, Link: html.UnescapeString(link), Referer: page})
	if err != nil {
		return err
	}
	voice.line("browser returns to %s", maskQuery(result.Location))
	body, err = browse(ctx, result.Location)
	if err != nil {
		return err
	}
	if m := heading.FindStringSubmatch(body); m != nil {
		voice.line("and reads: %s", html.UnescapeString(strings.ReplaceAll(strings.TrimSpace(m[1]), "<br>", " · ")))
	}
	return nil
}

var (
	desktopLink = regexp.MustCompile(`http[^"']*/cgi-bin/componentloginpage\?[^"']*`)
	heading     = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
)

func browse(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("page answered %s", res.Status)
	}
	return string(b), err
}

func (d *demo) known(ctx context.Context, appID string) error {
	quiet := *d.admin
	quiet.say = nil
	err := until(ctx, "the account's profile", func() (bool, error) {
		var a struct {
			UserName string `json:"user_name"`
			Sender   string
		}
		err := quiet.call(ctx, http.MethodGet, "/v1/authorizers/"+appID, nil, &a)
		return a.Sender == demoSender && a.UserName != "", err
	})
	if err != nil {
		return err
	}
	return d.admin.call(ctx, http.MethodGet, "/v1/authorizers/"+appID, nil, nil)
}

func (d *demo) client(ctx context.Context, voice *narrator) (*caller, error) {
	var made struct {
		Key    string `json:"channel_key"`
		Secret string `json:"master_secret"`
	}
	err := d.admin.call(ctx, http.MethodPost, "/v1/clients", map[string]any{
		"name": "Demo business system", "kind": "channel", "senders": []string{demoSender}, "scopes": []string{"send", "users", "messages:read"}}, &made)
	if err != nil {
		return nil, err
	}
	business := newCaller(d.admin.base, "")
	business.say = voice.request
	d.key, d.secret = made.Key, made.Secret
	return business, business.login(ctx, made.Key, made.Secret)
}

func (d *demo) send(ctx context.Context, business *caller, shop simulator.Account, voice *narrator) error {
	var sent struct {
		MsgID string `json:"msgid"`
	}
	err := business.call(ctx, http.MethodPost, "/v1/sent", map[string]any{
		"aud_userid": []string{demoUser},
		"msg_wechatoa": []any{map[string]any{
			"type": 0, "template_id": shop.Templates[0].ID, "url": "https://shop.example.com/orders/88",
			"data": map[string]any{
				"character_string1": map[string]any{"value": "SO20260600088"}, "thing2": map[string]any{"value": "两件商品"},
				"amount3": map[string]any{"value": "¥39.80"}, "time4": map[string]any{"value": "2026-06-01 09:30"}},
		}},
		"option": map[string]any{"sendno": "demo-1"},
	}, &sent)
	if err != nil {
		return err
	}
	voice.step("The service hands it over, and WeChat says later what became of it")
	quiet := *business
	quiet.say = nil
	err = until(ctx, "the delivery", func() (bool, error) {
		var m struct {
			State  string
			Counts map[string]int
		}
		err := quiet.call(ctx, http.MethodGet, "/v1/messages/"+sent.MsgID, nil, &m)
		return m.State == "done" && m.Counts["delivered"] == 1, err
	})
	if err != nil {
		return err
	}
	if err := business.call(ctx, http.MethodGet, "/v1/messages/"+sent.MsgID, nil, nil); err != nil {
		return err
	}
	if t := d.vendor.Totals(); t.Sends != 1 || t.Duplicates != 0 || t.Delivered != 1 {
		return fmt.Errorf("the simulator's ledger holds %d messages (%d delivered, %d repeated), not exactly the one", t.Sends, t.Delivered, t.Duplicates)
	}
	fmt.Fprintf(d.out, "\nDone: exactly one message in WeChat's ledger, and the API says it was delivered.\n")
	return nil
}

// links invites to look around.
func (d *demo) links() {
	var again struct{ URL string }
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	quiet := *d.admin
	quiet.say = nil
	if quiet.call(ctx, http.MethodPost, "/v1/senders", map[string]any{"code": "wechatoaTry", "kind": "wechatoa", "name": "Try it", "credentials": "component"}, nil) == nil {
		_ = quiet.call(ctx, http.MethodPost, "/v1/senders/wechatoaTry/invitations", nil, &again) // a link less to look at
	}
	fmt.Fprintf(d.out, "\nLook around while it runs (Ctrl-C ends it and throws its data away):\n"+
		"  the API, to read and try     %s/docs\n"+
		"  health                       %s/readyz\n"+
		"  what WeChat received         %s/ledger\n"+
		"  the simulated WeChat         %s/\n"+
		"  an invitation to play with   %s\n"+
		"  a JWT for the API            curl -u %s:%s -d grant_type=client_credentials %s/v1/oauth/token\n",
		d.admin.base, d.admin.base, d.vendor.url(), d.vendor.url(), again.URL, d.key, d.secret, d.admin.base)
}

// narrator tells what is sent and received, secrets cut to four characters.
type narrator struct {
	mu  sync.Mutex
	out io.Writer
	n   int
}

func (v *narrator) step(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	fmt.Fprintf(v.out, "\n%d. %s\n", v.n, fmt.Sprintf(format, args...))
}

func (v *narrator) line(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.out, "   %s\n", fmt.Sprintf(format, args...))
}

func (v *narrator) call(c simulator.Call) {
	request, answer := c.Masked()
	v.line("service → WeChat   POST %s %s", c.Path, short(request))
	v.line("        ← WeChat   %s", short(answer))
}

func (v *narrator) push(p simulator.Push) {
	t := p.Tries[len(p.Tries)-1]
	v.line("WeChat → service   POST encrypted push: %s %s", p.Kind, p.Event)
	v.line("       ← service   HTTP %d %s, after %s", t.Status, t.Answer, t.Took.Round(100*time.Microsecond))
}

func (v *narrator) request(method, path string, body []byte, status int, answer []byte) {
	v.line("caller → service   %s %s %s", method, path, short(mask(body)))
	v.line("       ← service   HTTP %d %s", status, short(mask(answer)))
}

func short(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

var secretField = regexp.MustCompile(`"(access_token|master_secret)":"([^"]{4})[^"]*"`)

func mask(b []byte) string {
	var compact json.RawMessage
	if json.Unmarshal(b, &compact) == nil {
		if c, err := json.Marshal(compact); err == nil {
			b = c
		}
	}
	return secretField.ReplaceAllString(string(b), `"$1":"$2…"`)
}

// maskQuery cuts every value of an address's query.
func maskQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is none"
	}
	q := u.Query()
	for name, v := range q {
		if len(v[0]) > 4 {
			q.Set(name, v[0][:4]+"…")
		}
	}
	u.RawQuery = strings.ReplaceAll(q.Encode(), "%E2%80%A6", "…")
	return u.String()
}
