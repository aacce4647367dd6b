package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/notify"
)

// Due lists chunks whose time has come.
func (n *Notify) Due(ctx context.Context, without []notify.Line, limit int) ([]notify.Due, error) {
	senders, lines := []int64{0}, []int64{0}
	for _, l := range without {
		if l.Feature == notify.Whole {
			senders = append(senders, l.SenderID)
		} else {
			lines = append(lines, lineKey(l))
		}
	}
	var rows []struct {
		Chunk    int64          `db:"id"`
		SenderID int64          `db:"sender_id"`
		Feature  notify.Feature `db:"feature"`
		Sender   string         `db:"code"`
		Open     int            `db:"open"`
		Sending  int            `db:"sending"`
		Expired  bool           `db:"expired"`
		Pause    *int64         `db:"pause"`
		One      *int64         `db:"one"`
	}
	const query = `SELECT c.id, c.sender_id, c.feature, COALESCE(s.code, '') AS code, c.queued + c.sending AS open, c.sending,
		CASE WHEN c.queued > 0 AND c.expire_at <= {now} THEN 1 ELSE 0 END AS expired, p.until_at - {now} AS pause, f.until_at - {now} AS one
		FROM chunk c LEFT JOIN sender s ON s.id = c.sender_id LEFT JOIN sender_pause p ON p.sender_id = c.sender_id
		LEFT JOIN feature_pause f ON f.sender_id = c.sender_id AND f.feature = c.feature
		WHERE c.due_at <= {now} AND c.sender_id NOT IN (?) AND c.sender_id * 16 + c.feature NOT IN (?) ORDER BY c.due_at LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, senders, lines, limit); err != nil {
		return nil, err
	}
	due := make([]notify.Due, len(rows))
	for i, r := range rows {
		due[i] = notify.Due{Chunk: r.Chunk, SenderID: r.SenderID, Feature: r.Feature, Sender: r.Sender, Open: r.Open, Handed: r.Sending > 0, Expired: r.Expired}
		if r.Pause != nil || r.One != nil {
			left := max(orZero(r.Pause), orZero(r.One), 0)
			due[i].Pause, due[i].Probing = time.Duration(left)*time.Millisecond, left == 0
		}
	}
	return due, nil
}

// lineKey makes one number of a line, as the query above does.
func lineKey(l notify.Line) int64 { return l.SenderID*16 + int64(l.Feature) }

// Begin claims chunks and makes the intent durable, in one commit.
func (n *Notify) Begin(ctx context.Context, takes []notify.Take, lease time.Duration, window func(notify.Part) time.Duration) ([]*notify.Work, error) {
	asked := make(map[int64]notify.Take, len(takes))
	ids := make([]int64, len(takes))
	for i, k := range takes {
		ids[i], asked[k.Chunk] = k.Chunk, k
	}
	slices.Sort(ids)
	var works []*notify.Work
	err := n.db.inTx(ctx, func(t tx) error {
		works = nil
		b, err := t.claimChunks(ctx, ids, lease)
		if err != nil || len(b.chunks) == 0 {
			return err
		}
		b.window = window
		if b.begun, err = t.checked(ctx, b.open); err != nil {
			return err
		}
		if b.count, err = t.counting(ctx, b.counted()); err != nil {
			return err
		}
		b.lease = lease
		for _, c := range b.chunks {
			w, any, err := t.beginChunk(ctx, b, c, asked[c.ID])
			if err != nil {
				return err
			}
			if any {
				works = append(works, w)
			}
		}
		if err := t.handOver(ctx, b, works); err != nil {
			return err
		}
		if err := t.start(ctx, b.l.heads); err != nil {
			return err
		}
		if err := t.countDown(ctx, b.count); err != nil {
			return err
		}
		return t.settle(ctx, b.l)
	})
	if err != nil {
		return nil, err
	}
	return works, nil
}

// beginChunk begins what may begin of a chunk, and says when it comes again; any:
// there is somebody to call for, or who waits for that.
func (t tx) beginChunk(ctx context.Context, b *beginning, c *chunkRow, take notify.Take) (w *notify.Work, any bool, err error) {
	b.l.chunk(c)
	pace, err := t.pace(ctx, c, b.l.heads[c.MessageID].parts[c.Part])
	if err != nil {
		return nil, false, err
	}
	take.Most = pace.room(take.Most)
	w, wait := b.begin(c, take)
	if err := t.spend(ctx, pace, w); err != nil {
		return nil, false, err
	}
	b.count.linkedCall(c, w)
	c.due(b.lease)
	switch {
	case len(w.Calls) == 0 && pace.wait() > 0: // the sender's minute is full
		c.due(pace.wait())
	case len(w.Calls) == 0 && wait == 0 && b.holds[c.ID] > 0: // whoever waits has had as many as WeCom delivers
		c.due(b.holds[c.ID])
	case len(w.Calls) == 0 && wait > 0: // a rule has others to go first
		c.Attempts++
		c.due(max(wait, min(time.Second<<min(c.Attempts, 6), time.Minute)))
	case len(w.Calls) == 0 && b.l.heads[c.MessageID].Stage == notify.Paused:
		c.layAside()
	default:
		any = len(w.Calls)+w.Waiting > 0
	}
	return w, any, nil
}

// beginning is what Begin has read.
type beginning struct {
	l      *ledger
	chunks []*chunkRow
	open   map[int64][]openRow // by chunk
	stops  map[stopKey]notify.Stop
	tried  map[int64][][]notify.Tried // by chunk of a later part of a rule, then by place: the parts before
	claim  int64
	window func(notify.Part) time.Duration

	copies map[int64]string // of drafts, by chunk
	begun  map[int64]begun  // handovers whose repeat the vendor would notice

	count *counting               // nil: nobody's allowance matters
	holds map[int64]time.Duration // by chunk: when the first of those may go whose allowance is spent
	lease time.Duration
}

type stopKey struct {
	message int64
	part    int
}

// claimChunks claims those still due and reads all that belongs to them. The
// claim locks the rows until the commit.
func (t tx) claimChunks(ctx context.Context, ids []int64, lease time.Duration) (*beginning, error) {
	b := &beginning{claim: word(), holds: map[int64]time.Duration{}, open: map[int64][]openRow{}, stops: map[stopKey]notify.Stop{}, tried: map[int64][][]notify.Tried{}}
	won, err := t.exec(ctx, `UPDATE chunk SET claim = ?, due_at = {now} + ? WHERE id IN (?) AND due_at <= {now}`, b.claim, lease.Milliseconds(), ids)
	if err != nil || won == 0 {
		return b, err
	}
	if err := t.all(ctx, &b.chunks, `SELECT `+chunkColumns+`, {now} AS now FROM chunk WHERE id IN (?) AND claim = ? ORDER BY id`, ids, b.claim); err != nil {
		return b, err
	}
	messages := make([]int64, len(b.chunks))
	for i, c := range b.chunks {
		messages[i] = c.MessageID
	}
	slices.Sort(messages)
	messages = slices.Compact(messages)
	heads, err := t.heads(ctx, messages)
	if err != nil {
		return b, err
	}
	b.l = newLedger(heads)
	if err := t.readStops(ctx, b, messages); err != nil {
		return b, err
	}
	if err := t.readTried(ctx, b); err != nil {
		return b, err
	}
	if err := t.readCopies(ctx, b); err != nil {
		return b, err
	}
	return b, t.readOpen(ctx, b)
}

// begin decides for each open recipient of a chunk: repeat, call, end or wait;
// by a rule, who waits for another sender is looked at again after wait.
func (b *beginning) begin(c *chunkRow, take notify.Take) (_ *notify.Work, wait time.Duration) {
	h := b.l.heads[c.MessageID]
	w := &notify.Work{Chunk: c.ID, Claim: b.claim, MsgID: h.msgID(), At: time.UnixMilli(h.CreatedAt), ClientID: h.ClientID, N: c.N, PartNo: c.Part,
		Part: h.parts[c.Part], Attempts: c.Attempts}
	window := b.window(w.Part).Milliseconds()
	stop, stopped := b.stops[stopKey{c.MessageID, c.Part}]
	expired := c.ExpireAt != nil && *c.ExpireAt <= c.Now
	end := func(r openRow, to notify.State, code int, text string) {
		b.l.move(c, change{seq: r.Seq, from: r.State, to: to, code: code, text: text, userid: r.UserID, identity: r.Identity})
	}
	many, most := w.Part.Many(), take.Most
	if many && most > 0 {
		most = w.Part.Most()
	}
	call := func(r openRow, attempt int, repeat bool) {
		one := notify.Call{Alone: r.State == notify.Queued && w.Part.Alone(orZero(r.Code)), Seq: r.Seq, UserID: r.UserID, Identity: r.Identity, Attempt: attempt, Repeat: repeat, Draft: b.copies[c.ID]}
		if many && repeat {
			one.Handover, one.Checked = orZero(r.Handover), true
			one.Serial = b.begun[one.Handover].Serial
		}
		w.Calls = append(w.Calls, one)
		b.count.begin(c, w.Part, r.Identity, repeat, b.lease)
	}
	for _, r := range b.open[c.ID] {
		stale := b.stale(c, r, many, window)
		room := len(w.Calls) < most || many && most > 0 && r.State == notify.Sending // a handover is whole
		switch {
		case r.State == notify.Sending && h.Retracted: // a repeat could be the first that arrives
			end(r, notify.Unknown, 0, w.Part.Vendor()+" gave no answer that was recorded, and the message was retracted")
		case h.Retracted:
			end(r, notify.Canceled, 0, notify.RetractedText)
		case stale && (!h.Resend || stopped):
			end(r, notify.Unknown, 0, w.Part.Vendor()+" gave no answer that was recorded, and it would not notice a repeat, or no longer")
		case r.State == notify.Sending && !stale && room:
			call(r, r.Attempt, true)
		case r.State == notify.Sending && !stale:
			w.Waiting++
		case stopped:
			end(r, notify.Failed, stop.Code, stop.Text)
		case r.State == notify.Queued && expired:
			end(r, notify.Expired, 0, "not handed over before expire_at"+b.count.why(c, w.Part, r.Identity))
		case h.Stage == notify.Paused || take.Begun:
			w.Waiting++
		case r.State == notify.Queued && r.Attempt == 0 && b.tried[c.ID] != nil && !b.goes(c, r, &wait, end):
		case room && b.hold(c, w.Part, r.Identity):
			w.Waiting++
		case room: // a first call, or a further attempt of one whose end is unknown
			end(r, notify.Sending, 0, "")
			call(r, r.Attempt+1, false)
		default:
			w.Waiting++
		}
	}
	return w, wait
}

// start marks messages whose time has come.
func (t tx) start(ctx context.Context, heads map[int64]*head) error {
	var ids []int64
	for id, h := range heads {
		if h.Stage == notify.Scheduled {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := t.exec(ctx, `UPDATE message SET state = ? WHERE id IN (?) AND state = ?`, notify.Running, ids, notify.Scheduled)
	return err
}
