package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fresh is how long settings that were read are believed.
const fresh = time.Second

// guarding is Protection made ready for use.
type guarding struct {
	Protection
	version int64
	read    time.Time
	words   *words
	zone    *time.Location
}

// protect answers the settings, at most a second old: a query a second and
// replica, however many calls.
func (r *Room) protect(ctx context.Context) (*guarding, error) {
	if g := r.guarded.Load(); g != nil && time.Since(g.read) < fresh {
		return g, nil
	}
	r.guard.Lock()
	defer r.guard.Unlock()
	old := r.guarded.Load()
	if old != nil && time.Since(old.read) < fresh {
		return old, nil
	}
	known := int64(-1)
	if old != nil {
		known = old.version
	}
	g := &guarding{read: time.Now()}
	p, version, err := r.Store.Protection(ctx, known)
	switch {
	case err != nil:
		return nil, err
	case p == nil && old != nil:
		g.Protection, g.words, g.zone = old.Protection, old.words, old.zone
	default:
		if p != nil {
			g.Protection = *p
		}
		if g.zone, err = Zone(g.TimeZone); err != nil {
			return nil, fmt.Errorf("setting time_zone: %w", err)
		}
		if g.Words.Enabled {
			g.words = newWords(g.Words.Words)
		}
	}
	g.version = version
	r.guarded.Store(g)
	return g, nil
}

// quiet is how long quiet hours go on at the time; 0: it is in none.
func (g *guarding) quiet(now time.Time) time.Duration {
	if !g.Quiet.Enabled {
		return 0
	}
	from, _ := minute(g.Quiet.From) // both were checked when they were set
	to, _ := minute(g.Quiet.To)
	t := now.In(g.zone)
	m := t.Hour()*60 + t.Minute()
	if inside := from <= m && m < to || from > to && (m >= from || m < to); !inside {
		return 0
	}
	end := time.Date(t.Year(), t.Month(), t.Day(), to/60, to%60, 0, 0, g.zone)
	if !end.After(t) {
		end = time.Date(t.Year(), t.Month(), t.Day()+1, to/60, to%60, 0, 0, g.zone)
	}
	return max(end.Sub(t), time.Millisecond)
}

// awake refuses a message that would go in quiet hours, if the setting says so.
func (g *guarding) awake(q *request, now time.Time) error {
	if q.sendAt.After(now) {
		now = q.sendAt
	}
	left := g.quiet(now)
	if left == 0 || g.Quiet.Then != QuietRefuse {
		return nil
	}
	return &Refusal{codeQuiet, "send_at", fmt.Sprintf("is in the hours from %s to %s in which nobody is disturbed: use a later time, from %s on",
		g.Quiet.From, g.Quiet.To, now.Add(left).In(g.zone).Format(time.RFC3339))}
}

// quota sets how many broadcasts the client may send on the day of the message.
func (g *guarding) quota(d *Draft) {
	if strings.HasSuffix(d.Path, "/broadcast") && g.Broadcast.PerDay > 0 {
		d.Quota, d.QuotaZone = g.Broadcast.PerDay, g.zone
	}
}

// clean refuses an element of a message that holds a sensitive word.
func (g *guarding) clean(m said) error {
	if g.words == nil {
		return nil
	}
	var refusal error
	err := walk(m.path, m.raw, func(path, text string) {
		if word, found := g.words.find(text); found && refusal == nil {
			refusal = &Refusal{codeSensitive, path, fmt.Sprintf("holds the sensitive word %q: write something else, or let an administrator change the setting sensitive_words", word)}
		}
	})
	if refusal != nil {
		return refusal
	}
	return err
}

// named are members whose values are names of things, not texts for people.
var named = []string{"sender", "template_id", "logical_template", "type", "msgtype", "appid", "app_id", "media_id", "thumb_media_id", "color", "lang",
	"miniprogram_state", "scene", "article_id", "card_id", "kf_account",
	"base64", "md5", "mentioned_list", "mentioned_mobile_list"}

// walk visits every text and number of JSON that people may read, with its path.
func walk(path string, raw json.RawMessage, visit func(path, text string)) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var whole any
	if err := d.Decode(&whole); err != nil {
		return invalid(path, "%s", jsonText(err))
	}
	walkValue(path, whole, visit)
	return nil
}

func walkValue(path string, v any, visit func(path, text string)) {
	switch v := v.(type) {
	case string:
		visit(path, v)
	case json.Number:
		visit(path, v.String())
	case []any:
		for i := range v {
			walkValue(at(path, i), v[i], visit)
		}
	case map[string]any:
		for _, name := range sorted(v) {
			if !slices.Contains(named, name) {
				walkValue(path+"."+name, v[name], visit)
			}
		}
	}
}
