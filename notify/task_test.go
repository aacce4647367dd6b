package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

const (
	makePath = simulator.WeComPath + "/cgi-bin/externalcontact/add_msg_template"
	askPath  = simulator.WeComPath + "/cgi-bin/externalcontact/get_groupmsg_task"
)

// customers has three employees: of 501 customers, of two, and of one who is no friend any more.
func customers() simulator.Corp {
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf("wmCustomer%03d", i)
	}
	return simulator.Corp{Members: []string{"li.na", "wang.fang", "zhao.min"},
		Customers:     map[string][]string{"li.na": many, "wang.fang": {"wmA", "wmB"}, "zhao.min": {"wmLost"}},
		CustomerChats: map[string][]string{"zhao.min": {"wrChat1", "wrChat2"}},
		CustomerTags:  map[string][]string{"etGold": {"wmA", "wmCustomer000"}, "etNorth": {"wmA"}},
		Lost:          []string{"wmLost"}}
}

func eachTasks(t *testing.T, f func(h *house, sim *simulator.Simulator)) {
	eachWeCom(t, customers(), f)
}

func (h *house) task(body string) notify.Task {
	h.t.Helper()
	t, _, err := h.room.AddTask(context.Background(), office, "wk", "", []byte(body))
	if err != nil {
		h.t.Fatalf("task: %v", err)
	}
	return t
}

// runTasks runs what is due, as if the waits between were over, until the task is as wanted.
func (h *house) runTasks(id int64, good func(notify.Task) bool) notify.Task {
	h.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		sqltest.Exec(h.t, h.source, `UPDATE customer_task SET due_at = 1 WHERE due_at IS NOT NULL`)
		if _, err := h.room.TasksDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		if t := h.readTask(id); good(t) {
			return t
		}
	}
	h.t.Fatalf("the task came to %+v", h.readTask(id))
	return notify.Task{}
}

func (h *house) readTask(id int64) notify.Task {
	h.t.Helper()
	t, err := h.room.Task(context.Background(), office, "wk", id)
	if err != nil {
		h.t.Fatal(err)
	}
	return t
}

func is(s notify.TaskState) func(notify.Task) bool {
	return func(t notify.Task) bool { return t.State == s }
}

func TestAMassMessageIsFollowedToTheLastCustomer(t *testing.T) {
	eachTasks(t, func(h *house, sim *simulator.Simulator) {
		made := h.task(`{"text":{"content":"春季新品 <9 折>"},"external_userid":["wmA","wmB","wmLost","wmCustomer000","wmNobody"],
			"attachments":[{"msgtype":"link","link":{"title":"新品","url":"https://shop.example.com"}}]}`)
		if made.State != notify.TaskQueued {
			h.t.Errorf("at first it is %s", made.State)
		}
		running := h.runTasks(made.ID, func(t notify.Task) bool { return t.Employees == 3 && t.Results[notify.ResultWaiting] == 4 })
		if running.State != notify.TaskRunning || running.Confirmed != 0 || running.Results[notify.ResultRefused] != 1 || running.MsgID == "" {
			h.t.Errorf("running: %+v", running)
		}
		sent := sim.CustomerTasks(theCorp)
		want := `{"external_userid":["wmA","wmB","wmLost","wmCustomer000","wmNobody"],"text":{"content":"春季新品 <9 折>"},"attachments":[{"msgtype":"link","link":{"title":"新品","url":"https://shop.example.com"}}]}`
		if len(sent) != 1 || string(sent[0].Body) != want {
			h.t.Fatalf("WeCom has %d tasks, the first %s", len(sent), sent[0].Body)
		}
		sim.SendToCustomers(theCorp, running.MsgID, "wang.fang")
		part := h.runTasks(made.ID, func(t notify.Task) bool { return t.Results[notify.ResultSent] == 2 })
		if part.Confirmed != 1 || part.State != notify.TaskRunning {
			h.t.Errorf("one has sent: %+v", part)
		}
		for _, id := range []string{"li.na", "zhao.min"} {
			sim.SendToCustomers(theCorp, running.MsgID, id)
		}
		done := h.runTasks(made.ID, is(notify.TaskDone))
		if done.Confirmed != 3 || done.Results != (notify.TaskCounts{0, 3, 1, 0, 1}) || done.DoneAt.IsZero() {
			h.t.Errorf("done: %+v", done)
		}
		found := map[string]string{}
		targets, err := h.room.TaskTargets(context.Background(), office, "wk", made.ID, nil, notify.TaskTarget{}, 100)
		for _, x := range targets {
			found[x.ID] = x.UserID + " " + x.Result.String()
		}
		if err != nil || found["wmA"] != "wang.fang sent" || found["wmLost"] != "zhao.min not_friend" || found["wmNobody"] != " refused" || len(found) != 5 {
			h.t.Errorf("results %v, %v", found, err)
		}
		employees, err := h.room.TaskEmployees(context.Background(), office, "wk", made.ID, "li.na", 100)
		if err != nil || len(employees) != 2 || !employees[0].Sent || employees[0].At.IsZero() {
			h.t.Errorf("employees %+v, %v", employees, err)
		}
		if n := h.told("customer_task.done"); n != 1 {
			h.t.Errorf("told %d times", n)
		}
		if n, err := h.room.TasksDue(context.Background()); n != 0 || err != nil {
			h.t.Errorf("after its end %d calls, %v", n, err)
		}
	})
}

