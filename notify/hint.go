package notify

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	// hintTime bounds the look at the ledger: a send must not wait for a hint.
	hintTime = 2 * time.Second
	// hintMost is how many users are looked at for a message whose recipients are
	// looked for later.
	hintMost = 100_000
	// hintNames is how many recipients a warning names.
	hintNames = 3
)

// hint warns of recipients who have not agreed to a message that needs it, as
// far as is known. It refuses nothing: what the vendor says when it is asked to
// send counts.
func (r *Room) hint(ctx context.Context, q *request, d *Draft) {
	if r.Rights == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, hintTime)
	defer cancel()
	for i, p := range d.Parts {
		template, scene, needed := p.Consent()
		if !needed {
			continue
		}
		var text string
		var err error
		if d.For != nil {
			text, err = r.hintLater(ctx, p, template, scene)
		} else {
			text, err = r.hintNow(ctx, p, template, scene, d.Targets[i])
		}
		if err != nil {
			r.Log.Warn("what users agreed to was not looked up", "sender", p.Sender, "err", err)
			return
		}
		if text != "" {
			q.warnings = append(q.warnings, text)
		}
	}
}

// hintNow looks named recipients up.
func (r *Room) hintNow(ctx context.Context, p Part, template string, scene int, targets []Target) (string, error) {
	var openids []string
	for _, t := range targets {
		if t.Identity != "" && t.Skip == "" {
			openids = append(openids, t.Identity)
		}
	}
	without, err := r.Rights.Without(ctx, p.Sender, p.AppID, template, scene, openids)
	if err != nil || len(without) == 0 {
		return "", err
	}
	names := strings.Join(without[:min(len(without), hintNames)], ", ")
	if len(without) > hintNames {
		names += ", ..."
	}
	return fmt.Sprintf("msg_%s of sender %s: no right to a message of template %s%s is recorded for %d of %d recipients (%s): expect WeChat to refuse them with 43101",
		p.SenderKind, p.Sender, template, ofScene(scene), len(without), len(openids), names), nil
}

// hintLater tells what is known of a template whose recipients are looked for
// after the answer.
func (r *Room) hintLater(ctx context.Context, p Part, template string, scene int) (string, error) {
	n, looked, err := r.Rights.Granted(ctx, p.Sender, p.AppID, template, scene, hintMost)
	if err != nil {
		return "", err
	}
	count := fmt.Sprint(n)
	if looked == hintMost {
		count += fmt.Sprintf(" of the first %d", hintMost)
	}
	return fmt.Sprintf("msg_%s of sender %s: a right to a message of template %s%s is recorded for %s users: expect WeChat to refuse others with 43101; who has one stands at GET /v1/senders/%s/grants?template_id=%s",
		p.SenderKind, p.Sender, template, ofScene(scene), count, p.Sender, url.QueryEscape(template)), nil
}

func ofScene(scene int) string {
	if scene == noScene {
		return ""
	}
	return fmt.Sprintf(" at scene %d", scene)
}
