package simulator

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a template ready to check values.
type pattern struct {
	params []param
	kind   int  // Template.Type
	typed  bool // category template: wrong values are refused; else the historic kind, where they are cut
	values map[string][]string
}

type param struct{ name, kind string }

var (
	placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_]+[0-9]*)\.DATA\s*\}\}`)
	typedName   = regexp.MustCompile(`^([a-z_]*[a-z])([0-9]+)$`)
)

func newPattern(t Template) *pattern {
	p := &pattern{values: t.Values, kind: t.Type, typed: t.Type != templateMessage}
	for _, m := range placeholder.FindAllStringSubmatch(t.Content, -1) {
		kind := kindOf(m[1])
		if a := (param{m[1], kind}); !slices.Contains(p.params, a) {
			p.params = append(p.params, a)
		}
		if _, known := rules[kind]; known {
			p.typed = true
		}
	}
	return p
}

func kindOf(name string) string {
	if m := typedName.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// refuses applies the rules of messages 1.3. The vendor names the first bad
// parameter; which one that is among several is not documented.
func (p *pattern) refuses(data map[string]templateValue) *refusal {
	if !p.typed {
		return nil
	}
	for _, a := range p.params {
		v, ok := data[a.name]
		switch {
		case ok && v.Value == "" && a.kind == "const": // the empty string is approved always
		case v.Value == "":
			return badValue(a.name, "is empty")
		case !p.fits(a, v.Value):
			return badValue(a.name, "invalid")
		}
	}
	if len(data) == len(p.params) {
		return nil // no room for a stranger
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if !slices.ContainsFunc(p.params, func(a param) bool { return a.name == name }) {
			return badValue(name, "invalid")
		}
	}
	return nil
}

func (p *pattern) fits(a param, value string) bool {
	if approved := p.values[a.name]; len(approved) > 0 {
		return slices.Contains(approved, value)
	}
	rule := rules[a.kind]
	if p.kind != templateMessage && a.kind == "amount" {
		rule = all(rule, isShortAmount) // messages 2.4
	}
	return utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl) && (rule == nil || rule(value))
}

func badValue(name, what string) *refusal {
	return &refusal{47003, fmt.Sprintf("argument invalid! data.%s.value %s", name, what)}
}

// rules by parameter type: messages 1.3, and 2.4 for those it refers there.
// Types without a rule here (short_thing, whose limits are unknown) take anything.
var rules = map[string]func(string) bool{
	"thing":            upTo(20),
	"const":            upTo(20),
	"character_string": all(upTo(32), no(isHan)),
	"time":             matches(timeForm),
	"date":             matches(dateForm),
	"amount":           isAmount,
	"number":           all(matches(regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)), isShortNumber),
	"phone_number":     all(upTo(17), no(unicode.IsLetter)),
	"car_number":       isCarNumber,
	"letter":           matches(regexp.MustCompile(`^[A-Za-z]{1,32}$`)),
	"symbol":           all(upTo(5), no(unicode.IsLetter), no(unicode.IsDigit)),
	"name":             isName,
	"phrase":           matches(regexp.MustCompile(`^\p{Han}{1,5}$`)),
	"enum_string":      func(string) bool { return true },
	"enum":             func(string) bool { return true },
	"short_thing":      func(string) bool { return true },
}

const (
	dayForm   = `[0-9]{4}(?:年[0-9]{1,2}月[0-9]{1,2}日|[-/.][0-9]{1,2}[-/.][0-9]{1,2})`
	clockForm = `(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?`
)

// A range takes the ASCII ~ only, and 08~12 without minutes is refused (messages 1.3).
var (
	timeForm = regexp.MustCompile(`^(?:` + dayForm + ` ?)?` + clockForm + `(?: ?~ ?(?:` + dayForm + ` ?)?` + clockForm + `)?$`)
	someDay  = `(?:` + dayForm + `|[0-9]{4}年[0-9]{1,2}月|[0-9]{4}[-/.][0-9]{1,2}|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{1,2}[-/.][0-9]{1,2})(?: ?` + clockForm + `)?`
	dateForm = regexp.MustCompile(`^` + someDay + `(?: ?~ ?` + someDay + `)?$`)
	money    = regexp.MustCompile(`^[\p{Sc}]?([0-9]+)(\.[0-9]+)?元?$`)
)

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func upTo(n int) func(string) bool {
	return func(s string) bool { return utf8.RuneCountInString(s) <= n }
}

func no(kind func(rune) bool) func(string) bool {
	return func(s string) bool { return !strings.ContainsFunc(s, kind) }
}

func matches(form *regexp.Regexp) func(string) bool { return form.MatchString }

func all(rules ...func(string) bool) func(string) bool {
	return func(s string) bool {
		return !slices.ContainsFunc(rules, func(rule func(string) bool) bool { return !rule(s) })
	}
}

// isAmount: one currency sign and at most 12 digits, decimals allowed, 元 may end it.
func isAmount(s string) bool {
	m := money.FindStringSubmatch(s)
	return m != nil && len(m[1]) <= 12
}

// isShortNumber: 32 digits, those of decimals counted.
func isShortNumber(s string) bool {
	return len(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)) <= 32
}

func isShortAmount(s string) bool {
	m := money.FindStringSubmatch(s)
	return m != nil && len(m[1]) <= 10
}

// isCarNumber: at most 8, the first and the last may be Chinese.
func isCarNumber(s string) bool {
	runes := []rune(s)
	for i, r := range runes {
		plain := r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
		if !plain && !(isHan(r) && (i == 0 || i == len(runes)-1)) {
			return false
		}
	}
	return len(runes) <= 8
}

// isName: 10 if there is a Chinese character in it, else 20; never a digit.
func isName(s string) bool {
	limit := 20
	if strings.ContainsFunc(s, isHan) {
		limit = 10
	}
	return utf8.RuneCountInString(s) <= limit && !strings.ContainsFunc(s, unicode.IsDigit)
}
