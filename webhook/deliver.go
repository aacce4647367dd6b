package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// lease is longer than a turn and the call that it may end with.
	lease    = 40 * time.Second
	turnTime = 15 * time.Second
	// inARow is how many deliveries that wait are made one after the other, in
	// their order. When more do, abreast of them go at once: then it matters
	// more that the receiver catches up.
	inARow  = 8
	abreast = 8
	atOnce  = 32 // deliveries read at once
	longest = 5 * time.Second
	storing = 5 * time.Second
)

// DeliverDue claims targets with something due, as far as there are places,
// and answers how many. It does not wait for their calls, for the slowest would
// hold up the next: Wait and Close do.
func (r *Room) DeliverDue(ctx context.Context) (n int, err error) {
	for _, failing := range []bool{false, true} {
		places := r.places[failing]
		free := cap(places) - len(places)
		if free == 0 || r.closing() {
			continue
		}
		jobs, err := r.Store.Claim(ctx, failing, free, lease)
		if err != nil {
			return n, err
		}
		for _, j := range jobs {
			places <- struct{}{} // free, for only this step takes places
			r.running.Go(func() {
				defer func() { <-places }()
				r.serve(&j)
			})
		}
		n += len(jobs)
	}
	return n, nil
}

// serve makes deliveries to a claimed target until none is due, one fails, or
// its turn is over. Failure policy: what could not be written down is delivered
// again, in a second, or when the lease ends if the claim cannot be released.
func (r *Room) serve(j *Job) {
	failed, err := r.turn(j)
	if err == nil && failed {
		j.Failures++
		err = r.giveUp(j)
	}
	pause := rest(j.Failures)
	if err != nil {
		pause = max(pause, time.Second)
	}
	ctx, cancel := context.WithTimeout(context.Background(), storing)
	defer cancel()
	if err = errors.Join(err, r.Store.Release(ctx, j, pause)); err != nil {
		r.Log.Error("deliveries were interrupted; they will be made again", "client", j.ClientID, "err", err)
	}
}

// rest is how long a target that fails is left alone, whatever is due.
func rest(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return min(longest, 500*time.Millisecond<<min(failures-1, 6))
}

// turn makes deliveries, and tells whether one failed.
func (r *Room) turn(j *Job) (failed bool, err error) {
	end := time.Now().Add(turnTime)
	for !r.closing() && time.Now().Before(end) {
		due, err := r.next(j)
		if err != nil || len(due) == 0 {
			return false, err
		}
		results := r.post(j, due, end)
		lost, err := r.settle(j, due, results)
		if err != nil || lost {
			return false, err
		}
		if slices.ContainsFunc(results, func(res Result) bool { return res.Error != "" }) {
			return true, nil
		}
		if len(results) > 0 {
			j.Failures, j.FailingFor = 0, 0
		}
	}
	return false, nil
}

func (r *Room) next(j *Job) ([]Delivery, error) {
	ctx, cancel := context.WithTimeout(r.life, storing)
	defer cancel()
	return r.Store.Next(ctx, j, atOnce)
}

// post makes calls until one fails or the turn ends, and answers for those it
// made.
func (r *Room) post(j *Job, due []Delivery, end time.Time) (results []Result) {
	workers := 1
	if len(due) > inARow && j.Failures == 0 {
		workers = abreast
	}
	var mu sync.Mutex
	var next int
	stop := false
	take := func() *Delivery {
		mu.Lock()
		defer mu.Unlock()
		if stop || next == len(due) || r.closing() || time.Now().After(end) {
			return nil
		}
		next++
		return &due[next-1]
	}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for d := take(); d != nil; d = take() {
				res := r.call(j, d)
				mu.Lock()
				if r.life.Err() == nil { // a call that Close broke off counts for nothing
					results = append(results, res)
				}
				stop = stop || res.Error != ""
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return results
}

// call is one POST. Only the status 200 is success.
func (r *Room) call(j *Job, d *Delivery) Result {
	header := basic(j.ChannelKey, j.Secret)
	header.Set("Content-Type", "application/json")
	header.Set("X-Delivery-Id", strconv.FormatInt(d.ID, 10))
	body := make([]byte, 0, len(d.Body)+2)
	body = append(append(append(body, '['), d.Body...), ']')
	got, err := r.egress.do(r.life, http.MethodPost, j.URL, header, body)
	switch {
	case err != nil:
	case got.Status != http.StatusOK:
		err = fmt.Errorf("answered with status %d%s: want 200", got.Status, moved(got.Status))
	default:
		return Result{Delivery: d.ID}
	}
	res := Result{Delivery: d.ID, Error: err.Error()}
	if d.Attempts < len(r.Retries) {
		res.Again = r.Retries[d.Attempts]
	}
	return res
}

func (r *Room) settle(j *Job, due []Delivery, results []Result) (lost bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), storing)
	defer cancel()
	if lost, err = r.Store.Settle(ctx, j, results); err != nil || lost {
		return lost, err
	}
	records := map[int64]int{}
	for _, d := range due {
		records[d.ID] = d.Records
	}
	for _, res := range results {
		r.metrics.count(res, records[res.Delivery])
		if res.Error != "" && res.Again == 0 {
			r.Log.Warn("receipts were not taken and are dead letters now", "client", j.ClientID, "receipts", records[res.Delivery], "err", res.Error)
		}
	}
	return false, nil
}

// giveUp makes dead letters of what has waited behind a target that took
// nothing for as long as all retries last: nobody would be served by a queue
// that grows for ever.
func (r *Room) giveUp(j *Job) error {
	waited := time.Minute
	for _, d := range r.Retries {
		waited += d
	}
	if j.FailingFor < waited {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), storing)
	defer cancel()
	records, n, err := r.Store.GiveUp(ctx, j, waited, 500)
	if n > 0 {
		r.metrics.dead(records)
		r.Log.Warn("receipts waited in vain for a receiver that fails, and are dead letters now", "client", j.ClientID, "receipts", records)
	}
	return err
}
