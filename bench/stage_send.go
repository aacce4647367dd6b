package main

import (
	"fmt"
	"strconv"
	"time"
)

// sending measures POST /v1/sent with one recipient: acceptance alone, as each
// message waits for a later hour, and acceptance while the messages are also
// sent to the simulator.
func (b *bench) sending() error {
	db, err := b.database()
	if err != nil {
		return err
	}
	ours, err := b.open(db, "send", simulated, 0)
	if err != nil {
		return err
	}
	defer ours.stop()
	single, err := b.open(db, "send_single", simulated, 1)
	if err != nil {
		return err
	}
	defer single.stop()
	var tokens [2]string
	for i, h := range []*house{ours, single} {
		if err := h.authorize(b); err != nil {
			return err
		}
		if tokens[i], err = h.sendToken(); err != nil {
			return err
		}
	}
	later := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	for _, kind := range []struct{ name, sendAt string }{{"POST /v1/sent, accepted for later", later}, {"POST /v1/sent, and sent meanwhile", ""}} {
		if err := b.sendRate(kind.name, kind.sendAt, ours, single, tokens); err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return nil
}

func (b *bench) sendRate(name, sendAt string, ours, single *house, tokens [2]string) error {
	const conns, bar = 64, 2
	a := &side{name: "ours", addr: ours.addr, pids: ours.pids(), db: ours.db, make: sends(tokens[0], sendAt), good: accepted}
	s := &side{name: "batch size 1", addr: single.addr, pids: single.pids(), db: single.db, make: sends(tokens[1], sendAt), good: accepted}
	sides := []*side{a, s}
	for _, s := range sides {
		if err := s.calibrate(conns, b.span); err != nil {
			return err
		}
	}
	got, err := interleave(sides, b.rounds, conns, b.span, 0)
	if err != nil {
		return err
	}
	o, f := each(got[a], perSecond), each(got[s], perSecond)
	b.table.add(row{Work: name, Floor: fmt.Sprintf("batch size 1: %.0f/s", median(f)), Ours: fmt.Sprintf("%.0f/s", median(o)),
		Ratio: median(ratios(o, f)), Bar: bar, Unit: "×", Rounds: b.rounds,
		Note: fmt.Sprintf("64 connections, one recipient; CPU a call with database %.0f µs against %.0f µs, statements %.2f against %.2f; generator takes %.0f %% of a core",
			median(each(got[a], round.perRequest))/1e3, median(each(got[s], round.perRequest))/1e3,
			median(each(got[a], round.statementsEach)), median(each(got[s], round.statementsEach)), 100*median(each(got[a], generatorShare)))})
	return b.record("send-now-"+strconv.FormatBool(sendAt == ""), a, conns)
}

// sends builds calls that each send a template message of the sample world to one follower each.
func sends(token, sendAt string) func(n int) (*requests, error) {
	if sendAt != "" {
		sendAt = `"send_at": "` + sendAt + `", `
	}
	return func(n int) (*requests, error) {
		r := &requests{data: make([]byte, 0, n*1200), ends: make([]int, 0, n)}
		for range n {
			id := messageNumber.Add(1)
			number := strconv.FormatInt(id, 10)
			body := `{` + sendAt + `"aud_wechatoa": [{"data": ["` + follower(id) + `"]}], "msg_wechatoa": [{"type": 0,
				"template_id": "TPL-order-paid-0000000000000000000000000001", "url": "https://shop.example.com/orders/` + number + `", "data": {
				"character_string1": {"value": "` + number + `"}, "thing2": {"value": "两件商品"}, "amount3": {"value": "¥39.80"}, "time4": {"value": "2026-06-01 09:30"}}}]}`
			r.add("POST /v1/sent HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ", token,
				"\r\nContent-Length: ", strconv.Itoa(len(body)), "\r\n\r\n", body)
		}
		return r, nil
	}
}
