package api

import (
	"fmt"
	"time"

	"wechattpp/notify"
)

// ruleParams is the body of POST and PATCH /v1/rules: of a change, what is
// absent stays.
type ruleParams struct {
	Name  *string     `json:"name"`
	Steps *[]ruleStep `json:"steps"`
}

type ruleStep struct {
	Sender string   `json:"sender"`
	GoOn   []string `json:"go_on,omitempty"`
	Wait   string   `json:"wait,omitempty"` // such as 30m
}

type ruleAnswer struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Shared    bool       `json:"shared"` // every client may use it, an administrator changes it
	Steps     []ruleStep `json:"steps"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

func showRule(r notify.Rule) ruleAnswer {
	a := ruleAnswer{ID: r.ID, Name: r.Name, Shared: r.ClientID == 0, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
	for i, s := range r.Steps {
		step := ruleStep{Sender: s.Sender}
		if i < len(r.Steps)-1 {
			step.GoOn = s.GoOn
			if s.Wait > 0 {
				step.Wait = s.Wait.String()
			}
		}
		a.Steps = append(a.Steps, step)
	}
	return a
}

func (p ruleParams) apply(r *notify.Rule) error {
	if p.Name != nil {
		r.Name = *p.Name
	}
	if p.Steps == nil {
		return nil
	}
	r.Steps = make([]notify.Step, len(*p.Steps))
	for i, s := range *p.Steps {
		step := notify.Step{Sender: s.Sender, GoOn: s.GoOn}
		if s.Wait != "" {
			var err error
			if step.Wait, err = time.ParseDuration(s.Wait); err != nil {
				return invalid(fmt.Sprintf("steps[%d].wait", i), "must be a duration such as 30m")
			}
		}
		r.Steps[i] = step
	}
	return nil
}

var sendRules = shelf[notify.Rule, ruleAnswer]{
	name: "rule",
	page: func(s *server, c *call, after int64, limit int) ([]notify.Rule, error) {
		return s.Notify.Rules(c.ctx(), c.notifyClient(), after, limit)
	},
	read: func(s *server, c *call, id int64) (notify.Rule, error) {
		return s.Notify.Rule(c.ctx(), c.notifyClient(), id)
	},
	own: func(s *server, c *call, id int64) (notify.Rule, error) {
		return s.Notify.OwnRule(c.ctx(), c.notifyClient(), id)
	},
	save: func(s *server, c *call, r notify.Rule) (notify.Rule, error) {
		var in ruleParams
		if err := c.decode(&in); err != nil {
			return r, err
		}
		if err := in.apply(&r); err != nil {
			return r, err
		}
		saved, err := s.Notify.SaveRule(c.ctx(), c.notifyClient(), r)
		return saved, sendProblem(err)
	},
	drop: func(s *server, c *call, id int64) error { return s.Notify.Store.DeleteRule(c.ctx(), id) },
	id:   func(r notify.Rule) int64 { return r.ID },
	show: showRule,
}
