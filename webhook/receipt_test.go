package webhook_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
	"wechattpp/webhook"
)

// Sleeps in this file are pauses between looks at a condition that has a deadline.

func TestEachStepOfARecipientIsToldAsJUMSTellsIt(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		const mp, wecom = `,"kind":"wechatmp"`, `,"kind":"wechatwk"`
		lines := []struct {
			state, fields    string
			kind, sender     int
			identity, reason bool
		}{
			{"queued", "", 0, 2, false, false},
			{"skipped", "", 1, 2, false, true},
			{"sent", mp, 2, 3, true, false},
			{"failed", "", 3, 2, true, true},
			{"expired", "", 3, 2, true, true},
			{"unknown", "", 3, 2, true, true},
			{"delivered", wecom, 4, 10, true, false},
			{"failed", `,"outcome":true`, 5, 2, true, true},
			{"canceled", "", 7, 2, true, false},
			{"recall_refused", wecom, 8, 10, true, true},
			{"sent", wecom + `,"linked":true`, 2, 10, true, false},
		}
		for i, l := range lines {
			h.line(old, l.state, l.fields, fmt.Sprint("u", i))
		}
		h.work("all are told", func() bool { return len(r.got()) == len(lines) })
		for i, got := range r.got() {
			l := lines[i]
			if got.Type != l.kind || got.Sender != l.sender || got.UserID != fmt.Sprint("u", i) || got.MsgID != "100000001" || got.ChannelKey != "key-of-shop" {
				h.t.Errorf("%s%s: %+v", l.state, l.fields, got)
			}
			if want := strings.Contains(l.fields, "linked"); (got.WeCom != nil) != (l.sender == 10) || got.WeCom != nil && (*got.WeCom == 1) != want {
				h.t.Errorf("%s%s: wechatwk_sender %v", l.state, l.fields, got.WeCom)
			}
			if (got.SenderID != "") != l.identity || (got.Error != nil) != l.reason {
				h.t.Errorf("%s%s: sender_id %q, error %v", l.state, l.fields, got.SenderID, got.Error)
			}
			if age := time.Now().Unix() - got.SentTime; age < 11 || age > 60 {
				h.t.Errorf("%s%s: sent_time is %d s ago", l.state, l.fields, age)
			}
		}
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte("key-of-shop:"+secret))
		if got := r.headers[0].Get("Authorization"); got != want {
			h.t.Errorf("Authorization %q", got)
		}
		if got := r.headers[0].Get("Content-Type"); got != "application/json" {
			h.t.Errorf("Content-Type %q", got)
		}
	})
}

func TestAMessageCarriesItsParamsAndAddressIntoItsReceipts(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		first, second := newReceiver(h.t), newReceiver(h.t)
		h.register(first.URL)
		h.register(second.URL)
		store := h.db.Notify("wxcomponent")
		add := func(params string) string {
			id, _, err := store.Add(context.Background(), &notify.Draft{ClientID: h.client.ID, Params: []byte(params),
				Parts:   []notify.Part{{Sender: "oa1", SenderID: 1, SenderKind: "wechatoa", AppID: "wx1", Kind: "template", Template: &notify.Template{}}},
				Targets: [][]notify.Target{{{Identity: "oOpenid"}, {UserID: "nobody"}}}})
			if err != nil {
				h.t.Fatal(err)
			}
			return id.String()
		}
		add(`{"priority":1}`)
		named := add(`{"callback":"` + second.URL + `","params":{"order":"A<7>"}}`)
		sqltest.Exec(h.t, h.source, `UPDATE feed SET created_at = created_at - 11000`)
		h.work("both are told", func() bool { return len(first.got()) == 2 && len(second.got()) == 2 })
		for i, got := range second.got() {
			if got.MsgID != named || string(got.Params) != `{"order":"A<7>"}` || got.Type != i {
				h.t.Errorf("the one that named its address: %+v, params %s", got, got.Params)
			}
		}
		if got := second.got()[0]; got.SenderID != "oOpenid" || got.UserID != "" {
			h.t.Errorf("an identity that was given: %+v", got)
		}
		if got := first.got()[0]; got.Params != nil || got.MsgID == named {
			h.t.Errorf("the other one: %+v", got)
		}
	})
}

