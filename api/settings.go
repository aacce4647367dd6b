package api

import (
	"net/http"

	"wechattpp/access"
	"wechattpp/notify"
)

// settings is the answer of /v1/settings.
type settings struct {
	TimeZone  string        `json:"time_zone"`
	Words     notify.Words  `json:"sensitive_words"`
	Quiet     notify.Quiet  `json:"quiet_hours"`
	Broadcast notify.Quota  `json:"broadcast_quota"`
	Rate      access.Limits `json:"rate"`
}

// settingsChange is the body of a change: what is absent stays.
type settingsChange struct {
	TimeZone  *string          `json:"time_zone"`
	Words     *wordsChange     `json:"sensitive_words"`
	Quiet     *quietChange     `json:"quiet_hours"`
	Broadcast *broadcastChange `json:"broadcast_quota"`
	Rate      *rateChange      `json:"rate"`
}

type wordsChange struct {
	Enabled *bool     `json:"enabled"`
	Words   *[]string `json:"words"`
}

type quietChange struct {
	Enabled *bool   `json:"enabled"`
	From    *string `json:"from"`
	To      *string `json:"to"`
	Quiet   *string `json:"quiet"`
}

type broadcastChange struct {
	PerDay *int `json:"per_day"`
}

type rateChange struct {
	CallsPerSecond *int `json:"calls_per_second"`
}

func (s *server) readSettings(c *call) error {
	p, err := s.Notify.Protection(c.ctx())
	if err != nil {
		return err
	}
	l, err := s.Access.Limits(c.ctx())
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, s.showSettings(p, l))
}

// showSettings tells what was never set by what holds then.
func (s *server) showSettings(p notify.Protection, l access.Limits) settings {
	p = withDefaults(p)
	p.Words.Words = some(p.Words.Words)
	if l.CallsPerSecond == 0 {
		l.CallsPerSecond = max(1, int(s.Rate))
	}
	return settings{p.TimeZone, p.Words, p.Quiet, p.Broadcast, l}
}

func withDefaults(p notify.Protection) notify.Protection {
	fill(&p.TimeZone, "+08:00")
	fill(&p.Quiet.From, "22:00")
	fill(&p.Quiet.To, "08:00")
	fill(&p.Quiet.Then, notify.QuietRefuse)
	return p
}

func fill(text *string, usual string) {
	if *text == "" {
		*text = usual
	}
}

// changeSettings changes what the body names, or nothing. The limit of calls
// belongs to another room: it is checked first and changed last.
func (s *server) changeSettings(c *call) error {
	var in settingsChange
	if err := c.decode(&in); err != nil {
		return err
	}
	c.target("settings")
	l, err := s.Access.Limits(c.ctx())
	if err != nil {
		return err
	}
	in.limit(&l)
	if err := l.Check(); err != nil {
		return err
	}
	p, err := s.Notify.ChangeProtection(c.ctx(), in.apply)
	if err != nil {
		return sendProblem(err)
	}
	if l, err = s.Access.ChangeLimits(c.ctx(), in.limit); err != nil {
		return err
	}
	now := s.showSettings(p, l)
	c.note("time_zone", now.TimeZone)
	c.note("sensitive_words", map[string]any{"enabled": now.Words.Enabled, "words": len(now.Words.Words)})
	c.note("quiet_hours", now.Quiet)
	c.note("broadcast_quota", now.Broadcast)
	c.note("rate", now.Rate)
	return c.reply(http.StatusOK, now)
}

func (in settingsChange) limit(l *access.Limits) {
	if in.Rate != nil {
		set(&l.CallsPerSecond, in.Rate.CallsPerSecond)
	}
}

func (in settingsChange) apply(p *notify.Protection) {
	*p = withDefaults(*p)
	set(&p.TimeZone, in.TimeZone)
	if w := in.Words; w != nil {
		set(&p.Words.Enabled, w.Enabled)
		set(&p.Words.Words, w.Words)
	}
	if q := in.Quiet; q != nil {
		set(&p.Quiet.Enabled, q.Enabled)
		set(&p.Quiet.From, q.From)
		set(&p.Quiet.To, q.To)
		set(&p.Quiet.Then, q.Quiet)
	}
	if b := in.Broadcast; b != nil {
		set(&p.Broadcast.PerDay, b.PerDay)
	}
}

// set changes a field that the body names.
func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}
