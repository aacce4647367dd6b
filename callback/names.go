package callback

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
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
	if test, ok := releaseAccounts[appID]; ok {
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

// releaseAccounts are WeChat's own accounts, which it authorizes to a platform
// for the release test
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html).
var releaseAccounts = map[string]string{
	"wx570bc396a51b8ff8": "gh_3c884a361561",
	"wx9252c5e0bb1836fc": "gh_c0f28a78b318",
	"wx8e1097c5bc82cde9": "gh_3f222ed8d140",
	"wx14550af28c71a144": "gh_26128078e9ab",
	"wxa35b9c23cfe664eb": "gh_2b3713f184a6",
	"wxd101a85aa106f53e": "gh_8dad206e9538",
	"wxc39235c15087f6f3": "gh_905ae9d01059",
	"wx7720d01d4b2a4500": "gh_393666f1fdf4",
	"wx05d483572dcd5d8b": "gh_39abb5d4e1b7",
	"wx5910277cae6fd970": "gh_7818dcb60240",
}
