package sql

import (
	"context"
	"slices"
	"strings"
	"time"

	"wechattpp/notify"
	"wechattpp/wechat"
)

// ClaimTasks takes due tasks.
func (n *Notify) ClaimTasks(ctx context.Context, limit int, lease time.Duration) ([]notify.DueTask, error) {
	ids, claim, err := n.db.claimDue(ctx, "customer_task", limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var rows []taskRow
	if err := n.db.run().all(ctx, &rows, taskSQL+`t.id IN (?) AND t.claim = ? ORDER BY t.id`, ids, claim); err != nil {
		return nil, err
	}
	due := make([]notify.DueTask, len(rows))
	for i, r := range rows {
		since := r.Created
		if r.Handed != nil {
			since = *r.Handed
		}
		due[i] = notify.DueTask{Task: r.task(), Claim: claim, Attempts: r.Attempts, Age: time.Duration(r.Now-since) * time.Millisecond,
			Place: notify.TaskPlace{Round: r.Round, Employee: r.Employee, Cursor: r.Cursor}}
	}
	return due, nil
}

// BeginTask writes the intent.
func (n *Notify) BeginTask(ctx context.Context, t notify.DueTask) (bool, error) {
	won, err := n.db.run().exec(ctx, `UPDATE customer_task SET state = ? WHERE id = ? AND claim = ? AND state = ?`, notify.TaskCreating, t.ID, t.Claim, notify.TaskQueued)
	return won > 0, err
}

// TaskTaken writes that WeCom has the task, and whom it refused.
func (n *Notify) TaskTaken(ctx context.Context, t notify.DueTask, msgID string, not []string, wait time.Duration) error {
	not = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(not))), func(id string) bool { return !isASCII(id, 64) })
	return n.db.inTx(ctx, func(x tx) error {
		const taken = `UPDATE customer_task SET state = ?, vendor_msg_id = ?, refused = ?, handed_at = {now}, due_at = {now} + ?, attempts = 0, error_code = 0, problem = '' WHERE id = ? AND claim = ?`
		won, err := x.exec(ctx, taken, notify.TaskRunning, ascii(msgID), len(not), wait.Milliseconds(), t.ID, t.Claim)
		if err != nil || won == 0 {
			return err
		}
		for some := range slices.Chunk(not, 500) {
			var args []any
			for _, id := range some {
				args = append(args, t.ID, id, notify.ResultRefused)
			}
			if _, err := x.exec(ctx, `INSERT INTO customer_task_target (task_id, target, userid, result) VALUES `+values(len(some), "(?, ?, '', ?)"), args...); err != nil {
				return err
			}
		}
		return x.tellTask(ctx, t.ID)
	})
}

// TaskLater puts a task off.
func (n *Notify) TaskLater(ctx context.Context, t notify.DueTask, state notify.TaskState, after time.Duration, problem string) error {
	_, err := n.db.run().exec(ctx, `UPDATE customer_task SET state = ?, due_at = {now} + ?, attempts = attempts + 1, problem = ? WHERE id = ? AND claim = ?`,
		state, after.Milliseconds(), cut(problem, 500), t.ID, t.Claim)
	return err
}

// EndTask ends a task.
func (n *Notify) EndTask(ctx context.Context, t notify.DueTask, state notify.TaskState, code int, problem string) error {
	return n.db.inTx(ctx, func(x tx) error {
		const end = `UPDATE customer_task SET state = ?, error_code = ?, problem = ?, done_at = {now}, due_at = NULL, claim = 0 WHERE id = ? AND claim = ?`
		won, err := x.exec(ctx, end, state, code, cut(problem, 500), t.ID, t.Claim)
		if err != nil || won == 0 {
			return err
		}
		return x.tellTask(ctx, t.ID)
	})
}

