package simulator

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Webhook is that of a group chat of a company (wecom 6.2).
type Webhook struct {
	Key      string `json:"key"`
	Refused  bool   `json:"refused,omitempty"`  // the chat does not allow it
	Disabled bool   `json:"disabled,omitempty"` // it is switched off
}

// RobotSend is one message that a group got.
type RobotSend struct {
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body"`
}

// robot is a webhook of the world.
type robot struct {
	mu    sync.Mutex
	is    Webhook
	gone  bool
	sends ring[RobotSend]
	files map[string]string // media_id: its type
}

const (
	robotPerMinute = 20
	robotKept      = 10_000
	robotBody      = 4 << 20 // a picture of 2 MB in base64, and what is around it
)

func (c Corp) robots() map[string]*robot {
	all := map[string]*robot{}
	for _, w := range c.Webhooks {
		all[w.Key] = &robot{is: w, sends: ring[RobotSend]{max: robotKept}, files: map[string]string{}}
	}
	return all
}

// robot finds a webhook by its key in any company.
func (w *wecom) robot(key string) *robot {
	for _, c := range w.all() {
		if r := c.robots[key]; r != nil {
			return r
		}
	}
	return nil
}

// RemoveWebhook takes a webhook off its group, as a member can.
func (s *Simulator) RemoveWebhook(key string) {
	if r := s.wecom.robot(key); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gone = true
	}
}

// RobotSends are the messages that the group of a key got, oldest first.
func (s *Simulator) RobotSends(key string) []RobotSend {
	r := s.wecom.robot(key)
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sends.last(-1)
}

type robotSend struct {
	Type string `json:"msgtype"`
	Text struct {
		Content string   `json:"content"`
		Members []string `json:"mentioned_list"`
		Mobiles []string `json:"mentioned_mobile_list"`
	} `json:"text"`
	Markdown struct{ Content string } `json:"markdown"`
	V2       struct{ Content string } `json:"markdown_v2"`
	Image    struct {
		Base64 string `json:"base64"`
		MD5    string `json:"md5"`
	} `json:"image"`
	News struct {
		Articles []appArticle `json:"articles"`
	} `json:"news"`
	File  appMedia `json:"file"`
	Voice appMedia `json:"voice"`
	Card  struct {
		Type   string          `json:"card_type"`
		Action json.RawMessage `json:"card_action"`
	} `json:"template_card"`
}

// sendRobot is webhook/send.
func (s *Simulator) sendRobot(q *request) (any, *refusal) {
	r, fail := s.robotOf(q)
	if fail != nil {
		return nil, fail
	}
	var m robotSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(40058)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if fail := m.refuses(r.files); fail != nil {
		return nil, fail
	}
	lately := 0
	for i := range r.sends.items {
		if q.now.Sub(r.sends.items[i].At) < time.Minute {
			lately++
		}
	}
	if lately >= robotPerMinute {
		return nil, refuse(45009)
	}
	r.sends.add(RobotSend{q.now, slices.Clone(q.body)})
	return wecomOK, nil
}

// robotOf is the webhook of a call, if it is fit to be used.
func (s *Simulator) robotOf(q *request) (*robot, *refusal) {
	r := s.wecom.robot(q.URL.Query().Get("key"))
	if r == nil {
		return nil, refuse(93000)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r, first(codeIf(r.gone, 93000), codeIf(r.is.Disabled, 93004), codeIf(r.is.Refused, 93001))
}

func (m *robotSend) refuses(files map[string]string) *refusal {
	switch m.Type {
	case "text":
		return first(codeIf(strings.TrimSpace(m.Text.Content) == "", 93017), codeIf(len(m.Text.Content) > 2048, 40058))
	case "markdown":
		return first(codeIf(strings.TrimSpace(m.Markdown.Content) == "", 93017), codeIf(len(m.Markdown.Content) > 4096, 40058))
	case "markdown_v2":
		return first(codeIf(strings.TrimSpace(m.V2.Content) == "", 93017), codeIf(len(m.V2.Content) > 4096, 40058))
	case "image":
		return m.picture()
	case "news":
		return each(m.News.Articles, func(a appArticle) *refusal { return first(codeIf(a.Title == "", 41016), a.link()) })
	case "file":
		return first(codeIf(m.File.ID == "", 41006), codeIf(files[m.File.ID] != "file", 40007))
	case "voice":
		return first(codeIf(m.Voice.ID == "", 41006), codeIf(files[m.Voice.ID] != "voice", 40007))
	case "template_card":
		return first(codeIf(m.Card.Type != "text_notice" && m.Card.Type != "news_notice", 42031), codeIf(len(m.Card.Action) == 0, 42045))
	}
	return refuse(40008)
}

func (m *robotSend) picture() *refusal {
	raw, err := base64.StdEncoding.DecodeString(m.Image.Base64)
	sum := md5.Sum(raw)
	return first(codeIf(len(raw) == 0 && err == nil, 93017), codeIf(err != nil, 40058), codeIf(len(raw) > 2<<20, 93018),
		codeIf(!bytes.HasPrefix(raw, []byte{0xff, 0xd8, 0xff}) && !bytes.HasPrefix(raw, []byte("\x89PNG")), 40123),
		codeIf(hex.EncodeToString(sum[:]) != m.Image.MD5, 301019))
}

// uploadRobot is webhook/upload_media: files and voices, for this webhook alone.
func (s *Simulator) uploadRobot(q *request) (any, *refusal) {
	r, fail := s.robotOf(q)
	if fail != nil {
		return nil, fail
	}
	u, _, fail := s.take(q, "webhook", map[string]shape{"file": weComMedia["file"], "voice": weComMedia["voice"]})
	if fail != nil {
		return nil, fail
	}
	u.MediaID = mediaID()
	s.keep(u)
	r.mu.Lock()
	r.files[u.MediaID] = u.Type
	r.mu.Unlock()
	return struct {
		errorAnswer
		Type    string `json:"type"`
		MediaID string `json:"media_id"`
		At      string `json:"created_at"`
	}{wecomOK, u.Type, u.MediaID, strconv.FormatInt(q.now.Unix(), 10)}, nil
}
