package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"wechattpp/wechat"
)

const (
	someTasks = 10
	// taskLease is longer than all of them take one after the other.
	taskLease = 5 * time.Minute
	// taskPatience is how long a task waits for its call.
	taskPatience = 24 * time.Hour
	// taskLife is how long its progress is asked for.
	taskLife = 30 * 24 * time.Hour
	// firstAsk: right after a task was made WeCom still hands it on (41063).
	firstAsk = 10 * time.Second
)

// TasksDue makes the tasks that wait, and asks for the progress of those that
// run: one call each, until nothing is due. It answers how many calls that were.
//
// Failure policy: WeCom would not notice the repeat of a call that makes a task.
// So one without an answer, and one whose caller died, ends as unknown; only one
// that surely did not arrive is made again. Asking is repeated as often as it
// takes, further and further apart, for 30 days.
func (r *Room) TasksDue(ctx context.Context) (n int, err error) {
	due, err := r.Store.ClaimTasks(ctx, someTasks, taskLease)
	if err != nil {
		return 0, err
	}
	for _, t := range due {
		if ctx.Err() != nil { // the others come again when their lease is over
			return n, ctx.Err()
		}
		if err := r.oneTask(context.WithoutCancel(ctx), t); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (r *Room) oneTask(ctx context.Context, t DueTask) error {
	switch t.State {
	case TaskQueued:
		return r.makeTask(ctx, t)
	case TaskCreating:
		return r.Store.EndTask(ctx, t, TaskUnknown, 0, "the service stopped during the call, which WeCom may have taken: see its console (客户联系 → 群发) before making another one")
	}
	if t.Age > taskLife {
		return r.Store.EndTask(ctx, t, TaskEnded, 0, t.Problem)
	}
	app, err := r.app(ctx, t.Sender)
	if err != nil {
		return r.notHad(ctx, t, err)
	}
	if t.Place.Employee == "" {
		return r.askEmployees(ctx, app, t)
	}
	return r.askTargets(ctx, app, t)
}

// makeTask writes the intent and asks WeCom for the task.
func (r *Room) makeTask(ctx context.Context, t DueTask) error {
	app, err := r.app(ctx, t.Sender)
	if err != nil {
		return r.notMade(ctx, t, fmt.Errorf("%w: %w", wechat.ErrNotSent, err))
	}
	if ok, err := r.Store.BeginTask(ctx, t); err != nil || !ok {
		return err
	}
	msgID, not, err := app.MakeCustomerTask(ctx, t.Body)
	if err != nil {
		return r.notMade(ctx, t, err)
	}
	r.Log.Info("mass message to customers made", "sender", t.Sender, "task", t.ID, "refused", len(not))
	return r.Store.TaskTaken(ctx, t, msgID, not, firstAsk)
}

// notMade decides what becomes of a task whose call did not go well. What an
// administrator has to mend is told at once: nothing waits for it.
func (r *Room) notMade(ctx context.Context, t DueTask, err error) error {
	v := judge(err, time.Now())
	r.Log.Warn("mass message to customers not made", "sender", t.Sender, "task", t.ID, "attempt", t.Attempts+1, "err", err)
	switch {
	case v.to == Sending:
		return r.Store.EndTask(ctx, t, TaskUnknown, v.code, "WeCom gave no answer, and may have taken it: see its console (客户联系 → 群发) before making another one: "+v.text)
	case t.Age > taskPatience, v.class == "account", v.to == Failed, gone(err):
		return r.Store.EndTask(ctx, t, TaskFailed, v.code, v.text)
	case v.pause != nil:
		return r.Store.TaskLater(ctx, t, TaskQueued, v.pause.length, v.text)
	}
	return r.Store.TaskLater(ctx, t, TaskQueued, again(t.Attempts), v.text)
}

// askEmployees asks for a page of those who have the task.
func (r *Room) askEmployees(ctx context.Context, app *wechat.WeCom, t DueTask) error {
	page, next, err := app.CustomerEmployees(ctx, t.MsgID, t.Place.Cursor)
	if err != nil {
		return r.notHad(ctx, t, err)
	}
	at := t.Place
	if next != "" && next != at.Cursor {
		at.Cursor = next
		return r.Store.SaveEmployees(ctx, t, page, at, 0)
	}
	if err := r.Store.SaveEmployees(ctx, t, page, at, taskLease); err != nil {
		return err
	}
	return r.nextEmployee(ctx, t, "")
}

// askTargets asks for a page of what became of the customers of an employee.
func (r *Room) askTargets(ctx context.Context, app *wechat.WeCom, t DueTask) error {
	page, next, err := app.CustomerResults(ctx, t.MsgID, t.Place.Employee, t.Place.Cursor)
	if err != nil {
		return r.notHad(ctx, t, err)
	}
	at := t.Place
	if next != "" && next != at.Cursor {
		at.Cursor = next
		return r.Store.SaveTargets(ctx, t, page, at, 0)
	}
	at.Cursor = ""
	if err := r.Store.SaveTargets(ctx, t, page, at, taskLease); err != nil {
		return err
	}
	return r.nextEmployee(ctx, t, at.Employee)
}

// nextEmployee goes on to the next employee, or ends the round, and with the
// last word the task.
func (r *Room) nextEmployee(ctx context.Context, t DueTask, after string) error {
	userID, settled, err := r.Store.NextEmployee(ctx, t.ID, after)
	switch {
	case err != nil:
		return err
	case userID != "":
		return r.Store.MoveTask(ctx, t, TaskPlace{Round: t.Place.Round, Employee: userID}, 0)
	case settled:
		return r.Store.EndTask(ctx, t, TaskDone, 0, "")
	}
	return r.Store.MoveTask(ctx, t, TaskPlace{Round: t.Place.Round + 1}, betweenRounds(t))
}

// betweenRounds is soon at first, and every six hours after two days.
func betweenRounds(t DueTask) time.Duration {
	if t.Age > 48*time.Hour {
		return 6 * time.Hour
	}
	return min(30*time.Second<<min(t.Place.Round, 12), time.Hour)
}

// notHad decides when a page that was not had is asked for again.
func (r *Room) notHad(ctx context.Context, t DueTask, err error) error {
	switch {
	case canceledBefore(err):
		return r.Store.EndTask(ctx, t, TaskCanceled, codeCanceled, "canceled at WeCom")
	case gone(err):
		return r.Store.EndTask(ctx, t, TaskEnded, 0, "the sender was deleted, or is no app on WeCom any more")
	}
	r.Log.Warn("progress of a mass message not had", "sender", t.Sender, "task", t.ID, "attempt", t.Attempts+1, "err", err)
	wait := max(firstAsk, again(t.Attempts))
	switch v := judge(err, time.Now()); {
	case v.pause != nil:
		wait = max(wait, v.pause.length)
	case v.to == Failed:
		wait = time.Hour
	}
	return r.Store.TaskLater(ctx, t, TaskRunning, wait, err.Error())
}

// gone tells that there is nobody any more to ask in whose name.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoApp) }

// ForgetTasks deletes tasks that ended longer ago than age, in batches; two days
// are kept at least, for Idempotency-Keys name them for one.
func (r *Room) ForgetTasks(ctx context.Context, age time.Duration) (int, error) {
	return r.Store.ForgetTasks(ctx, max(age, 48*time.Hour), 100)
}
