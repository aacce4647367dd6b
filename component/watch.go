package component

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wechattpp/wechat"
)

// Status is how the platform is, for /readyz and doctor.
type Status struct {
	AppID     string
	HasTicket bool
	Age       time.Duration // of the ticket, at the last look; before the first, how long it has been waited for
	Reason    string        // why the service is degraded, in a sentence; "" if it is not
}

// Status tells what Watch saw last; the age grows on.
func (c *Component) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.AppID = c.AppID
	if !c.looked.IsZero() {
		s.Age += time.Since(c.looked)
	}
	return s
}

// Watch is a step: it looks how old the ticket is. If none came for 25 minutes,
// or ever, it sounds the alarm and asks WeChat to push again, one replica every
// ten minutes. The service goes on with the last ticket for its 12 hours.
//
// Failure policy: best effort; a failed request is told and made again.
func (c *Component) Watch(ctx context.Context) (int, error) {
	if !c.mayLook() {
		return 0, nil
	}
	w, err := c.Store.Watch(ctx)
	if err != nil {
		return 0, err
	}
	c.age.Set(w.Age.Seconds())
	c.note(w)
	if w.Any && w.Age <= tooOld {
		return 0, nil
	}
	return 0, c.ask(ctx)
}

func (c *Component) mayLook() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.looked) >= lookEvery
}

// note keeps the status, and tells of a change of it once.
func (c *Component) note(w Watched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = time.Now()
	c.status = Status{HasTicket: w.Any, Age: w.Age, Reason: reason(w)}
	late := w.Age > tooOld
	if late && !c.alarmed {
		c.Log.Error("no component ticket from WeChat", "app_id", c.AppID, "for", w.Age.Round(time.Second).String(),
			"remedy", "see that the authorization event URL answers success; the last ticket works for 12 hours")
	}
	if !late && c.alarmed {
		c.Log.Info("component tickets come again", "app_id", c.AppID)
	}
	c.alarmed = late
}

func reason(w Watched) string {
	switch {
	case !w.Any:
		return "no component ticket has come yet; WeChat pushes one every 10 minutes to the authorization event URL"
	case w.Age > ticketLife:
		return fmt.Sprintf("the component ticket is %s old and WeChat takes it no more; see that the authorization event URL answers", w.Age.Round(time.Minute))
	case w.Age > tooOld:
		return fmt.Sprintf("no component ticket for %s; the last one works for 12 hours; see that the authorization event URL answers", w.Age.Round(time.Minute))
	}
	return ""
}

// ask asks WeChat to push tickets.
func (c *Component) ask(ctx context.Context) error {
	if c.rests() {
		return nil
	}
	mine, err := c.Store.Ask(ctx, askEvery)
	if err != nil || !mine {
		return err
	}
	broken, err := c.vendor.StartPushTicket(ctx, c.Secret)
	switch {
	case errors.Is(err, wechat.ErrSecret):
		c.rest()
		c.Log.Error("WeChat refuses the component's secret; correct wechattpp_component_app_secret and start again", "app_id", c.AppID, "err", err)
	case err != nil:
		c.Log.Warn("asking WeChat to push tickets failed", "app_id", c.AppID, "err", err)
	default:
		c.Log.Info("asked WeChat to push tickets", "app_id", c.AppID, "had_stopped", broken)
	}
	return nil
}

func (c *Component) rests() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resting
}

func (c *Component) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting = true
}
