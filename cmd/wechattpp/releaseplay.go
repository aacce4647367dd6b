package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wechattpp/crypto"
	"wechattpp/wechat"
)

// releaseCheck is one run of the release test.
type releaseCheck struct {
	cfg     *Config
	key     *crypto.Key
	base    string   // knocked at
	readyAt []string // where /readyz may be
	http    *http.Client
	out     *releaseResult
	sim     string // base of the simulator, "" beside the real WeChat
}

// deadline is how long WeChat waits for an answer.
const deadline = 5 * time.Second

// finding is what a step saw; bad ones say what to mend.
type finding struct {
	status, found, remedy string
}

func passes(format string, args ...any) finding {
	return finding{stepPasses, fmt.Sprintf(format, args...), ""}
}

func fails(remedy, format string, args ...any) finding {
	return finding{stepFails, fmt.Sprintf(format, args...), remedy}
}

func (r *releaseCheck) note(name string, took time.Duration, f finding) {
	r.out.Steps = append(r.out.Steps, releaseStep{Name: name, Status: f.status, TookMS: took.Milliseconds(), Found: f.found, Remedy: f.remedy})
}

// play goes on to the messages only if the door is the service's at all.
func (r *releaseCheck) play(ctx context.Context, group int) {
	r.sim = r.simulator(ctx)
	r.out.Simulator = r.sim != ""
	before := r.ticketFresh(ctx)
	if !r.strangers(ctx) {
		return
	}
	r.oldTicket(ctx, before)
	for i, pair := range wechat.ReleasePairs() {
		if group == 0 || group == i+1 {
			r.pair(ctx, i+1, pair)
		}
	}
}

// pair plays every case with one pair of test accounts.
func (r *releaseCheck) pair(ctx context.Context, group int, p wechat.ReleasePair) {
	steps := []struct {
		name    string
		account wechat.ReleaseAccount
		run     func(context.Context, wechat.ReleaseAccount) (time.Duration, finding)
	}{
		{"authorize", p.OA, r.authorized}, {"text", p.OA, r.text}, {"event", p.OA, r.event}, {"api text", p.OA, r.apiText},
		{"wrong account", p.OA, r.wrongAccount}, {"unauthorize", p.OA, r.unauthorized},
		{"authorize", p.MP, r.authorized}, {"api text", p.MP, r.apiText}, {"unauthorize", p.MP, r.unauthorized},
	}
	for _, s := range steps {
		took, f := s.run(ctx, s.account)
		r.note(s.name, took, f)
		last := &r.out.Steps[len(r.out.Steps)-1]
		last.Group, last.AppID = group, s.account.AppID
	}
}

// strangers makes sure that the door refuses what is not signed, and is the
// service's: whoever answers success to anything would pass half of the test.
func (r *releaseCheck) strangers(ctx context.Context) (ours bool) {
	paths := []struct{ name, path string }{{"refuses, events", r.cfg.ComponentPath}, {"refuses, messages", r.messagePath(wechat.ReleasePairs()[0].OA.AppID)}}
	ours = true
	for _, p := range paths {
		push := r.seal("<xml></xml>", "")
		push.query = strings.Replace(push.query, "&msg_signature=", "&msg_signature=0", 1)
		a := r.knock(ctx, p.path, push)
		f := passes("a wrong signature is refused with 403")
		if a.err != nil || a.status != http.StatusForbidden {
			f, ours = r.misled(a, p.path, "a wrong signature, which wants 403"), false
		}
		r.note(p.name, a.took, f)
	}
	return ours
}

// ticketFresh looks at the last real ticket. WeChat's first case pushes one; to
// play that with a made-up ticket would replace the real one, and the service
// would have no token until the next push, ten minutes later. So the ticket that
// is there is looked at, and oldTicket shows that the address takes one.
func (r *releaseCheck) ticketFresh(ctx context.Context) (problem string) {
	began := time.Now()
	reasons, from, err := r.readyz(ctx)
	took := time.Since(began)
	switch {
	case err != nil:
		r.note("ticket", took, finding{stepUnseen, "/readyz cannot be read: " + err.Error(), "nginx keeps /readyz inside: run this on the service's machine, or give --ready-url"})
		return ""
	case len(aboutTicket(reasons)) > 0:
		problem = strings.Join(aboutTicket(reasons), "; ")
		r.note("ticket", took, fails("WeChat pushes a ticket every 10 minutes to "+r.cfg.PublicURL.String()+r.cfg.ComponentPath+
			": see that the console has this address and that nginx forwards it (docs/open-platform.md, The first ticket)", "%s", problem))
		return problem
	}
	r.note("ticket", took, passes("the last ticket is fresh, says %s/readyz", from))
	return ""
}

