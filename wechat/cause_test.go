package wechat

import (
	"errors"
	"fmt"
	"testing"
)

func TestACauseKeepsWhatAPersonNeedsAndIsReadAgain(t *testing.T) {
	t.Parallel()
	for want, err := range map[Cause]error{
		{Class: ClassAddress, Code: 61004, RID: "a-b-c", Address: "203.0.113.7"}: fmt.Errorf("x: %w", weChat.refusal("op", 61004, "access clientip is not registered requestIP: 203.0.113.7 rid: a-b-c", false)),
		{Class: ClassSecret, Code: 40001, RID: "r"}:                              weChat.refusal("op", 40001, "invalid credential rid: r", true),
		{Class: ClassQuota, Code: 45009}:                                         weChat.refusal("op", 45009, "reach max api daily quota limit", false),
		{Code: 45009}:                                                            weChat.refusal("op", 45009, "reach max api minute-quota limit", false),
		{Class: ClassSecret, Code: 40056, RID: "17", WeCom: true}:                weCom.refusal("op", 40056, "invalid agentid, hint: [17], from ip: 203.0.113.7", false),
		{Class: ClassTicket}:                                                     fmt.Errorf("none came: %w", ErrTicket),
		{}:                                                                       errors.New("the network"),
	} {
		got := CauseOf(err)
		if got != want {
			t.Errorf("%v: %+v, want %+v", err, got, want)
		}
		if again := ParseCause(got.Text()); again != got {
			t.Errorf("%q is read as %+v", got.Text(), again)
		}
	}
	if ParseCause(`{"code":`) != (Cause{}) {
		t.Error("half a cause is one")
	}
}
