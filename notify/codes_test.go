package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// fate is what becomes of a recipient whose call was refused.
type fate struct {
	state notify.State
	pause string // what is paused
	next  bool   // the next recipient of the same message is called for
}

var (
	again    = fate{notify.Sending, "", true}        // the outcome is not known: repeated while WeChat would notice
	laterAll = fate{notify.Queued, "sender", false}  // token, account or platform: all calls of the sender wait
	laterOne = fate{notify.Queued, "feature", false} // quota, permission or ban of the call: it waits alone
	soon     = fate{notify.Queued, "", false}        // a repeat came too early: it waits a minute by itself
	leftOut  = fate{notify.Failed, "", true}         // this recipient or its values, or a request that is not to be repeated
	stopped  = fate{notify.Failed, "", false}        // the message is wrong for everyone
	sent     = fate{notify.Sent, "", true}           // it was taken before
)

// everyCode is every code of the vendor's lists that calls of accounts return, and
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html of all of them.
var everyCode = []struct {
	fate
	codes []int
}{
	// https://developers.weixin.qq.com/doc/oplatform/developers/errCode/
	{again, []int{-1, 20001, 61450}},
	{laterAll, []int{40001, 40013, 40014, 40030, 40125, 40164, 40243, 42001, 42002, 42006, 42007, 45035, 50002, 50004, 61003, 61004, 61005, 61006, 61011, 61016, 61023, 61028, 89501, 89502, 89503, 89504, 89505, 89506, 89507}},
	{laterOne, []int{48001, 48004, 48006, 48009, 50001, 50003, 61007, 61017}},
	{leftOut, []int{40002, 40029, 40163, 40226, 41001, 41002, 41003, 41004, 41008, 42003, 43001, 43002, 43003, 61009, 61010, 61014, 61015, 61451, 63001, 76001, 76002, 76003, 76004, 76021, 76022}},
	// https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
	{laterOne, []int{65400}},
	{leftOut, []int{40003, 40031, 40032, 40130, 40132, 41009, 43004, 43005, 43006, 43019, 43101, 45015, 45037, 45047, 46004, 48002, 50005}},
	{stopped, []int{61452, 65401, 65402}},
	// https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage
	{laterOne, []int{40251, 43106, 200011}},
	{leftOut, []int{40102, 40103, 40246, 40250, 41028, 41029, 43100, 43108, 45012, 45014, 45026, 45027, 46101, 47001, 47002, 47003, 200002, 200012, 200013, 200014, 200016, 200017, 200018, 200019, 200020, 200021}},
	{stopped, []int{40036, 40037, 40165, 40166, 40173, 40249, 40252, 41030, 43102, 43104, 43105, 43116, 45013, 45051, 45082, 48011, 93009}},
	// https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add
	{again, []int{45085}},
	{soon, []int{42010, 45066}},
	{laterOne, []int{40200, 43007, 45034, 45062, 45063, 45087, 45094, 48003, 53500, 53501}},
	{leftOut, []int{40008, 40033, 40035, 40038, 40060, 40097, 40101, 40114, 40129, 41005, 41006, 44002, 44005, 45050, 45052, 45067, 45072, 45080, 45081, 45083, 45084, 53502, 53600, 87009}},
	{sent, []int{45065}},
	{stopped, []int{40004, 40005, 40006, 40007, 40009, 40010, 40011, 40012, 40039, 40048, 40059, 40066, 40113, 40118, 40121, 40126, 40128, 40137, 40155, 40192, 40213, 40214, 40227, 40229, 41040, 44001, 44003, 44004, 44008, 44009, 45001, 45002, 45003, 45004, 45005, 45006, 45007, 45008, 45064, 45086, 45098, 45099, 45110, 45157, 45158, 45159, 45166, 45168, 46001, 48005, 48008, 48013, 48014, 48021, 87014, 88000}},
	// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/API_Call_Limits.html
	{laterAll, []int{45501}},
	{laterOne, []int{45009, 45011, 45028, 45029, 45040, 45061, 45093, 45101, 45102, 45103, 45104}},
	{leftOut, []int{45019}},
}

func TestEachCodeOfTheVendorHasItsFateAndItsWords(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	for _, group := range everyCode {
		for _, code := range group.codes {
			if err := w.sim.Fail(simulator.Fault{Path: "/cgi-bin/message/template/send", Code: code, Message: "the vendor's own words", Times: -1}); err != nil {
				t.Fatal(err)
			}
			before := w.sim.Calls().Paths["/cgi-bin/message/template/send"]
			w.room = w.replica(func(c *notify.Config) { c.Parallel, c.PerSender = 1, 1 })
			id := w.taken(strings.Replace(byTemplate, `"oSubscriber"`, `"oSubscriber","oRefuser"`, 1))
			w.send()
			w.fated(id, code, group.fate, w.sim.Calls().Paths["/cgi-bin/message/template/send"]-before)
			w.sim.ClearFaults()
			for _, table := range []string{"sender_pause", "feature_pause", "finding"} {
				sqltest.Exec(t, w.source, `DELETE FROM `+table)
			}
			sqltest.Exec(t, w.source, `UPDATE chunk SET due_at = NULL`)
		}
	}
}

// fated holds what became of a message's recipients against the fate of a code.
func (w *world) fated(id string, code int, want fate, calls int) {
	w.t.Helper()
	all := w.recipients(id)
	first := all[0]
	if first.State != want.state {
		w.t.Errorf("%d: %v, want %v", code, first.State, want.state)
	}
	found := "sender"
	switch whole, one := w.count("sender_pause"), w.count("feature_pause"); {
	case whole+one == 0:
		found = ""
	case one == 1:
		found = "feature"
	}
	if found != want.pause {
		w.t.Errorf("%d: paused is %q, want %q", code, found, want.pause)
	}
	if tries := calls; want.next != (tries > 1) && first.State != notify.Queued {
		w.t.Errorf("%d: %d calls", code, tries)
	}
	if want == stopped && all[1].State != notify.Failed {
		w.t.Errorf("%d: the next recipient is %v", code, all[1].State)
	}
	text := first.Text
	if want.pause != "" {
		text = strings.Join(sqltest.Texts(w.t, w.source, `SELECT detail FROM sender_pause UNION ALL SELECT detail FROM feature_pause`), "")
	}
	if want == sent || want == again {
		return
	}
	for _, part := range []string{fmt.Sprintf("errcode %d (rid ", code), "): ", ": "} {
		if !strings.Contains(text, part) {
			w.t.Errorf("%d: %q lacks %q", code, text, part)
		}
	}
	if strings.Contains(text, "not in the documentation") || strings.HasSuffix(text, "errmsg") { // cut within a clause
		w.t.Errorf("%d: %s", code, text)
	}
}

func (w *world) count(table string) int64 {
	return sqltest.Number(w.t, w.source, `SELECT COUNT(*) FROM `+table)
}

func TestACodeThatNobodyListedFailsItsRecipientAlone(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	if err := w.sim.Fail(simulator.Fault{Path: "/cgi-bin/message/template/send", Code: 99999, Message: "new"}); err != nil {
		t.Fatal(err)
	}
	r := w.sent(byTemplate)[subscriber]
	if r.State != notify.Failed || r.Code != 99999 || !strings.Contains(r.Text, "not in the documentation") || !strings.Contains(r.Text, `errmsg "new"`) {
		t.Errorf("%+v", r)
	}
}
