package api

import (
	"encoding/json"
	"net/http"
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

// massSends lists the calls for many of a message, with what the vendor told of
// each.
func (s *server) massSends(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := p.number()
	if err != nil {
		return err
	}
	all, err := s.Notify.Calls(c.ctx(), c.notifyClient(), c.text("msgid"), after, p.limit+1)
	if err != nil {
		return noMessage(c, err)
	}
	return c.reply(http.StatusOK, listByID(all, p.limit, func(m notify.Called) int64 { return m.ID }, showMass))
}
