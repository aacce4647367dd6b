package callback_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/crypto"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const testUser = "oAbCdEfGhIjKlMnOpQrStUvWxYz0"

// tested is a push of the release test to one of its accounts.
func tested(a wechat.ReleaseAccount, plain string) push {
	p := message(strings.ReplaceAll(plain, shopName, a.UserName))
	p.appID = a.AppID
	return p
}

func located() string {
	return "<xml><ToUserName>" + shopName + "</ToUserName><FromUserName>" + testUser + "</FromUserName><CreateTime>1760000000</CreateTime><MsgType>event</MsgType><Event>LOCATION</Event></xml>"
}

// reply opens a passive reply with a key, as WeChat does.
func reply(t *testing.T, answer, withKey string) string {
	t.Helper()
	var e struct {
		XMLName                                 xml.Name `xml:"xml"`
		Encrypt, MsgSignature, TimeStamp, Nonce string
	}
	if err := xml.Unmarshal([]byte(answer), &e); err != nil {
		t.Fatalf("answered %q: %v", answer, err)
	}
	if !crypto.Verify(e.MsgSignature, token, e.TimeStamp, e.Nonce, []byte(e.Encrypt)) {
		t.Fatalf("the signature of %q does not fit", answer)
	}
	plain, _, err := crypto.Open([]byte(e.Encrypt), componentID, key(t, withKey))
	if err != nil {
		t.Fatalf("the reply does not open: %v", err)
	}
	return string(plain)
}

func TestPushesOfTheReleaseTestAreAnsweredToTheLetter(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	for i, pair := range wechat.ReleasePairs() {
		for _, a := range []wechat.ReleaseAccount{pair.OA, pair.MP} {
			for _, withKey := range []string{currentKey, previousKey} {
				h := newHouse(t, db)
				says := func(content string) string {
					return "<xml><ToUserName><![CDATA[" + testUser + "]]></ToUserName><FromUserName><![CDATA[" + a.UserName + "]]></FromUserName><CreateTime>1760000000</CreateTime>" +
						"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + content + "]]></Content></xml>"
				}
				for plain, want := range map[string]string{
					text(fmt.Sprint(i, "1"), "TESTCOMPONENT_MSG_TYPE_TEXT"): says("TESTCOMPONENT_MSG_TYPE_TEXT_callback"),
					located(): says("LOCATIONfrom_callback"),
				} {
					p := tested(a, plain)
					p.key = withKey
					answer, err := h.door.Receive(p.request(t))
					if err != nil {
						t.Fatal(err)
					}
					if got := reply(t, answer, withKey); got != want {
						t.Errorf("answered %s, want %s", got, want)
					}
				}
				code := tested(a, text(fmt.Sprint(i, "2"), "QUERY_AUTH_CODE:queryauthcode@@@A:B"))
				if answer, err := h.door.Receive(code.request(t)); answer != "" || err != nil {
					t.Errorf("a code was answered %q, %v", answer, err)
				}
			}
		}
	}
}

func TestOnlyTheReleaseTestIsAnsweredSo(t *testing.T) {
	t.Parallel()
	oa := wechat.ReleasePairs()[0].OA
	inside := strings.Replace(text("5", "TESTCOMPONENT_MSG_TYPE_TEXT"), "<MsgType>", "<AuthorizerAppid>"+oa.AppID+"</AuthorizerAppid><AppId>"+oa.AppID+"</AppId><MsgType>", 1)
	for name, p := range map[string]push{
		"an ordinary account's user writes the text":           message(text("1", "TESTCOMPONENT_MSG_TYPE_TEXT")),
		"an ordinary account's user writes a code":             message(text("2", "QUERY_AUTH_CODE:queryauthcode@@@A")),
		"an ordinary account has an event":                     message(located()),
		"an ordinary push names a test account inside":         message(inside),
		"a test account gets another text":                     tested(oa, text("3", "TESTCOMPONENT_MSG_TYPE_TEXT_")),
		"a test account gets a code without a code":            tested(oa, text("4", "QUERY_AUTH_CODE:")),
		"a test account gets an image":                         tested(oa, strings.Replace(text("6", "x"), "[text]", "[image]", 1)),
		"a message of an unknown account with the test's name": func() push { p := tested(oa, text("7", "QUERY_AUTH_CODE:a")); p.appID = "wx00000000000000aa"; return p }(),
		"an info type with a code inside": component("<xml><AppId>" + componentID + "</AppId><CreateTime>1</CreateTime><InfoType>x</InfoType><AuthorizerAppid>" + oa.AppID +
			"</AuthorizerAppid><ToUserName>" + oa.UserName + "</ToUserName><MsgType>text</MsgType><Content>QUERY_AUTH_CODE:a</Content></xml>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), func(c *callback.Config) {
				c.Effects.Release = func(context.Context, callback.ReleaseCode) error { t.Error("exchanged a code"); return nil }
			})
			if answer, err := h.door.Receive(p.request(t)); answer != "success" || err != nil {
				t.Errorf("answered %q, %v", answer, err)
			}
			h.all()
		})
	}
}

