package callback

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// tell writes down the refusals that someone can mend, with what to change; l
// may be nil. The timestamp is the push's, which arrived at the given time.
func (d *Door) tell(l *lock, why *Refusal, timestamp string, at time.Time) {
	if l == nil || !d.alarms.raises(why) || !d.alarms.raise(why.Reason, l.sender, time.Now()) {
		return
	}
	about := []any{"app_id", l.ID}
	if l != d.component {
		about = []any{"sender", l.sender, "kind", l.kind}
	}
	switch why {
	case errWrongKey:
		d.Log.Error("pushes with a good signature that no key opens: "+l.compare(), about...)
	case errToken:
		d.Log.Warn("an address is entered in a console whose token is not the sender's: give both the same value", about...)
	case errStale:
		d.Log.Error("pushes with a good signature whose time is further off this machine's clock than wechattpp_push_max_age: run an NTP client here",
			append(about, "off", offBy(timestamp, at).Round(time.Second).String())...)
	case errCleartext:
		d.Log.Warn("unencrypted push refused: "+l.safeMode(), about...)
	case errNoKeys:
		d.Log.Warn("push refused, as the sender has no token and encoding_aes_key: set both to what its console shows", about...)
	}
}

// compare says where to look when no key fits.
func (l *lock) compare() string {
	if l.sender == "" {
		return "compare wechattpp_encoding_aes_key and wechattpp_encoding_aes_key_previous with the Open Platform console"
	}
	return "compare encoding_aes_key and " + l.idField() + " of sender " + l.sender + " with its console"
}

func (l *lock) idField() string {
	if l.kind == weCom {
		return "corp_id"
	}
	return "app_id"
}

// safeMode names the setting that makes a vendor encrypt.
func (l *lock) safeMode() string {
	switch l.kind {
	case officialAccount:
		return "choose safe mode (安全模式) at mp.weixin.qq.com, 设置与开发 → 基本配置 → 服务器配置; sandbox accounts cannot"
	case miniProgram:
		return "choose safe mode (安全模式) at mp.weixin.qq.com, 开发管理 → 消息推送 → 消息加密方式"
	case weCom:
		return "WeCom encrypts all it pushes, so this came from elsewhere"
	}
	return "choose safe mode (AES) where the address is configured"
}

// alarms remembers when each kind of refusal that an operator must hear of was
// last seen.
type alarms struct {
	mu   sync.Mutex
	last map[alarm]times
}

type alarm struct{ reason, sender string }

type times struct{ seen, told time.Time }

func (a *alarms) raises(r *Refusal) bool {
	return r == errToken || r == errWrongKey || r == errStale || r == errCleartext || r == errNoKeys
}

// raise answers true when it is time to tell: once a minute. Senders are those
// that exist, so what is remembered is bounded.
func (a *alarms) raise(reason, sender string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = map[alarm]times{}
	}
	was := a.last[alarm{reason, sender}]
	tell := now.Sub(was.told) >= time.Minute
	if tell {
		was.told = now
	}
	was.seen = now
	a.last[alarm{reason, sender}] = was
	return tell
}

// recent tells of the last ten minutes: WeChat pushes a ticket that often.
func (a *alarms) recent(now time.Time) (texts []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var senders []string
	stale := false
	for at, w := range a.last {
		switch {
		case now.Sub(w.seen) >= 11*time.Minute:
		case at.reason == errStale.Reason:
			stale = true
		case at.reason != errWrongKey.Reason:
		case at.sender == "":
			texts = append(texts, "pushes come that no key opens: compare wechattpp_encoding_aes_key with the Open Platform console")
		default:
			senders = append(senders, at.sender)
		}
	}
	if stale {
		texts = append(texts, "pushes come whose signed time is further off this machine's clock than wechattpp_push_max_age, and are refused: run an NTP client")
	}
	if len(senders) > 0 {
		texts = append(texts, some(senders)+": compare encoding_aes_key with the account's console")
	}
	return texts
}

// some names a few senders.
func some(senders []string) string {
	const few = 5
	more := ""
	if n := len(senders); n > few {
		senders, more = senders[:few], fmt.Sprintf(" and %d more", n-few)
	}
	return "pushes come that no key of their sender opens, at " + strings.Join(senders, ", ") + more
}
