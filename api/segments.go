package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"wechattpp/audience"
)

// segmentParams is the body of POST and PATCH /v1/segments: of a change, what
// is absent stays.
type segmentParams struct {
	Name  *string   `json:"name"`
	Any   *[]string `json:"any_tags"`
	All   *[]string `json:"all_tags"`
	None  *[]string `json:"no_tags"`
	Bound *[]string `json:"bound_to"`
}

func (p segmentParams) apply(s *audience.Segment) {
	if p.Name != nil {
		s.Name = *p.Name
	}
	for _, f := range []struct{ to, from *[]string }{{&s.Condition.Any, p.Any}, {&s.Condition.All, p.All}, {&s.Condition.None, p.None}, {&s.Condition.Bound, p.Bound}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
}

type segmentAnswer struct {
	ID        string    `json:"id"` // a text, as aud_segment takes it
	Name      string    `json:"name"`
	Any       []string  `json:"any_tags"`
	All       []string  `json:"all_tags"`
	None      []string  `json:"no_tags"`
	Bound     []string  `json:"bound_to"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func showSegment(s audience.Segment) segmentAnswer {
	c := s.Condition
	return segmentAnswer{ID: fmt.Sprint(s.ID), Name: s.Name, Any: some(c.Any), All: some(c.All), None: some(c.None), Bound: some(c.Bound),
		CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC()}
}

func (s *server) listSegments(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := p.number()
	if err != nil {
		return err
	}
	all, err := s.Audience.Store.ListSegments(c.ctx(), after, p.limit+1)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listByID(all, p.limit, func(x audience.Segment) int64 { return x.ID }, showSegment))
}

func (s *server) createSegment(c *call) error {
	saved, err := s.saveSegment(c, audience.Segment{})
	if err != nil {
		return err
	}
	return c.created(showSegment(saved))
}

func (s *server) readSegment(c *call) error {
	x, err := s.segment(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, showSegment(x))
}

func (s *server) updateSegment(c *call) error {
	x, err := s.segment(c)
	if err != nil {
		return err
	}
	if x, err = s.saveSegment(c, x); err != nil {
		return err
	}
	return c.reply(http.StatusOK, showSegment(x))
}

func (s *server) deleteSegment(c *call) error {
	x, err := s.segment(c)
	if err != nil {
		return err
	}
	c.target(fmt.Sprintf("segment/%d", x.ID))
	if err := s.Audience.Store.DeleteSegment(c.ctx(), x.ID); err != nil {
		return err
	}
	return c.reply(http.StatusNoContent, nil)
}

func (s *server) segment(c *call) (audience.Segment, error) {
	id, err := c.number("id")
	if err != nil {
		return audience.Segment{}, err
	}
	return s.Audience.Store.Segment(c.ctx(), id)
}

func (s *server) saveSegment(c *call, x audience.Segment) (audience.Segment, error) {
	var in segmentParams
	if err := c.decode(&in); err != nil {
		return x, err
	}
	in.apply(&x)
	saved, err := s.Audience.SaveSegment(c.ctx(), x)
	c.target(fmt.Sprintf("segment/%d", saved.ID))
	return saved, userProblem(err)
}

// userProblem answers what the room of users refuses.
func userProblem(err error) error {
	if in, ok := errors.AsType[*audience.InputError](err); ok {
		return invalid(in.Field, in.Text)
	}
	return err
}
