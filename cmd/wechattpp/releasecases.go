package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wechattpp/wechat"
)

// user writes a message of release-check: an openid that no account has.
func newUser() string { return "oReleaseCheck" + digits(15) }

// digits is a number of n digits.
func digits(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte('1' + byte(mathrand.N(9)))
	}
	return b.String()
}

// inner is a message of the user to the account.
func inner(a wechat.ReleaseAccount, user, rest string) string {
	return "<xml><ToUserName><![CDATA[" + a.UserName + "]]></ToUserName><FromUserName><![CDATA[" + user + "]]></FromUserName><CreateTime>" +
		strconv.FormatInt(time.Now().Unix(), 10) + "</CreateTime>" + rest + "</xml>"
}

func innerText(a wechat.ReleaseAccount, user, content string) string {
	return inner(a, user, "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA["+content+"]]></Content><MsgId>"+digits(17)+"</MsgId>")
}

// text wants the passive reply, and the same one for a repeated push.
func (r *releaseCheck) text(ctx context.Context, a wechat.ReleaseAccount) (time.Duration, finding) {
	user := newUser()
	push := innerText(a, user, wechat.ReleaseText)
	took, first, f := r.replies(ctx, a, user, push, wechat.ReleaseTextReply)
	if f.status != stepPasses {
		return took, f
	}
	_, again, f := r.replies(ctx, a, user, push, wechat.ReleaseTextReply)
	if f.status == stepPasses && !bytes.Equal(first, again) {
		return took, fails("report this: WeChat repeats pushes and must read the same", "the same push again was answered with another reply")
	}
	if f.status == stepPasses {
		f.found = "replies " + wechat.ReleaseTextReply + ", and the same to a repeated push"
	}
	return took, f
}

func (r *releaseCheck) event(ctx context.Context, a wechat.ReleaseAccount) (time.Duration, finding) {
	const name = "LOCATION"
	user := newUser()
	push := inner(a, user, "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA["+name+"]]></Event><Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>")
	took, _, f := r.replies(ctx, a, user, push, name+wechat.ReleaseEventSuffix)
	return took, f
}

// replies wants an encrypted passive reply of text with exactly this content.
func (r *releaseCheck) replies(ctx context.Context, a wechat.ReleaseAccount, user, push, want string) (time.Duration, []byte, finding) {
	path := r.messagePath(a.AppID)
	got := r.knock(ctx, path, r.seal(push, a.UserName))
	if got.err != nil || got.status != http.StatusOK {
		return got.took, nil, r.misled(got, path, "a push signed as WeChat signs")
	}
	if got.body == "success" || got.body == "" {
		return got.took, nil, fails("the service does not know the release test: bring it up to this version", "answered %q where WeChat wants an encrypted passive reply", got.body)
	}
	plain, problem := r.open(got.body)
	if problem != "" {
		return got.took, nil, fails("no other program must answer this path, and no proxy change the body: compare with --url at the service itself", "%s", problem)
	}
	var m struct {
		ToUserName, FromUserName, MsgType, Content string
		CreateTime                                 int64
	}
	if err := xml.Unmarshal(plain, &m); err != nil {
		return got.took, nil, fails("report this", "the decrypted reply is no XML")
	}
	if m.ToUserName != user || m.FromUserName != a.UserName || m.MsgType != "text" || m.CreateTime <= 0 || m.Content != want {
		return got.took, nil, fails("report this", "the reply is %q of type %q from %q to %q, want %q of type text from %q to %q", m.Content, m.MsgType, m.FromUserName, m.ToUserName, want, a.UserName, user)
	}
	return got.took, plain, passes("replies %s", want)
}

// apiText sends a code and wants an empty answer. The customer message that
// must follow needs a code that WeChat made: the simulator makes one and shows
// the message; the real WeChat's test account alone sees it there.
func (r *releaseCheck) apiText(ctx context.Context, a wechat.ReleaseAccount) (time.Duration, finding) {
	user, code := newUser(), "queryauthcode@@@release-check-"+digits(12)
	if r.sim != "" {
		var err error
		if code, err = r.simCode(ctx, a.AppID, user); err != nil {
			return 0, fails("see that the simulator runs", "the simulator makes no code: %v", err)
		}
	}
	path := r.messagePath(a.AppID)
	got := r.knock(ctx, path, r.seal(innerText(a, user, wechat.ReleaseCodePrefix+code), a.UserName))
	switch {
	case got.err != nil || got.status != http.StatusOK:
		return got.took, r.misled(got, path, "a push signed as WeChat signs")
	case got.body != "":
		return got.took, fails("the service does not know the release test: bring it up to this version", "answered %s where WeChat wants an empty body at once", shown(got.body))
	case r.sim == "":
		return got.took, passes("answered at once with an empty body; the customer message is seen by WeChat alone, for only its own code can be exchanged")
	}
	return got.took, r.customerMessage(ctx, user, code+wechat.ReleaseCodeSuffix)
}

