package api

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
)

type messageAnswer struct {
	MsgID     string        `json:"msgid"`
	State     string        `json:"state"`
	Target    int           `json:"target"`
	Counts    notify.Counts `json:"counts"`
	SendNo    string        `json:"sendno,omitempty"`
	Senders   []string      `json:"senders"`
	Owner     string        `json:"owner,omitempty"`
	Approval  string        `json:"approval,omitempty"` // waiting, approved, rejected; absent: not needed
	SendAt    *time.Time    `json:"send_at,omitempty"`
	ExpireAt  *time.Time    `json:"expire_at,omitempty"`
	CreatedAt time.Time     `json:"created_at"`
	DoneAt    *time.Time    `json:"done_at,omitempty"`
	Rate      float64       `json:"rate"`                   // recipients a second that left the queue
	Left      *int          `json:"seconds_left,omitempty"` // at that rate
}

type recipientAnswer struct {
	Sender   string               `json:"sender"`
	UserID   string               `json:"userid"`
	Identity string               `json:"identity"`
	State    string               `json:"state"`
	Vendor   *notify.VendorCounts `json:"vendor_counts,omitempty"` // of one whom the vendor expands, once it has told
	Error    *recipientError      `json:"error,omitempty"`
	IntentAt *time.Time           `json:"handed_over_at,omitempty"`
	SentAt   *time.Time           `json:"sent_at,omitempty"`
	DoneAt   *time.Time           `json:"done_at,omitempty"`
}

type recipientError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func showMessage(m notify.Message) messageAnswer {
	a := messageAnswer{MsgID: m.MsgID.String(), State: m.Stage.String(), Target: m.Target, Counts: m.Counts, SendNo: m.SendNo, Senders: some(m.Senders), Owner: m.Owner, Approval: m.Approval.String(),
		SendAt: known(m.SendAt), ExpireAt: known(m.ExpireAt), CreatedAt: m.CreatedAt.UTC(), DoneAt: known(m.DoneAt)}
	a.at(m.Rate(time.Now()), m.Open())
	return a
}

// at tells how fast it goes, and how long it will go on so.
func (a *messageAnswer) at(rate float64, open int) {
	a.Rate, a.Left = math.Round(rate*10)/10, nil
	if open > 0 && rate > 0 {
		left := int(math.Ceil(float64(open) / rate))
		a.Left = &left
	}
}

func showRecipient(r notify.Recipient) recipientAnswer {
	a := recipientAnswer{Sender: r.Sender, UserID: r.UserID, Identity: r.Identity, State: r.State.String(), Vendor: r.Vendor,
		IntentAt: known(r.IntentAt), SentAt: known(r.SentAt), DoneAt: known(r.DoneAt)}
	if r.Code != 0 || r.Text != "" {
		a.Error = &recipientError{r.Code, r.Text}
	}
	return a
}

// known leaves out a time that has not come.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (s *server) listMessages(c *call) error {
	waiting := c.Query("approval") == notify.Waiting.String()
	if !waiting && c.Query("approval") != "" {
		return invalid("approval", "must be waiting, or be left out")
	}
	return pageByID(c, func(before int64, limit int) ([]notify.Message, error) {
		return s.Notify.Messages(c.ctx(), c.notifyClient(), waiting, before, limit)
	}, func(m notify.Message) int64 { return m.MsgID.ID }, showMessage)
}

func (s *server) message(c *call) error {
	m, err := s.Notify.Message(c.ctx(), c.notifyClient(), c.text("msgid"))
	if err != nil {
		return noMessage(c, err)
	}
	return c.reply(http.StatusOK, showMessage(m))
}

func noMessage(c *call, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return missing("message " + strconv.Quote(c.text("msgid")))
	}
	return err
}

// recipients pages through the recipients of a message, or streams all of them
// as CSV.
func (s *server) recipients(c *call) error {
	var only *notify.State
	if name := c.Query("state"); name != "" {
		state, ok := notify.ParseState(name)
		if !ok {
			return invalid("state", "must be one of "+strings.Join(notify.StateNames(), ", "))
		}
		only = &state
	}
	if csv, err := c.csv(); err != nil {
		return err
	} else if csv {
		return s.recipientsCSV(c, only)
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := p.number()
	if err != nil {
		return err
	}
	// The cursor is a seq and one more, for seq 0 is a recipient and 0 the beginning.
	all, err := s.Notify.Recipients(c.ctx(), c.notifyClient(), c.text("msgid"), only, int(after)-1, p.limit+1)
	if err != nil {
		return noMessage(c, err)
	}
	return c.reply(http.StatusOK, listByID(all, p.limit, func(r notify.Recipient) int64 { return int64(r.Seq) + 1 }, showRecipient))
}

// recipientsCSV writes page after page.
func (s *server) recipientsCSV(c *call, only *notify.State) error {
	const part = 1000
	var w *csv.Writer
	for after := -1; ; {
		all, err := s.Notify.Recipients(c.ctx(), c.notifyClient(), c.text("msgid"), only, after, part)
		if err != nil {
			return noMessage(c, err)
		}
		if after < 0 {
			w = c.table("recipients.csv", "sender", "userid", "identity", "state", "error_code", "error_message", "handed_over_at", "sent_at", "done_at")
		}
		for _, r := range all {
			a := showRecipient(r)
			_ = w.Write([]string{a.Sender, audience.SafeCell(a.UserID), audience.SafeCell(a.Identity), a.State, codeCell(r.Code), audience.SafeCell(r.Text), timeCell(a.IntentAt), timeCell(a.SentAt), timeCell(a.DoneAt)})
			after = r.Seq
		}
		if w.Flush(); w.Error() != nil || len(all) < part {
			return w.Error()
		}
	}
}

func codeCell(code int) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(code)
}

func timeCell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
