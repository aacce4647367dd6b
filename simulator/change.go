package simulator

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// SetsChange is an account that changes, in its own console, which sets the
// platform has.
type SetsChange struct {
	AppID   string `json:"appid"`
	Sets    []int  `json:"sets"`               // all that it grants from now on
	NoEvent bool   `json:"no_event,omitempty"` // the updateauthorized event is lost, and the tokens live on
}

// ChangeSets changes an account's granted sets. The updateauthorized event
// carries a code, and the tokens die at once (component 3.1, 4.12); without the
// event only the sets change.
func (s *Simulator) ChangeSets(ctx context.Context, c SetsChange) error {
	a := s.world.find(c.AppID)
	if a == nil {
		return noAccount(c.AppID)
	}
	for _, set := range c.Sets {
		if !slices.Contains(a.profile.Sets, set) {
			return fmt.Errorf("%s has no permission set %d to grant; it has %v", c.AppID, set, a.profile.Sets)
		}
	}
	now := time.Now()
	generation, err := a.change(c, now)
	if err != nil || c.NoEvent {
		return err
	}
	code := s.codes.add(a, generation, s.cfg.CodeLife, now)
	return s.pushAuthorized(ctx, a, "updateauthorized", code, "", Authorization{})
}

func (a *account) change(c SetsChange, now time.Time) (generation int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.authorized {
		return 0, fmt.Errorf("%s is not authorized, so it has no sets to change", c.AppID)
	}
	if c.NoEvent {
		a.granted = sortedSets(c.Sets)
	} else {
		a.grant(c.Sets, now)
	}
	return a.generation, nil
}

// AccountStatus is what WeChat does to an account.
type AccountStatus struct {
	AppID  string `json:"appid"`
	Status int    `json:"status"` // 1 normal, 14 closed, 16 banned, 18 warned, 19 frozen
}

// SetStatus changes an account's status. Closed, banned and frozen ones leave
// the list of authorizers, and their sends are refused with 50002; their
// information still answers.
func (s *Simulator) SetStatus(c AccountStatus) error {
	a := s.world.find(c.AppID)
	if a == nil {
		return noAccount(c.AppID)
	}
	if !slices.Contains([]int{1, 14, 16, 18, 19}, c.Status) {
		return fmt.Errorf("status %d is none: use 1 normal, 14 closed, 16 banned, 18 warned or 19 frozen", c.Status)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = c.Status
	return nil
}
