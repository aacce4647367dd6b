package main

import (
	"context"
	"time"
)

// work lists the steps and the timetable.
func (h *house) work() {
	h.steps = []*step{
		newStep("events", time.Second, h.door.WorkDue),
		newStep("events", time.Second, h.door.WorkDue), // twice: a round is as slow as its slowest event
		newStep("exchanges", time.Second, h.authorizers.ExchangeDue),
		newStep("profiles", time.Second, h.authorizers.ProfileDue),
		newStep("renewals", time.Minute, h.tokens.RenewDue),
		newStep("reconciliation", time.Minute, h.authorizers.ReconcileDue),
		newStep("sends", time.Second, h.messages.SendDue),
		newStep("feed", 500*time.Millisecond, h.webhooks.ReadFeed),
		newStep("receipts", 200*time.Millisecond, h.webhooks.DeliverDue), // a receipt is due 10 s after its cause, and leaves within half a second more
		newStep("followers", 5*time.Second, h.followers.PullDue),
		newStep("counts", 10*time.Second, h.messages.CountDue),
		newStep("preparations", time.Second, h.messages.PrepareDue),
		newStep("recalls", time.Second, h.messages.RecallDue),
		newStep("customer tasks", 5*time.Second, h.messages.TasksDue),
		newStep("consents", time.Second, h.ledger.EnterSent),
	}
	h.jobs = []job{
		{"@every 5s", "renew tokens that are due", func(context.Context) error { h.nudge("renewals"); return nil }},
		{"@every 5s", "read the master keys again and tell that this replica runs", h.rekey},
		{"@every 10s", "watch the ticket", count(h.component.Watch)},
		{"@hourly", "forget ended tokens and the old audit trail", drain(h.access.PruneDue)},
		{"55 3 * * *", "forget old counts", drain(h.messages.ForgetStats)},
		{"@hourly", "forget used Idempotency-Keys", drain(h.messages.ForgetDue)},
		{"52 3 * * *", "forget old publications", drain(func(ctx context.Context) (int, error) {
			return h.store.Publication().ForgetPublications(ctx, h.retention(), 1000)
		})},
		{"@hourly", "forget ended bind links", drain(h.bindLinks.Forget)},
		{"@hourly", "forget ended links of one-time subscriptions", drain(h.confirms.Forget)},
		{"@hourly", "forget which events' consents are counted", drain(h.ledger.ForgetSources)},
		{"25 3 * * *", "forget old consents that allow nothing", drain(func(ctx context.Context) (int, error) {
			return h.ledger.ForgetRights(ctx, max(h.retention(), consentLife))
		})},
		{"@hourly", "forget mobile numbers without a member", drain(h.senders.ForgetNumbers)},
		{"@hourly", "forget old reports of imports", drain(h.users.ForgetImports)},
		{"@hourly", "forget ended invitations and codes", drain(h.authorizers.Prune)},
		{"@hourly", "forget codes of the release test", count(func(ctx context.Context) (int, error) { return h.release.Store.Forget(ctx, 24*time.Hour) })},
		{"20 3 * * *", "compare with WeChat's list of authorizers", h.reconcile},
		{"40 3 * * *", "forget old events", count(func(ctx context.Context) (int, error) { return h.door.ForgetOld(ctx, h.retention()) })},
		{"45 3 * * *", "forget old messages", count(func(ctx context.Context) (int, error) { return h.messages.ForgetOld(ctx, h.retention()) })},
		{"50 4 * * *", "forget old mass messages to customers", drain(func(ctx context.Context) (int, error) { return h.messages.ForgetTasks(ctx, h.retention()) })},
		{"20 * * * *", "forget old dead letters and what was for clients that are gone", drain(func(ctx context.Context) (int, error) { return h.webhooks.ForgetDue(ctx, h.retention()) })},
		{"50 3 * * *", "forget old lines of the feed", drain(func(ctx context.Context) (int, error) { return h.store.ForgetFeed(ctx, h.retention(), 1000) })},
	}
}

// consentLife is how long what allows nothing is kept at least: that somebody
// agreed to a template for long is told by such a line, too.
const consentLife = 365 * 24 * time.Hour

func (h *house) retention() time.Duration { return time.Duration(h.cfg.RetentionDays) * 24 * time.Hour }

func (h *house) reconcile(ctx context.Context) error {
	if h.cfg.ComponentAppID == "" {
		return nil
	}
	return h.authorizers.Reconcile(ctx, false, time.Hour) // every replica asks
}

func (h *house) nudge(name string) {
	for _, s := range h.steps {
		if s.name == name {
			s.Nudge()
		}
	}
}

// count makes a job of a step that does all there is in one round.
func count(f func(context.Context) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error { _, err := f(ctx); return err }
}

// drain makes a job that goes on while there is something left.
func drain(f func(context.Context) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			if n, err := f(ctx); n == 0 || err != nil {
				return err
			}
		}
		return nil
	}
}
