package notify

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Events knows what users did at an account, as far as events told.
type Events interface {
	// Last gives when each of the users did each of the types last, of those since
	// a moment; who did none is left out.
	Last(ctx context.Context, account string, types []string, since time.Time, users []string) (map[string]map[string]time.Time, error)
	// Lately looks at up to most events of the types since a moment, and tells at
	// how many, and how many users they are of.
	Lately(ctx context.Context, account string, types []string, since time.Time, most int) (users, looked int, err error)
}

// window is how long after what a user did an account may write to the user.
type window struct {
	types []string
	lasts time.Duration
}

// written are the messages of users. One of them opens the longest window.
var written = window{[]string{"wechat.text", "wechat.image", "wechat.voice", "wechat.video", "wechat.shortvideo", "wechat.location", "wechat.link",
	"wechat.miniprogrampage"}, 48 * time.Hour}

// windows are those of a kind of sender, and what they are called
// (https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage,
// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/customer-message/send.html).
var windows = map[string]struct {
	all  []window
	text string
}{
	official.name: {[]window{written, {[]string{"wechat.subscribe", "wechat.scan", "wechat.click", "wechat.scancode_push", "wechat.scancode_waitmsg"}, time.Minute}},
		"within 48 hours of a user's message, and a minute of following, a menu tap or a scan"},
	mini.name: {[]window{written, {[]string{"wechat.user_enter_tempsession"}, time.Minute}},
		"within 48 hours of a user's message in the customer-service chat, and a minute of entering it"},
}

// unfollowed ends every window.
const unfollowed = "wechat.unsubscribe"

// hintWindow warns of recipients to whom the account may not write at that time,
// as far as is known: WeChat cannot be asked, and counts messages besides.
func (r *Room) hintWindow(ctx context.Context, p Part, at time.Time, openids []string) (string, error) {
	own, types := windows[p.SenderKind], []string{unfollowed}
	for _, w := range own.all {
		types = append(types, w.types...)
	}
	did, err := r.Events.Last(ctx, p.AppID, types, at.Add(-written.lasts), openids)
	if err != nil {
		return "", err
	}
	closed := slices.DeleteFunc(slices.Clone(openids), func(id string) bool { return isOpen(own.all, did[id], at) })
	if len(closed) == 0 {
		return "", nil
	}
	return fmt.Sprintf("msg_%s of sender %s: WeChat takes customer-service messages %s; %d of %d recipients did nothing of the kind that is recorded (%s): expect it to refuse them with 45015",
		p.SenderKind, p.Sender, own.text, len(closed), len(openids), hinted(closed)), nil
}

// isOpen tells whether what a user did lets the account write at a time.
func isOpen(all []window, did map[string]time.Time, at time.Time) bool {
	return slices.ContainsFunc(all, func(w window) bool {
		return slices.ContainsFunc(w.types, func(kind string) bool {
			when, known := did[kind]
			return known && at.Before(when.Add(w.lasts)) && !did[unfollowed].After(when)
		})
	})
}

// hintWindows tells to how many users the account may write at that time, of a
// message whose recipients are looked for after the answer.
func (r *Room) hintWindows(ctx context.Context, p Part, at time.Time) (string, error) {
	users, looked, err := r.Events.Lately(ctx, p.AppID, written.types, at.Add(-written.lasts), windowMost)
	if err != nil {
		return "", err
	}
	count := fmt.Sprint(users)
	if looked == windowMost {
		count = "at least " + count
	}
	return fmt.Sprintf("msg_%s of sender %s: WeChat takes customer-service messages %s; messages of %s users are recorded: expect it to refuse others with 45015",
		p.SenderKind, p.Sender, windows[p.SenderKind].text, count), nil
}
