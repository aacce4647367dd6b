package callback_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/crypto"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

const (
	clinicID    = "wx5a1e0c7d93b24f68"
	clinicName  = "gh_00112233aabb"
	clinicToken = "clinicToken"
	corpID      = "ww0123456789abcdef"
	corpToken   = "corpToken"
)

// senders are the accounts with a secret of their own in the tests.
type senders struct {
	mu    sync.Mutex
	list  map[string]callback.Keys
	fails error
}

func ownSenders() *senders {
	keys := []string{currentKey, previousKey}
	return &senders{list: map[string]callback.Keys{
		"clinic": {Code: "clinic", Kind: "wechatoa", ID: clinicID, Token: clinicToken, AES: keys},
		"second": {Code: "second", Kind: "wechatoa", ID: "wx8b6f20de417c95a3", Token: clinicToken, AES: keys},
		"mini":   {Code: "mini", Kind: "wechatmp", ID: "wxc30d9a5b7e1846f2", Token: "miniToken", AES: keys},
		"app":    {Code: "app", Kind: "wechatwk", ID: corpID, AgentID: 1000002, Token: corpToken, AES: keys},
		"bare":   {Code: "bare", Kind: "wechatoa", ID: "wx0000000000000009"},
	}}
}

func (s *senders) Keys(_ context.Context, code string) (callback.Keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.list[code]
	if s.fails != nil {
		return callback.Keys{}, s.fails
	}
	if !ok {
		return callback.Keys{}, fmt.Errorf("sender %q: %w", code, fs.ErrNotExist)
	}
	return k, nil
}

func (s *senders) KeysOf(_ context.Context, kind string) (list []callback.Keys, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, code := range []string{"bare", "second", "clinic", "mini", "app"} {
		if k := s.list[code]; k.Kind == kind {
			list = append(list, k)
		}
	}
	return list, s.fails
}

func withSenders(s *senders) func(*callback.Config) {
	return func(c *callback.Config) { c.Senders = s }
}

// own is a push to a sender's own address before it is sealed.
type own struct {
	source          callback.Source
	code, token     string
	plain, closes   string
	key, outer      string
	json            bool
	body, signature string
	off             time.Duration
}

func clinic(plain string) own {
	return own{source: callback.OfficialAccount, code: "clinic", token: clinicToken, plain: plain, closes: clinicID, key: currentKey, outer: clinicName}
}

func mini(plain string) own {
	return own{source: callback.MiniProgram, code: "mini", token: "miniToken", plain: plain, closes: "wxc30d9a5b7e1846f2", key: currentKey, outer: "gh_mini", json: true}
}

func app(plain string) own {
	return own{source: callback.WeCom, code: "app", token: corpToken, plain: plain, closes: corpID, key: currentKey,
		outer: corpID + "</ToUserName><AgentID><![CDATA[1000002]]></AgentID><ToUserName>" + corpID}
}

func (o own) request(t testing.TB) *callback.Request {
	t.Helper()
	sealed, err := crypto.Seal(rand.Reader, []byte(o.plain), o.closes, key(t, o.key))
	if err != nil {
		t.Fatal(err)
	}
	r := &callback.Request{Source: o.source, Sender: o.code, Timestamp: strconv.FormatInt(time.Now().Add(o.off).Unix(), 10), Nonce: "836492017", At: time.Now()}
	r.Signature = crypto.Sign(o.token, r.Timestamp, r.Nonce, sealed)
	if o.signature != "" {
		r.Signature = o.signature
	}
	switch {
	case o.body != "":
		r.Body = []byte(strings.ReplaceAll(o.body, "SEALED", sealed))
	case o.json:
		r.Body = []byte(`{"ToUserName":"` + o.outer + `","Encrypt":"` + sealed + `"}`)
	default:
		r.Body = []byte("<xml><ToUserName>" + o.outer + "</ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>")
	}
	return r
}

func entered(agent string) string {
	return "<xml><ToUserName>" + corpID + "</ToUserName><FromUserName>liwei</FromUserName><CreateTime>1760000000</CreateTime><MsgType>event</MsgType>" +
		"<Event>enter_agent</Event><EventKey></EventKey><AgentID>" + agent + "</AgentID></xml>"
}

