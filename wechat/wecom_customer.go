package wechat

import (
	"context"
	"encoding/json"
	"time"
)

// Mass messages to customers (企业群发): the app makes a task, and each employee whose customers are meant presses "send" in the
// client, or does not. https://developer.work.weixin.qq.com/document/path/92135

// MakeCustomerTask makes a task of a body in WeCom's own fields, and gives its id and the customers or chats that cannot be
// sent to. WeCom notices no repeat.
//
// ErrNotSent: there is no task. ErrUnanswered: there may be one.
func (w *WeCom) MakeCustomerTask(ctx context.Context, body json.RawMessage) (msgID string, not []string, err error) {
	const op = "externalcontact/add_msg_template"
	var answer struct {
		MsgID string `json:"msgid"`
		Not   ids    `json:"fail_list"`
	}
	err = w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: body}, &answer)
	if err == nil && answer.MsgID == "" {
		err = w.door.speaks.incomplete(op, "msgid")
	}
	return answer.MsgID, answer.Not, err
}

// CustomerEmployee is an employee who has a task, and whether the customers were sent to.
type CustomerEmployee struct {
	UserID string
	Sent   bool
	At     time.Time // zero: not sent
}

// customerPage is how many lines of a task are asked for at once; WeCom gives up to 1,000.
const customerPage = 500

// CustomerEmployees gives a page of the employees of a task, and where the next one begins, "" at the end. Right after a
// task was made: ErrBusy. https://developer.work.weixin.qq.com/document/path/93338
func (w *WeCom) CustomerEmployees(ctx context.Context, msgID, cursor string) (page []CustomerEmployee, next string, err error) {
	const op = "externalcontact/get_groupmsg_task"
	var answer struct {
		Code *number `json:"errcode"`
		Next string  `json:"next_cursor"`
		List []struct {
			UserID string `json:"userid"`
			Status number `json:"status"`
			At     number `json:"send_time"`
		} `json:"task_list"`
	}
	err = w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: customerQuery{msgID, "", customerPage, cursor}}, &answer)
	if err == nil && answer.Code == nil {
		err = w.door.speaks.incomplete(op, "errcode")
	}
	for _, e := range answer.List {
		const sent = 2
		page = append(page, CustomerEmployee{e.UserID, e.Status == sent, unixOr0(e.At)})
	}
	return page, answer.Next, err
}

type customerQuery struct {
	MsgID  string `json:"msgid"`
	UserID string `json:"userid,omitempty"`
	Limit  int    `json:"limit,omitempty"`
	Cursor string `json:"cursor,omitempty"`
}

func unixOr0(seconds number) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// CustomerResult is what became of one customer, or of one chat of customers, at an employee.
type CustomerResult struct {
	Customer string // or ChatID
	ChatID   string
	Status   int       // 0 not sent yet, 1 sent, 2 no friend any more, 3 had another mass message
	At       time.Time // zero: not sent
}

// CustomerResults gives a page of what became of an employee's customers, as CustomerEmployees.
// https://developer.work.weixin.qq.com/document/path/93338
func (w *WeCom) CustomerResults(ctx context.Context, msgID, userID, cursor string) (page []CustomerResult, next string, err error) {
	const op = "externalcontact/get_groupmsg_send_result"
	var answer struct {
		Code *number `json:"errcode"`
		Next string  `json:"next_cursor"`
		List []struct {
			Customer string `json:"external_userid"`
			ChatID   string `json:"chat_id"`
			Status   number `json:"status"`
			At       number `json:"send_time"`
		} `json:"send_list"`
	}
	err = w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: customerQuery{msgID, userID, customerPage, cursor}}, &answer)
	if err == nil && answer.Code == nil {
		err = w.door.speaks.incomplete(op, "errcode")
	}
	for _, r := range answer.List {
		page = append(page, CustomerResult{r.Customer, r.ChatID, int(r.Status), unixOr0(r.At)})
	}
	return page, answer.Next, err
}

// RemindCustomerTask reminds the employees who did not send yet. https://developer.work.weixin.qq.com/document/path/97610
func (w *WeCom) RemindCustomerTask(ctx context.Context, msgID string) error {
	const op = "externalcontact/remind_groupmsg_send"
	return w.door.done(ctx, request{op: op, path: "/cgi-bin/" + op, body: customerQuery{MsgID: msgID}})
}

// CancelCustomerTask stops a task for the employees who did not send yet. https://developer.work.weixin.qq.com/document/path/97611
func (w *WeCom) CancelCustomerTask(ctx context.Context, msgID string) error {
	const op = "externalcontact/cancel_groupmsg_send"
	return w.door.done(ctx, request{op: op, path: "/cgi-bin/" + op, body: customerQuery{MsgID: msgID}})
}
