package authorizer

import (
	"slices"
	"time"

	"wechattpp/wechat"
)

// Status of an authorization.
const (
	Authorized   = "authorized"
	Unauthorized = "unauthorized" // the account cancelled, or the vendor knows nothing of it
)

// Kinds of account. Empty: the profile is not known yet.
const (
	OfficialAccount = "oa"
	MiniProgram     = "mp"
)

// Account is an account that authorized us, now or once. It holds no token.
type Account struct {
	ID             int64
	AppID          string
	Status         string
	Sender         string // it speaks for; "": unclaimed
	Wanted         string // sender it shall speak for, not yet or never bound
	WantedKind     string // of that sender: wechatoa, wechatmp
	Waiting        string // why that waits for an administrator; "" if it does not
	AuthorizedAt   time.Time
	UnauthorizedAt time.Time // zero: never
	Sets           []int     // ids of granted permission sets
	Kind           string
	UserName       string // gh_…, the ToUserName of its pushes
	Profile        Profile
	Failures       int          // of fetching the profile
	Problem        string       // why the profile could not be fetched, or why the authorization ended
	Cause          wechat.Cause // the refusal that says so
	ProfileAt      time.Time    // when the profile was fetched; zero: never
	VerifiedAt     time.Time    // when it was last asked after because of a refusal
	Claim          int64
}

// Profile is how an account presents itself.
type Profile struct {
	NickName      string `json:"nick_name"`
	HeadImage     string `json:"head_image"`
	Principal     string `json:"principal_name"`
	ServiceType   int    `json:"service_type"`
	VerifyType    int    `json:"verify_type"`
	AccountStatus int    `json:"account_status"` // 1 normal, 14 closed, 16 banned, 18 warned, 19 frozen; 0 not told
}

// Level tells what lacks without a set.
type Level string

// Levels of need.
const (
	Required Level = "required"
	Advised  Level = "advised"
	Feature  Level = "feature"
)

type need struct {
	id    int
	level Level
}

var needs = map[string][]need{
	OfficialAccount: {{7, Required}, {89, Required}, {8, Advised}, {11, Advised}, {1, Feature}, {2, Feature}, {4, Feature}},
	MiniProgram:     {{18, Required}, {19, Feature}},
}

// Missing is a set that was not granted and what that costs.
type Missing struct {
	Set
	Level Level `json:"level"`
}

// Missing lists the sets that an account of its kind should have granted and
// did not. Of an unknown kind, the kind of the wanted sender counts.
func (a Account) Missing() []Missing {
	missing := []Missing{}
	for _, n := range needs[a.kind()] {
		if !slices.Contains(a.Sets, n.id) {
			missing = append(missing, Missing{a.Name(n.id), n.level})
		}
	}
	return missing
}

// accountKind is the kind of account that a kind of sender needs; "" if any.
func accountKind(senderKind string) string {
	return map[string]string{"wechatoa": OfficialAccount, "wechatmp": MiniProgram}[senderKind]
}

// fits tells why an account must not be bound to the sender it is wanted for
// without an administrator's yes. taken is another AppID that the sender has.
func (a Account) fits(taken string) (waiting string) {
	want := accountKind(a.WantedKind)
	switch {
	case want != "" && want != a.Kind:
		return "the account is of another kind than the sender " + a.Wanted + " (" + a.WantedKind + ")"
	case a.Sender != "" && a.Sender != a.Wanted:
		return "the account speaks for the sender " + a.Sender + " already"
	case taken != "" && taken != a.AppID:
		return "the sender " + a.Wanted + " had another account before: " + taken
	}
	return ""
}
