package notify

import (
	"encoding/json"
	"errors"
	"time"
)

func (r *request) option(key string, raw json.RawMessage) error {
	var o struct {
		SendNo   string `json:"sendno"`
		Owner    string `json:"owner"`
		Priority *int   `json:"priority"`
		BlackID  *int64 `json:"black_id"`
		WhiteID  *int64 `json:"white_id"`
	}
	if err := strict(key, raw, &o); err != nil {
		return err
	}
	if err := errors.Join(r.lists(o.BlackID, o.WhiteID), text("option.sendno", o.SendNo, 255), text("option.owner", o.Owner, 255)); err != nil {
		return firstRefusal(err)
	}
	if o.Priority != nil {
		if *o.Priority < 1 || *o.Priority > 3 {
			return invalid("option.priority", "is %d: use 1 (high), 2 (medium) or 3 (low)", *o.Priority)
		}
		r.priority = *o.Priority
	}
	r.sendNo, r.owner = o.SendNo, o.Owner
	return nil
}

func (r *request) ruleID(key string, raw json.RawMessage) error {
	var id *int64
	if err := strict(key, raw, &id); err != nil || id == nil {
		return err
	}
	if *id < 0 {
		return invalid(key, "is %d: use the number of a rule, or 0 for all senders at once", *id)
	}
	r.rule = *id
	return nil
}

func (r *request) callback(key string, raw json.RawMessage) error {
	var c struct {
		URL    string          `json:"url"`
		Params json.RawMessage `json:"params"`
	}
	if err := strict(key, raw, &c); err != nil {
		return err
	}
	if len(c.Params) > 0 && (c.Params[0] != '{' && !isNull(c.Params) || len(c.Params) > 8<<10) {
		return invalid("callback.params", "must be an object of at most 8 KiB")
	}
	r.receipts, r.params = c.URL, c.Params
	return nil
}

func (r *request) onUnknown(key string, raw json.RawMessage) error {
	var word string
	if err := strict(key, raw, &word); err != nil || isNull(raw) {
		return err
	}
	if word != "keep" && word != "resend" {
		return invalid(key, `must be "keep" or "resend"`)
	}
	r.resend = word == "resend"
	return nil
}

// kept is what of a request later features need.
func (r *request) kept() ([]byte, error) {
	keep := map[string]any{}
	if r.owner != "" {
		keep["owner"] = r.owner
	}
	if r.priority != 2 {
		keep["priority"] = r.priority
	}
	if len(r.params) > 0 && !isNull(r.params) {
		keep["params"] = r.params
	}
	if r.receipts != "" {
		keep["callback"] = r.receipts
	}
	if len(keep) == 0 {
		return nil, nil
	}
	return encode(keep)
}

func moment(field string, raw json.RawMessage, to *time.Time) error {
	if isNull(raw) {
		return nil
	}
	var word string
	err := read(raw, &word)
	if err == nil {
		*to, err = time.Parse(time.RFC3339, word)
	}
	if err != nil || to.Year() < 2000 || to.Year() > 2200 {
		return invalid(field, "must be a time of RFC 3339 such as 2026-05-06T19:00:00+08:00")
	}
	return nil
}

func text(field, value string, most int) error {
	if n := len([]rune(value)); n > most {
		return invalid(field, "has %d characters: at most %d", n, most)
	}
	return nil
}
