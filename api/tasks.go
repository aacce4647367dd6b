package api

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"wechattpp/notify"
)

// taskAnswer is a mass message to customers.
type taskAnswer struct {
	ID        int64             `json:"id"`
	Sender    string            `json:"sender"`
	State     string            `json:"state"`
	MsgID     string            `json:"wecom_msgid,omitempty"`
	Employees taskEmployees     `json:"employees"`
	Results   notify.TaskCounts `json:"results"`
	Error     *taskError        `json:"error,omitempty"`
	Body      jsontext.Value    `json:"request,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
	HandedAt  *time.Time        `json:"handed_at,omitempty"`
	AskedAt   *time.Time        `json:"asked_at,omitempty"`
	DoneAt    *time.Time        `json:"done_at,omitempty"`
}

type taskEmployees struct {
	All       int `json:"all"`
	Confirmed int `json:"confirmed"`
}

type taskError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func showTask(t notify.Task) taskAnswer {
	a := taskAnswer{ID: t.ID, Sender: t.Sender, State: t.State.String(), MsgID: t.MsgID, Employees: taskEmployees{t.Employees, t.Confirmed}, Results: t.Results,
		CreatedAt: t.CreatedAt.UTC(), HandedAt: known(t.HandedAt), AskedAt: known(t.AskedAt), DoneAt: known(t.DoneAt)}
	if t.Code != 0 || t.Problem != "" {
		a.Error = &taskError{t.Code, t.Problem}
	}
	if len(t.Body) > 0 {
		a.Body = jsontext.Value(t.Body)
	}
	return a
}

// makeTask takes a mass message to customers; the call to WeCom goes on behind
// the answer.
func (s *server) makeTask(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	var whole jsontext.Value
	if err := json.Unmarshal(body, &whole); err != nil { // as for sends
		return explain(err)
	}
	t, again, err := s.Notify.AddTask(c.ctx(), c.notifyClient(), code, c.GetHeader("Idempotency-Key"), body)
	if err != nil {
		return taskProblem(code, err)
	}
	if again {
		c.Header("Idempotent-Replayed", "true")
	}
	c.target("sender/" + code)
	c.note("task", t.ID)
	return c.reply(http.StatusAccepted, showTask(t))
}

func (s *server) listTasks(c *call) error {
	code, p, err := c.grantedPage()
	if err != nil {
		return err
	}
	before, err := p.number()
	if err != nil {
		return err
	}
	all, err := s.Notify.Tasks(c.ctx(), c.notifyClient(), code, before, p.limit+1)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listByID(all, p.limit, func(t notify.Task) int64 { return t.ID }, showTask))
}

// task is what a handler of one task begins with.
func (c *call) task() (code string, id int64, err error) {
	if code, err = c.granted(); err == nil {
		id, err = c.number("task")
	}
	return code, id, err
}

// taskPage is what a list of a task begins with.
func (c *call) taskPage() (code string, id int64, p page, err error) {
	if code, id, err = c.task(); err == nil {
		p, err = c.page()
	}
	return code, id, p, err
}

func (s *server) readTask(c *call) error {
	code, id, err := c.task()
	if err != nil {
		return err
	}
	t, err := s.Notify.Task(c.ctx(), c.notifyClient(), code, id)
	if err != nil {
		return taskProblem(code, err)
	}
	return c.reply(http.StatusOK, showTask(t))
}

type employeeAnswer struct {
	UserID string     `json:"userid"`
	Sent   bool       `json:"sent"`
	SentAt *time.Time `json:"sent_at,omitempty"`
}

// taskEmployees pages through those who have a task.
func (s *server) taskEmployees(c *call) error {
	code, id, p, err := c.taskPage()
	if err != nil {
		return err
	}
	all, err := s.Notify.TaskEmployees(c.ctx(), c.notifyClient(), code, id, p.after, p.limit+1)
	if err != nil {
		return taskProblem(code, err)
	}
	return c.reply(http.StatusOK, listBy(all, p.limit, func(e notify.TaskEmployee) string { return e.UserID }, func(e notify.TaskEmployee) employeeAnswer {
		return employeeAnswer{e.UserID, e.Sent, known(e.At)}
	}))
}

type targetAnswer struct {
	ID     string     `json:"id"`
	UserID string     `json:"employee,omitempty"`
	Result string     `json:"result"`
	SentAt *time.Time `json:"sent_at,omitempty"`
}

// taskResults pages through what became of customers.
func (s *server) taskResults(c *call) error {
	code, id, p, err := c.taskPage()
	if err != nil {
		return err
	}
	var only *notify.TaskResult
	if name := c.Query("result"); name != "" {
		result, ok := notify.ParseTaskResult(name)
		if !ok {
			return invalid("result", "must be one of "+strings.Join(notify.TaskResultNames(), ", "))
		}
		only = &result
	}
	var after notify.TaskTarget
	after.ID, after.UserID, _ = strings.Cut(p.after, " ")
	all, err := s.Notify.TaskTargets(c.ctx(), c.notifyClient(), code, id, only, after, p.limit+1)
	if err != nil {
		return taskProblem(code, err)
	}
	return c.reply(http.StatusOK, listBy(all, p.limit, func(x notify.TaskTarget) string { return x.ID + " " + x.UserID }, func(x notify.TaskTarget) targetAnswer {
		return targetAnswer{x.ID, x.UserID, x.Result.String(), known(x.At)}
	}))
}

func (s *server) remindTask(c *call) error { return s.changeTask(c, s.Notify.RemindTask) }

func (s *server) cancelTask(c *call) error { return s.changeTask(c, s.Notify.CancelTask) }

func (s *server) changeTask(c *call, change func(context.Context, notify.Client, string, int64) (notify.Task, error)) error {
	code, id, err := c.task()
	if err != nil {
		return err
	}
	t, err := change(c.ctx(), c.notifyClient(), code, id)
	if err != nil {
		return taskProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("task", id)
	return c.reply(http.StatusOK, showTask(t))
}

// taskProblem gives what keeps a task from being made or changed a status.
func taskProblem(code string, err error) error {
	switch {
	case errors.Is(err, notify.ErrApproval):
		return forbidden(err.Error())
	case errors.Is(err, notify.ErrNoApp), errors.Is(err, notify.ErrUnready), errors.Is(err, notify.ErrTaskState):
		return conflict(err.Error())
	case errors.Is(err, fs.ErrNotExist):
		return missing("the task, or its sender,")
	}
	if p, ok := errors.AsType[*problem](sendProblem(err)); ok {
		return p
	}
	return vendorProblem(code, err)
}