// CancelTask ends a task that waits, or one that runs.
func (n *Notify) CancelTask(ctx context.Context, id int64, queued bool) (done bool, err error) {
	from := notify.TaskRunning
	if queued {
		from = notify.TaskQueued
	}
	err = n.db.inTx(ctx, func(x tx) error {
		const end = `UPDATE customer_task SET state = ?, done_at = {now}, due_at = NULL, claim = 0, problem = '' WHERE id = ? AND state = ?`
		won, err := x.exec(ctx, end, notify.TaskCanceled, id, from)
		if done = won > 0; err != nil || !done {
			return err
		}
		return x.tellTask(ctx, id)
	})
	return done, err
}

// taskLine is the data of a customer_task line.
type taskLine struct {
	Task      int64             `json:"task"`
	ClientID  int64             `json:"client_id"`
	Sender    string            `json:"sender"`
	State     string            `json:"state"`
	Employees int               `json:"employees"`
	Confirmed int               `json:"confirmed"`
	Results   notify.TaskCounts `json:"results"`
	Error     *newsError        `json:"error,omitempty"`
}

// tellTask appends a line to the feed for a task whose state changed.
func (t tx) tellTask(ctx context.Context, id int64) error {
	now, err := readTask(ctx, t.runner, `t.id = ?`, id)
	if err != nil {
		return err
	}
	l := taskLine{now.ID, now.ClientID, now.Sender, now.State.String(), now.Employees, now.Confirmed, now.Results, nil}
	if now.Code != 0 || now.Problem != "" {
		l.Error = &newsError{now.Code, cut(now.Problem, 255)}
	}
	data, err := encodeJSON(l)
	if err != nil {
		return err
	}
	return t.feed(ctx, line{AppID: now.CorpID, Type: "customer_task." + now.State.String(), Data: data})
}

// moveTask writes where to go on, and tells whether the claim still held.
func (t tx) moveTask(ctx context.Context, d notify.DueTask, next notify.TaskPlace, wait time.Duration) (bool, error) {
	if next.Cursor != "" && !isASCII(next.Cursor, 1000) {
		next.Cursor = "" // begins with the first page again
	}
	const move = `UPDATE customer_task SET round = ?, employee = ?, cursor_text = ?, due_at = {now} + ?, asked_at = {now}, attempts = 0, problem = '' WHERE id = ? AND claim = ?`
	won, err := t.exec(ctx, move, next.Round, next.Employee, next.Cursor, wait.Milliseconds(), d.ID, d.Claim)
	return won > 0, err
}

// MoveTask writes where to go on.
func (n *Notify) MoveTask(ctx context.Context, t notify.DueTask, next notify.TaskPlace, wait time.Duration) error {
	return n.db.inTx(ctx, func(x tx) error { _, err := x.moveTask(ctx, t, next, wait); return err })
}

// SaveEmployees adds a page of those who have the task.
func (n *Notify) SaveEmployees(ctx context.Context, t notify.DueTask, page []wechat.CustomerEmployee, next notify.TaskPlace, wait time.Duration) error {
	page = slices.DeleteFunc(slices.Clone(page), func(e wechat.CustomerEmployee) bool { return !isASCII(e.UserID, 64) })
	return n.db.inTx(ctx, func(x tx) error {
		if won, err := x.moveTask(ctx, t, next, wait); err != nil || !won || len(page) == 0 {
			return err
		}
		var args []any
		for _, e := range page {
			args = append(args, t.ID, e.UserID, e.Sent, unixMilliOrNil(e.At))
		}
		_, err := x.exec(ctx, `INSERT INTO customer_task_employee (task_id, userid, sent, sent_at) VALUES `+values(len(page), "(?, ?, ?, ?)")+
			n.db.onConflict("task_id, userid", "sent", "sent_at"), args...)
		return err
	})
}

func unixMilliOrNil(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	ms := at.UnixMilli()
	return &ms
}

