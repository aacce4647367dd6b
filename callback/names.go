package callback

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"wechattpp/wechat"
)

// How long an answer about an account's user_name holds, and how many are
// kept. A name never changes; one that is missing is about to come.
const (
	knownFor   = time.Minute
	unknownFor = time.Second
	namesKept  = 20_000
)

// names remembers user names, so that a push costs no query.
type names struct {
	accounts Accounts
	kept     *lru.Cache[string, name]
}

type name struct {
	text  string
	until time.Time
}

func newNames(a Accounts) *names {
	kept, _ := lru.New[string, name](namesKept) // fails on sizes below 1 only
	return &names{a, kept}
}

// check tells whether the account's user name is known, and whether it is the
// given one. A refusal never rests on what is remembered.
func (n *names) check(ctx context.Context, appID, userName string) (known, fits bool) {
	if test, ok := wechat.ReleaseUserName(appID); ok {
		return true, userName == test
	}
	if got, ok := n.kept.Get(appID); ok && time.Now().Before(got.until) && (got.text == "" || got.text == userName) {
		return got.text != "", true
	}
	text, known, err := n.accounts.UserName(ctx, appID)
	if err != nil {
		return false, false // kept, and checked before it has an effect
	}
	if !known {
		n.kept.Add(appID, name{"", time.Now().Add(unknownFor)})
		return false, false
	}
	n.kept.Add(appID, name{text, time.Now().Add(knownFor)})
	return true, text == userName
}
