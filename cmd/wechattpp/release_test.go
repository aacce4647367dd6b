package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/crypto"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

func TestTheReleaseTestPassesWithEveryPairOfAccounts(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			r := w.start(t)
			for group := 1; group <= 5; group++ {
				mustPass(t, w, simulator.ReleaseTest{Group: group})
			}
			keepsNoTestAccount(t, w, r)
		})
	}
}

func mustPass(t *testing.T, w *world, test simulator.ReleaseTest) {
	t.Helper()
	v, err := w.ReleaseTest(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Steps) != 11 {
		t.Errorf("%d steps were played, want 11", len(v.Steps))
	}
	for _, s := range v.Steps {
		if !s.Passed {
			t.Errorf("group %d, %s of %s: %s", v.Group, s.Name, s.AppID, s.Problem)
		}
	}
}

// keepsNoTestAccount looks at what the service shows and asks the vendor for,
// and for codes in clear.
func keepsNoTestAccount(t *testing.T, w *world, r *replica) {
	t.Helper()
	var accounts struct{ Items []struct{ AppID string } }
	if err := r.admin().call(t.Context(), http.MethodGet, "/v1/authorizers", nil, &accounts); err != nil || len(accounts.Items) > 0 {
		t.Errorf("the service shows accounts %v, %v", accounts.Items, err)
	}
	for _, table := range []string{"authorizer", "exchange", "token WHERE kind = 'authorizer'"} {
		if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM `+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM event WHERE due_at IS NOT NULL OR problem IS NOT NULL`); n != 0 {
		t.Errorf("%d events of the test are not done with", n)
	}
	if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM event WHERE sealed = 0 AND body LIKE '%queryauthcode%'`); n != 0 {
		t.Errorf("%d events hold a code in clear", n)
	}
	if log := r.log.String(); strings.Contains(log, "queryauthcode@@@") || strings.Contains(log, "87_A") {
		t.Error("the log holds a code or a token")
	}
	if w.Calls().Paths["/cgi-bin/component/api_authorizer_token"] != 0 {
		t.Error("the service renewed the token of a test account")
	}
}

func TestTheReplyToAPushUsesTheKeyThatOpenedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	// The vendor still pushes with the key before the change, and reads with it.
	w.env = append(w.env, "WECHATTPP_ENCODING_AES_KEY="+random(22)[:43], "WECHATTPP_ENCODING_AES_KEY_PREVIOUS="+w.cfg.EncodingAESKey)
	w.start(t)
	mustPass(t, w, simulator.ReleaseTest{Group: 3})
}

// TestAKilledServiceStillAnswersTheCode kills it when it has the token of the
// code, which is good once, and WeChat has not answered the message yet.
func TestAKilledServiceStillAnswersTheCode(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			r := w.start(t)
			account := wechat.ReleasePairs()[0].OA
			code := w.releaseCode(t, account, "oUser")
			if err := w.Fail(simulator.Fault{Path: "/cgi-bin/message/custom/send", Mode: simulator.ModeHang}); err != nil {
				t.Fatal(err)
			}
			if answer := w.say(t, r, account, "oUser", wechat.ReleaseCodePrefix+code, 1); answer != "" {
				t.Fatalf("answered %q", answer)
			}
			if err := until(timed(t, time.Minute), "the token to be durable", func() (bool, error) {
				return sqltest.Number(t, w.source, `SELECT COUNT(*) FROM release_code`) == 1, nil
			}); err != nil {
				t.Fatal(err)
			}
			r.killAndRestart()
			w.awaitCustomer(t, "oUser", code+wechat.ReleaseCodeSuffix, 90*time.Second)
			if n := w.Calls().Paths["/cgi-bin/component/api_query_auth"]; n != 1 {
				t.Errorf("the code was exchanged %d times", n)
			}
		})
	}
}

// releaseCode is a code once the service has a ticket to exchange it with.
func (w *world) releaseCode(t *testing.T, a wechat.ReleaseAccount, user string) string {
	t.Helper()
	code, err := w.ReleaseCode(a.AppID, user)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := until(ctx, "the component's token", func() (bool, error) { return !w.State().Component.TokenExpires.IsZero(), nil }); err != nil {
		t.Fatal(err)
	}
	return code
}

// say pushes a text of a user to a replica, as it is, and answers what came.
func (w *world) say(t *testing.T, r *replica, a wechat.ReleaseAccount, user, content string, id int) string {
	t.Helper()
	query, body, err := w.Envelope(a.UserName, user, textOf(a, user, content, id))
	if err != nil {
		t.Error(err)
	}
	return knockAt(t, r.url()+"/wechattpp/"+a.AppID+"/message?"+query, body)
}

// textOf is a user's text to an account, in clear.
func textOf(a wechat.ReleaseAccount, user, content string, id int) []byte {
	return fmt.Appendf(nil, `<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>%s</Content><MsgId>%d</MsgId></xml>`,
		a.UserName, user, time.Now().Unix(), content, id)
}

func knockAt(t *testing.T, address string, body []byte) string {
	t.Helper()
	res, err := http.Post(address, "text/xml", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("answered %d %q, %v", res.StatusCode, answer, err)
	}
	if kind := res.Header.Get("Content-Type"); strings.HasPrefix(string(answer), "<") != strings.HasPrefix(kind, "text/xml") {
		t.Errorf("%q goes out as %s", answer, kind)
	}
	return string(answer)
}

func (w *world) awaitCustomer(t *testing.T, user, text string, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := until(ctx, "the customer message", func() (bool, error) { return len(w.CustomerMessages(user)) > 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := w.CustomerMessages(user); got[0].Text != text || len(got) != 1 {
		t.Errorf("%d customer messages, the first says %q", len(got), got[0].Text)
	}
}

// TestCopiesOfAReleasePushAtTwoReplicasAreAnsweredAlike sends the same pushes to
// two services at once.
func TestCopiesOfAReleasePushAtTwoReplicasAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	replicas := []*replica{w.start(t), w.start(t)}
	account := wechat.ReleasePairs()[1].OA
	code := w.releaseCode(t, account, "oUser")
	for id, content := range map[int]string{1: wechat.ReleaseText, 2: wechat.ReleaseCodePrefix + code} {
		inner := textOf(account, "oUser", content, id)
		var all sync.WaitGroup
		replies := make([]string, 6)
		for i := range replies {
			query, body, err := w.Envelope(account.UserName, "oUser", inner)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				replies[i] = opened(t, w, knockAt(t, replicas[i%2].url()+"/wechattpp/"+account.AppID+"/message?"+query, body))
			})
		}
		all.Wait()
		for _, r := range replies {
			if r != replies[0] {
				t.Errorf("copies were answered %q and %q", replies[0], r)
			}
		}
		if strings.Contains(replies[0], wechat.ReleaseTextReply) != (id == 1) || (replies[0] == "") != (id == 2) {
			t.Errorf("push %d was answered %q", id, replies[0])
		}
	}
	w.awaitCustomer(t, "oUser", code+wechat.ReleaseCodeSuffix, 20*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := until(ctx, "the end of the effect", func() (bool, error) {
		return sqltest.Number(t, w.source, `SELECT COUNT(*) FROM event WHERE due_at IS NOT NULL`) == 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	w.awaitCustomer(t, "oUser", code+wechat.ReleaseCodeSuffix, time.Second)
}

// opened is a passive reply in clear; other answers are themselves.
func opened(t *testing.T, w *world, answer string) string {
	t.Helper()
	if !strings.HasPrefix(answer, "<") {
		return answer
	}
	key, err := crypto.ParseKey(w.cfg.EncodingAESKey)
	if err != nil {
		t.Fatal(err)
	}
	r := releaseCheck{cfg: &Config{ComponentAppID: w.cfg.ComponentAppID, EncodingToken: w.cfg.Token}, key: key}
	plain, problem := r.open(answer)
	if problem != "" {
		t.Error(problem)
	}
	return string(plain)
}

// TestTheSameWordsOfAnyoneElseAreOrdinary writes them to an account of ours.
func TestTheSameWordsOfAnyoneElseAreOrdinary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	test, shop := wechat.ReleasePairs()[0].OA, simulator.SampleWorld()[0]
	code := w.releaseCode(t, test, "oUser")
	ordinary := wechat.ReleaseAccount{AppID: shop.AppID, UserName: shop.UserName}
	for id, content := range []string{wechat.ReleaseText, wechat.ReleaseCodePrefix + code} {
		if answer := w.say(t, r, ordinary, "oUser", content, 100+id); answer != "success" {
			t.Errorf("%s was answered %q", content, answer)
		}
		// The names of the test inside a push that is for another account.
		if answer := w.say(t, r, wechat.ReleaseAccount{AppID: shop.AppID, UserName: test.UserName}, "oUser", content, 200+id); answer != "success" {
			t.Errorf("%s with the test's name inside was answered %q", content, answer)
		}
	}
	if n := w.Calls().Paths["/cgi-bin/component/api_query_auth"]; n != 0 {
		t.Errorf("a user made the service exchange a code")
	}
}

func TestRowsOfTestAccountsFromAnOlderVersionGo(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			db := sqltest.Raw(t, w.source, 0)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			ten := wechat.ReleasePairs()
			for _, appID := range []string{ten[0].OA.AppID, ten[4].MP.AppID, "wx00000000000000aa"} {
				if _, err := db.Authorizer(w.cfg.ComponentAppID).Adopt(t.Context(), wechat.Listed{AppID: appID, Refresh: "refreshtoken@@@old", AuthorizedAt: time.Now()}, false); err != nil {
					t.Fatal(err)
				}
			}
			w.start(t)
			for _, table := range []string{"authorizer", "token WHERE kind = 'authorizer'"} {
				if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM `+table); n != 1 {
					t.Errorf("%d rows in %s, want that of the ordinary account", n, table)
				}
			}
		})
	}
}

// TestAReleasePushIsAnsweredInTimeWhileTheDatabaseIsAwayForAMoment has the
// database come back two seconds after the push.
func TestAReleasePushIsAnsweredInTimeWhileTheDatabaseIsAwayForAMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	cable, through := newWire(t, w.source)
	w.env = append(w.env, "WECHATTPP_DATABASE="+through)
	r := w.start(t)
	account := wechat.ReleasePairs()[2].OA
	code := w.releaseCode(t, account, "oUser")
	for id, content := range []string{wechat.ReleaseText, wechat.ReleaseCodePrefix + code} {
		cable.set(true)
		back := time.AfterFunc(2*time.Second, func() { cable.set(false) })
		began := time.Now()
		answer := opened(t, w, w.say(t, r, account, "oUser", content, 300+id))
		back.Stop()
		cable.set(false)
		if took := time.Since(began); took > deadline {
			t.Errorf("answered after %s", took)
		}
		if (id == 0) != strings.Contains(answer, wechat.ReleaseTextReply) || (id == 1) != (answer == "") {
			t.Errorf("answered %q", answer)
		}
	}
	w.awaitCustomer(t, "oUser", code+wechat.ReleaseCodeSuffix, 60*time.Second)
}
