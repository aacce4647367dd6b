package callback

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// counts holds the metrics of the door, resolved once: a label look-up for
// each push would cost as much as its signature.
type counts struct {
	fresh, copies, verified bySource
	no                      map[*Refusal]*bySource
	wait                    prometheus.Observer
	effects                 *prometheus.CounterVec
	lag                     prometheus.Observer
}

// bySource has a counter for each address.
type bySource [len(sources)]prometheus.Counter

func newCounts(reg prometheus.Registerer) *counts {
	pushes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "wechattpp_pushes_total", Help: "Pushes by address and result: taken, copy, verified (an address was entered), or the reason of a refusal.",
	}, []string{"source", "result"})
	wait := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "wechattpp_push_seconds", Help: "Time from the arrival of a push until it was on disk.",
		Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 4.5},
	})
	lag := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "wechattpp_event_lag_seconds", Help: "Time from the arrival of an event until its effect was done.",
		Buckets: []float64{.01, .05, .1, .5, 1, 5, 30, 300, 3600, 86400},
	})
	c := &counts{
		no: map[*Refusal]*bySource{}, wait: wait,
		effects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wechattpp_event_effects_total", Help: "Work on events by kind and result: done, waiting, failed, given_up.",
		}, []string{"kind", "result"}),
		lag: lag,
	}
	c.fresh, c.copies, c.verified = each(pushes, "taken"), each(pushes, "copy"), each(pushes, "verified")
	for _, r := range refusals {
		by := each(pushes, r.Reason)
		c.no[r] = &by
	}
	if reg != nil {
		reg.MustRegister(pushes, wait, c.effects, lag)
	}
	return c
}

func each(v *prometheus.CounterVec, result string) (by bySource) {
	for s := range by {
		if s > 0 {
			by[s] = v.WithLabelValues(Source(s).String(), result)
		}
	}
	return by
}

func (c *counts) taken(r *Request, fresh bool) {
	if fresh {
		c.fresh[r.Source].Inc()
	} else {
		c.copies[r.Source].Inc()
	}
	c.wait.Observe(time.Since(r.At).Seconds())
}

func (c *counts) refused(s Source, r *Refusal) {
	if s > 0 && int(s) < len(sources) {
		c.no[r][s].Inc()
	}
}
