package wechat

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var everyMeaning = map[string]error{
	"token": ErrTokenRefused, "ticket": ErrTicket, "authorized": ErrNotAuthorized, "address": ErrAddress, "secret": ErrSecret,
	"code": ErrCode, "unpublished": ErrUnpublished, "permission": ErrPermission, "account": ErrAccount, "barred": ErrBarred, "component": ErrComponent,
	"recipient": ErrRecipient, "message": ErrMessage, "value": ErrValue, "minute": ErrThrottledMinute, "day": ErrThrottledDay,
	"busy": ErrBusy, "too soon": ErrTooSoon, "duplicate": ErrDuplicate, "templates": ErrTemplateList, "full": ErrTemplatesFull, "choice": ErrChoice, "request": ErrRequest,
}

func TestCodesHaveExactlyOneMeaning(t *testing.T) {
	t.Parallel()
	tests := map[string][]int{
		"token":       {40001, 40014, 42001, 42006},
		"ticket":      {61005, 61006, 40091},
		"authorized":  {61003, 61023, 42007, 42002, 40030},
		"address":     {61004, 40164, 45035, 40090, 89501, 89502, 89503, 89504, 89505, 89506, 89507},
		"secret":      {40013, 40125, 40243, 40094},
		"code":        {61009, 61010, 40029, 40163, 42003},
		"unpublished": {61028},
		"permission":  {61007, 61017, 48001, 50001},
		"account":     {50002, 50004, 45501},
		"barred":      {48004, 43106, 200011, 45087},
		"recipient":   {40003, 43004, 43019, 43101, 46004, 50005, 45015, 45047},
		"message":     {40036, 40037, 40165, 40166, 40249, 43116, 45051},
		"value":       {47003, 40250},
		"minute":      {45011},
		"day":         {45009, 45028, 48006, 40251},
		"busy":        {-1, 61450},
		"duplicate":   {45065},
		"templates":   {43100, 45027, 200013},
		"full":        {45026, 200012},
		"choice":      {40246, 200014, 200020},
		"request":     {41001, 43002, 47001, 40033, 61014, 44002},
		"":            {99999, 1},
	}
	for meaning, codes := range tests {
		for _, code := range codes {
			err := fmt.Errorf("wrapped: %w", weChat.refusal("op", code, "text", false))
			for name, is := range everyMeaning {
				if errors.Is(err, is) != (name == meaning) {
					t.Errorf("%d: %q is %v", code, name, errors.Is(err, is))
				}
			}
			if errors.Is(err, ErrUnanswered) != (meaning == "busy") || errors.Is(err, ErrNotSent) {
				t.Errorf("%d: unanswered %v", code, errors.Is(err, ErrUnanswered))
			}
		}
	}
}

func TestEveryRowHasWordsAndOneOfTheMeanings(t *testing.T) {
	t.Parallel()
	for code, row := range table {
		known := false
		for _, m := range everyMeaning {
			known = known || m == row.is
		}
		if !known || len(row.what) < 8 {
			t.Errorf("%d: %+v", code, row)
		}
	}
}

func TestTheTextDecidesWhereTheDocumentsDisagree(t *testing.T) {
	t.Parallel()
	day := weChat.refusal("op", 45009, "reach max api daily quota limit rid: 1", false)
	minute := weChat.refusal("op", 45009, "reach max api Minute quota limit", false)
	if !errors.Is(day, ErrThrottledDay) || !errors.Is(minute, ErrThrottledMinute) || errors.Is(minute, ErrThrottledDay) {
		t.Errorf("%v\n%v", day, minute)
	}
}

func TestAddressIsTheOneWeChatSaw(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code         int
		errmsg, want string
	}{
		"an account's":         {40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 61725984-6126f6f9-040f19c4", "203.0.113.7"},
		"a platform's":         {61004, "access clientip is not registered requestIP: 203.0.113.7 rid: 1-2-3", "203.0.113.7"},
		"the old form":         {61004, "access clientip is not registered hint: [abc.def] requestIP:203.0.113.7", "203.0.113.7"},
		"of the new protocol":  {61004, "access clientip is not registered requestIP: 2001:db8::7 rid: 1", "2001:db8::7"},
		"none":                 {61004, "access clientip is not registered", ""},
		"of an unrelated code": {40003, "invalid ip 203.0.113.7", ""},
	}
	for name, test := range tests {
		err := weChat.refusal("op", test.code, test.errmsg, false)
		if err.Address() != test.want {
			t.Errorf("%s: %q, want %q", name, err.Address(), test.want)
		}
	}
}

func TestAnErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code         int
		errmsg, want string
	}{
		"an address": {61004, "access clientip is not registered requestIP: 203.0.113.7 rid: 1-2-3",
			`wechat op: errcode 61004 (rid 1-2-3): the address is not on the platform's IP allow-list (our address is not allowed): add the address to the IP allow-list (of a platform: publish the change); WeChat saw 203.0.113.7; errmsg "access clientip is not registered requestIP: 203.0.113.7"`},
		"an unknown code": {12345, "so\nwhat", `wechat op: errcode 12345: a code that is not in the documentation; errmsg "so\nwhat"`},
		"no text":         {43004, "", `wechat op: errcode 43004: the recipient does not follow the account: leave this recipient out until they follow the account again`},
	}
	for name, test := range tests {
		if got := weChat.refusal("op", test.code, test.errmsg, false).Error(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
}

func TestAnErrorOfWeComSendsNobodyToWeChatsConsole(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		40056: `wecom op: errcode 40056: the agent id is invalid, or the company removed the app: let an administrator of the company see that the app is there (应用管理), then correct agent_id and secret`,
		60020: `wecom op: errcode 60020: the address is not on the app's list of trusted addresses (企业可信IP): add the address to the app's trusted ones in the company's console (应用管理, the app, 企业可信IP)`,
		48006: `wecom op: errcode 48006: the permission was taken back, as the app was not used for long: let an administrator of the company give it to the app in the company's console (应用管理)`,
		40050: `wecom op: errcode 40050: the chat is unknown: name a chat that this app made (GET /v1/senders/{code}/chats), or make one`,
		60111: `wecom op: errcode 60111: the user does not exist, has left, or is out of range (recipient cannot be reached): leave this recipient out`,
	} {
		if got := weCom.refusal("op", code, "", false).Error(); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestLongTextsOfTheVendorAreCut(t *testing.T) {
	t.Parallel()
	err := weChat.refusal("op", 47003, strings.Repeat("好", 1000)+" rid: "+strings.Repeat("9", 1000), false)
	if len(err.Msg) > 300 || len(err.RID) > 64 || strings.ContainsRune(err.Msg, '\uFFFD') {
		t.Errorf("%d and %d bytes", len(err.Msg), len(err.RID))
	}
}

// The meanings are callers' only way to tell errors apart: no file but the tables' may look at a number.
func TestCodeNumbersAppearInTheTablesOnly(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`\b[2-9][0-9]{4,5}\b`)
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "wecom_error.go" && !strings.HasPrefix(name, "codes") && name != "error.go" {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(raw), "\n") {
				code, _, _ := strings.Cut(line, "//")
				if number.MatchString(code) {
					t.Errorf("%s:%d: %s", name, i+1, line)
				}
			}
		}
	}
}
