package audience

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
)

// Most is how many users one call may name.
const Most = 1000

// Writer is who writes: a client under its own ChannelKey, "all" and the
// senders granted to it, or an access key (All), which writes everywhere.
type Writer struct {
	ChannelKey string
	Senders    []string
	All        bool
}

// Value is one thing known of a user.
type Value struct{ Kind, BindID, Value string }

// Report tells what became of each user, as JUMS answers it.
type Report struct {
	Success []string  `json:"success"`
	Fail    []Failure `json:"fail"`
	// Warnings tell what is odd about users that were written.
	Warnings []string `json:"warnings,omitempty"`
}

// Failure is a user that was not written.
type Failure struct {
	UserID string `json:"userid"`
	Code   string `json:"errcode"`
	Text   string `json:"errmsg"`
}

// InputError is a request that is wrong as a whole.
type InputError struct{ Field, Text string }

func (e *InputError) Error() string { return e.Field + " " + e.Text }

// Store keeps users.
type Store interface {
	// Write makes the changes of one call in one transaction, creating users
	// that are not there, and answers an error per change that Apply refused.
	Write(ctx context.Context, changes []Change) ([]error, error)
	// User gives one user with all its values; fs.ErrNotExist.
	User(ctx context.Context, userid string) (Person, error)
	// Users gives the users that q chooses, with all their values, by userid.
	Users(ctx context.Context, q Query) ([]Person, error)
	// Delete removes users and all that is known of them, in one transaction,
	// and answers which of them existed.
	Delete(ctx context.Context, userids []string) (existed map[string]bool, err error)
	// Values gives the first value of a kind and bind id for each of the users
	// that has one; at most Most users.
	Values(ctx context.Context, kind, bindID string, userids []string) (map[string]string, error)
	Segments
	Lists

	// Everyone gives up to limit users after a number, in order.
	Everyone(ctx context.Context, after int64, limit int) ([]User, error)
	// Holding gives up to limit users, after a number and in order, of whom the
	// value is known.
	Holding(ctx context.Context, v Value, after int64, limit int) ([]User, error)
	ImportStore
}

// Room answers for the users. Its fields are needed. Safe for concurrent use.
type Room struct {
	Store Store
	// Kind gives the kind of the sender with this code, "" if there is none.
	Kind func(ctx context.Context, code string) (string, error)
	// Codes lists the codes of the senders of a kind.
	Codes func(ctx context.Context, kind string) ([]string, error)
	// Members looks up userids of WeCom in the directories of apps; nil: nobody does.
	Members func(ctx context.Context, senders, userids []string) Looked

	importing atomic.Int32
}

// codeInvalid is JUMS's "invalid parameter".
const codeInvalid = "4004"

// Opt adds and changes users: body is JUMS's array of up to Most users. A user
// with a mistake is reported and the others are written; *InputError if the
// body is not such an array.
func (r *Room) Opt(ctx context.Context, w Writer, body []byte) (Report, error) {
	users, err := array(body)
	if err != nil {
		return Report{}, err
	}
	report := Report{Success: []string{}, Fail: []Failure{}}
	var changes []Change
	for i, raw := range users {
		c, err := r.change(ctx, w, raw)
		if in, ok := err.(*InputError); ok { //nolint:errorlint // change returns it bare
			report.fail(name(c.UserID, i), in)
			continue
		}
		if err != nil {
			return Report{}, err
		}
		changes = append(changes, c)
	}
	if len(changes) == 0 {
		return report, nil
	}
	refused, err := r.Store.Write(ctx, changes)
	if err != nil {
		return Report{}, err
	}
	for i, c := range changes {
		if refused[i] != nil {
			report.fail(c.UserID, refused[i])
		} else {
			report.Success = append(report.Success, c.UserID)
		}
	}
	report.warn(r.look(ctx, w, changes))
	return report, nil
}

// Delete removes up to Most users; one that does not exist is reported.
func (r *Room) Delete(ctx context.Context, userids []string) (Report, error) {
	if len(userids) > Most {
		return Report{}, &InputError{"body", fmt.Sprintf("names %d users: at most %d a call", len(userids), Most)}
	}
	report := Report{Success: []string{}, Fail: []Failure{}}
	if len(userids) == 0 {
		return report, nil
	}
	existed, err := r.Store.Delete(ctx, userids)
	if err != nil {
		return Report{}, err
	}
	for _, id := range userids {
		if existed[id] {
			report.Success = append(report.Success, id)
		} else {
			report.fail(id, &InputError{"userid", "does not exist"})
		}
	}
	return report, nil
}

// Resolve gives the identity of each user at a sender of the given kind; users
// without one are left out. A WeCom userid is the same at all senders. At most
// Most users.
func (r *Room) Resolve(ctx context.Context, kind, sender string, userids []string) (map[string]string, error) {
	if len(userids) == 0 {
		return map[string]string{}, nil
	}
	if fields[kind].binds == "all" {
		sender = "all"
	}
	return r.Store.Values(ctx, kind, sender, userids)
}

func (r *Report) fail(userid string, err error) {
	r.Fail = append(r.Fail, Failure{userid, codeInvalid, err.Error()})
}

// UserIDs reads the body of user/delete: a JSON array of up to Most userids.
func UserIDs(body []byte) ([]string, error) {
	var ids []string
	if err := json.Unmarshal(body, &ids); err != nil || ids == nil {
		return nil, &InputError{"body", `must be a JSON array of userids: ["u-1", "u-2"]`}
	}
	if len(ids) > Most {
		return nil, &InputError{"body", fmt.Sprintf("names %d users: at most %d a call", len(ids), Most)}
	}
	return ids, nil
}

func array(body []byte) ([]json.RawMessage, error) {
	var users []json.RawMessage
	if err := json.Unmarshal(body, &users); err != nil || users == nil {
		return nil, &InputError{"body", `must be a JSON array of users: [{"userid": "u-1", "set": {...}}]`}
	}
	if len(users) > Most {
		return nil, &InputError{"body", fmt.Sprintf("holds %d users: at most %d a call", len(users), Most)}
	}
	return users, nil
}

// name stands for a user whose userid could not be read.
func name(userid string, i int) string {
	if userid == "" {
		return "[" + strconv.Itoa(i) + "]"
	}
	return userid
}