// customerMessage waits for exactly one in the simulator's ledger.
func (r *releaseCheck) customerMessage(ctx context.Context, user, want string) finding {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	n := 0
	err := until(ctx, "the customer message", func() (bool, error) {
		var ledger struct {
			Customer []struct{ OpenID, Text string }
		}
		if err := r.get(ctx, r.sim+"/simulator/ledger", &ledger); err != nil {
			return false, err
		}
		n = 0
		for _, m := range ledger.Customer {
			if m.OpenID == user && m.Text == want {
				n++
			}
		}
		return n > 0, nil
	})
	switch {
	case err != nil:
		return fails("read the service's log: it says why api_query_auth or message/custom/send failed", "answered at once with an empty body, but %v within %s", err, deadline)
	case n > 1:
		return fails("report this", "%d customer messages came, want one", n)
	}
	return passes("answered at once with an empty body, then one customer message with the code")
}

func (r *releaseCheck) simCode(ctx context.Context, appID, user string) (string, error) {
	ask, err := json.Marshal(map[string]string{"appid": appID, "openid": user})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.sim+"/simulator/release-code", bytes.NewReader(ask))
	if err != nil {
		return "", err
	}
	res, err := r.http.Do(req)
	if err != nil {
		return "", withoutAddress(err)
	}
	defer res.Body.Close()
	var answer struct{ Code, Error string }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&answer); err != nil || answer.Code == "" {
		return "", errors.Join(err, errors.New(answer.Error))
	}
	return answer.Code, nil
}

// simulator tells whether the vendor that the service speaks to is the
// simulator, with this component. The real addresses are never asked.
func (r *releaseCheck) simulator(ctx context.Context) string {
	if notVendor(r.cfg.APIBase) != nil {
		return ""
	}
	var state struct {
		Component struct{ AppID string }
	}
	if err := r.get(ctx, r.cfg.APIBase+"/simulator/state", &state); err != nil || state.Component.AppID != r.cfg.ComponentAppID {
		return ""
	}
	return r.cfg.APIBase
}

// wrongAccount sends what is for another account down this one's path, which
// nothing signs.
func (r *releaseCheck) wrongAccount(ctx context.Context, a wechat.ReleaseAccount) (time.Duration, finding) {
	path := r.messagePath(a.AppID)
	other := wechat.ReleaseAccount{AppID: a.AppID, UserName: "gh_000000000000"}
	got := r.knock(ctx, path, r.seal(innerText(other, newUser(), wechat.ReleaseText), other.UserName))
	if got.err != nil || got.status != http.StatusForbidden {
		return got.took, r.misled(got, path, "a message for another account than the path's, which wants 403")
	}
	return got.took, passes("a message for another account is refused with 403")
}

// authorized and unauthorized tell of a test account, which the service keeps
// out of its accounts: the made-up code is never exchanged.
func (r *releaseCheck) authorized(ctx context.Context, a wechat.ReleaseAccount) (time.Duration, finding) {
	now := time.Now().Unix()
	return r.infoType(ctx, a, "authorized", fmt.Sprintf("<AuthorizationCode>queryauthcode@@@release-check-%s</AuthorizationCode><AuthorizationCodeExpiredTime>%d</AuthorizationCodeExpiredTime>"+
		"<PreAuthCode>preauthcode@@@release-check</PreAuthCode>", digits(12), now+3600))
}

func (r *releaseCheck) unauthorized(ctx context.Context, a wechat.ReleaseAccount) (time.Duration, finding) {
	return r.infoType(ctx, a, "unauthorized", "")
}

func (r *releaseCheck) infoType(ctx context.Context, a wechat.ReleaseAccount, name, rest string) (time.Duration, finding) {
	push := fmt.Sprintf("<xml><AppId>%s</AppId><CreateTime>%d</CreateTime><InfoType>%s</InfoType><AuthorizerAppid>%s</AuthorizerAppid>%s</xml>",
		r.cfg.ComponentAppID, time.Now().Unix(), name, a.AppID, rest)
	got := r.knock(ctx, r.cfg.ComponentPath, r.seal(push, ""))
	return got.took, r.wantSuccess(got, r.cfg.ComponentPath)
}
