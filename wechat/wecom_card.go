package wechat

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
)

// CardUpdate changes a template card that was sent: either its buttons give way to a text, or another card takes its place.
type CardUpdate struct {
	Users   []string // at most 1,000
	Parties []int64  // at most 100
	Tags    []int64  // at most 100
	All     bool     // everyone who got the card by the call, or from the card, that the code is of

	ResponseCode string // of Send, or of a click; good once, for 72 hours
	IDTrans      bool
	ReplaceName  string          // instead of the buttons, or
	Card         json.RawMessage // a whole card
}

// Names are whom the update is for.
func (u CardUpdate) Names() []string {
	if u.All {
		return []string{"@all"}
	}
	names := slices.Clone(u.Users)
	for _, id := range u.Parties {
		names = append(names, "party/"+strconv.FormatInt(id, 10))
	}
	for _, id := range u.Tags {
		names = append(names, "tag/"+strconv.FormatInt(id, 10))
	}
	return names
}

// LogValue leaves the code out.
func (u CardUpdate) LogValue() slog.Value { return slog.GroupValue(slog.Int("users", len(u.Users))) }

// UpdateCard changes a card. It gives those who have no such card. ErrUnanswered: perhaps changed; a repeat does no harm, for
// the code is good once. A code that was used or is too old is refused, 60140.
// https://developer.work.weixin.qq.com/document/path/94888
func (w *WeCom) UpdateCard(ctx context.Context, u CardUpdate) (invalid []string, err error) {
	var answer sentAnswer
	err = w.send(ctx, "message/update_template_card", u.body(w.agentID), &answer, &answer, u.ResponseCode)
	return answer.Users, err
}

func (u CardUpdate) body(agentID int64) any {
	return ordered{
		{"userids", u.Users, len(u.Users) > 0},
		{"partyids", u.Parties, len(u.Parties) > 0},
		{"tagids", u.Tags, len(u.Tags) > 0},
		{"atall", 1, u.All},
		{"agentid", agentID, true},
		{"response_code", u.ResponseCode, true},
		{"enable_id_trans", 1, u.IDTrans},
		{"button", map[string]string{"replace_name": u.ReplaceName}, u.Card == nil},
		{"template_card", u.Card, u.Card != nil},
	}
}
