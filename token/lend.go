package token

import (
	"context"
	"time"
)

// Loan is a token for somebody outside the house, who keeps it for a while.
type Loan struct {
	Access string
	// For is how long it may be kept: until we plan to renew it. An account's
	// token that was replaced is taken for some minutes more, so that who asks
	// again by then never holds a dead one.
	For time.Duration
}

// useful is the least time that a loan is worth: who comes later gets the next
// token already.
const useful = time.Minute

// stays tells whether the planned renewal is far enough for a loan. Tokens that
// live for minutes only cannot keep to useful.
func (k Kept) stays() bool { return k.planned() >= min(useful, k.Life/8) }

// planned is the time until the renewal, none while somebody is at it.
func (k Kept) planned() time.Duration {
	if k.Held {
		return 0
	}
	return min(k.Due-time.Since(k.read), k.remains())
}

// remains is how long the token may still be used.
func (k Kept) remains() time.Duration { return k.Left - time.Since(k.read) - k.margin() }

// Lend gives a token and how long it may be kept. Shortly before the planned
// renewal it renews first; own accounts excepted, whose vendor answers the same
// token until near its end. What then keeps from renewing costs nobody a token that
// is still good. Errors: as of Token.
func (s *Source) Lend(ctx context.Context) (Loan, error) {
	row, err := s.k.have(ctx, destination{owner: s.owner, ahead: s.owner.Kind == Authorizer})
	if err != nil && s.owner.Kind == Authorizer {
		now, again := s.k.have(ctx, destination{owner: s.owner})
		if again != nil {
			return Loan{}, err
		}
		row, err = now, nil
	}
	return row.loan(), err
}

func (k Kept) loan() Loan {
	return Loan{k.Access, max(k.planned(), min(useful, k.remains()), time.Second)}
}
