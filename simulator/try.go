package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	maxTries   = 3 // in total (component 2)
	shownBytes = 64
	maxAnswer  = 64 << 10
)

// deliver is the one loop that pushes; it owns every try.
func (s *Simulator) deliver(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, s.cfg.PushParallel)
	for {
		p := s.queue.next(ctx)
		if p == nil {
			return
		}
		slots <- struct{}{} // a try ends within PushLimit
		wg.Go(func() {
			defer func() { <-slots }()
			s.deliverOnce(ctx, p)
		})
	}
}

func (s *Simulator) deliverOnce(ctx context.Context, p *pending) {
	try, reply := s.try(ctx, p)
	n := s.note(p, try, reply)
	if n == 1 {
		close(p.tried)
	}
	switch {
	case try.Error == "":
		s.finish(p, PushAnswered)
	case ctx.Err() != nil:
		s.finish(p, PushDropped)
	case n >= maxTries:
		s.log.Warn("push given up", "app_id", p.record.AppID, "event", p.event.name, "attempt", n, "err", try.Error)
		s.finish(p, PushGivenUp)
	default:
		p.due = time.Now().Add(s.cfg.PushRetry)
		if !s.queue.add(p) {
			s.finish(p, PushDropped)
		}
	}
	s.hooks.pushed(s.record(p))
}

func (s *Simulator) note(p *pending, try Try, reply string) int {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	p.record.Tries = append(p.record.Tries, try)
	p.record.Reply = reply
	return len(p.record.Tries)
}

func (s *Simulator) finish(p *pending, state PushState) {
	s.pushes.mu.Lock()
	p.record.State = state
	if state == PushDropped {
		s.pushes.dropped++
	}
	if len(p.record.Tries) == 0 {
		close(p.tried)
	}
	s.pushes.mu.Unlock()
	close(p.done)
	if p.event.name == ticketEvent {
		s.component.answered(state == PushAnswered)
	}
}

// try seals afresh: whether the vendor repeats timestamp and nonce is unknown.
func (s *Simulator) try(ctx context.Context, p *pending) (try Try, reply string) {
	try.At = time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PushLimit)
	defer cancel()
	res, err := s.knock(ctx, p)
	if err != nil {
		try.Took, try.Error = time.Since(try.At), withoutURL(err)
		return try, ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	try.Took, try.Status = time.Since(try.At), res.StatusCode
	if err == nil {
		reply, err = s.judge(&p.event, res.StatusCode, body)
	}
	try.Answer = string(body[:min(len(body), shownBytes)])
	if err != nil {
		try.Error = withoutURL(err)
	}
	return try, reply
}

func (s *Simulator) knock(ctx context.Context, p *pending) (*http.Response, error) {
	query, body, err := s.wrapped(p)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target(p.event), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = strings.TrimPrefix(req.URL.RawQuery+"&"+query, "&")
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	return s.client.Do(req)
}

func (s *Simulator) wrapped(p *pending) (query string, body []byte, err error) {
	switch p.event.kind {
	case ownPush:
		return p.event.console.envelope(s, &p.event, p.inner)
	case messagePush:
		return s.Envelope(p.event.account.profile.UserName, p.event.openID, p.inner)
	}
	return s.Envelope("", p.event.openID, p.inner)
}

// judge is the vendor's opinion of an answer (component 2).
func (s *Simulator) judge(e *event, status int, body []byte) (reply string, err error) {
	switch {
	case status != http.StatusOK:
		return "", fmt.Errorf("HTTP status %d, want 200", status)
	case e.kind == ownPush:
		return s.judgeOwn(e.console, body)
	case string(body) == "success":
		return "", nil
	case e.kind == authorizationPush:
		return "", errors.New("the answer is not exactly success")
	case len(body) == 0:
		return "", nil
	}
	return s.openReply(body)
}

func withoutURL(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
