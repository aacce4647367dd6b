package notify

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"wechattpp/wechat"
)

// Errors of tasks, besides *Refusal, those of keys, and those of a call.
var (
	// ErrNoApp: the sender is no app on WeCom.
	ErrNoApp = errors.New(`only apps on WeCom (wechatwk, credentials "secret") have mass messages to customers`)
	// ErrUnready: it cannot send now.
	ErrUnready = errors.New("the sender cannot send now")
	// ErrApproval: tasks have no approval, so that they would get round it.
	ErrApproval = errors.New("what this client sends waits for approval, which mass messages to customers have not: let an administrator make the task")
	// ErrTaskState: the task is in no state for that.
	ErrTaskState = errors.New("the task is not in a state for this")
)

// AddTask checks the body of a mass message to customers and stores it, to be
// asked for at WeCom at once. again: the Idempotency-Key was answered before.
// Errors: *Refusal, ErrNoApp, ErrUnready, ErrApproval, ErrOtherBody, ErrInProgress,
// fs.ErrNotExist of the sender.
func (r *Room) AddTask(ctx context.Context, c Client, sender, key string, body []byte) (t Task, again bool, err error) {
	if len(key) > mostKey || strings.ContainsFunc(key, notPrintable) {
		return t, false, invalid("Idempotency-Key", "must be at most %d printable ASCII characters", mostKey)
	}
	if t, err = r.newTask(ctx, c, sender, body); err != nil {
		return t, false, err
	}
	d := &Draft{ClientID: c.ID, Path: fmt.Sprint("customer-tasks/", t.SenderID), Key: key, Hash: sha256.Sum256(body)}
	if key != "" {
		ctx, cancel := context.WithTimeout(ctx, keyWait)
		defer cancel()
		leave, err := r.enter(ctx, fmt.Sprint(c.ID, d.Path, " ", key))
		if err != nil {
			return t, false, ErrInProgress
		}
		defer leave()
	}
	made, again, err := r.Store.AddTask(ctx, t, d)
	if err == nil && !again && r.NudgeTasks != nil {
		r.NudgeTasks()
	}
	return made, again, err
}

func (r *Room) newTask(ctx context.Context, c Client, sender string, body []byte) (Task, error) {
	if c.Approval {
		return Task{}, ErrApproval
	}
	id, kind, corp, err := r.Senders.Find(ctx, sender)
	if err != nil {
		return Task{}, err
	}
	robot, err := r.Senders.Robot(ctx, sender)
	switch {
	case err != nil:
		return Task{}, err
	case kind != weCom.name || robot:
		return Task{}, ErrNoApp
	}
	t := Task{ClientID: c.ID, SenderID: id, Sender: sender, CorpID: corp}
	if t.Body, err = parseTask(body); err != nil {
		return t, err
	}
	if err := r.clean(ctx, t.Body); err != nil {
		return t, err
	}
	why, err := r.Senders.Why(ctx, sender)
	if err == nil && why != "" {
		err = fmt.Errorf("%w: %s", ErrUnready, why)
	}
	return t, err
}

// clean looks for sensitive words in what customers would read.
func (r *Room) clean(ctx context.Context, body json.RawMessage) error {
	g, err := r.protect(ctx)
	if err != nil {
		return err
	}
	var says struct {
		Text        json.RawMessage `json:"text"`
		Attachments json.RawMessage `json:"attachments"`
	}
	if err := json.Unmarshal(body, &says); err != nil {
		return err
	}
	for path, raw := range map[string]json.RawMessage{"text": says.Text, "attachments": says.Attachments} {
		if len(raw) == 0 {
			continue
		}
		if err := g.clean(said{path: path, raw: raw}); err != nil {
			return err
		}
	}
	return nil
}

// taskQuery is what a client may see of a sender's tasks: its own.
func taskQuery(c Client, sender string) TaskQuery {
	return TaskQuery{ClientID: c.scope(), Sender: sender}
}

// Task reads a task that the client asked for; fs.ErrNotExist.
func (r *Room) Task(ctx context.Context, c Client, sender string, id int64) (Task, error) {
	return r.Store.Task(ctx, taskQuery(c, sender), id)
}

// Tasks pages through a sender's tasks, newest first; before 0 is the newest.
func (r *Room) Tasks(ctx context.Context, c Client, sender string, before int64, limit int) ([]Task, error) {
	q := taskQuery(c, sender)
	q.Before = before
	return r.Store.ListTasks(ctx, q, limit)
}

// TaskEmployees pages through those who have a task, by userid.
func (r *Room) TaskEmployees(ctx context.Context, c Client, sender string, id int64, after string, limit int) ([]TaskEmployee, error) {
	if _, err := r.Task(ctx, c, sender, id); err != nil {
		return nil, err
	}
	return r.Store.TaskEmployees(ctx, id, after, limit)
}

// TaskTargets pages through what became of customers, by id; result nil is all.
func (r *Room) TaskTargets(ctx context.Context, c Client, sender string, id int64, result *TaskResult, after TaskTarget, limit int) ([]TaskTarget, error) {
	if _, err := r.Task(ctx, c, sender, id); err != nil {
		return nil, err
	}
	return r.Store.TaskTargets(ctx, id, result, after, limit)
}

// RemindTask has WeCom remind the employees who did not send yet. ErrTaskState;
// else the errors of the call.
func (r *Room) RemindTask(ctx context.Context, c Client, sender string, id int64) (Task, error) {
	t, err := r.Task(ctx, c, sender, id)
	if err != nil {
		return t, err
	}
	if t.State != TaskRunning {
		return t, fmt.Errorf("%w: it is %s, and only a running one has employees to be reminded", ErrTaskState, t.State)
	}
	app, err := r.app(ctx, sender)
	if err != nil {
		return t, err
	}
	return t, app.RemindCustomerTask(ctx, t.MsgID)
}

// CancelTask stops a task: for employees who did not send yet. One that no call
// was made for ends here. A call without an answer may be repeated. Errors as of
// RemindTask.
func (r *Room) CancelTask(ctx context.Context, c Client, sender string, id int64) (Task, error) {
	t, err := r.Task(ctx, c, sender, id)
	if err != nil || t.State == TaskCanceled {
		return t, err
	}
	if t.State == TaskRunning {
		app, err := r.app(ctx, sender)
		if err != nil {
			return t, err
		}
		if err := app.CancelCustomerTask(ctx, t.MsgID); err != nil && !canceledBefore(err) {
			return t, err
		}
	}
	done, err := r.Store.CancelTask(ctx, id, t.State == TaskQueued)
	if err != nil {
		return t, err
	}
	if t, err = r.Task(ctx, c, sender, id); err == nil && !done && t.State != TaskCanceled {
		err = fmt.Errorf("%w: it is %s", ErrTaskState, t.State)
	}
	return t, err
}

const codeCanceled = 41093

func canceledBefore(err error) bool {
	said, ok := errors.AsType[*wechat.Error](err)
	return ok && said.Code == codeCanceled
}

// app gives a client of an app on WeCom.
func (r *Room) app(ctx context.Context, sender string) (*wechat.WeCom, error) {
	client, err := r.Senders.Client(ctx, sender)
	if err == nil && client.WeCom == nil {
		err = ErrNoApp
	}
	return client.WeCom, err
}
