package wechat

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// newlines makes \r\n and \r into \n, as XML demands.
func newlines(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
}

// decode writes out entities. An entity is never shorter than what it stands for, so the result fits.
func decode(b []byte) ([]byte, error) {
	out := make([]byte, 0, len(b))
	for {
		n := bytes.IndexByte(b, '&')
		if n < 0 {
			return append(out, b...), nil
		}
		out, b = append(out, b[:n]...), b[n+1:]
		end := bytes.IndexByte(b[:min(len(b), longestEntity)], ';')
		if end < 0 {
			return nil, errEntity
		}
		r, ok := entity(string(b[:end]))
		if !ok {
			return nil, errEntity
		}
		out, b = utf8.AppendRune(out, r), b[end+1:]
	}
}

const longestEntity = 12

func entity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || !xmlChar(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}
