package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"wechattpp/notify"
)

// jumsAnswer is what JUMS answers where there is nothing to tell
// (docs.jiguang.cn/jums/server/rest_api_jums_retract_message).
type jumsAnswer struct {
	Code     int      `json:"code"`
	Message  string   `json:"message"`
	Warnings []string `json:"warnings,omitempty"`
}

// codeRetracted is JUMS's, for a message that was retracted before.
const codeRetracted = 1015055

func (s *server) retract(c *call) error {
	c.target("message/" + c.text("msgid"))
	err := s.Notify.Retract(c.ctx(), c.notifyClient(), c.text("msgid"))
	switch {
	case errors.Is(err, notify.ErrRetracted):
		return refuse(http.StatusBadRequest, codeRetracted, err.Error())
	case errors.Is(err, notify.ErrTooOld):
		return invalid("msgid", "cannot be retracted: "+err.Error())
	case errors.Is(err, fs.ErrNotExist):
		return invalid("msgid", "names no message of yours: use one that a send answered")
	case err != nil:
		return err
	}
	warnings, err := s.Notify.RetractWarnings(c.ctx(), c.notifyClient(), c.text("msgid"))
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, jumsAnswer{Message: "success", Warnings: warnings})
}

func (s *server) pauseMessage(c *call) error {
	return s.steer(c, s.Notify.Pause(c.ctx(), c.notifyClient(), c.text("msgid")))
}
func (s *server) resumeMessage(c *call) error {
	return s.steer(c, s.Notify.Resume(c.ctx(), c.notifyClient(), c.text("msgid")))
}

func (s *server) approveMessage(c *call) error {
	return s.steer(c, s.Notify.Approve(c.ctx(), c.text("msgid")))
}
func (s *server) rejectMessage(c *call) error {
	return s.steer(c, s.Notify.Reject(c.ctx(), c.text("msgid")))
}

func (s *server) retryMessage(c *call) error {
	n, err := s.Notify.Retry(c.ctx(), c.notifyClient(), c.text("msgid"))
	c.note("recipients", n)
	return s.steer(c, err)
}

// steer answers how the message stands now.
func (s *server) steer(c *call, err error) error {
	c.target("message/" + c.text("msgid"))
	for _, known := range []error{notify.ErrRetracted, notify.ErrEnded, notify.ErrExpired, notify.ErrRuled, notify.ErrUnapproved, notify.ErrNotWaiting} {
		if errors.Is(err, known) {
			return conflict(known.Error())
		}
	}
	if err != nil {
		return noMessage(c, err)
	}
	return s.message(c)
}

const (
	progressEvery = time.Second
	// progressLasts is how long one stream goes on; its reader connects again.
	progressLasts = time.Hour
	// recent is what the rate of a progress stream looks back on.
	recent = 10
)

// progress streams how a message stands as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), one a
// second if something has changed, and a comment else; it ends with the message.
func (s *server) progress(c *call) error {
	m, err := s.Notify.Message(c.ctx(), c.notifyClient(), c.text("msgid"))
	if err != nil {
		return noMessage(c, err)
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	var past pace
	var last []byte
	for end := time.Now().Add(progressLasts); ; {
		if last, err = c.tell(past.show(m, time.Now()), last); err != nil {
			return err
		}
		if m.Stage == notify.Done || m.Stage == notify.Withdrawn || time.Now().After(end) {
			return nil
		}
		select {
		case <-c.ctx().Done():
			return nil
		case <-s.Stopping.Done():
			return nil
		case <-tick.C:
		}
		if m, err = s.Notify.Message(c.ctx(), c.notifyClient(), c.text("msgid")); err != nil {
			return err
		}
	}
}

// tell writes an event, or a comment if it is the same as the last one.
func (c *call) tell(a messageAnswer, last []byte) ([]byte, error) {
	data, err := json.Marshal(a)
	if err != nil {
		return last, err
	}
	text := append(append([]byte("data: "), data...), "\n\n"...)
	if bytes.Equal(data, last) {
		text = []byte(": still here\n\n")
	}
	if _, err := c.Writer.Write(text); err != nil {
		return data, err
	}
	c.Writer.Flush()
	return data, nil
}

// pace remembers the last seconds of a message.
type pace []struct {
	at   time.Time
	open int
}

// show tells a message with the rate of the last seconds.
func (p *pace) show(m notify.Message, now time.Time) messageAnswer {
	*p = append(*p, struct {
		at   time.Time
		open int
	}{now, m.Open()})
	if len(*p) > recent {
		*p = (*p)[1:]
	}
	a := showMessage(m)
	if first := (*p)[0]; now.After(first.at) && m.Open() > 0 {
		a.at(float64(first.open-m.Open())/now.Sub(first.at).Seconds(), m.Open())
	}
	return a
}
