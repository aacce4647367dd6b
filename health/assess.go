package health

import (
	"slices"

	"wechattpp/wechat"
)

// lateAfter is how many failed renewals in a row make a token late: three take
// about half a minute, and a token is renewed many minutes ahead.
const lateAfter = 3

// Facts is what is stored of an owner.
type Facts struct {
	Kind    string
	Account AccountFacts // of Account
	Token   TokenFacts
	Pauses  []PauseFacts
	Alarm   string // of Component: why the list of authorizers is not believed
}

// AccountFacts is an account that authorized us, now or once.
type AccountFacts struct {
	Exists            bool         // there is a row
	Ended             bool         // no longer authorized
	Problem           string       // why it ended, or why its profile could not be fetched
	Cause             wechat.Cause // of Problem
	Bound             bool         // to a sender
	Wanted            bool         // for a sender, by an invitation
	Waiting           string       // why that waits for an administrator
	Known             bool         // the profile was fetched
	Failures          int          // of fetching it
	Status            int          // account_status of the profile
	Required, Advised []int        // permission sets missing
}

// TokenFacts is a token's row.
type TokenFacts struct {
	Kept     bool // there is one
	Refresh  bool // with a refresh token
	Rests    bool
	Failures int
	Problem  string
	Cause    wechat.Cause
}

// PauseFacts is what a sender, or one of its calls, is paused for.
type PauseFacts struct {
	Cause  wechat.Cause
	Detail string
	Set    int // permission set that its calls need
}

// Assess tells what is wrong, the worst first.
func Assess(f Facts) []Finding {
	var found []Finding
	switch {
	case f.Kind == Account && !f.Account.Exists:
	case f.Kind == Account && f.Account.Ended:
		ended := finding(NeedsReauthorization, f.Account.Cause, f.Account.Problem)
		if !f.Account.Bound {
			ended.Level = Info // nobody misses it
		}
		return []Finding{ended}
	case f.Kind == Account:
		found = append(found, account(f.Account)...)
		if !f.Token.Refresh {
			found = append(found, finding(NoRefreshToken, wechat.Cause{}, ""))
		}
	case f.Alarm != "":
		found = append(found, finding(ListImplausible, wechat.Cause{}, f.Alarm))
	}
	found = merge(found, renewal(f.Kind, f.Token)...)
	for _, p := range f.Pauses {
		found = merge(found, paused(p)...)
	}
	slices.SortStableFunc(found, Worst)
	return found
}

func finding(c Code, cause wechat.Cause, detail string) Finding {
	return Finding{Code: c, Level: entries[c].level, Cause: cause, Detail: detail}
}

// merge adds findings; of a code that is there, the one that a refusal proves
// stays, with the sets of both.
func merge(found []Finding, more ...Finding) []Finding {
	for _, f := range more {
		i := slices.IndexFunc(found, func(g Finding) bool { return g.Code == f.Code })
		if i < 0 {
			found = append(found, f)
			continue
		}
		f.Sets = append(found[i].Sets, f.Sets...)
		slices.Sort(f.Sets)
		f.Sets = slices.Compact(f.Sets)
		found[i] = f
	}
	return found
}

// Worst orders findings by level, errors first.
func Worst(a, b Finding) int { return rank(a.Level) - rank(b.Level) }

func rank(l Level) int { return slices.Index([]Level{Error, Warning, Info}, l) }

func account(a AccountFacts) (found []Finding) {
	add := func(when bool, f Finding) {
		if when {
			found = append(found, f)
		}
	}
	unpublished := a.Failures > 0 && a.Cause.Class == wechat.ClassUnpublished
	add(unpublished, finding(NotReleased, a.Cause, ""))
	add(!a.Known && a.Failures > 0 && !unpublished, finding(ProfileMissing, a.Cause, a.Problem))
	add(a.Waiting != "", finding(WaitingForAdmin, wechat.Cause{}, a.Waiting))
	add(!a.Bound && !a.Wanted && a.Waiting == "", finding(Unclaimed, wechat.Cause{}, ""))
	add(a.Known && len(a.Required) > 0, withSets(PermissionMissing, a.Required))
	add(a.Known && len(a.Advised) > 0, withSets(PermissionAdvised, a.Advised))
	if word := statuses[a.Status]; word != "" {
		f := finding(AccountLimited, wechat.Cause{}, word)
		if a.Status == 18 {
			f.Level = Warning
		}
		found = append(found, f)
	}
	return found
}

func withSets(c Code, sets []int) Finding {
	f := finding(c, wechat.Cause{}, "")
	f.Sets = sets
	return f
}

// statuses are the account_status that are not normal:
// https://developers.weixin.qq.com/doc/oplatform/openApi/authorization-management/api_getauthorizerinfo
var statuses = map[int]string{14: "closed", 16: "banned", 18: "warned", 19: "frozen"}

// renewal tells what is wrong with a token that could not be renewed. The
// platform's own fault is told of the platform only.
func renewal(kind string, t TokenFacts) []Finding {
	failed := t.Failures > 0 || t.Rests && t.Problem != ""
	if !t.Kept || !failed {
		return nil
	}
	code, certain := ofClass(t.Cause.Class)
	if t.Rests && kind != Account && code == "" {
		code, certain = WrongSecret, true // only a wrong secret lets these rest
	}
	switch {
	case certain:
		return []Finding{finding(code, t.Cause, t.Problem)}
	case t.Failures >= lateAfter:
		return []Finding{finding(TokenLate, t.Cause, t.Problem)}
	}
	return nil
}

// paused tells what a refused send says of the account.
func paused(p PauseFacts) []Finding {
	code, certain := ofClass(p.Cause.Class)
	if !certain {
		return nil
	}
	f := finding(code, p.Cause, p.Detail)
	if code == PermissionMissing && p.Set > 0 {
		f.Sets = []int{p.Set}
	}
	return []Finding{f}
}

// ofClass is the finding that one refusal proves. Refusals of the authorization
// prove nothing until they are verified.
func ofClass(class string) (c Code, certain bool) {
	c, certain = map[string]Code{
		wechat.ClassPermission: PermissionMissing, wechat.ClassAccount: AccountLimited, wechat.ClassAddress: AddressNotAllowed, wechat.ClassSecret: WrongSecret,
		wechat.ClassTicket: TicketMissing, wechat.ClassUnpublished: NotReleased, wechat.ClassQuota: QuotaUsedUp, wechat.ClassComponent: PlatformSettings,
	}[class]
	return c, certain
}
