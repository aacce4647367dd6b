package audience

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is a field of user/opt: where its values may stand and what they are.
type field struct {
	many    bool   // several values per bind id
	plain   bool   // the value may stand without a bind id, which then is "all"
	binds   string // "key": all or a ChannelKey; "all"; "sender": the code of a sender
	foreign bool   // that sender is none of ours: its code cannot be looked up
	check   func(string) string
}

var fields = map[string]field{
	"tag":                 {many: true, binds: "key", check: checkTag},
	"phone":               {plain: true, binds: "key", check: checkText(32)},
	"email":               {plain: true, binds: "key", check: checkText(190)},
	"app":                 {many: true, binds: "sender", foreign: true, check: checkIdentity},
	"wechatoa":            {binds: "sender", check: checkIdentity},
	"wechatmp":            {binds: "sender", check: checkIdentity},
	"wechatapp":           {binds: "sender", check: checkIdentity},
	"alipaylife":          {binds: "sender", foreign: true, check: checkIdentity},
	"dingtalkcc":          {plain: true, binds: "all", check: checkIdentity},
	"wechatwk":            {plain: true, binds: "all", check: checkMember},
	"wechatwk_linkedcorp": {many: true, plain: true, binds: "all", check: checkLinked},
}

func (f field) bindName() string {
	return map[string]string{"key": "all or your ChannelKey", "all": "all", "sender": "sender code"}[f.binds]
}

// may tells whether the writer may write under the bind id
// (docs.jiguang.cn/jums/server/rest_api_jums_user).
func (r *Room) may(ctx context.Context, w Writer, f field, o op, path string) error {
	switch f.binds {
	case "all":
		if o.bindID != "all" {
			return &InputError{path, `is kept under "all" only`}
		}
	case "key":
		if o.bindID != "all" && o.bindID != w.ChannelKey && (!w.All || !isWord(o.bindID, 64)) {
			return &InputError{path, `may be kept under "all" or your own ChannelKey`}
		}
	case "sender":
		return r.maySender(ctx, w, f, o, path)
	}
	return nil
}

func (r *Room) maySender(ctx context.Context, w Writer, f field, o op, path string) error {
	if !w.All && !slices.Contains(w.Senders, o.bindID) {
		return &InputError{path, "names a sender that does not exist or is not granted to you: use the code of one that is"}
	}
	if w.All && f.foreign {
		if !isWord(o.bindID, 64) {
			return &InputError{path, "must be a sender code: 1 to 64 letters and digits"}
		}
		return nil
	}
	kind, err := r.Kind(ctx, o.bindID)
	if err != nil {
		return err
	}
	if kind != o.kind {
		return &InputError{path, fmt.Sprintf("must be the code of a sender of kind %s", o.kind)}
	}
	return nil
}

// WrongUserID says what is wrong with a userid; empty: nothing.
func (r *Room) WrongUserID(id string) string {
	if in, ok := errors.AsType[*InputError](CheckUserID(id)); ok {
		return in.Text
	}
	return ""
}

// WrongTag says what is wrong with a tag; empty: nothing.
func (r *Room) WrongTag(tag string) string { return checkTag(tag) }

// marks are the signs allowed in userids and tags besides letters and digits.
const marks = "_@!#$&*+=.|￥"

// CheckUserID tells what is wrong with a userid: letters, digits and
// _@!#$&*+=.|￥ and also the hyphen, at most 64 characters. JUMS's own examples
// write "u-1001", so the hyphen belongs to it. The error is an *InputError.
func CheckUserID(id string) error {
	if n := utf8.RuneCountInString(id); n == 0 || n > 64 {
		return &InputError{"userid", fmt.Sprintf("has %d characters: 1 to 64", n)}
	}
	for _, c := range id {
		if !alnum(c) && c != '-' && !strings.ContainsRune(marks, c) {
			return &InputError{"userid", "has illegal characters: use letters, digits, - and " + marks}
		}
	}
	return nil
}

func checkTag(tag string) string {
	if tag == "" || len(tag) > 40 {
		return fmt.Sprintf("has a tag of %d bytes: 1 to 40", len(tag))
	}
	for _, c := range tag {
		if !alnum(c) && !unicode.Is(unicode.Han, c) && !strings.ContainsRune(marks, c) {
			return "has a tag with illegal characters: use Chinese and English letters, digits and " + marks
		}
	}
	return ""
}

func checkIdentity(id string) string {
	if !isWord(id, 128) {
		return "must be an id of the platform: 1 to 128 ASCII letters, digits, - and _; to remove it use del"
	}
	return ""
}

func checkLinked(id string) string {
	if corp, user, ok := strings.Cut(id, "/"); !ok || !isWord(corp, 64) || checkMember(user) != "" {
		return "must be CorpId/userid, the userid of 1 to 64 ASCII letters, digits and - _ . @; to remove it use del"
	}
	return ""
}

// checkMember: a WeCom userid (https://developer.work.weixin.qq.com/document/path/90195).
// @all would be everyone.
func checkMember(id string) string {
	if !isWordOf(id, 64, "-_.@") || strings.EqualFold(id, "@all") {
		return "must be a WeCom userid: 1 to 64 ASCII letters, digits and - _ . @; to remove it use del"
	}
	return ""
}

func checkText(most int) func(string) string {
	return func(v string) string {
		if n := len(v); n == 0 || n > most {
			return fmt.Sprintf("has %d bytes: 1 to %d; to remove it use del", n, most)
		}
		if strings.ContainsFunc(v, unicode.IsControl) || !utf8.ValidString(v) {
			return "has control characters"
		}
		return ""
	}
}

// withoutDel leaves out the remedy of user/opt where there is no del.
func withoutDel(problem string) string { return strings.TrimSuffix(problem, "; to remove it use del") }

func isWord(s string, most int) bool { return isWordOf(s, most, "-_") }

func isWordOf(s string, most int, marks string) bool {
	for _, c := range s {
		if !alnum(c) && !strings.ContainsRune(marks, c) {
			return false
		}
	}
	return s != "" && len(s) <= most
}

func alnum(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