func TestCustomersArePagedAndChatsAndTagsAreMeant(t *testing.T) {
	eachTasks(t, func(h *house, sim *simulator.Simulator) {
		for body, want := range map[string]int{
			`{"sender":"li.na","text":{"content":"a"}}`:                                                                                             501,
			`{"chat_type":"group","sender":"zhao.min","text":{"content":"a"}}`:                                                                      2,
			`{"chat_type":"group","sender":"zhao.min","chat_id_list":["wrChat2"],"text":{"content":"a"}}`:                                           1,
			`{"tag_filter":{"group_list":[{"tag_list":["etGold"]}]},"text":{"content":"a"}}`:                                                        2,
			`{"tag_filter":{"group_list":[{"tag_list":["etGold"]},{"tag_list":["etNorth","etSouth"]}]},"allow_select":true,"text":{"content":"a"}}`: 1,
		} {
			made := h.task(body)
			now := h.runTasks(made.ID, func(t notify.Task) bool { return t.Results[notify.ResultWaiting] > 0 && t.Employees > 0 })
			now = h.runTasks(made.ID, func(t notify.Task) bool { return t.Results[notify.ResultWaiting] >= want })
			if now.Results[notify.ResultWaiting] != want {
				h.t.Errorf("%s is for %d, want %d", body, now.Results[notify.ResultWaiting], want)
			}
		}
	})
}

func TestATaskWithoutAnAnswerIsUnknownAndNeverMadeAgain(t *testing.T) {
	eachTasks(t, func(h *house, sim *simulator.Simulator) {
		ctx := context.Background()
		body := `{"external_userid":["wmA"],"text":{"content":"a"}}`
		fail := func(f simulator.Fault) {
			h.t.Helper()
			if err := sim.Fail(f); err != nil {
				h.t.Fatal(err)
			}
		}
		for _, f := range []simulator.Fault{{Path: makePath, Mode: simulator.ModeResetAfter}, {Path: makePath, Code: -1}} {
			fail(f)
			t := h.runTasks(h.task(body).ID, is(notify.TaskUnknown))
			if !strings.Contains(t.Problem, "see its console") {
				h.t.Errorf("%+v says %q", f, t.Problem)
			}
		}
		// Whoever made the call died before the answer was written down.
		dead := h.task(body)
		due, err := h.store.ClaimTasks(ctx, 10, time.Minute)
		if err != nil || len(due) != 1 {
			h.t.Fatalf("claimed %d, %v", len(due), err)
		}
		if ok, err := h.store.BeginTask(ctx, due[0]); !ok || err != nil {
			h.t.Fatalf("begun %v, %v", ok, err)
		}
		h.runTasks(dead.ID, is(notify.TaskUnknown))
		if n := len(sim.CustomerTasks(theCorp)); n != 1 {
			h.t.Errorf("WeCom has %d tasks", n)
		}
		// What surely did not arrive is made again; what was refused is told.
		fail(simulator.Fault{Path: makePath, Code: 45009})
		h.runTasks(h.task(body).ID, is(notify.TaskRunning))
		for _, code := range []int{84074, 48002, 60020, 40096, 84061, 41064} {
			fail(simulator.Fault{Path: makePath, Code: code})
			if t := h.runTasks(h.task(body).ID, is(notify.TaskFailed)); t.Code != code {
				h.t.Errorf("%d failed with %d %s", code, t.Code, t.Problem)
			}
		}
		if t := h.runTasks(h.task(`{"external_userid":["wmNobody"],"text":{"content":"a"}}`).ID, is(notify.TaskFailed)); t.Code != 41048 {
			h.t.Errorf("nobody there: %d", t.Code)
		}
	})
}