// oldTicket pushes a ticket that can never become the newest, in whatever state
// the service is: the service keeps the ticket with the greatest CreateTime, and
// this one has 0, the time at which no ticket was ever made. It is the same push
// each time, and thus stored once.
func (r *releaseCheck) oldTicket(ctx context.Context, before string) {
	inner := "<xml><AppId>" + r.cfg.ComponentAppID + "</AppId><CreateTime>0</CreateTime><InfoType>component_verify_ticket</InfoType>" +
		"<ComponentVerifyTicket>ticket@@@of-release-check-and-of-no-use</ComponentVerifyTicket></xml>"
	a := r.knock(ctx, r.cfg.ComponentPath, r.seal(inner, ""))
	f := r.wantSuccess(a, r.cfg.ComponentPath)
	if f.status == stepPasses {
		f.found = "a ticket is answered success"
		if reasons, _, err := r.readyz(ctx); err == nil && before == "" && len(aboutTicket(reasons)) > 0 {
			f = fails("report this: an old ticket must never replace a newer one; the next push, within 10 minutes, mends it", "a ticket of 1970 became the newest: %s", strings.Join(aboutTicket(reasons), "; "))
		}
	}
	r.note("ticket push", a.took, f)
}

func aboutTicket(reasons []string) (found []string) {
	for _, reason := range reasons {
		if strings.Contains(reason, "ticket") {
			found = append(found, reason)
		}
	}
	return found
}

// readyz asks the first address that has one.
func (r *releaseCheck) readyz(ctx context.Context) (reasons []string, from string, err error) {
	for _, base := range r.readyAt {
		var answer struct {
			Status  string   `json:"status"`
			Reasons []string `json:"reasons"`
		}
		bad := r.get(ctx, base+"/readyz", &answer)
		if bad == nil && answer.Status == "" {
			bad = errors.New("no status in the answer")
		}
		if bad == nil {
			return answer.Reasons, base, nil
		}
		err = errors.Join(err, fmt.Errorf("%s: %w", base, bad))
	}
	return nil, "", oneLine(err)
}

func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

// get reads JSON, whatever the status.
func (r *releaseCheck) get(ctx context.Context, address string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := r.http.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		return err
	}
	if json.Unmarshal(raw, out) != nil {
		return fmt.Errorf("HTTP %d and no JSON", res.StatusCode)
	}
	return nil
}

// localListen is the address of the service on this machine.
func localListen(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}

func (r *releaseCheck) messagePath(appID string) string {
	return strings.Replace(r.cfg.MessagePath, "$APPID$", appID, 1)
}

// sealed is a push ready to be sent.
type sealed struct{ query, body string }

// seal encrypts and signs as WeChat does. userName makes the form of the
// message address.
func (r *releaseCheck) seal(inner, userName string) sealed {
	encrypt, err := crypto.Seal(rand.Reader, []byte(inner), r.cfg.ComponentAppID, r.key)
	if err != nil {
		return sealed{} // cannot be, says crypto/rand; the service would refuse it
	}
	timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), strconv.FormatUint(mathrand.Uint64N(1e10), 10)
	outer := "<AppId>" + r.cfg.ComponentAppID + "</AppId>"
	if userName != "" {
		outer = "<ToUserName>" + userName + "</ToUserName>"
	}
	return sealed{
		"timestamp=" + timestamp + "&nonce=" + nonce + "&encrypt_type=aes&signature=" + crypto.Sign(r.cfg.EncodingToken, timestamp, nonce) +
			"&msg_signature=" + crypto.Sign(r.cfg.EncodingToken, timestamp, nonce, encrypt),
		"<xml>" + outer + "<Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>",
	}
}

// passive is the reply's outside; encoding/xml minds the case of names.
type passive struct {
	XMLName      xml.Name `xml:"xml"`
	Encrypt      string   `xml:"Encrypt"`
	MsgSignature string   `xml:"MsgSignature"`
	TimeStamp    string   `xml:"TimeStamp"`
	Nonce        string   `xml:"Nonce"`
}

// open reads an encrypted passive reply as WeChat would, or says what is wrong.
func (r *releaseCheck) open(body string) (plain []byte, problem string) {
	var p passive
	switch err := xml.Unmarshal([]byte(body), &p); {
	case err != nil:
		return nil, "the answer is no XML: " + shown(body)
	case p.Encrypt == "" || p.MsgSignature == "" || p.Nonce == "":
		return nil, "the reply lacks one of Encrypt, MsgSignature and Nonce, spelled so"
	case p.TimeStamp == "":
		return nil, "the reply has no TimeStamp, spelled so, with a capital S"
	case !crypto.Verify(p.MsgSignature, r.cfg.EncodingToken, p.TimeStamp, p.Nonce, []byte(p.Encrypt)):
		return nil, "the reply's MsgSignature does not fit"
	}
	plain, _, err := crypto.Open([]byte(p.Encrypt), r.cfg.ComponentAppID, r.key)
	if err != nil {
		return nil, "the reply does not decrypt with the key of the push and the component's AppID at the end"
	}
	return plain, ""
}
