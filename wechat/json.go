package wechat

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// number is an integer that the vendor writes bare or in quotes, as it likes. Empty and null are 0. Ids have up to 19
// digits, so that a float would not do.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(strings.Trim(string(b), `"`))
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	*n = number(v)
	return err
}

// encode writes v as JSON without any \u escape, which the vendor refuses (40033, 47002). The same value gives the same
// bytes.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return unescape(bytes.TrimRight(buf.Bytes(), "\n")), nil
}

// unescape writes out every \uXXXX. encoding/json leaves some even when told not to: U+2028, U+2029, the replacement
// character and control characters; those of C0 are dropped, for JSON has no other way to write them.
func unescape(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			i++
			continue
		}
		if b[i+1] != 'u' {
			out = append(out, b[i], b[i+1])
			i += 2
			continue
		}
		var r rune
		r, i = escaped(b, i)
		out = appendJSON(out, r)
	}
	return out
}

// escaped reads the escape at b[i:], or the pair of surrogates, and tells where it ends.
func escaped(b []byte, i int) (rune, int) {
	r, ok := hex4(b, i)
	if !ok {
		return utf8.RuneError, min(i+2, len(b))
	}
	if low, ok := hex4(b, i+6); ok && utf16.IsSurrogate(r) {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, i + 12
		}
	}
	return r, i + 6
}

func hex4(b []byte, i int) (rune, bool) {
	if i+6 > len(b) || b[i] != '\\' || b[i+1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 32)
	return rune(v), err == nil
}

func appendJSON(out []byte, r rune) []byte {
	switch {
	case r < 0x20:
		return out
	case r == '"' || r == '\\':
		return append(out, '\\', byte(r))
	}
	return utf8.AppendRune(out, r)
}

// scrubber gives a function that blots out secrets, as they are and as they stand in an address, from texts that a broken
// server may have filled with what we sent.
func scrubber(secrets []string) func(string) string {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, "***", url.QueryEscape(s), "***", url.PathEscape(s), "***")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}