const contact = "<xml><ToUserName>" + corpID + "</ToUserName><FromUserName>sys</FromUserName><CreateTime>1760000000</CreateTime><MsgType>event</MsgType>" +
	"<Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>liwei</UserID></xml>"

const jsonText = `{"ToUserName":"gh_mini","FromUserName":"oMini","CreateTime":1760000000,"MsgType":"text","Content":"你好 😀","MsgId":24600000000000009}`

func TestTheAddressesOfSendersAnswerAsTheContractSays(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	clinicText := strings.ReplaceAll(text("101", "hi"), shopName, clinicName)
	for name, c := range map[string]struct {
		of     own
		change func(*own)
		status int
		reason string
	}{
		"an Official Account's message":      {of: clinic(clinicText)},
		"the same in JSON":                   {of: clinic(jsonText), change: func(o *own) { o.json = true }},
		"without a code it finds its sender": {of: clinic(clinicText), change: func(o *own) { o.code = "" }},
		"the key before a change":            {of: clinic(clinicText), change: func(o *own) { o.key = previousKey }},
		"in compatible mode the encrypted part is read": {of: clinic(clinicText), change: func(o *own) {
			o.body = "<xml><Content>clear</Content><MsgType>text</MsgType><Encrypt>SEALED</Encrypt></xml>"
		}},
		"a Mini Program's message in JSON":                    {of: mini(jsonText)},
		"a Mini Program's in XML":                             {of: mini(clinicText), change: func(o *own) { o.json = false }},
		"a member who opens a WeCom app":                      {of: app(entered("1000002"))},
		"the address book without an AgentID":                 {of: app(contact), change: func(o *own) { o.outer = corpID }},
		"what cannot be read behind a good key is kept":       {of: clinic("{\"a\":")},
		"a member named twice behind a good key is kept":      {of: mini(`{"MsgType":"text","MsgType":"event"}`)},
		"numbers of 400 digits are kept":                      {of: mini(`{"MsgType":"text","FromUserName":"o","MsgId":` + strings.Repeat("9", 400) + `,"CreateTime":` + strings.Repeat("9", 400) + `}`)},
		"nesting without end behind a good key is kept":       {of: mini(`{"a":` + strings.Repeat("[", 100_000))},
		"an entity bomb behind a good key is kept":            {of: clinic(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><Content>&b;</Content></xml>`)},
		"cleartext is 400":                                    {of: clinic(""), change: func(o *own) { o.body = clinicText }, status: 400, reason: "cleartext"},
		"cleartext JSON is 400":                               {of: mini(""), change: func(o *own) { o.body = jsonText }, status: 400, reason: "cleartext"},
		"a component's push in JSON is 400, WeCom's as well":  {of: app(entered("1000002")), change: func(o *own) { o.body = `{"ToUserName":"` + corpID + `","Encrypt":"SEALED"}` }, status: 400, reason: "no_envelope"},
		"JSON that names Encrypt twice is 400":                {of: mini(jsonText), change: func(o *own) { o.body = `{"Encrypt":"AAAA","Encrypt":"SEALED"}` }, status: 400, reason: "no_envelope"},
		"JSON without end is 400":                             {of: mini(""), change: func(o *own) { o.body = strings.Repeat(`{"a":`, 100_000) }, status: 400, reason: "no_envelope"},
		"no base64 is 400":                                    {of: mini(""), change: func(o *own) { o.body = `{"Encrypt":"***"}` }, status: 400, reason: "not_base64"},
		"another's signature is 403":                          {of: clinic(clinicText), change: func(o *own) { o.token = "other" }, status: 403, reason: "signature"},
		"without a code and with nobody's token: 403":         {of: clinic(clinicText), change: func(o *own) { o.code, o.token = "", "other" }, status: 403, reason: "signature"},
		"a stale timestamp is 403":                            {of: clinic(clinicText), change: func(o *own) { o.off = -11 * time.Minute }, status: 403, reason: "stale"},
		"a clock that is an hour ahead is 403":                {of: app(entered("1000002")), change: func(o *own) { o.off = time.Hour }, status: 403, reason: "stale"},
		"a good signature and a strange key is 403":           {of: clinic(clinicText), change: func(o *own) { o.key = strangeKey }, status: 403, reason: "wrong_key"},
		"another account's push at this address is 403":       {of: clinic(clinicText), change: func(o *own) { o.closes = "wx8b6f20de417c95a3" }, status: 403, reason: "wrong_key"},
		"the component's own AppID at the end is 403":         {of: clinic(clinicText), change: func(o *own) { o.closes = componentID }, status: 403, reason: "wrong_key"},
		"without a code, a token that fits and no AppID: 403": {of: clinic(clinicText), change: func(o *own) { o.code, o.closes = "", shopID }, status: 403, reason: "wrong_key"},
		"another AgentID outside is 403":                      {of: app(entered("1000002")), change: func(o *own) { o.outer = strings.ReplaceAll(o.outer, "1000002", "1000003") }, status: 403, reason: "wrong_account"},
		"another AgentID inside is 403":                       {of: app(entered("1000003")), status: 403, reason: "wrong_account"},
		"a member's message without an AgentID is 403":        {of: app(strings.ReplaceAll(clinicText, clinicName, corpID)), status: 403, reason: "wrong_account"},
		"another company outside is 403":                      {of: app(entered("1000002")), change: func(o *own) { o.outer = "ww9999999999999999" }, status: 403, reason: "wrong_account"},
		"another company inside is 403":                       {of: app(strings.ReplaceAll(entered("1000002"), corpID, "ww9999999999999999")), status: 403, reason: "wrong_account"},
		"another company at the end is 403":                   {of: app(entered("1000002")), change: func(o *own) { o.closes = "ww9999999999999999" }, status: 403, reason: "wrong_key"},
		"a sender that does not exist is 404":                 {of: clinic(clinicText), change: func(o *own) { o.code = "nobody" }, status: 404, reason: "no_sender"},
		"cleartext to one that does not exist is 404":         {of: clinic(""), change: func(o *own) { o.code, o.body = "nobody", clinicText }, status: 404, reason: "no_sender"},
		"a sender of another kind is 404":                     {of: clinic(clinicText), change: func(o *own) { o.code, o.token = "mini", "miniToken" }, status: 404, reason: "no_sender"},
		"a sender without token and key is 403":               {of: clinic(clinicText), change: func(o *own) { o.code, o.token = "bare", "" }, status: 403, reason: "no_keys"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, db, withSenders(ownSenders()))
			if c.change != nil {
				c.change(&c.of)
			}
			answer, err := h.door.Receive(c.of.request(t))
			if c.status == 0 {
				if err != nil || answer != "success" || h.store.appends.Load() != 1 {
					t.Fatalf("answered %q, %v, kept %d", answer, err, h.store.appends.Load())
				}
				return
			}
			var r *callback.Refusal
			if !errors.As(err, &r) || r.Status != c.status || r.Reason != c.reason {
				t.Fatalf("answered %q, %v: want %d %s", answer, err, c.status, c.reason)
			}
			if h.store.appends.Load() != 0 {
				t.Error("a refused push was kept")
			}
			if got := h.counter("wechattpp_pushes_total", c.reason, c.of.source.String()); got != 1 {
				t.Errorf("counted %v refusals as %s", got, c.reason)
			}
		})
	}
}

func TestAnAddressThatIsEnteredWithAnotherTokenIsToldOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), withSenders(ownSenders()))
	for range 3 {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		_, err := h.door.Verify(&callback.Challenge{Source: callback.OfficialAccount, Sender: "clinic", Timestamp: now, Nonce: "1", Signature: crypto.Sign("another", now, "1"), Echo: "7", At: time.Now()})
		if err == nil || !strings.Contains(err.Error(), "the token in the console and here") {
			t.Fatal(err)
		}
	}
	if n := strings.Count(h.log.String(), "sender=clinic"); n != 1 || !strings.Contains(h.log.String(), "token is not the sender's") {
		t.Errorf("logged %d times: %s", n, h.log)
	}
}

func TestTheLogSaysWhatToChangeAtASender(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	for name, c := range map[string]struct {
		of   own
		want []string
	}{
		"cleartext of an Official Account": {own{source: callback.OfficialAccount, code: "clinic", key: currentKey, body: text("1", "x")}, []string{"安全模式", "基本配置", "sender=clinic"}},
		"cleartext of a Mini Program":      {own{source: callback.MiniProgram, code: "mini", key: currentKey, body: jsonText}, []string{"消息推送", "sender=mini"}},
		"no keys":                          {own{source: callback.OfficialAccount, code: "bare", key: currentKey}, []string{"encoding_aes_key", "sender=bare"}},
		"a clock an hour behind":           {func() own { o := clinic("x"); o.off = time.Hour + time.Second; return o }(), []string{"NTP", "off=-1h0m", "sender=clinic"}},
		"a wrong key":                      {func() own { o := clinic("x"); o.key = strangeKey; return o }(), []string{"encoding_aes_key", "app_id", "sender=clinic"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, db, withSenders(ownSenders()))
			for range 3 {
				_, _ = h.door.Receive(c.of.request(t))
			}
			for _, want := range c.want {
				if n := strings.Count(h.log.String(), want); n < 1 {
					t.Errorf("the log lacks %q: %s", want, h.log)
				}
			}
			if n := strings.Count(h.log.String(), "level="); n != 1 {
				t.Errorf("logged %d times, want once a minute", n)
			}
			if strings.Contains(h.log.String(), clinicToken) || strings.Contains(h.log.String(), currentKey) {
				t.Errorf("the log tells a secret: %s", h.log)
			}
		})
	}
}

func TestAnAccountCannotSpeakForTheComponent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), withSenders(ownSenders()))
	for _, o := range []own{clinic(ticket("ticket@@@FORGED", 1760000000)), clinic(strings.ReplaceAll(finished("77", "success"), shopName, clinicName)),
		clinic("<xml><ToUserName>gh_x</ToUserName><FromUserName>o</FromUserName><InfoType>unauthorized</InfoType><AuthorizerAppid>" + shopID + "</AuthorizerAppid></xml>")} {
		if _, err := h.door.Receive(o.request(t)); err != nil {
			t.Fatal(err)
		}
	}
	h.all()
	if want := "outcome " + clinicID + " 77 success"; h.called() != want {
		t.Errorf("effects: %q, want %q", h.called(), want)
	}
}

func TestCopiesAreOneEventHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		h := newHouse(t, db, withSenders(ownSenders()))
		click := func(task, created string) string {
			return "<xml><ToUserName>" + corpID + "</ToUserName><FromUserName>liwei</FromUserName><CreateTime>" + created + "</CreateTime><MsgType>event</MsgType><Event>template_card_event</Event>" +
				"<EventKey>ok</EventKey><TaskId>" + task + "</TaskId><AgentID>1000002</AgentID></xml>"
		}
		inXML := "<xml><ToUserName>gh_mini</ToUserName><FromUserName>oMini</FromUserName><MsgType>text</MsgType><MsgId>24600000000000009</MsgId></xml>"
		xml := mini(inXML)
		xml.json = false
		other := mini(jsonText)
		other.source, other.code, other.token, other.closes = callback.OfficialAccount, "clinic", clinicToken, clinicID
		for i, c := range []struct {
			of    own
			fresh float64
		}{
			{mini(jsonText), 1}, {mini(jsonText), 0}, {xml, 0}, {other, 1},
			{app(click("1", "5")), 1}, {app(click("1", "5")), 0}, {app(click("2", "5")), 1}, {app(click("1", "6")), 1},
			{app(contact), 1}, {app(contact), 0}, {app(strings.ReplaceAll(contact, "liwei", "zhao")), 1},
		} {
			source := c.of.source.String()
			before := h.counter("wechattpp_pushes_total", "taken", source)
			if _, err := h.door.Receive(c.of.request(t)); err != nil {
				t.Fatalf("push %d: %v", i, err)
			}
			if got := h.counter("wechattpp_pushes_total", "taken", source) - before; got != c.fresh {
				t.Errorf("push %d: %v events more, want %v", i, got, c.fresh)
			}
		}
	})
}

func TestAWeComVectorOfTheReferenceOpens(t *testing.T) {
	t.Parallel()
	s := ownSenders()
	s.list["app"] = callback.Keys{Code: "app", Kind: "wechatwk", ID: corpID, AgentID: 1000002, Token: "demoToken2024", AES: []string{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}}
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), withSenders(s), func(c *callback.Config) { c.MaxAge = 0 })
	echo, err := h.door.Verify(&callback.Challenge{Source: callback.WeCom, Sender: "app", Timestamp: "1700000000", Nonce: "nonce123", At: time.Now(),
		Signature: "970445fb1010d791d11f9a891c07dbc8daa75c57", Echo: "vyx3HuuV3UaeH6CffeASr7llWb41h8Px2eRyufE8fywP2fsovESn2c7KXWky+52ghVjMcjlIxuBHRUVJkWdq8w=="})
	if err != nil || echo != "7316942280551" {
		t.Errorf("verified to %q, %v", echo, err)
	}
	r := &callback.Request{Source: callback.WeCom, Sender: "app", Timestamp: "1700000001", Nonce: "n2", Signature: "5c1de4dd6592f6a4ff0e642fb4926d73e1d93d26", At: time.Now(),
		Body: []byte("<xml><ToUserName><![CDATA[" + corpID + "]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID><Encrypt><![CDATA[" + weComVector + "]]></Encrypt></xml>")}
	if _, err := h.door.Receive(r); err != nil {
		t.Fatal(err)
	}
	list, _, err := h.door.Events(t.Context(), callback.Query{Limit: 1})
	if err != nil || len(list) != 1 || list[0].Type != "wecom.enter_agent" || list[0].User != "liwei" || list[0].Sender != "app" || list[0].AppID != corpID {
		t.Errorf("kept as %+v, %v", list, err)
	}
}

const weComVector = "FJBNXt1cubz81M4ECni0aIujo+HfUyLn83xH/UgjcEreCM2zrAcaAsZ1vUdpa8lMrwuOkzLhXwLsnWmsRcuNv1ppt/9F24mgmO+9x4XV2LgLYhfxbOeNv65W9XA9VbCmMtJTzlod1cpekhmwQutdt4ShX0tSC+YCTs+oQHniQOMjXV9h6Pl3wprKz/tFaPEDQx+PkvdZ7otKFeWJF/7u2EYQHzeqZ1zq+MoPVX7dF/43x8kO/IrhkI7MWVLdi+e3MR2XCCS/FNxLSJp279FKizdTX1XPPHJ2ADnrbk/oifJeIRHXE4jwJS2ETRtXjn8MupWiSVwyl4z034TP6rJagBQgbcM6xdXJ6xQlBUDE3dfTUXYEL4GXhYu7xLNDTmijxJqSaX3zhnoLEuYD+nB6JTrTKBtn7j/AqmlBarZ54tw="

func TestAnAddressIsVerifiedOnlyForWhoKnowsItsToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), withSenders(ownSenders()))
	now := strconv.FormatInt(time.Now().Unix(), 10)
	good := func() callback.Challenge {
		return callback.Challenge{Source: callback.OfficialAccount, Sender: "clinic", Timestamp: now, Nonce: "1", Echo: "4375120948345356249",
			Signature: crypto.Sign(clinicToken, now, "1"), At: time.Now()}
	}
	company := func(plain, closes string) callback.Challenge {
		sealed, err := crypto.Seal(rand.Reader, []byte(plain), closes, key(t, currentKey))
		if err != nil {
			t.Fatal(err)
		}
		return callback.Challenge{Source: callback.WeCom, Sender: "app", Timestamp: now, Nonce: "1", Echo: sealed, Signature: crypto.Sign(corpToken, now, "1", sealed), At: time.Now()}
	}
	old := strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)
	for name, c := range map[string]struct {
		of     callback.Challenge
		change func(*callback.Challenge)
		want   string
		status int
	}{
		"with the code":                  {of: good(), want: "4375120948345356249"},
		"without one":                    {of: good(), change: func(c *callback.Challenge) { c.Sender = "" }, want: "4375120948345356249"},
		"an echostr of 128 characters":   {of: good(), change: func(c *callback.Challenge) { c.Echo = strings.Repeat("a", 128) }, want: strings.Repeat("a", 128)},
		"an echostr of 129 characters":   {of: good(), change: func(c *callback.Challenge) { c.Echo = strings.Repeat("a", 129) }, status: 403},
		"an echostr with markup":         {of: good(), change: func(c *callback.Challenge) { c.Echo = "<script>" }, status: 403},
		"no echostr":                     {of: good(), change: func(c *callback.Challenge) { c.Echo = "" }, status: 403},
		"a wrong signature":              {of: good(), change: func(c *callback.Challenge) { c.Signature = strings.Repeat("0", 40) }, status: 403},
		"no signature":                   {of: good(), change: func(c *callback.Challenge) { c.Signature = "" }, status: 403},
		"a wrong signature without code": {of: good(), change: func(c *callback.Challenge) { c.Sender, c.Signature = "", strings.Repeat("0", 40) }, status: 403},
		"an old timestamp":               {of: good(), change: func(c *callback.Challenge) { c.Timestamp, c.Signature = old, crypto.Sign(clinicToken, old, "1") }, status: 403},
		"a sender that does not exist":   {of: good(), change: func(c *callback.Challenge) { c.Sender = "nobody" }, status: 404},
		"one without a token":            {of: good(), change: func(c *callback.Challenge) { c.Sender, c.Signature = "bare", crypto.Sign("", now, "1") }, status: 403},
		"WeCom":                          {of: company("1616140317555161061", corpID), want: "1616140317555161061"},
		"WeCom for another company":      {of: company("1", "ww9999999999999999"), status: 403},
		"WeCom with markup inside":       {of: company("<b>", corpID), status: 403},
		"WeCom with a plain echostr": {of: company("1", corpID), change: func(c *callback.Challenge) {
			c.Echo = base64.StdEncoding.EncodeToString([]byte("1"))
			c.Signature = crypto.Sign(corpToken, now, "1", c.Echo)
		}, status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.change != nil {
				c.change(&c.of)
			}
			echo, err := h.door.Verify(&c.of)
			var r *callback.Refusal
			if c.status == 0 && (err != nil || echo != c.want) || c.status != 0 && (!errors.As(err, &r) || r.Status != c.status || echo != "") {
				t.Errorf("answered %q, %v: want %q, %d", echo, err, c.want, c.status)
			}
		})
	}
}

func TestANewKeyIsTakenAtOnceAndTheOldOneStillOpens(t *testing.T) {
	t.Parallel()
	s := ownSenders()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), withSenders(s))
	send := func(key, id string) error {
		o := clinic(text(id, "x"))
		o.key = key
		_, err := h.door.Receive(o.request(t))
		return err
	}
	if err := send(currentKey, "1"); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	k := s.list["clinic"]
	k.AES = []string{strangeKey, currentKey}
	s.list["clinic"] = k
	s.mu.Unlock()
	if err := errors.Join(send(strangeKey, "2"), send(currentKey, "3")); err != nil {
		t.Errorf("after the change: %v", err)
	}
	if send(previousKey, "4") == nil {
		t.Error("the key before the one before still opens")
	}
}

func TestWithTheSendersAwayAPushWaitsAndIsRefused(t *testing.T) {
	t.Parallel()
	s := ownSenders()
	s.fails = errors.New("away")
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), withSenders(s))
	r := clinic(text("1", "")).request(t)
	r.At = time.Now().Add(-4 * time.Second)
	_, err := h.door.Receive(r)
	var refusal *callback.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 503 {
		t.Errorf("answered %v", err)
	}
}

func FuzzReceiveWeCom(f *testing.F) {
	h := newHouse(f, sqltest.Open(f, sqltest.Source(f, "sqlite")), withSenders(ownSenders()))
	f.Add([]byte(entered("1000002")), "1000002")
	f.Add([]byte(contact), "")
	f.Add([]byte(`{"ToUserName":"x","List":[[]]}`), "1000003")
	f.Fuzz(func(t *testing.T, plain []byte, agent string) {
		if strings.ContainsAny(agent, "<&]") {
			return
		}
		o := app(string(plain))
		o.outer = corpID + "</ToUserName><AgentID>" + agent + "</AgentID><ToUserName>" + corpID
		_, err := h.door.Receive(o.request(t))
		var refusal *callback.Refusal
		if err != nil && (!errors.As(err, &refusal) || refusal.Status >= 500) {
			t.Fatalf("answered %v", err)
		}
	})
}
