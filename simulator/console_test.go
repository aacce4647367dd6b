package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/crypto"
)

const formerKey = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

// owner is a server that an account's own pushes go to: it verifies and opens
// them by the vendor's pages.
type owner struct {
	t      *testing.T
	wecom  bool
	broken bool // echoes with a line break
	answer func(n int) (int, string)

	mu   sync.Mutex
	got  []string // opened
	body []string
	keys []int
}

func (o *owner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	now, key := mustKey(o.t, testKey), mustKey(o.t, formerKey)
	if r.Method == http.MethodGet {
		echo := q.Get("echostr")
		good := crypto.VerifyGET(q.Get("signature"), testToken, q.Get("timestamp"), q.Get("nonce"))
		if o.wecom {
			good = crypto.Verify(q.Get("msg_signature"), testToken, q.Get("timestamp"), q.Get("nonce"), []byte(echo))
			plain, _, err := crypto.Open([]byte(echo), "wwcorp", now)
			echo, good = string(plain), good && err == nil
		}
		if !good {
			w.WriteHeader(http.StatusForbidden)
		}
		if o.broken {
			echo += "\n"
		}
		_, _ = w.Write([]byte(echo))
		return
	}
	b, _ := io.ReadAll(r.Body)
	sealed := string(b)
	if strings.HasPrefix(sealed, "{") {
		var e struct{ Encrypt string }
		_ = json.Unmarshal(b, &e)
		sealed = e.Encrypt
	} else if _, after, ok := strings.Cut(sealed, "<Encrypt>"); ok {
		sealed, _, _ = strings.Cut(after, "</Encrypt>")
		sealed = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(sealed), "<![CDATA["), "]]>")
	}
	id := ownApp
	if o.wecom {
		id = "wwcorp"
	}
	plain, n, err := crypto.Open([]byte(strings.TrimSpace(sealed)), id, now, key)
	if err == nil && !crypto.Verify(q.Get("msg_signature"), testToken, q.Get("timestamp"), q.Get("nonce"), []byte(strings.TrimSpace(sealed))) {
		o.t.Error("msg_signature does not fit")
	}
	o.mu.Lock()
	o.got, o.body, o.keys = append(o.got, string(plain)), append(o.body, string(b)), append(o.keys, n)
	tries := len(o.got)
	o.mu.Unlock()
	if o.answer == nil {
		_, _ = w.Write([]byte("success"))
		return
	}
	status, text := o.answer(tries)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func mustKey(t *testing.T, text string) *crypto.Key {
	t.Helper()
	k, err := crypto.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// owned is a world with an account and a company, and the owner's server.
func owned(t *testing.T, o *owner) (*Simulator, Console) {
	t.Helper()
	o.t = t
	cfg := testConfig()
	cfg.AuthorizationURL, cfg.PushRetry = "", 10*time.Millisecond
	sim := New(cfg)
	if err := sim.AddAccount(Account{AppID: ownApp, UserName: "gh_own", Secret: itsSecret}); err != nil {
		t.Fatal(err)
	}
	(&house{t: t, sim: sim}).run()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	c := Console{AppID: ownApp, URL: server.URL + "/own?x=1", Token: testToken, EncodingAESKey: testKey, PreviousKey: formerKey}
	if o.wecom {
		c.AppID, c.CorpID, c.AgentID = "", "wwcorp", 7
	}
	return sim, c
}

func TestAConsoleIsSavedOnlyIfTheAddressEchoes(t *testing.T) {
	for name, o := range map[string]*owner{"an account": {}, "a company": {wecom: true}} {
		t.Run(name, func(t *testing.T) {
			sim, c := owned(t, o)
			for what, change := range map[string]func(*Console){
				"another token":                 func(c *Console) { c.Token = "another" },
				"a long token":                  func(c *Console) { c.Token = strings.Repeat("t", 33) },
				"a short key":                   func(c *Console) { c.EncodingAESKey = "short" },
				"both an account and a company": func(c *Console) { c.AppID, c.CorpID = "a", "b" },
				"an echo with a line break":     func(*Console) { o.broken = true },
				"no address":                    func(c *Console) { c.URL = strings.Replace(c.URL, "/own", "/%zz", 1) },
				"a mode nobody knows":           func(c *Console) { c.Mode = "loose" },
			} {
				bad := c
				change(&bad)
				if err := sim.Enter(t.Context(), bad); err == nil {
					t.Errorf("%s: saved", what)
				}
				o.broken = false
			}
			if _, err := sim.SayOwn(t.Context(), OwnMessage{AppID: c.AppID, CorpID: c.CorpID, AgentID: c.AgentID, User: "u", Content: "x"}); err == nil {
				t.Error("pushed without a console")
			}
			if err := sim.Enter(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnAccountsOwnPushesComeInEveryForm(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Console)
		m      OwnMessage
		inner  string // in what is opened
		outer  string // in the body
		key    int
	}{
		"safe XML":        {nil, OwnMessage{Content: "你好 😀"}, "你好 😀", "<ToUserName>", 0},
		"safe JSON":       {func(c *Console) { c.JSON = true }, OwnMessage{Content: "你好 \"😀"}, `"Content":"你好 \"😀"`, `"Encrypt":`, 0},
		"compatible XML":  {func(c *Console) { c.Mode = "compatible" }, OwnMessage{Content: "hi"}, "hi", "Content>", 0},
		"compatible JSON": {func(c *Console) { c.Mode, c.JSON = "compatible", true }, OwnMessage{Content: "hi"}, `"Content":"hi"`, `"Content":"hi"`, 0},
		"plain on demand": {nil, OwnMessage{Content: "hi", Mode: "plain"}, "", "<MsgType>", -1},
		"the key before":  {nil, OwnMessage{Event: "subscribe", PreviousKey: true, Fields: map[string]string{"EventKey": "qrscene_1"}}, "qrscene_1", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := &owner{}
			sim, console := owned(t, o)
			if c.change != nil {
				c.change(&console)
			}
			if err := sim.Enter(t.Context(), console); err != nil {
				t.Fatal(err)
			}
			c.m.AppID, c.m.User = ownApp, customer
			p, err := sim.SayOwn(t.Context(), c.m)
			if err != nil || p.State != PushAnswered || p.AppID != ownApp {
				t.Fatalf("%+v, %v", p, err)
			}
			if !strings.Contains(o.got[0], c.inner) || !strings.Contains(strings.ReplaceAll(o.body[0], "<![CDATA[event]]>", ""), c.outer) || o.keys[0] != c.key {
				t.Errorf("opened with key %d: %s\nbody %s", o.keys[0], o.got[0], o.body[0])
			}
		})
	}
}

func TestWeComTakesAnEmptyAnswerAndTriesThreeTimes(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		text   string
		state  PushState
		tries  int
	}{
		"empty":      {200, "", PushAnswered, 1},
		"success":    {200, "success", PushAnswered, 1},
		"JSON":       {200, `{"ok":true}`, PushGivenUp, 3},
		"204":        {204, "", PushGivenUp, 3},
		"not at all": {500, "", PushGivenUp, 3},
	} {
		t.Run(name, func(t *testing.T) {
			o := &owner{wecom: true, answer: func(int) (int, string) { return c.status, c.text }}
			sim, console := owned(t, o)
			if err := sim.Enter(t.Context(), console); err != nil {
				t.Fatal(err)
			}
			p, err := sim.SayOwn(t.Context(), OwnMessage{CorpID: "wwcorp", AgentID: 7, User: "liwei", Event: "template_card_event", Fields: map[string]string{"TaskId": "t", "EventKey": "k"},
				Selected: []Selected{{"q", []string{"a", "b"}}}})
			if err != nil || p.State != c.state || len(p.Tries) != c.tries {
				t.Fatalf("%+v, %v", p, err)
			}
			if !strings.Contains(strings.NewReplacer("<![CDATA[", "", "]]>", "", "\n", "", " ", "").Replace(o.got[0]), "<SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>b</OptionId></OptionIds></SelectedItem></SelectedItems>") ||
				!strings.Contains(o.got[0], "<AgentID>7</AgentID>") {
				t.Errorf("opened: %s", o.got[0])
			}
		})
	}
}
