package notify

import (
	"context"
	"encoding/json"
	"time"

	"wechattpp/wechat"
)

// Task is a mass message to customers on WeCom (企业群发): the app asks for it,
// and each employee whose customers are meant sends it, or does not.
type Task struct {
	ID       int64
	ClientID int64
	SenderID int64
	Sender   string // code; empty: deleted
	CorpID   string
	State    TaskState
	Body     json.RawMessage // in WeCom's own fields
	MsgID    string          // WeCom's, empty before it was taken
	Code     int             // of WeCom, with Problem
	Problem  string          // why it failed, or what keeps its progress from being asked for

	Employees int // who have the task
	Confirmed int // of them, who pressed "send"
	Results   TaskCounts

	CreatedAt time.Time
	HandedAt  time.Time // zero: WeCom has not taken it
	AskedAt   time.Time // when its progress was known last
	DoneAt    time.Time // zero: it goes on
}

// TaskState is where a task stands.
type TaskState uint8

// States of a task. Running leads to TaskDone, TaskCanceled or TaskEnded.
const (
	TaskQueued   TaskState = iota // waits for its call
	TaskCreating                  // the intent is on disk, the answer is not
	TaskRunning                   // WeCom has it, employees may send
	TaskDone                      // every employee has sent
	TaskFailed                    // WeCom refused it
	TaskCanceled
	TaskUnknown // the call got no answer: there may be a task at WeCom, which only its console shows
	TaskEnded   // after 30 days its progress is asked for no more
	taskStates
)

var taskNames = [taskStates]string{"queued", "creating", "running", "done", "failed", "canceled", "unknown", "ended"}

func (s TaskState) String() string { return taskNames[s] }

// TaskResult is what became of one customer.
type TaskResult uint8

// Results, the first four by WeCom's numbers.
const (
	ResultWaiting   TaskResult = iota // not sent yet
	ResultSent                        //
	ResultNoFriend                    // the customer is no friend of the employee any more
	ResultOverQuota                   // the customer had as many mass messages as there may be
	ResultRefused                     // named in the request, and not fit to be sent to
	taskResults
)

var resultNames = [taskResults]string{"waiting", "sent", "not_friend", "over_quota", "refused"}

func (r TaskResult) String() string { return resultNames[r] }

// ParseTaskResult reads the name of a result.
func ParseTaskResult(name string) (TaskResult, bool) {
	for r, n := range resultNames {
		if n == name {
			return TaskResult(r), true
		}
	}
	return 0, false
}

// TaskResultNames lists the results.
func TaskResultNames() []string { return resultNames[:] }

// TaskCounts holds how many customers came to which result, as far as is known.
type TaskCounts [taskResults]int

// MarshalJSON writes every result by its name.
func (c TaskCounts) MarshalJSON() ([]byte, error) {
	named := make(map[string]int, taskResults)
	for r, n := range c {
		named[TaskResult(r).String()] = n
	}
	return json.Marshal(named)
}

// TaskEmployee is somebody who has a task.
type TaskEmployee struct {
	UserID string
	Sent   bool
	At     time.Time // zero: not sent
}

// TaskTarget is a customer, or a chat of customers, of a task.
type TaskTarget struct {
	ID     string // external_userid or chat_id
	UserID string // of the employee; empty of one that was refused
	Result TaskResult
	At     time.Time // zero: not sent
}

// TaskPlace is how far the asking for a task's progress has come: through the
// employees, and then through the customers of each whose end is not known.
type TaskPlace struct {
	Round    int    // rounds that came to their end
	Employee string // whose customers are asked for; empty: the employees are
	Cursor   string // WeCom's, of the page to come
}

// DueTask is a task whose time has come, claimed.
type DueTask struct {
	Task
	Claim    int64
	Attempts int
	Place    TaskPlace
	Age      time.Duration // since WeCom took it, or before that since it was asked for
}

// TaskQuery says which tasks are listed; ClientID below 0: of every client.
type TaskQuery struct {
	ClientID int64
	Sender   string
	Before   int64 // ids below this, 0: the newest
}

// Tasks keeps tasks. Each method is atomic; a change by a claim that was lost
// changes nothing.
type Tasks interface {
	// AddTask stores a task that is due, with its Idempotency-Key. again: the key
	// was there with the same body, and the answer is the first task; ErrOtherBody.
	AddTask(ctx context.Context, t Task, key *Draft) (made Task, again bool, err error)
	// Task reads one; fs.ErrNotExist: there is none of this sender and client.
	Task(ctx context.Context, q TaskQuery, id int64) (Task, error)
	// ListTasks gives tasks, newest first.
	ListTasks(ctx context.Context, q TaskQuery, limit int) ([]Task, error)
	// TaskEmployees and TaskTargets give those after the given ones, in order;
	// result nil is all.
	TaskEmployees(ctx context.Context, id int64, after string, limit int) ([]TaskEmployee, error)
	TaskTargets(ctx context.Context, id int64, result *TaskResult, after TaskTarget, limit int) ([]TaskTarget, error)

	// ClaimTasks takes due tasks for the time of lease.
	ClaimTasks(ctx context.Context, limit int, lease time.Duration) ([]DueTask, error)
	// BeginTask writes the intent: from TaskQueued to TaskCreating. false: the claim was lost, or the task canceled.
	BeginTask(ctx context.Context, t DueTask) (bool, error)
	// TaskTaken writes that WeCom has the task, and whom it cannot be sent to; it is due after wait.
	TaskTaken(ctx context.Context, t DueTask, msgID string, not []string, wait time.Duration) error
	// TaskLater makes the task due again after a while, in the given state.
	TaskLater(ctx context.Context, t DueTask, state TaskState, after time.Duration, problem string) error
	// EndTask ends a task.
	EndTask(ctx context.Context, t DueTask, state TaskState, code int, problem string) error
	// MoveTask says where to go on, after wait. SaveEmployees and SaveTargets add a
	// page besides, the latter of t.Place.Employee, whose last one it is if next has no Cursor.
	MoveTask(ctx context.Context, t DueTask, next TaskPlace, wait time.Duration) error
	SaveEmployees(ctx context.Context, t DueTask, page []wechat.CustomerEmployee, next TaskPlace, wait time.Duration) error
	SaveTargets(ctx context.Context, t DueTask, page []wechat.CustomerResult, next TaskPlace, wait time.Duration) error
	// NextEmployee gives the first employee after one whose customers are to be
	// asked for, "" if there is none; settled: every employee's end is known.
	NextEmployee(ctx context.Context, id int64, after string) (userID string, settled bool, err error)
	// CancelTask ends a task that is queued or running; false: it is neither.
	CancelTask(ctx context.Context, id int64, queued bool) (bool, error)
	// ForgetTasks deletes up to limit tasks that ended longer ago than age.
	ForgetTasks(ctx context.Context, age time.Duration, limit int) (int, error)
}
