package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/notify"
	"wechattpp/sql"
)

// overheard is a world whose room knows what users did.
type overheard struct {
	*world
	events *sql.Callback
	n      byte
}

func newOverheard(t *testing.T, kind string) *overheard {
	w := &overheard{world: played(t, kind)}
	w.events = w.db.Callback()
	w.room = w.replica(func(c *notify.Config) { c.Events = w.events })
	return w
}

// did keeps an event of a user.
func (w *overheard) did(appID, openid, kind string, at time.Time) {
	w.t.Helper()
	w.n++
	e := callback.Event{ComponentAppID: "wxcomponent", AppID: appID, Source: callback.Message, Type: "wechat." + kind, User: openid, CreatedAt: at, ReceivedAt: time.Now(), Dedup: [16]byte{w.n}, Body: []byte("<xml/>")}
	if _, err := w.events.Append(context.Background(), &e); err != nil {
		w.t.Fatal(err)
	}
}

// warned sends a customer-service text and gives what is said of it.
func (w *overheard) warned(path, sender string, at time.Time, openids ...string) string {
	w.t.Helper()
	kind := map[string]string{"oa1": "wechatoa", "mp1": "wechatmp"}[sender]
	to := fmt.Sprintf(`"aud_%s":[{"sender":%q,"data":["%s"]}],`, kind, sender, strings.Join(openids, `","`))
	if len(openids) == 0 {
		to = ""
	}
	body := fmt.Sprintf(`{%s"send_at":%q,"msg_%s":[{"sender":%q,"type":3,"msgtype":"text","text":{"content":"hi"}}]}`, to, at.Format(time.RFC3339), kind, sender)
	r, err := w.room.Accept(context.Background(), everybody, path, "", []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(r.Warnings, "\n")
}

func TestACustomerMessageOutsideOfEveryWindowWarns(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newOverheard(t, kind)
			at := time.Now().Add(time.Hour).Truncate(time.Second)
			days, minute := at.Add(-48*time.Hour), at.Add(-time.Minute)
			for i, c := range []struct {
				sender, did string
				when        time.Time
				open        bool
			}{
				{"oa1", "text", days, false}, {"oa1", "text", days.Add(time.Second), true}, {"oa1", "voice", days.Add(time.Second), true},
				{"oa1", "subscribe", minute, false}, {"oa1", "subscribe", minute.Add(time.Second), true},
				{"oa1", "click", minute.Add(time.Second), true}, {"oa1", "scan", minute.Add(time.Second), true}, {"oa1", "scancode_waitmsg", minute.Add(time.Second), true},
				{"oa1", "view", at, false}, {"oa1", "templatesendjobfinish", at, false}, {"oa1", "user_enter_tempsession", at, false},
				{"mp1", "image", days, false}, {"mp1", "image", days.Add(time.Second), true}, {"mp1", "miniprogrampage", days.Add(time.Second), true},
				{"mp1", "user_enter_tempsession", minute, false}, {"mp1", "user_enter_tempsession", minute.Add(time.Second), true}, {"mp1", "click", at, false},
			} {
				openid := fmt.Sprintf("oWho%d", i)
				w.did(map[string]string{"oa1": "wxapp1", "mp1": "wxmini1"}[c.sender], openid, c.did, c.when)
				switch got := w.warned("/v1/sent", c.sender, at, openid); {
				case c.open && got != "":
					t.Errorf("%s %v before: %q", c.did, at.Sub(c.when), got)
				case !c.open && (!strings.Contains(got, "1 of 1 recipients did nothing of the kind that is recorded ("+openid+")") || !strings.Contains(got, "45015")):
					t.Errorf("%s %v before: %q", c.did, at.Sub(c.when), got)
				}
			}
		})
	}
}

func TestTheWindowsOfAnAccountAreItsOwnAndEndWithFollowing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newOverheard(t, kind)
			now := time.Now()
			w.did("wxapp2", "oElse", "text", now)
			w.did("wxapp1", "oGone", "text", now.Add(-2*time.Minute))
			w.did("wxapp1", "oGone", "unsubscribe", now.Add(-time.Minute))
			w.did("wxapp1", "oBack", "unsubscribe", now.Add(-2*time.Minute))
			w.did("wxapp1", "oBack", "text", now.Add(-time.Minute))
			w.did("wxapp1", "oback", "text", now.Add(-3*time.Minute))
			if got := w.warned("/v1/sent", "oa1", now, "oElse", "oGone", "oBack", "oback", "oBAck"); !strings.Contains(got, "3 of 5 recipients") || !strings.Contains(got, "(oElse, oGone, oBAck)") {
				t.Errorf("%q", got)
			}
			if got := w.warned("/v1/broadcast", "oa1", now); !strings.Contains(got, "messages of 3 users are recorded") {
				t.Errorf("%q", got)
			}
			if got := w.warned("/v1/broadcast", "mp1", now); !strings.Contains(got, "messages of 0 users are recorded") {
				t.Errorf("%q", got)
			}
		})
	}
}
