package api

import (
	"time"

	"wechattpp/access"
)

// record writes the audit entry of a call that changed or revealed something.
func (s *server) record(c *call, r route) error {
	e := access.Entry{Actor: c.who.Actor(), Action: r.action, Target: c.about, Detail: c.details}
	if c.shown != "" {
		return s.Access.RecordReveal(c.ctx(), e, c.shown)
	}
	return s.Access.Record(c.ctx(), e)
}

// auditAnswer is an entry of the trail.
type auditAnswer struct {
	ID     int64          `json:"id"`
	At     time.Time      `json:"at"`
	Actor  string         `json:"actor"`
	Action string         `json:"action"`
	Target string         `json:"target"`
	Detail map[string]any `json:"detail"`
}

// listAudit lists the trail, newest first.
func (s *server) listAudit(c *call) error {
	return pageByID(c, func(before int64, limit int) ([]access.Entry, error) { return s.Access.Audit(c.ctx(), before, limit) },
		func(e access.Entry) int64 { return e.ID }, showEntry)
}

func showEntry(e access.Entry) auditAnswer {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	return auditAnswer{e.ID, e.At, e.Actor, e.Action, e.Target, e.Detail}
}
