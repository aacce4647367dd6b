package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits hold for every client that has none of its own.
type Limits struct {
	// CallsPerSecond is what a client may call at each replica; 0: as many as the
	// program was built for.
	CallsPerSecond int `json:"calls_per_second"`
}

const (
	rateMost  = 100_000
	ownerMost = 64
)

// Limits answers what was set, at most a second old.
func (r *Room) Limits(ctx context.Context) (Limits, error) {
	l, err := r.limits.get(ctx, struct{}{})
	if err == nil {
		r.known.Store(&l)
	}
	return l, err
}

// Rate is how many calls a second the principal may make at this replica; 0: no
// limit was set, and none is for administrators. While the store does not answer it is what it was.
func (r *Room) Rate(ctx context.Context, p Principal) int {
	if p.ClientID == 0 || p.Rate > 0 {
		return p.Rate
	}
	if l, err := r.Limits(ctx); err == nil {
		return l.CallsPerSecond
	}
	if l := r.known.Load(); l != nil {
		return l.CallsPerSecond
	}
	return 0
}

// ChangeLimits changes them; every replica follows within two seconds. *InputError.
func (r *Room) ChangeLimits(ctx context.Context, change func(*Limits)) (now Limits, err error) {
	err = r.store.ChangeLimits(ctx, func(l *Limits) error {
		change(l)
		now = *l
		return l.Check()
	})
	r.limits.forget(struct{}{})
	return now, err
}

// Check tells what is wrong with limits, before anything is changed: *InputError.
func (l Limits) Check() error { return checkRate("rate.calls_per_second", l.CallsPerSecond) }

func checkRate(field string, n int) error {
	if n < 0 || n > rateMost {
		return &InputError{field, fmt.Sprintf("must be 0 (the usual limit) to %d", rateMost)}
	}
	return nil
}

// checkOwners holds the names that a send may give in option.owner.
func checkOwners(c Client) error {
	switch {
	case c.Kind == AccessKey && (c.Approval || len(c.Owners) > 0):
		return &InputError{"approval", "and owners are for clients that send, and an access_key cannot"}
	case c.Approval && len(c.Owners) == 0:
		return &InputError{"owners", "is empty: with approval every send names one of them in option.owner"}
	case len(c.Owners) > ownersMost:
		return &InputError{"owners", fmt.Sprintf("has %d names: at most %d are possible", len(c.Owners), ownersMost)}
	}
	for i, o := range c.Owners {
		if strings.TrimSpace(o) == "" || utf8.RuneCountInString(o) > ownerMost || slices.Contains(c.Owners[:i], o) {
			return &InputError{fmt.Sprintf("owners[%d]", i), fmt.Sprintf("must be an account's name of 1 to %d characters, named once", ownerMost)}
		}
	}
	return nil
}
