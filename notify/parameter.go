package notify

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// parameter is the rule of one type of parameter, which stands in its name:
// thing1 is a thing. Beyond it WeChat refuses the value with 47003.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage
// https://developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Operation_Specifications.html
type parameter struct {
	most  int // characters; 0: as the form says
	empty bool
	fits  func(string) bool
	hint  string
}

var parameters = map[string]parameter{
	"thing":            {most: 20},
	"number":           {most: 34, fits: isNumber, hint: "up to 32 digits, decimals allowed"},
	"letter":           {most: 32, fits: letters.MatchString, hint: "letters A to Z only"},
	"symbol":           {most: 5, fits: isSymbols, hint: "symbols only: no letters, digits or Chinese"},
	"character_string": {most: 32, fits: noHan, hint: "digits, letters and symbols, no Chinese"},
	"time":             {fits: times.MatchString, hint: "a 24-hour time such as 15:01 or 2025年6月1日 15:01, a range with the ASCII ~"},
	"date":             {fits: dates.MatchString, hint: "a date such as 2025年6月1日 or 2025-06-01, with a 24-hour time or not, a range with the ASCII ~"},
	"amount":           {fits: amounts.MatchString, hint: "a currency sign or none and up to 10 digits, decimals allowed, 元 at the end allowed"},
	"phone_number":     {most: 17, fits: noLetters, hint: "digits and symbols"},
	"car_number":       {most: 8, fits: isPlate, hint: "letters and digits; the first and the last may be Chinese"},
	"name":             {most: 20, fits: isPersonName, hint: "up to 10 characters with Chinese among them, else up to 20 letters and symbols, no digits"},
	"phrase":           {most: 5, fits: phrase.MatchString, hint: "Chinese only"},
	"const":            {most: 20, empty: true},
	// Types whose limits are not known, or in a list of the template.
	"short_thing": {}, "enum": {}, "enum_string": {},
}

// longAmount is the amount of template messages.
var longAmount = parameter{fits: longAmounts.MatchString, hint: "a currency sign or none and up to 12 digits, decimals allowed, 元 at the end allowed"}

const (
	day   = `\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})`
	hours = `(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?`
	// anyDay: of a date the year or the day may be missing.
	anyDay = `(?:` + day + `|\d{4}年\d{1,2}月|\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2})(?: ?` + hours + `)?`
)

var (
	decimal     = regexp.MustCompile(`^[+-]?\d+(?:\.\d+)?$`)
	letters     = regexp.MustCompile(`^[A-Za-z]+$`)
	phrase      = regexp.MustCompile(`^\p{Han}+$`)
	times       = regexp.MustCompile(`^(?:` + day + ` ?)?` + hours + `(?: ?~ ?(?:` + day + ` ?)?` + hours + `)?$`)
	dates       = regexp.MustCompile(`^` + anyDay + `(?: ?~ ?` + anyDay + `)?$`)
	amounts     = regexp.MustCompile(`^\p{Sc}?\d{1,10}(?:\.\d{1,10})?元?$`)
	longAmounts = regexp.MustCompile(`^\p{Sc}?\d{1,12}(?:\.\d{1,12})?元?$`)
)

// checkParameter holds a value to the type in its name. Names without one
// (first, keyword1, remark and free ones) have no rule.
func checkParameter(path, name, text string, subscription bool) error {
	kind := wechat.ParameterType(name)
	rule, ok := parameters[kind]
	if !ok && !subscription {
		return nil
	}
	if kind == "amount" && !subscription {
		rule = longAmount
	}
	n := utf8.RuneCountInString(text)
	switch {
	case n == 0 && (subscription || !rule.empty):
		return invalid(path, "is empty: WeChat refuses that for %s", first(kind, "subscription messages"))
	case strings.ContainsFunc(text, unicode.IsControl):
		return invalid(path, "holds a line break or another control character: WeChat refuses that for %s", first(kind, "subscription messages"))
	case rule.most > 0 && n > rule.most:
		return invalid(path, "has %d characters: at most %d for %s", n, rule.most, kind)
	case n > 0 && rule.fits != nil && !rule.fits(text):
		return invalid(path, "does not fit %s: want %s", kind, rule.hint)
	}
	return nil
}

func noHan(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.Is(unicode.Han, c) })
}

func noLetters(s string) bool { return !strings.ContainsFunc(s, unicode.IsLetter) }

// isNumber counts the digits of decimals, too.
func isNumber(s string) bool {
	return decimal.MatchString(s) && len(strings.Trim(strings.Replace(s, ".", "", 1), "+-")) <= 32
}

func isSymbols(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) })
}

func isPlate(s string) bool {
	runes := []rune(s)
	for i, c := range runes {
		end := i == 0 || i == len(runes)-1
		plain := c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c))
		if !plain && !(end && unicode.Is(unicode.Han, c)) {
			return false
		}
	}
	return true
}

func isPersonName(s string) bool {
	if !noHan(s) && utf8.RuneCountInString(s) > 10 {
		return false
	}
	return !strings.ContainsFunc(s, unicode.IsDigit)
}
