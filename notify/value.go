package notify

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// value is that of a template's parameter.
type value struct {
	Value json.RawMessage `json:"value"`
	Color string          `json:"color"`
}

// checkData checks the values of a message by the rules of its kind. An empty
// object is one.
func checkData(path string, data map[string]value, rules map[string]parameter, draft bool) (map[string]string, error) {
	if data == nil {
		return nil, invalid(path, `is missing: {"thing1": {"value": "..."}}`)
	}
	texts := make(map[string]string, len(data))
	for _, name := range sorted(data) {
		text, err := data[name].text(path+"."+name, name, rules, draft)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return texts, nil
}

func sizeOf(data map[string]string) (n int) {
	for name, v := range data {
		n += len(name) + len(v)
	}
	return n
}

// text is the value as WeChat wants it: always a string. Of a draft, one with a
// variable is not held to the rule of its type.
func (v value) text(path, name string, rules map[string]parameter, draft bool) (string, error) {
	if !isParameterName(name) {
		return "", invalid(path, "is no name of a template parameter: 1 to 64 ASCII characters")
	}
	s, err := v.plain(path + ".value")
	if err != nil || draft && variable.MatchString(s) {
		return s, err
	}
	return s, checkParameter(path+".value", name, s, rules)
}

func isParameterName(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, notPrintable)
}

// plain is the value as a text.
func (v value) plain(path string) (s string, err error) {
	switch raw := strings.TrimSpace(string(v.Value)); {
	case raw == "" || raw == "null" || raw[0] == '{' || raw[0] == '[':
		return "", invalid(path, "must be a text or a number")
	case raw[0] == '"':
		if err := json.Unmarshal(v.Value, &s); err != nil {
			return "", invalid(path, "%s", jsonText(err))
		}
	default:
		s = raw
	}
	if !utf8.ValidString(s) || len(s) > 10_000 {
		return "", invalid(path, "must be UTF-8 of at most 10000 bytes")
	}
	return s, nil
}

// parameter is the rule of one type of parameter of a category template. Beyond
// it WeChat refuses the value with 47003. Only what cannot be right is refused
// here: rules that are known from examples alone are left to WeChat.
// https://developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Operation_Specifications.html
type parameter struct {
	most  int
	empty bool
	fits  func(string) bool
	hint  string
}

var parameters = map[string]parameter{
	"thing":            {most: 20},
	"character_string": {most: 32, fits: noHan, hint: "digits, letters and symbols, no Chinese"},
	"time":             {most: 64, fits: clock.MatchString, hint: "a 24-hour time such as 15:01 or 2025年6月1日 15:01, a range with the ASCII ~"},
	"amount":           {most: 32, fits: amountOf(12), hint: "a currency sign and up to 12 digits, decimals allowed, 元 at the end allowed"},
	"phone_number":     {most: 17, fits: noLetters, hint: "digits and symbols"},
	"car_number":       {most: 8},
	"const":            {most: 20, empty: true},
	"phrase":           {most: 5},
	"name":             {most: 20},
	"number":           {most: 33, fits: isNumber, hint: "up to 32 digits, decimals allowed"},
	"letter":           {most: 32},
	"symbol":           {most: 5},
}

var (
	numbered = regexp.MustCompile(`^([a-z_]+?)\d+$`)
	clock    = regexp.MustCompile(`\d{1,2}:\d{2}`)
)

// checkParameter knows a category template by its parameters' names: a type
// and a number. Others (first, keyword1, remark and free names) have no rule.
func checkParameter(path, name, text string, rules map[string]parameter) error {
	parts := numbered.FindStringSubmatch(name)
	if parts == nil {
		return nil
	}
	rule, ok := rules[parts[1]]
	if !ok {
		return nil
	}
	n := utf8.RuneCountInString(text)
	switch {
	case n == 0 && !rule.empty:
		return invalid(path, "is empty: WeChat refuses that for %s", parts[1])
	case n > rule.most:
		return invalid(path, "has %d characters: at most %d for %s", n, rule.most, parts[1])
	case n > 0 && rule.fits != nil && !rule.fits(text):
		return invalid(path, "does not fit %s: want %s", parts[1], rule.hint)
	}
	return nil
}

func noHan(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.Is(unicode.Han, c) })
}

func noLetters(s string) bool { return !strings.ContainsFunc(s, unicode.IsLetter) }

func digits(s string) (n int) {
	for _, c := range s {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

func isNumber(s string) bool {
	return digits(s) > 0 && digits(s) <= 32 && strings.Trim(s, "+-.,0123456789") == ""
}

// amountOf takes a currency sign and up to most digits before the point.
func amountOf(most int) func(string) bool {
	return func(s string) bool { return isAmount(s, most) }
}

func isAmount(s string, most int) bool {
	s = strings.TrimSuffix(s, "元")
	whole, _, _ := strings.Cut(s, ".")
	rest := strings.TrimLeftFunc(s, func(c rune) bool { return unicode.Is(unicode.Sc, c) || c == '+' || c == '-' || c == ' ' })
	return digits(whole) > 0 && digits(whole) <= most && strings.Trim(rest, "0123456789.,") == ""
}