func TestAskingGoesOnFurtherAndFurtherApartAndEnds(t *testing.T) {
	eachTasks(t, func(h *house, sim *simulator.Simulator) {
		ctx := context.Background()
		made := h.task(`{"external_userid":["wmA"],"text":{"content":"a"}}`)
		wait := func() int64 {
			h.t.Helper()
			return sqltest.Number(h.t, h.source, `SELECT due_at FROM customer_task WHERE id = ?`, made.ID) - time.Now().UnixMilli()
		}
		due := func() {
			h.t.Helper()
			if _, err := h.room.TasksDue(ctx); err != nil {
				h.t.Fatal(err)
			}
		}
		due()
		if w := wait(); w < 5_000 || w > 10_500 {
			h.t.Errorf("after it was made it is due in %d ms", w)
		}
		if err := sim.Fail(simulator.Fault{Path: askPath, Code: 41063}); err != nil {
			h.t.Fatal(err)
		}
		sqltest.Exec(h.t, h.source, `UPDATE customer_task SET due_at = 1`)
		due()
		if w := wait(); w < 5_000 || w > 10_500 || h.readTask(made.ID).State != notify.TaskRunning {
			h.t.Errorf("after 41063 it is due in %d ms", w)
		}
		before := int64(0)
		for round := range 3 {
			h.runTasks(made.ID, func(t notify.Task) bool { return t.Problem == "" && wait() > 20_000 })
			if w := wait(); w < before+20_000 {
				h.t.Errorf("round %d: in %d ms, before in %d", round, w, before)
			} else {
				before = w
			}
		}
		sqltest.Exec(h.t, h.source, `UPDATE customer_task SET handed_at = handed_at - ?`, (49 * time.Hour).Milliseconds())
		h.runTasks(made.ID, func(notify.Task) bool { return wait() > 5*3600_000 })
		sqltest.Exec(h.t, h.source, `UPDATE customer_task SET handed_at = handed_at - ?`, (30 * 24 * time.Hour).Milliseconds())
		h.runTasks(made.ID, is(notify.TaskEnded))
		sqltest.Exec(h.t, h.source, `UPDATE customer_task SET done_at = done_at - ?`, (40 * 24 * time.Hour).Milliseconds())
		if n, err := h.room.ForgetTasks(ctx, 30*24*time.Hour); n != 1 || err != nil {
			h.t.Errorf("forgot %d, %v", n, err)
		}
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM customer_task_employee`); n != 0 {
			h.t.Errorf("%d employees are left", n)
		}
	})
}

func TestATaskIsRemindedAndCanceled(t *testing.T) {
	eachTasks(t, func(h *house, sim *simulator.Simulator) {
		ctx := context.Background()
		body := `{"external_userid":["wmA"],"text":{"content":"a"}}`
		waiting := h.task(body)
		if _, err := h.room.RemindTask(ctx, office, "wk", waiting.ID); !errors.Is(err, notify.ErrTaskState) {
			h.t.Errorf("reminded before its call: %v", err)
		}
		if t, err := h.room.CancelTask(ctx, office, "wk", waiting.ID); err != nil || t.State != notify.TaskCanceled {
			h.t.Errorf("canceled before its call: %s, %v", t.State, err)
		}
		made := h.runTasks(h.task(body).ID, is(notify.TaskRunning))
		for range 3 {
			if _, err := h.room.RemindTask(ctx, office, "wk", made.ID); err != nil {
				h.t.Error(err)
			}
		}
		if _, err := h.room.RemindTask(ctx, office, "wk", made.ID); err == nil || !strings.Contains(err.Error(), "41094") {
			h.t.Errorf("a fourth time: %v", err)
		}
		for range 2 { // the second changes nothing
			if t, err := h.room.CancelTask(ctx, office, "wk", made.ID); err != nil || t.State != notify.TaskCanceled {
				h.t.Errorf("canceled: %s, %v", t.State, err)
			}
		}
		if all := sim.CustomerTasks(theCorp); len(all) != 1 || !all[0].Canceled {
			h.t.Errorf("WeCom has %+v", all)
		}
		// One that was canceled in WeCom's console is seen when it is asked for.
		other := h.runTasks(h.task(body).ID, is(notify.TaskRunning))
		if err := sim.Fail(simulator.Fault{Path: askPath, Code: 41093}); err != nil {
			h.t.Fatal(err)
		}
		h.runTasks(other.ID, is(notify.TaskCanceled))
		if _, err := h.room.Task(ctx, notify.Client{ID: 8, Senders: []string{"wk"}}, "wk", made.ID); err == nil {
			h.t.Error("another client sees it")
		}
	})
}

func TestAKeyMakesOneTask(t *testing.T) {
	eachTasks(t, func(h *house, _ *simulator.Simulator) {
		ctx := context.Background()
		body := []byte(`{"external_userid":["wmA"],"text":{"content":"a"}}`)
		first, again, err := h.room.AddTask(ctx, office, "wk", "k1", body)
		if err != nil || again {
			h.t.Fatalf("%v, %v", again, err)
		}
		second, again, err := h.room.AddTask(ctx, office, "wk", "k1", body)
		if err != nil || !again || second.ID != first.ID {
			h.t.Errorf("again %v %d, %v", again, second.ID, err)
		}
		if _, _, err := h.room.AddTask(ctx, office, "wk", "k1", append(body, ' ')); !errors.Is(err, notify.ErrOtherBody) {
			h.t.Errorf("another body: %v", err)
		}
		if _, _, err := h.room.AddTask(ctx, notify.Client{ID: 7, Approval: true}, "wk", "", body); !errors.Is(err, notify.ErrApproval) {
			h.t.Errorf("a client whose messages wait for approval: %v", err)
		}
		if _, _, err := h.room.AddTask(ctx, office, "oa1", "", body); !errors.Is(err, notify.ErrNoApp) {
			h.t.Errorf("an Official Account: %v", err)
		}
	})
}
