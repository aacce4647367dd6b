package webhook

import (
	"context"
)

// pageLines is how many lines of the feed one round reads at most.
const pageLines = 1000

// ReadFeed turns what is new in the feed into deliveries. It answers 0 when
// nothing is left, so that its loop waits for more to share a transaction.
func (r *Room) ReadFeed(ctx context.Context) (int, error) {
	more, err := r.Store.ReadFeed(ctx, pageLines, r.packing(), r.tell)
	if more {
		return pageLines, err
	}
	return 0, err
}

// tell makes the receipts of a page.
func (r *Room) tell(p Page) (records []Record) {
	for i := range p.Lines {
		l := &p.Lines[i]
		kind, reason, told := typeOf(l)
		t := recipientOf(p.Targets[l.ClientID], l)
		if !told || t == nil || !t.Wanted.has(kind) {
			continue
		}
		for _, who := range l.Recipients {
			b, err := r.write(l, p.Keys[l.ClientID], kind, reason, who)
			if err != nil { // only params could, and they were parsed when they came
				r.Log.Error("a receipt cannot be written and is left out", "msgid", l.MsgID, "err", err)
				continue
			}
			records = append(records, Record{t.ID, l.At, b})
		}
	}
	return records
}

// recipientOf is the target that gets a line: the one that the message named,
// else the client's preferred one. One made after the line does not hear of it.
func recipientOf(targets []Target, l *Line) *Target {
	var found *Target
	for i := range targets {
		if t := &targets[i]; t.Preferred && found == nil || l.Callback != "" && t.URL == l.Callback {
			found = t
		}
	}
	if found == nil || found.CreatedAt.After(l.At) {
		return nil
	}
	return found
}
