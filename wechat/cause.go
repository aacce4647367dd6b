package wechat

import (
	"encoding/json"
	"errors"
)

// Cause is what is worth keeping of a refusal: enough to tell a person what to mend, and no secret. The zero Cause is none.
type Cause struct {
	Class   string `json:"class,omitempty"` // what it means, one of the Class words; "" if the code has no meaning here
	Code    int    `json:"code,omitempty"`  // errcode
	RID     string `json:"rid,omitempty"`
	Address string `json:"address,omitempty"` // the one of ours that WeChat saw
	WeCom   bool   `json:"wecom,omitempty"`   // WeCom refused, and not WeChat: its codes mean other things, and are mended elsewhere
}

// Words for what a refusal means, for Cause.Class.
const (
	ClassAuthorization = "authorization" // ErrNotAuthorized
	ClassPermission    = "permission"    // ErrPermission
	ClassAccount       = "account"       // ErrAccount, ErrBarred
	ClassAddress       = "address"       // ErrAddress
	ClassSecret        = "secret"        // ErrSecret
	ClassTicket        = "ticket"        // ErrTicket
	ClassUnpublished   = "unpublished"   // ErrUnpublished
	ClassQuota         = "quota"         // ErrThrottledDay
	ClassComponent     = "component"     // ErrComponent
)

var classes = []struct {
	meaning error
	class   string
}{
	{ErrNotAuthorized, ClassAuthorization}, {ErrPermission, ClassPermission}, {ErrAccount, ClassAccount}, {ErrBarred, ClassAccount}, {ErrAddress, ClassAddress}, {ErrSecret, ClassSecret},
	{ErrTicket, ClassTicket}, {ErrUnpublished, ClassUnpublished}, {ErrThrottledDay, ClassQuota}, {ErrComponent, ClassComponent},
}

// CauseOf finds the refusal in an error. An error that is none of WeChat's has the class of its meaning, if it has one.
func CauseOf(err error) Cause {
	var c Cause
	if e, ok := asError(err); ok {
		c = Cause{Code: e.Code, RID: e.RID, Address: e.Address(), WeCom: e.WeCom()}
	}
	for _, k := range classes {
		if errors.Is(err, k.meaning) {
			c.Class = k.class
			break
		}
	}
	return c
}

// Text is the cause in one line, to be stored; "" of none.
func (c Cause) Text() string {
	if c == (Cause{}) {
		return ""
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("wechat: a cause as JSON: " + err.Error()) // cannot be
	}
	return string(b)
}

// ParseCause reads what Text made; what cannot be read is no cause.
func ParseCause(text string) Cause {
	var c Cause
	if text == "" || json.Unmarshal([]byte(text), &c) != nil {
		return Cause{}
	}
	return c
}
