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
	// windowMost is how many messages of users are looked at for such a message.
	windowMost = 20_000
	// hintMost is how many users are looked at for a message whose recipients are
	// looked for later.
	hintMost = 100_000
	// hintNames is how many recipients a warning names.
	hintNames = 3
)

// hint warns of recipients who have not agreed to a message that needs it, or
// have not written to the account lately where that is needed, as far as is known.
// It refuses nothing: what the vendor says when it is asked to send counts.
func (r *Room) hint(ctx context.Context, q *request, d *Draft) {
	ctx, cancel := context.WithTimeout(ctx, hintTime)
	defer cancel()
	for i := range d.Parts {
		text, err := r.hintPart(ctx, d, i)
		if err != nil {
			r.Log.Warn("what users agreed to or did was not looked up", "sender", d.Parts[i].Sender, "err", err)
			return
		}
		if text != "" {
			q.warnings = append(q.warnings, text)
		}
	}
}

// hintPart gives the warning of one part, empty for none.
func (r *Room) hintPart(ctx context.Context, d *Draft, i int) (string, error) {
	p := d.Parts[i]
	var openids []string // who is named and gets it
	if d.For == nil {
		for _, t := range d.Targets[i] {
			if !t.Skipped() {
				openids = append(openids, t.Identity)
			}
		}
	}
	template, scene, needed := p.Consent()
	switch {
	case p.Customer != nil && r.Events != nil:
		at := d.SendAt
		if at.IsZero() {
			at = time.Now()
		}
		if d.For != nil {
			return r.hintWindows(ctx, p, at)
		}
		return r.hintWindow(ctx, p, at, openids)
	case !needed || r.Rights == nil:
		return "", nil
	case d.For != nil:
		return r.hintLater(ctx, p, template, scene)
	}
	return r.hintNow(ctx, p, template, scene, openids)
}

// hinted names some of the recipients that a warning is about.
func hinted(openids []string) string {
	names := strings.Join(openids[:min(len(openids), hintNames)], ", ")
	if len(openids) > hintNames {
		names += ", ..."
	}
	return names
}

// hintNow looks named recipients up.
func (r *Room) hintNow(ctx context.Context, p Part, template string, scene int, openids []string) (string, error) {
	without, err := r.Rights.Without(ctx, p.Sender, p.AppID, template, scene, openids)
	if err != nil || len(without) == 0 {
		return "", err
	}
	return fmt.Sprintf("msg_%s of sender %s: no right to a message of template %s%s is recorded for %d of %d recipients (%s): expect WeChat to refuse them with 43101",
		p.SenderKind, p.Sender, template, ofScene(scene), len(without), len(openids), hinted(without)), nil
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