func TestATestAccountsAuthorizationHasNoEffect(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
	for _, pair := range wechat.ReleasePairs() {
		for _, kind := range []string{"authorized", "updateauthorized", "unauthorized"} {
			for _, appID := range []string{pair.OA.AppID, pair.MP.AppID} {
				if answer, err := h.door.Receive(component(strings.ReplaceAll(authorization(kind), shopID, appID)).request(t)); answer != "success" || err != nil {
					t.Errorf("answered %q, %v", answer, err)
				}
			}
		}
	}
	h.all()
	if did := h.called(); did != "" || h.store.appends.Load() != 30 {
		t.Errorf("kept %d events, did %q", h.store.appends.Load(), did)
	}
}

// vendor is a simulated WeChat without sockets, and a store that can fail.
type vendor struct {
	*simulator.Simulator
	callback.ReleaseStore
	release *callback.Release
	token   string

	mu   sync.Mutex
	fail map[string]int // method of the store: how often it fails yet
}

func newVendor(t *testing.T, db *sql.DB) *vendor {
	t.Helper()
	tickets := make(chan string, 1)
	v := &vendor{ReleaseStore: db.Release(componentID), fail: map[string]int{}, Simulator: simulator.New(simulator.Config{
		ComponentAppID: componentID, ComponentSecret: "component-secret", Token: token, EncodingAESKey: currentKey,
		AuthorizationURL: "http://program.example.com/", Transport: taker(func(r *http.Request) { tickets <- ticketIn(t, r) }),
	})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	api := wechat.API{Base: "http://vendor.example.com", HTTP: &http.Client{Transport: answered{v.Simulator}}}
	lent, err := api.Component(componentID, nil).Mint(t.Context(), "component-secret", <-tickets)
	if err != nil {
		t.Fatal(err)
	}
	v.token = lent.Access
	v.release = &callback.Release{Vendor: api.Component(componentID, wechat.FixedToken(lent.Access)), API: api, Store: v}
	return v
}

// taker is a program that says success to every push.
type taker func(*http.Request)

func (f taker) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("success")), Request: r}, nil
}

func ticketIn(t *testing.T, r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	env, err := wechat.ParseEnvelope(body)
	if err != nil {
		t.Error(err)
	}
	plain, _, err := crypto.Open(env.Encrypt, componentID, key(t, currentKey))
	if err != nil {
		t.Error(err)
	}
	p, err := wechat.ParsePush(plain)
	if err != nil {
		t.Error(err)
	}
	return p.Ticket
}

// answered carries a request to a handler without a socket.
type answered struct{ h http.Handler }

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w.Result(), nil
}

func (v *vendor) failing(method string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fail[method] > 0 {
		v.fail[method]--
		return errors.New("the database is away")
	}
	return nil
}

func (v *vendor) Keep(ctx context.Context, hash, token string) error {
	return errors.Join(v.failing("Keep"), v.ReleaseStore.Keep(ctx, hash, token))
}

func (v *vendor) Sent(ctx context.Context, hash string) error {
	if err := v.failing("Sent"); err != nil {
		return err
	}
	return v.ReleaseStore.Sent(ctx, hash)
}

func (v *vendor) code(t *testing.T) callback.ReleaseCode {
	t.Helper()
	a := wechat.ReleasePairs()[0].OA
	code, err := v.ReleaseCode(a.AppID, testUser)
	if err != nil {
		t.Fatal(err)
	}
	return callback.ReleaseCode{AppID: a.AppID, OpenID: testUser, Code: code, Created: time.Now()}
}

func TestACodeIsAnsweredOnceHoweverOftenItIsTried(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		v := newVendor(t, db)
		c := v.code(t)
		v.fail["Keep"] = 2
		for range 3 {
			if err := v.release.Answer(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		got := v.CustomerMessages(testUser)
		if len(got) != 1 || got[0].Text != c.Code+"_from_api" || got[0].AppID != c.AppID {
			t.Errorf("customer messages %+v", got)
		}
	})
}

