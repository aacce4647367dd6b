package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Card is a template card that one call handed over, and that may be updated.
type Card struct {
	Handover int64
	Sender   string // empty: deleted
	Serial   int64  // of its call
}

// Cards keeps what WeCom gave for updating cards: a code for each call, good
// once, for 72 hours.
type Cards interface {
	// Updatable lists the cards of a message whose codes are good, of the given
	// handovers if there are any, up to limit in the order they were sent.
	Updatable(ctx context.Context, id MsgID, handovers []int64, limit int) ([]Card, error)
	// Holders finds the last handover by which each of the recipients, named in
	// lower case, was sent a message, and those by which a group was.
	Holders(ctx context.Context, id MsgID, names []string) (of map[string]int64, groups []int64, err error)
	// TakeCode gives the code of a card to one who tries it, and to nobody else
	// for the time of lease; ok is false if there is none any more.
	TakeCode(ctx context.Context, handover int64, lease time.Duration) (code string, ok bool, err error)
	// CodeTried ends that: used codes are forgotten.
	CodeTried(ctx context.Context, handover int64, used bool) error
	// TaskUsed tells whether a sender sent a card of that task_id.
	TaskUsed(ctx context.Context, senderID int64, task string) (bool, error)
	// ForgetCodes forgets up to limit codes that are good no longer.
	ForgetCodes(ctx context.Context, limit int) (int, error)
}

const (
	codeLease = time.Minute // longer than a call
	// someCards bounds the calls of one request, cardTime is what the last of
	// them may take.
	someCards = 50
	cardTime  = 12 * time.Second
)

// Updated is what became of one call.
type Updated struct {
	Sender  string   `json:"sender"`
	State   string   `json:"state"` // updated, failed, unknown
	Targets []string `json:"targets"`
	Unheld  []string `json:"invaliduser"` // WeCom: these have no such card
	Code    int      `json:"code,omitempty"`
	Text    string   `json:"message,omitempty"`
}

// Updates is the answer to a request to update the cards of a message.
type Updates struct {
	Calls   []Updated `json:"calls"`
	Unknown []string  `json:"unknown"` // targets that were sent no card of the message, or whose code was used
	Left    bool      `json:"left"`    // there are more cards: the same request again goes on with them
}

// ErrNoCard: none of a message's cards can be updated.
var ErrNoCard = errors.New("no card of this message can be updated for these targets: each code works once and for 72 hours, and cards without buttons to call back have none")

// UpdateCards changes cards of a message, those of named targets or all: one call
// for each that was sent with them. What WeCom answered to each is in the report;
// fs.ErrNotExist, *Refusal, ErrNoCard.
//
// Failure policy: a call without an answer is told as unknown, and may be asked
// for again: its code works once, and if it was used WeCom says 60140.
func (r *Room) UpdateCards(ctx context.Context, c Client, msgID string, body []byte) (Updates, error) {
	m, err := r.Message(ctx, c, msgID)
	if err != nil {
		return Updates{}, err
	}
	u, err := parseUpdate(body)
	if err != nil {
		return Updates{}, err
	}
	if u.everybody() == nil && u.All == 0 {
		return Updates{}, invalid("userids", "is missing: name userids, partyids or tagids, or say atall: 1")
	}
	of, unknown, err := r.aimCards(ctx, m.MsgID, u)
	if err != nil {
		return Updates{}, err
	}
	cards, err := r.Store.Updatable(ctx, m.MsgID, slices.Sorted(maps.Keys(of)), someCards+1)
	report := Updates{Calls: []Updated{}, Unknown: unknown, Left: len(cards) > someCards}
	if err != nil {
		return report, err
	}
	if len(cards) == 0 || len(of) == 0 && u.All == 0 {
		return report, ErrNoCard
	}
	if !report.Left {
		report.Unknown = append(report.Unknown, without(of, cards)...)
	}
	for _, card := range cards[:min(len(cards), someCards)] {
		if end, ok := ctx.Deadline(); ok && time.Until(end) < cardTime {
			report.Left = true
			break
		}
		done, err := r.updateCard(ctx, card, u, of[card.Handover])
		if err != nil {
			return report, err
		}
		report.Calls = append(report.Calls, done)
	}
	return report, nil
}

