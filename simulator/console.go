package simulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"wechattpp/crypto"
)

// Console is what the owner of an account with a secret of its own, or of a
// WeCom app, has entered where it says which server gets its pushes: an
// Official Account's 基本配置, a Mini Program's 消息推送, a WeCom app's 接收消息
// (component 1.9, wecom 8.1).
type Console struct {
	AppID   string `json:"appid,omitempty"`   // the account, or
	CorpID  string `json:"corp_id,omitempty"` // the company
	AgentID int64  `json:"agent_id,omitempty"`

	URL            string `json:"url"`
	Token          string `json:"token"`
	EncodingAESKey string `json:"encoding_aes_key"`
	PreviousKey    string `json:"previous_key,omitempty"` // the one before: some pushes still come with it
	Mode           string `json:"mode,omitempty"`         // safe (default), compatible, plain; WeCom is always safe
	JSON           bool   `json:"json,omitempty"`         // the format; WeCom pushes XML
}

// console is an entered one.
type console struct {
	Console
	keys [2]*crypto.Key // now and before; the second may be nil
}

func (c *Console) wecom() bool { return c.CorpID != "" }

// id closes what is pushed.
func (c *Console) id() string {
	if c.wecom() {
		return c.CorpID
	}
	return c.AppID
}

// consoles are those entered, by account.
type consoles struct {
	mu  sync.RWMutex
	all map[string]*console
}

func (c *consoles) find(id string, agent int64) *console {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.all[consoleKey(id, agent)]
}

func consoleKey(id string, agent int64) string { return id + "/" + strconv.FormatInt(agent, 10) }

// Enter saves a console as the vendor does: only if the address answers its
// verification, within 5 s at WeChat and 1 s at WeCom. The error says what it
// answered instead.
func (s *Simulator) Enter(ctx context.Context, entered Console) error {
	c, err := entered.check()
	if err != nil {
		return err
	}
	if err := s.verifyURL(ctx, c); err != nil {
		return fmt.Errorf("the address does not verify: %w", err)
	}
	s.consoles.mu.Lock()
	defer s.consoles.mu.Unlock()
	if s.consoles.all == nil {
		s.consoles.all = map[string]*console{}
	}
	s.consoles.all[consoleKey(c.id(), c.AgentID)] = c
	return nil
}

func (c *Console) check() (*console, error) {
	out := &console{Console: *c}
	out.Mode = or(c.Mode, "safe")
	switch {
	case (c.AppID == "") == (c.CorpID == ""):
		return nil, errors.New("console: give either appid or corp_id")
	case c.wecom() && (out.Mode != "safe" || c.JSON):
		return nil, errors.New("console: WeCom always encrypts, and pushes XML")
	case out.Mode != "safe" && out.Mode != "compatible" && out.Mode != "plain":
		return nil, fmt.Errorf("console: mode %q is none of safe, compatible, plain", c.Mode)
	case c.Token == "" || len(c.Token) > 32:
		return nil, errors.New("console: token must have 1 to 32 characters")
	}
	for i, text := range []string{c.EncodingAESKey, c.PreviousKey} {
		if i == 1 && text == "" {
			continue
		}
		key, err := crypto.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		out.keys[i] = key
	}
	return out, nil
}

// verifyURL asks the address for an echo (component 1.9, wecom 8.2).
func (s *Simulator) verifyURL(ctx context.Context, c *console) error {
	limit := s.cfg.PushLimit
	if c.wecom() {
		limit = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	want := strconv.FormatUint(s.style.bits(), 10)
	q, err := c.challenge(s, want)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	req.URL.RawQuery = q
	res, err := s.client.Do(req)
	if err != nil {
		return errors.New(withoutURL(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return errors.New(withoutURL(err))
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("HTTP status %d, want 200", res.StatusCode)
	case string(body) != want: // no quotes, no line break
		return errors.New("the answer is not exactly the echostr")
	}
	return nil
}

func (c *console) challenge(s *Simulator, echo string) (string, error) {
	timestamp, nonce := s.stamp()
	if !c.wecom() {
		return url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "echostr": {echo}, "signature": {crypto.Sign(c.Token, timestamp, nonce)}}.Encode(), nil
	}
	sealed, err := crypto.Seal(rand.Reader, []byte(echo), c.id(), c.keys[0])
	return url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "echostr": {sealed}, "msg_signature": {crypto.Sign(c.Token, timestamp, nonce, sealed)}}.Encode(), err
}

func (s *Simulator) stamp() (timestamp, nonce string) {
	return strconv.FormatInt(time.Now().Unix(), 10), strconv.FormatUint(s.style.bits()%10_000_000_000, 10)
}

// envelope seals and signs an inner message for the console's address: the
// query and the body.
func (c *console) envelope(s *Simulator, e *event, inner []byte) (query string, body []byte, err error) {
	timestamp, nonce := s.stamp()
	q := url.Values{"timestamp": {timestamp}, "nonce": {nonce}}
	if !c.wecom() {
		q.Set("signature", crypto.Sign(c.Token, timestamp, nonce))
		q.Set("openid", e.openID)
	}
	if e.mode == "plain" {
		return q.Encode(), inner, nil
	}
	sealed, err := crypto.Seal(rand.Reader, inner, c.id(), e.key)
	if err != nil {
		return "", nil, fmt.Errorf("seal a push: %w", err)
	}
	q.Set("msg_signature", crypto.Sign(c.Token, timestamp, nonce, sealed))
	if !c.wecom() {
		q.Set("encrypt_type", "aes")
	}
	return q.Encode(), c.wrap(s, e, inner, sealed), nil
}

// wrap makes the body; in compatible mode it has the plain fields, too.
func (c *console) wrap(s *Simulator, e *event, inner []byte, sealed string) []byte {
	encrypt := member{name: "Encrypt", value: sealed}
	outer := []member{{name: "ToUserName", value: c.to(e)}}
	if c.wecom() && !e.noAgent {
		outer = append(outer, member{name: "AgentID", value: strconv.FormatInt(c.AgentID, 10)})
	}
	if e.mode != "compatible" {
		if c.JSON {
			return membersJSON(append(outer, encrypt))
		}
		return s.style.next().write(append(outer, encrypt))
	}
	if c.JSON {
		return []byte(strings.TrimSuffix(string(inner), "}") + "," + strings.TrimPrefix(string(membersJSON([]member{encrypt})), "{"))
	}
	return []byte(strings.TrimSuffix(string(inner), "</xml>") + strings.TrimPrefix(string(form{cdata: true}.write([]member{encrypt})), "<xml>"))
}

func (c *console) to(e *event) string {
	if c.wecom() {
		return c.CorpID
	}
	return e.account.profile.UserName
}
