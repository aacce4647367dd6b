package sql

import (
	"context"
	"time"

	"wechattpp/notify"
)

// counted lists whose allowances the chunks of a Begin need.
func (b *beginning) counted() (ones []countedOnes) {
	for _, c := range b.chunks {
		p := b.l.heads[c.MessageID].parts[c.Part]
		if !p.Members() {
			continue
		}
		o := countedOnes{sender: c.SenderID, part: p}
		for _, r := range b.open[c.ID] {
			if m := p.Member(r.Identity); m != "" {
				o.members = append(o.members, m)
			}
		}
		ones = append(ones, o)
	}
	return ones
}

// relook is how soon a chunk that waits for the next day is looked at again: the
// number of accounts may have been mended.
const relook = 10 * time.Minute

// wait tells when a recipient may be called for; 0: now.
func (n *counting) wait(c *chunkRow, p notify.Part, identity string) time.Duration {
	if n == nil || !p.Members() {
		return 0
	}
	a := n.apps[c.SenderID]
	if a.full() {
		midnight := (dayOf(n.now)+1)*24*60*60*1000 - chinaDay
		return min(relook, time.Duration(midnight-n.now)*time.Millisecond)
	}
	var wait time.Duration
	if m := p.Member(identity); m != "" {
		wait = n.spent[a.member(m)].Wait(notify.MemberAllowance, n.now)
	}
	if p.Linked != nil {
		wait = max(wait, n.spent[a.linkedCalls()].Wait(notify.CallAllowance, n.now))
	}
	return wait
}

// why is what an expired recipient waited for, if for its allowance.
func (n *counting) why(c *chunkRow, p notify.Part, identity string) string {
	switch {
	case n.wait(c, p, identity) == 0:
		return ""
	case n.apps[c.SenderID].full():
		return ": the app has sent to 200 members today for each of the company's accounts (corp_accounts of the sender), which is all that WeCom allows"
	}
	return ": the member has had 30 messages of this app within a minute, or 1,000 within an hour, and WeCom would have dropped this one without a word"
}

// hold tells whether a recipient must wait, and notes how long.
func (b *beginning) hold(c *chunkRow, p notify.Part, identity string) bool {
	wait := b.count.wait(c, p, identity)
	if wait > 0 && (b.holds[c.ID] == 0 || wait < b.holds[c.ID]) {
		b.holds[c.ID] = wait
	}
	return wait > 0
}

// begin counts a call for a recipient.
func (n *counting) begin(c *chunkRow, p notify.Part, identity string, repeat bool, lease time.Duration) {
	if n == nil || !p.Members() {
		return
	}
	a := n.apps[c.SenderID]
	if m := p.Member(identity); m != "" {
		n.spent[a.member(m)].Begin(n.now, n.now+lease.Milliseconds())
		n.dirty[a.member(m)] = true
	}
	if !repeat {
		*a.sent++
	}
}

// linkedCall counts a call for linked companies.
func (n *counting) linkedCall(c *chunkRow, w *notify.Work) {
	if n == nil || w.Part.Linked == nil || len(w.Calls) == 0 {
		return
	}
	id := n.apps[c.SenderID].linkedCalls()
	n.spent[id].Take(n.now)
	n.dirty[id] = true
}

// counted ends the calls of results: whoever was not taken does not count.
func (t tx) counted(ctx context.Context, batch []*recording, locked map[int64]*chunkRow) error {
	var ones []countedOnes
	for _, b := range batch {
		if p := b.r.Work.Part; !b.lost && p.Members() {
			o := countedOnes{sender: locked[b.r.Work.Chunk].SenderID, part: p}
			for _, call := range b.r.Work.Calls {
				if m := p.Member(call.Identity); m != "" {
					o.members = append(o.members, m)
				}
			}
			ones = append(ones, o)
		}
	}
	n, err := t.counting(ctx, ones)
	if err != nil || n == nil {
		return err
	}
	for _, b := range batch {
		if b.lost || !b.r.Work.Part.Members() {
			continue
		}
		a := n.apps[locked[b.r.Work.Chunk].SenderID]
		for _, m := range b.r.Moves {
			n.end(a, b.r.Work, m)
		}
	}
	return t.countDown(ctx, n)
}

func (n *counting) end(a *countedApp, w *notify.Work, m notify.Move) {
	call := w.Calls[m.Call]
	took := m.To == notify.Sent || m.To == notify.Sending
	if name := w.Part.Member(call.Identity); name != "" {
		n.spent[a.member(name)].End(took, n.now)
		n.dirty[a.member(name)] = true
	}
	if !took && !call.Repeat {
		*a.sent--
	}
}
