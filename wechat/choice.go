package wechat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Choice is what an account takes of the public library, in WeChat's names: a subscription template by TID, Kids and Scene,
// or one of template messages by Short and Names.
type Choice struct {
	TID   string  `json:"tid,omitempty"`
	Kids  []int64 `json:"kidList,omitempty"`   // keywords by number, in the order of the card
	Scene string  `json:"sceneDesc,omitempty"` // what it is for

	Short string   `json:"template_id_short,omitempty"`
	Names []string `json:"keyword_name_list,omitempty"` // keywords, in the order of the card
}

// Limits of a choice (https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_addmessagetemplate).
const (
	fewestKids = 2
	mostKids   = 5
	mostScene  = 15 // characters
	mostWord   = 64 // ours: bytes of a number of the library, and characters of a keyword
	mostNames  = 20 // ours
)

// Subscription tells which of the two it is.
func (c Choice) Subscription() bool { return c.Short == "" && len(c.Names) == 0 }

// Key tells choices apart, in 64 ASCII characters.
func (c Choice) Key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %v %q %q %q", c.TID, c.Kids, c.Scene, c.Short, c.Names))
	return hex.EncodeToString(sum[:])
}

// Check holds the choice to the vendor's limits: field is the first that breaks one, problem what is wrong and the remedy.
func (c Choice) Check() (field, problem string) {
	switch {
	case c.TID == "" && c.Short == "":
		return "tid", "is missing: give tid, kidList and sceneDesc of a subscription template, or template_id_short and keyword_name_list of one of template messages"
	case c.TID != "" && (c.Short != "" || len(c.Names) > 0):
		return "tid", "must not be given together with template_id_short or keyword_name_list: one names a subscription template, the other one of template messages"
	case c.Short != "" && (len(c.Kids) > 0 || c.Scene != ""):
		return "kidList", "and sceneDesc belong to a subscription template: leave them out beside template_id_short"
	case c.Short != "":
		return c.checkMessage()
	}
	return c.checkSubscription()
}

func (c Choice) checkSubscription() (field, problem string) {
	if field, problem = CheckTID(c.TID); field != "" {
		return field, problem
	}
	scene := utf8.RuneCountInString(c.Scene)
	switch {
	case len(c.Kids) < fewestKids || len(c.Kids) > mostKids:
		return "kidList", fmt.Sprintf("has %d keywords: %d to %d", len(c.Kids), fewestKids, mostKids)
	case scene == 0 || scene > mostScene || strings.TrimSpace(c.Scene) == "":
		return "sceneDesc", fmt.Sprintf("has %d characters: 1 to %d that tell what the template is for", scene, mostScene)
	case !utf8.ValidString(c.Scene) || strings.ContainsFunc(c.Scene, unicode.IsControl):
		return "sceneDesc", "holds a line break or another control character: take it out"
	}
	for i, kid := range c.Kids {
		if kid <= 0 {
			return fmt.Sprintf("kidList[%d]", i), fmt.Sprintf("is %d: must be the number of a keyword, see GET /v1/senders/{code}/template-library/keywords", kid)
		}
		if slices.Contains(c.Kids[:i], kid) {
			return fmt.Sprintf("kidList[%d]", i), fmt.Sprintf("is %d a second time: name each keyword once", kid)
		}
	}
	return "", ""
}

// CheckTID is Check for a TID alone.
func CheckTID(tid string) (field, problem string) {
	if len(tid) > 20 || !digitsOnly(tid) {
		return "tid", "must be the number of a template of the library, see GET /v1/senders/{code}/template-library/titles"
	}
	return "", ""
}

func (c Choice) checkMessage() (field, problem string) {
	switch {
	case len(c.Short) > mostWord || strings.ContainsFunc(c.Short, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "template_id_short", fmt.Sprintf("must be the number of a template of the library: at most %d ASCII characters, such as TM00015", mostWord)
	case digitsOnly(c.Short) && len(c.Names) == 0:
		return "keyword_name_list", "is missing: a number of digits alone names a category template, which takes its keywords in order"
	case len(c.Names) > mostNames:
		return "keyword_name_list", fmt.Sprintf("has %d keywords: at most %d", len(c.Names), mostNames)
	}
	for i, name := range c.Names {
		at := fmt.Sprintf("keyword_name_list[%d]", i)
		if n := utf8.RuneCountInString(name); n == 0 || n > mostWord || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return at, fmt.Sprintf("has %d characters: 1 to %d without control characters", n, mostWord)
		}
		if slices.Contains(c.Names[:i], name) {
			return at, fmt.Sprintf("is %q a second time: name each keyword once", name)
		}
	}
	return "", ""
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