func TestABatchGoesOutWithItsHundredthRecordOrTenSecondsAfterItsFirst(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		h.line(0, "queued", "", users(0, 60)...)
		h.read()
		h.line(0, "queued", "", users(60, 100)...)
		h.line(0, "queued", "", users(160, 99)...)
		h.work("two full batches", func() bool { return len(r.got()) == 200 })
		if got := r.sizes(); !slices.Equal(got, []int{100, 100}) {
			h.t.Errorf("batches of %v", got)
		}
		first := sqltest.Number(h.t, h.source, `SELECT created_at FROM delivery`) // of the batch that waits, with 59 records
		h.work("the rest", func() bool { return len(r.got()) == 259 })
		if waited := r.came[2].Sub(time.UnixMilli(first)); waited < 10*time.Second || waited > 15*time.Second {
			h.t.Errorf("59 records went out after %s", waited)
		}
		for i, got := range r.got() {
			if want := users(i, 1)[0]; got.UserID != want {
				h.t.Fatalf("record %d is of %s, want %s", i, got.UserID, want)
			}
		}
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM delivery`); n != 0 {
			h.t.Errorf("%d deliveries are left over", n)
		}
	})
}

func TestAnAddressHearsOfWhatItWantsAndOfWhatCameAfterIt(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.line(old, "sent", "", "nobody listened")
		h.read()
		target := h.register(r.URL)
		wanted, _ := webhook.TypesOf([]int{4, 5})
		if _, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: r.URL, Wanted: wanted}); err != nil {
			h.t.Fatal(err)
		}
		h.line(old, "sent", "", "not wanted")
		h.line(old, "delivered", "", "wanted")
		sqltest.Exec(h.t, h.source, `UPDATE target SET created_at = ? WHERE id = ?`, time.Now().Add(-20*time.Second).UnixMilli(), target.ID)
		h.line(30*time.Second, "delivered", "", "before it")
		h.work("one is told", func() bool { return len(r.got()) > 0 })
		if got := r.got(); len(got) != 1 || got[0].UserID != "wanted" {
			h.t.Errorf("%+v", got)
		}
	})
}

func TestTwoReplicasTellEachReceiptOnce(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		const lines, each = 120, 40
		r := newReceiver(h.t)
		h.register(r.URL)
		other := h.replica()
		if h.source[:5] == "mysql" { // of another process
			db := sqltest.Raw(h.t, h.source, 0)
			other = h.replica(func(c *webhook.Config) { c.Store = db.Webhook() })
		}
		ctx, stop := context.WithCancel(context.Background())
		var work sync.WaitGroup
		for _, room := range []*webhook.Room{h.room, other} {
			for _, step := range []func(context.Context) (int, error){room.ReadFeed, room.DeliverDue} {
				work.Go(func() {
					for ctx.Err() == nil {
						if _, err := step(ctx); err != nil && ctx.Err() == nil {
							h.t.Error(err)
						}
						time.Sleep(time.Millisecond)
					}
				})
			}
		}
		for i := range lines {
			h.line(old, "sent", "", users(i*each, each)...)
		}
		for deadline := time.Now().Add(40 * time.Second); len(r.got()) < lines*each && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		stop()
		work.Wait()
		h.room.Wait()
		other.Wait()
		seen := map[string]int{}
		for _, got := range r.got() {
			seen[got.UserID]++
		}
		if len(seen) != lines*each || len(r.got()) != lines*each {
			h.t.Errorf("%d receipts of %d recipients, want %d", len(r.got()), len(seen), lines*each)
		}
	})
}

func TestAReceiptIsToldAgainOnlyIfItsDeliveryWasNotRecorded(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		h.line(old, "sent", "", "a")
		h.read()
		jobs, err := h.store.Claim(context.Background(), false, 10, time.Millisecond) // by one that dies when it has posted
		if err != nil || len(jobs) != 1 {
			h.t.Fatal(jobs, err)
		}
		due, err := h.store.Next(context.Background(), &jobs[0], 10)
		if err != nil || len(due) != 1 {
			h.t.Fatal(due, err)
		}
		h.work("another one delivers it", func() bool { return len(r.got()) == 1 })
		lost, err := h.store.Settle(context.Background(), &jobs[0], []webhook.Result{{Delivery: due[0].ID, Error: "late"}})
		if err != nil || !lost {
			h.t.Errorf("a claim that has passed to another still settles: %v %v", lost, err)
		}
		h.work("nothing is left", func() bool { return h.targets()[0].Waiting == 0 })
		if len(r.got()) != 1 {
			h.t.Errorf("told %d times", len(r.got()))
		}
	})
}

func TestNothingAddedWhileADeliveryIsUnderWayIsLost(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		h.line(old, "sent", "", "a")
		h.read()
		came, on := make(chan struct{}), make(chan struct{})
		r.answer(func(w http.ResponseWriter, _ *http.Request) { close(came); <-on })
		if _, err := h.room.DeliverDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		<-came
		r.answer(nil)
		h.line(old, "sent", "", "b")
		h.read()
		close(on)
		h.work("the second one", func() bool { return len(r.got()) == 1 })
		if got := r.got(); got[0].UserID != "b" || r.calls() != 2 {
			h.t.Errorf("%d calls, then %+v", r.calls(), got)
		}
	})
}
