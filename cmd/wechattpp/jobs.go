package main

import (
	"context"
	"log/slog"

	"github.com/robfig/cron/v3"
)

// job is one line of the timetable.
type job struct {
	when string // robfig/cron: five fields, or @every
	name string
	run  func(context.Context) error
}

// timetable starts the jobs and answers what stops them and waits for those
// that run. A job that still runs is skipped, not doubled; SkipIfStillRunning
// stands outside Recover, for the other way round a job that panicked once
// would be skipped for ever.
func timetable(ctx context.Context, log *slog.Logger, jobs []job) (stop func(), err error) {
	say := cronLog{log}
	c := cron.New(cron.WithLogger(say), cron.WithChain(cron.SkipIfStillRunning(say), cron.Recover(say)))
	for _, j := range jobs {
		if _, err := c.AddFunc(j.when, func() {
			if err := j.run(ctx); err != nil && ctx.Err() == nil {
				log.Error("job failed; the timetable will try again", "job", j.name, "err", err)
			}
		}); err != nil {
			return nil, err
		}
	}
	c.Start()
	return func() { <-c.Stop().Done() }, nil
}

// cronLog keeps cron's own talk to what matters.
type cronLog struct{ log *slog.Logger }

func (c cronLog) Info(msg string, kv ...any) { c.log.Debug("cron: "+msg, kv...) }
func (c cronLog) Error(err error, msg string, kv ...any) {
	c.log.Error("cron: "+msg, append(kv, "err", err)...)
}
