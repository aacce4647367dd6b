package notify

import (
	"context"
	"time"
)

// Stats keeps how many recipients of the messages accepted in an hour are in
// which state. They outlive the messages.
type Stats interface {
	// CountDue adds up to limit appended changes to the sums; Tallies is right
	// before and after.
	CountDue(ctx context.Context, limit int) (int, error)
	Tallies(ctx context.Context, q StatQuery) ([]Tally, error)
	// ForgetTallies deletes those of hours older than age, about limit at once.
	ForgetTallies(ctx context.Context, age time.Duration, limit int) (int, error)
}

// StatQuery says what is counted: recipients of messages accepted from From on
// and before To, both full hours of UTC.
type StatQuery struct {
	From, To time.Time
	ClientID int64  // below 0: of every client
	Sender   string // empty: every sender
}

// Tally is how many recipients of a client are in a state at a sender. Queued
// stands for Sending, too. Reason, of the failed: the vendor's code or word.
type Tally struct {
	ClientID int64
	Sender   string
	State    State
	Reason   string
	N        int
}

// DayCount is what became of the recipients of one day's messages of a client
// at a sender.
type DayCount struct {
	Day      string // 2026-01-31
	ClientID int64  // 0: an administrator
	Sender   string
	Target   int
	Counts   Counts // Queued stands for Sending, too
	Reasons  []Reason
}

// Reason is why recipients failed.
type Reason struct {
	Reason string `json:"reason"` // the vendor's code, else its word, else "other"
	Count  int    `json:"count"`
}

// Stats counts a day, which begins at the given time: by client and sender, in
// order. Of the query the client and the sender are looked at. A caller who is
// no administrator sees its own.
func (r *Room) Stats(ctx context.Context, c Client, day time.Time, q StatQuery) ([]DayCount, error) {
	q.From, q.To = day, day.AddDate(0, 0, 1)
	if !c.All {
		q.ClientID = c.ID
	}
	all, err := r.Store.Tallies(ctx, q)
	if err != nil {
		return nil, err
	}
	var list []DayCount
	for _, t := range all {
		if n := len(list); n == 0 || list[n-1].ClientID != t.ClientID || list[n-1].Sender != t.Sender {
			list = append(list, DayCount{Day: day.Format(time.DateOnly), ClientID: t.ClientID, Sender: t.Sender, Reasons: []Reason{}})
		}
		d := &list[len(list)-1]
		d.Target += t.N
		d.Counts[t.State] += t.N
		if t.State == Failed {
			d.Reasons = append(d.Reasons, Reason{t.Reason, t.N})
		}
	}
	return list, nil
}

// statsKept is how long counts are kept.
const statsKept = 800 * 24 * time.Hour

// CountDue adds what was counted since to the sums.
func (r *Room) CountDue(ctx context.Context) (int, error) { return r.Store.CountDue(ctx, 2000) }

// ForgetStats drops a batch of counts older than 800 days.
func (r *Room) ForgetStats(ctx context.Context) (int, error) {
	return r.Store.ForgetTallies(ctx, statsKept, 1000)
}