// SaveTargets adds a page of what became of an employee's customers, and after
// the last one counts them.
func (n *Notify) SaveTargets(ctx context.Context, t notify.DueTask, page []wechat.CustomerResult, next notify.TaskPlace, wait time.Duration) error {
	return n.db.inTx(ctx, func(x tx) error {
		if won, err := x.moveTask(ctx, t, next, wait); err != nil || !won {
			return err
		}
		var args []any
		rows := 0
		for _, r := range page {
			id := r.Customer + r.ChatID // one of them is empty
			if !isASCII(id, 64) || r.Status < 0 || r.Status > int(notify.ResultOverQuota) {
				continue
			}
			args = append(args, t.ID, id, t.Place.Employee, r.Status, unixMilliOrNil(r.At))
			rows++
		}
		if rows > 0 {
			insert := `INSERT INTO customer_task_target (task_id, target, userid, result, sent_at) VALUES ` + values(rows, "(?, ?, ?, ?, ?)") +
				n.db.onConflict("task_id, target, userid", "result", "sent_at")
			if _, err := x.exec(ctx, insert, args...); err != nil {
				return err
			}
		}
		if next.Cursor != "" {
			return nil
		}
		return x.countTargets(ctx, t.ID, t.Place.Employee)
	})
}

// countTargets counts an employee's customers. Who has sent, and has nobody
// waiting, is not looked at again.
func (t tx) countTargets(ctx context.Context, id int64, employee string) error {
	var rows []struct {
		Result int `db:"result"`
		N      int `db:"n"`
	}
	if err := t.all(ctx, &rows, `SELECT result, COUNT(*) AS n FROM customer_task_target WHERE task_id = ? AND userid = ? GROUP BY result`, id, employee); err != nil {
		return err
	}
	var c [notify.ResultOverQuota + 1]int
	for _, r := range rows {
		c[r.Result] = r.N
	}
	const count = `UPDATE customer_task_employee SET waiting = ?, done = ?, no_friend = ?, over_quota = ?, looked = CASE WHEN sent = 1 AND ? = 0 THEN 2 ELSE 1 END
		WHERE task_id = ? AND userid = ?`
	_, err := t.exec(ctx, count, c[0], c[1], c[2], c[3], c[0], id, employee)
	return err
}

// NextEmployee finds whose customers are to be asked for.
func (n *Notify) NextEmployee(ctx context.Context, id int64, after string) (userID string, settled bool, err error) {
	var next []string
	const query = `SELECT userid FROM customer_task_employee WHERE task_id = ? AND userid > ? AND (looked = 0 OR sent = 1 AND looked < 2) ORDER BY userid LIMIT 1`
	if err := n.db.run().all(ctx, &next, query, id, after); err != nil || len(next) > 0 {
		return strings.Join(next, ""), false, err
	}
	var open struct {
		All  int `db:"employees"`
		Open int `db:"unsettled"`
	}
	err = n.db.run().get(ctx, &open, `SELECT COUNT(*) AS employees, COALESCE(SUM(CASE WHEN looked < 2 THEN 1 ELSE 0 END), 0) AS unsettled FROM customer_task_employee WHERE task_id = ?`, id)
	return "", err == nil && open.All > 0 && open.Open == 0, err
}

// ForgetTasks deletes tasks that ended long ago, each in a transaction.
func (n *Notify) ForgetTasks(ctx context.Context, age time.Duration, limit int) (int, error) {
	var ids []int64
	if err := n.db.run().all(ctx, &ids, `SELECT id FROM customer_task WHERE done_at < {now} - ? LIMIT ?`, age.Milliseconds(), limit); err != nil {
		return 0, err
	}
	for _, id := range ids {
		err := n.db.inTx(ctx, func(t tx) error {
			for _, q := range []string{`DELETE FROM customer_task_target WHERE task_id = ?`, `DELETE FROM customer_task_employee WHERE task_id = ?`, `DELETE FROM customer_task WHERE id = ?`} {
				if _, err := t.exec(ctx, q, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
