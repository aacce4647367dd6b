package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"wechattpp/notify"
)

type massAnswer struct {
	ID         int64                `json:"id,string"`
	Sender     string               `json:"sender"`
	Recipients int                  `json:"recipients"`
	VendorID   string               `json:"vendor_msg_id,omitempty"`
	BegunAt    time.Time            `json:"handed_over_at"`
	Status     string               `json:"status,omitempty"`
	Counts     *notify.VendorCounts `json:"vendor_counts,omitempty"`
	Detail     json.RawMessage      `json:"detail,omitempty"`
	ToldAt     *time.Time           `json:"told_at,omitempty"`
}

func showMass(m notify.Called) massAnswer {
	a := massAnswer{ID: m.ID, Sender: m.Sender, Recipients: m.Recipients, VendorID: m.VendorMsgID, BegunAt: m.BegunAt.UTC(), Status: m.Status, Detail: m.Detail, ToldAt: known(m.ToldAt)}
	if a.ToldAt != nil {
		a.Counts = &m.Counts
	}
	return a
}

// massSends lists the calls for many of a message, the first first, with what the
// vendor told of each.
func (s *server) massSends(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := massCursor(p)
	if err != nil {
		return err
	}
	all, err := s.Notify.Calls(c.ctx(), c.notifyClient(), c.text("msgid"), after, p.limit+1)
	if err != nil {
		return noMessage(c, err)
	}
	return c.reply(http.StatusOK, listBy(all, p.limit, func(m notify.Called) string { return stamp(m.BegunAt, strconv.FormatInt(m.ID, 10)) }, showMass))
}

// massCursor reads where a page begins.
func massCursor(p page) (m notify.Called, err error) {
	at, id, err := p.stamp()
	if err != nil || id == "" {
		return m, err
	}
	m.BegunAt = at
	if m.ID, err = strconv.ParseInt(id, 10, 64); err != nil {
		return m, badCursor()
	}
	return m, nil
}
