package notify

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// value is that of a template's parameter.
type value struct {
	Value json.RawMessage `json:"value"`
	Color string          `json:"color"`
}

// checkData checks the values of a subscription, or else of a template message,
// each by the type in its name. An empty object is one.
func checkData(path string, data map[string]value, subscription, draft bool) (map[string]string, error) {
	if data == nil {
		return nil, invalid(path, `is missing: {"thing1": {"value": "..."}}`)
	}
	texts := make(map[string]string, len(data))
	for _, name := range sorted(data) {
		text, err := data[name].text(path+"."+name, name, subscription, draft)
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
func (v value) text(path, name string, subscription, draft bool) (string, error) {
	if !isParameterName(name) {
		return "", invalid(path, "is no name of a template parameter: 1 to 64 ASCII characters")
	}
	s, err := v.plain(path + ".value")
	if err != nil || draft && variable.MatchString(s) {
		return s, err
	}
	return s, checkParameter(path+".value", name, s, subscription)
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
		if err := read(v.Value, &s); err != nil {
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
