package main

import (
	"context"

	"wechattpp/access"
	"wechattpp/wechat"
)

// templateAdded makes the entry in the audit trail of a template that a message
// had added to an account, as one that a person adds has it.
func (h *house) templateAdded(ctx context.Context, code, template string, c wechat.Choice) error {
	detail := map[string]any{"template": template, "on_demand": true}
	if c.Subscription() {
		detail["tid"] = c.TID
	} else {
		detail["template_id_short"] = c.Short
	}
	return h.access.Record(ctx, access.Entry{Actor: "system", Action: "account-template.add", Target: "sender/" + code, Detail: detail})
}
