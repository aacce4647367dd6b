package sql

import (
	"bytes"
	"context"
	"io/fs"
	"strings"

	"wechattpp/notify"
)

type taskRow struct {
	ID       int64            `db:"id"`
	ClientID int64            `db:"client_id"`
	SenderID int64            `db:"sender_id"`
	Sender   string           `db:"code"`
	CorpID   string           `db:"corp_id"`
	State    notify.TaskState `db:"state"`
	Body     []byte           `db:"body"`
	MsgID    *string          `db:"vendor_msg_id"`
	Code     int              `db:"error_code"`
	Problem  string           `db:"problem"`
	Refused  int              `db:"refused"`
	Round    int              `db:"round"`
	Employee string           `db:"employee"`
	Cursor   string           `db:"cursor_text"`
	Created  int64            `db:"created_at"`
	Handed   *int64           `db:"handed_at"`
	Asked    *int64           `db:"asked_at"`
	Done     *int64           `db:"done_at"`
	Claim    int64            `db:"claim"`
	Attempts int              `db:"attempts"`
	Now      int64            `db:"now"`
}

// taskSQL gives a task even if its sender was deleted.
const taskSQL = `SELECT t.id, t.client_id, t.sender_id, COALESCE(s.code, '') AS code, COALESCE(s.corp_id, '') AS corp_id, t.state, t.body, t.vendor_msg_id, t.error_code, t.problem,
	t.refused, t.round, t.employee, t.cursor_text, t.created_at, t.handed_at, t.asked_at, t.done_at, t.claim, t.attempts, {now} AS now
	FROM customer_task t LEFT JOIN sender s ON s.id = t.sender_id WHERE `

func (r taskRow) task() notify.Task {
	t := notify.Task{ID: r.ID, ClientID: r.ClientID, SenderID: r.SenderID, Sender: r.Sender, CorpID: r.CorpID, State: r.State, Body: r.Body, Code: r.Code, Problem: r.Problem,
		CreatedAt: moment(r.Created), HandedAt: moment(orZero(r.Handed)), AskedAt: moment(orZero(r.Asked)), DoneAt: moment(orZero(r.Done))}
	if r.MsgID != nil {
		t.MsgID = *r.MsgID
	}
	t.Results[notify.ResultRefused] = r.Refused
	return t
}

// AddTask stores a task, unless its key is there.
func (n *Notify) AddTask(ctx context.Context, t notify.Task, key *notify.Draft) (made notify.Task, again bool, err error) {
	if t.ID, err = n.db.ids.take(ctx, "customer_task", 1); err != nil {
		return t, false, err
	}
	err = n.db.inTx(ctx, func(x tx) error {
		again = false
		id := t.ID
		if key.Key != "" {
			if id, err = x.taskKey(ctx, key, t.ID); err != nil {
				return err
			}
			again = id != t.ID
		}
		if !again {
			const insert = `INSERT INTO customer_task (id, client_id, sender_id, state, body, created_at, due_at) VALUES (?, ?, ?, ?, ?, {now}, {now})`
			if _, err := x.exec(ctx, insert, id, t.ClientID, t.SenderID, notify.TaskQueued, []byte(t.Body)); err != nil {
				return err
			}
		}
		made, err = readTask(ctx, x.runner, `t.id = ?`, id)
		return err
	})
	return made, again, err
}

// taskKey gives the task that has an Idempotency-Key: the given one if the key is new.
func (t tx) taskKey(ctx context.Context, d *notify.Draft, id int64) (int64, error) {
	insert := `INSERT INTO idempotency (client_id, path, word, body_hash, message_id, created_at) VALUES (?, ?, ?, ?, ?, {now})` + t.db.orIgnore("message_id")
	if _, err := t.exec(ctx, insert, d.ClientID, d.Path, []byte(d.Key), d.Hash[:], id); err != nil {
		return 0, err
	}
	holder, err := readKey(ctx, t.runner, d)
	if err == nil && !bytes.Equal(holder.Hash, d.Hash[:]) {
		err = notify.ErrOtherBody
	}
	return holder.MessageID, err
}

func readTask(ctx context.Context, r runner, where string, args ...any) (notify.Task, error) {
	all, err := readTasks(ctx, r, taskSQL+where, args...)
	if err == nil && len(all) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return notify.Task{}, err
	}
	return all[0], nil
}