// without lists the targets of handovers that are not among the cards.
func without(of map[int64][]string, cards []Card) (names []string) {
	for h, some := range of {
		if !slices.ContainsFunc(cards, func(c Card) bool { return c.Handover == h }) {
			names = append(names, some...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// UpdateClicked changes the card that was clicked, by the code of the click: for
// the named targets, else for who clicked.
func (r *Room) UpdateClicked(ctx context.Context, sender, code, user string, body []byte) (Updated, error) {
	u, err := parseUpdate(body)
	if err != nil {
		return Updated{}, err
	}
	if u.everybody() == nil && u.All == 0 {
		u.Users = []string{user}
	}
	done, _, err := r.tryCode(ctx, sender, code, u.vendors(u.everybody(), 0))
	return done, err
}

// aimCards gives each handover its targets. Somebody who was not named in the
// message may have had it as one of a group.
func (r *Room) aimCards(ctx context.Context, id MsgID, u *cardUpdate) (of map[int64][]string, unknown []string, err error) {
	names, of := u.everybody(), map[int64][]string{}
	unknown = []string{}
	if u.All == 1 {
		return of, unknown, nil
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	holders, groups, err := r.Store.Holders(ctx, id, lower)
	for i, name := range names {
		switch h, ok := holders[lower[i]]; {
		case ok:
			of[h] = append(of[h], name)
		case len(groups) == 0:
			unknown = append(unknown, name)
		default:
			for _, g := range groups {
				of[g] = append(of[g], name)
			}
		}
	}
	return of, unknown, err
}

func (r *Room) updateCard(ctx context.Context, card Card, u *cardUpdate, targets []string) (Updated, error) {
	code, ok, err := r.Store.TakeCode(ctx, card.Handover, codeLease)
	if err != nil {
		return Updated{}, err
	}
	if !ok {
		return Updated{Sender: card.Sender, State: Failed.String(), Targets: list(targets), Unheld: []string{}, Text: "another request is using its code now, or has"}, nil
	}
	done, used, err := r.tryCode(ctx, card.Sender, code, u.vendors(targets, card.Serial))
	return done, errors.Join(err, r.Store.CodeTried(context.WithoutCancel(ctx), card.Handover, used))
}

// tryCode makes the call, unless the company has made too many; used tells that
// the code is good no longer.
func (r *Room) tryCode(ctx context.Context, sender, code string, v wechat.CardUpdate) (_ Updated, used bool, err error) {
	done := Updated{Sender: sender, State: Failed.String(), Targets: list(v.Names()), Unheld: []string{}}
	client, err := r.Senders.Client(ctx, sender)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && client.WeCom == nil:
		done.Text = "the sender was deleted, or is no WeCom app any more"
		return done, false, nil
	case err != nil:
		done.Text = err.Error()
		return done, false, nil
	}
	wait, err := r.Store.Spend(ctx, sender, callUpdate)
	if err != nil || wait > 0 {
		done.Text = fmt.Sprintf("the company's calls of this kind are used up for %s: ask again then", wait.Round(time.Second))
		return done, false, err
	}
	v.ResponseCode = code
	unheld, err := client.WeCom.UpdateCard(ctx, v)
	if err == nil {
		done.State, done.Unheld = "updated", list(unheld)
		return done, true, nil
	}
	verdict := judge(err, time.Now())
	done.Code, done.Text = verdict.code, verdict.text
	switch {
	case verdict.to == Sending:
		done.State = Unknown.String()
	case verdict.code == codeUsed:
		done.Text = "the code of this card was used, or is older than 72 hours: each works once; the next click brings another"
	}
	return done, verdict.code == codeUsed, nil
}

const (
	codeUsed   = 60140
	callUpdate = "message/update_template_card"
)

// list is a list that JSON shows as one.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

// freshTask refuses a card whose task_id the sender used before: WeCom would.
func (r *Room) freshTask(ctx context.Context, m said, p Part) error {
	task := p.TaskID(0)
	if task == "" {
		return nil
	}
	used, err := r.Store.TaskUsed(ctx, p.SenderID, task)
	if err == nil && used {
		err = invalid(m.path+".template_card.task_id", "is %q, which sender %s used before: an app may use a task_id once", task, p.Sender)
	}
	return err
}