func TestACodeIsExchangedOnceHoweverTheMessageFails(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
	c := v.code(t)
	const send = "/cgi-bin/message/custom/send"
	if err := v.Fail(simulator.Fault{Path: send, Code: -1, Times: 2}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := v.release.Answer(t.Context(), c); !errors.Is(err, wechat.ErrUnanswered) {
			t.Fatalf("with WeChat busy: %v", err)
		}
	}
	if err := v.release.Answer(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if calls := v.Calls().Paths; calls["/cgi-bin/component/api_query_auth"] != 1 || calls[send] != 3 {
		t.Errorf("calls %v", calls)
	}
}

func TestACodeThatCannotBeAnsweredIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *vendor, *callback.ReleaseCode){
		"a made-up code":              func(_ *testing.T, _ *vendor, c *callback.ReleaseCode) { c.Code = "queryauthcode@@@MADEUP" },
		"another account's":           func(_ *testing.T, _ *vendor, c *callback.ReleaseCode) { c.AppID = wechat.ReleasePairs()[1].OA.AppID },
		"one nobody waits for":        func(_ *testing.T, _ *vendor, c *callback.ReleaseCode) { c.Created = time.Now().Add(-11 * time.Minute) },
		"a user WeChat does not know": func(_ *testing.T, _ *vendor, c *callback.ReleaseCode) { c.OpenID = "oNobody" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
			v := newVendor(t, db)
			c := v.code(t)
			change(t, v, &c)
			h := newHouse(t, db, func(cfg *callback.Config) {
				cfg.Effects.Release = func(ctx context.Context, got callback.ReleaseCode) error {
					got.AppID, got.Created, got.OpenID = c.AppID, c.Created, c.OpenID
					return v.release.Answer(ctx, got)
				}
			})
			if _, err := h.door.Receive(tested(wechat.ReleasePairs()[0].OA, text("1", "QUERY_AUTH_CODE:"+c.Code)).request(t)); err != nil {
				t.Fatal(err)
			}
			h.all()
			if n := h.counter("wechattpp_event_effects_total", "release", "given_up"); n != 1 || len(v.CustomerMessages(testUser)) > 0 {
				t.Errorf("given up %v times: %s", n, h.log)
			}
			if strings.Contains(h.log.String(), c.Code) || strings.Contains(h.log.String(), v.token) {
				t.Errorf("the log holds the code or the token: %s", h.log)
			}
		})
	}
}

// V12 of the vectors, which the crypto room keeps, is the reply to V11.
func TestThePassiveReplyIsThatOfTheVector(t *testing.T) {
	t.Parallel()
	const want = "<xml><ToUserName><![CDATA[oABCD1234efgh5678ijkl9012mno]]></ToUserName><FromUserName><![CDATA[gh_0123456789ab]]></FromUserName><CreateTime>1760000201</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[TESTCOMPONENT_MSG_TYPE_TEXT_callback]]></Content></xml>"
	plain := wechat.TextReply{ToUserName: "oABCD1234efgh5678ijkl9012mno", FromUserName: "gh_0123456789ab", CreateTime: 1760000201, Content: wechat.ReleaseTextReply}.XML()
	if string(plain) != want {
		t.Fatalf("wrote %s", plain)
	}
	encrypt, err := crypto.Seal(strings.NewReader("1c2ca0628ac6dddc"), plain, componentID, key(t, previousKey))
	if err != nil || crypto.Sign("SampleToken2024", "1760000201", "559120334", encrypt) != "16cdd9c3be9f47b739680f5c9d664b2fe095a008" {
		t.Errorf("sealed %s, %v", encrypt, err)
	}
}

func TestEveryCopyReadsTheSameReplyAtEveryReplica(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			houses := []*house{newHouse(t, sqltest.Open(t, source)), newHouse(t, sqltest.Open(t, source))}
			oa := wechat.ReleasePairs()[0].OA
			answers := make(chan string, 6)
			for i := range 6 {
				r := tested(oa, text("1", wechat.ReleaseText)).request(t)
				go func() {
					answer, err := houses[i%2].door.Receive(r)
					if err != nil {
						t.Error(err)
					}
					answers <- answer
				}()
			}
			first := reply(t, <-answers, currentKey)
			for range 5 {
				if again := reply(t, <-answers, currentKey); again != first {
					t.Errorf("answered %s and %s", first, again)
				}
			}
			if n := sqltest.Number(t, source, `SELECT COUNT(*) FROM event`); n != 1 {
				t.Errorf("kept %d events", n)
			}
		})
	}
}

func TestNoReplyGoesOutForWhatIsNotOnDisk(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), func(c *callback.Config) { c.Store = away{c.Store} })
	r := tested(wechat.ReleasePairs()[0].OA, text("1", wechat.ReleaseText)).request(t)
	var refusal *callback.Refusal
	if answer, err := h.door.Receive(r); answer != "" || !errors.As(err, &refusal) || refusal.Reason != "store_away" {
		t.Errorf("answered %q, %v", answer, err)
	}
}

// away is a store whose database does not answer.
type away struct{ callback.Store }

func (away) Append(context.Context, *callback.Event) (bool, error) { return false, errors.New("away") }