// readTasks gives tasks with their counts.
func readTasks(ctx context.Context, r runner, query string, args ...any) ([]notify.Task, error) {
	var rows []taskRow
	if err := r.all(ctx, &rows, query, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	all, ids := make([]notify.Task, len(rows)), make([]int64, len(rows))
	at := map[int64]*notify.Task{}
	for i, row := range rows {
		all[i], ids[i] = row.task(), row.ID
		at[row.ID] = &all[i]
	}
	var counts []struct {
		ID        int64 `db:"task_id"`
		Employees int   `db:"employees"`
		Sent      int   `db:"sent"`
		Waiting   int   `db:"waiting"`
		Done      int   `db:"done"`
		NoFriend  int   `db:"no_friend"`
		OverQuota int   `db:"over_quota"`
	}
	const sums = `SELECT task_id, COUNT(*) AS employees, SUM(sent) AS sent, SUM(waiting) AS waiting, SUM(done) AS done, SUM(no_friend) AS no_friend, SUM(over_quota) AS over_quota
		FROM customer_task_employee WHERE task_id IN (?) GROUP BY task_id`
	if err := r.all(ctx, &counts, sums, ids); err != nil {
		return nil, err
	}
	for _, c := range counts {
		t := at[c.ID]
		t.Employees, t.Confirmed = c.Employees, c.Sent
		t.Results[notify.ResultWaiting], t.Results[notify.ResultSent] = c.Waiting, c.Done
		t.Results[notify.ResultNoFriend], t.Results[notify.ResultOverQuota] = c.NoFriend, c.OverQuota
	}
	return all, nil
}

// taskWhere is what of the tasks a client may see.
func taskWhere(q notify.TaskQuery) (where string, args []any) {
	where, args = `s.code = ?`, []any{q.Sender}
	if q.ClientID >= 0 {
		where, args = where+` AND t.client_id = ?`, append(args, q.ClientID)
	}
	return where, args
}

// Task reads one.
func (n *Notify) Task(ctx context.Context, q notify.TaskQuery, id int64) (notify.Task, error) {
	where, args := taskWhere(q)
	return readTask(ctx, n.db.run(), where+` AND t.id = ?`, append(args, id)...)
}

// ListTasks gives the newest first, without their bodies.
func (n *Notify) ListTasks(ctx context.Context, q notify.TaskQuery, limit int) ([]notify.Task, error) {
	where, args := taskWhere(q)
	if q.Before > 0 {
		where, args = where+` AND t.id < ?`, append(args, q.Before)
	}
	return readTasks(ctx, n.db.run(), strings.Replace(taskSQL, "t.body", "'' AS body", 1)+where+` ORDER BY t.id DESC LIMIT ?`, append(args, limit)...)
}

// TaskEmployees gives those who have a task, by userid.
func (n *Notify) TaskEmployees(ctx context.Context, id int64, after string, limit int) ([]notify.TaskEmployee, error) {
	var rows []struct {
		UserID string `db:"userid"`
		Sent   bool   `db:"sent"`
		At     *int64 `db:"sent_at"`
	}
	const query = `SELECT userid, sent, sent_at FROM customer_task_employee WHERE task_id = ? AND userid > ? ORDER BY userid LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, id, after, limit); err != nil {
		return nil, err
	}
	all := make([]notify.TaskEmployee, len(rows))
	for i, r := range rows {
		all[i] = notify.TaskEmployee{UserID: r.UserID, Sent: r.Sent, At: moment(orZero(r.At))}
	}
	return all, nil
}

// TaskTargets gives what became of customers, by id.
func (n *Notify) TaskTargets(ctx context.Context, id int64, result *notify.TaskResult, after notify.TaskTarget, limit int) ([]notify.TaskTarget, error) {
	where, args := `task_id = ? AND (target > ? OR target = ? AND userid > ?)`, []any{id, after.ID, after.ID, after.UserID}
	if result != nil {
		where, args = where+` AND result = ?`, append(args, *result)
	}
	var rows []struct {
		Target string            `db:"target"`
		UserID string            `db:"userid"`
		Result notify.TaskResult `db:"result"`
		At     *int64            `db:"sent_at"`
	}
	query := `SELECT target, userid, result, sent_at FROM customer_task_target WHERE ` + where + ` ORDER BY target, userid LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, append(args, limit)...); err != nil {
		return nil, err
	}
	all := make([]notify.TaskTarget, len(rows))
	for i, r := range rows {
		all[i] = notify.TaskTarget{ID: r.Target, UserID: r.UserID, Result: r.Result, At: moment(orZero(r.At))}
	}
	return all, nil
}
