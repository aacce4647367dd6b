package api

import (
	"fmt"
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

var segments = shelf[audience.Segment, segmentAnswer]{
	name: "segment",
	page: func(s *server, c *call, after int64, limit int) ([]audience.Segment, error) {
		return s.Audience.Store.ListSegments(c.ctx(), after, limit)
	},
	read: func(s *server, c *call, id int64) (audience.Segment, error) {
		return s.Audience.Store.Segment(c.ctx(), id)
	},
	save: func(s *server, c *call, x audience.Segment) (audience.Segment, error) {
		var in segmentParams
		if err := c.decode(&in); err != nil {
			return x, err
		}
		in.apply(&x)
		saved, err := s.Audience.SaveSegment(c.ctx(), x)
		return saved, err
	},
	drop: func(s *server, c *call, id int64) error { return s.Audience.Store.DeleteSegment(c.ctx(), id) },
	id:   func(x audience.Segment) int64 { return x.ID },
	show: showSegment,
}
