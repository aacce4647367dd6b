package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"wechattpp/callback"
	"wechattpp/notify"
	"wechattpp/wechat"
)

// massOutcome brings the later word on a mass send to the room that sent it.
// One that overtook its call's answer comes again, the more slowly the older it
// is: a call may be repeated for a day.
func (h *house) massOutcome(ctx context.Context, appID string, e *wechat.MassJobFinished, created time.Time) error {
	detail, err := json.Marshal(struct {
		Articles  any `json:"articles"`
		Copyright any `json:"copyright"`
	}{e.Articles.Results, e.Copyright})
	if err != nil {
		return err
	}
	id, _ := strconv.ParseInt(e.MsgID, 10, 64) // what is no number matches nothing
	err = h.messages.MassOutcome(ctx, notify.MassOutcome{
		AppID: appID, MsgID: id, Status: strings.ToLower(strings.TrimSpace(e.Status)), Detail: detail, At: created,
		Counts: notify.VendorCounts{Total: e.TotalCount, Filtered: e.FilterCount, Sent: e.SentCount, Failed: e.ErrorCount},
	})
	if errors.Is(err, notify.ErrTooEarly) {
		return callback.Later{After: min(max(time.Second, time.Since(created)/4), time.Minute)}
	}
	return err
}
