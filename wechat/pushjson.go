package wechat

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

var errJSON = errors.New("wechat: push is not one well-formed JSON object, or names a member twice")

// isJSON looks at the first byte that is no blank, for Content-Type tells nothing: Mini Programs, and accounts that choose
// it, are pushed JSON (https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html).
func isJSON(in []byte) bool {
	rest := trim(bytes.TrimPrefix(in, []byte("\xef\xbb\xbf")))
	return len(rest) > 0 && rest[0] == '{'
}

// visitJSON visits the members of a push in JSON as a scanner gives the elements of one in XML: as they end, children
// before parents, the object around all at depth 1. The items of an array follow each other under the array's name, as
// repeated elements do. Numbers keep their digits.
func visitJSON(in []byte, visit func(parent []byte, e element)) error {
	r := jsonReader{visit: visit, d: jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(in, []byte("\xef\xbb\xbf"))), jsontext.AllowInvalidUTF8(true))}
	if r.d.PeekKind() != '{' {
		return errJSON
	}
	if err := r.value(nil, []byte("xml"), 1); err != nil {
		return err
	}
	if _, err := r.d.ReadToken(); !errors.Is(err, io.EOF) {
		return errJSON
	}
	return nil
}

type jsonReader struct {
	d     *jsontext.Decoder
	visit func(parent []byte, e element)
}

func (r *jsonReader) value(parent, name []byte, depth int) error {
	t, err := r.d.ReadToken()
	switch {
	case err != nil:
		return errJSON // the decoder's own would quote the push
	case r.d.StackDepth() > maxDepth || depth > maxDepth:
		return errDepth
	}
	e := element{name: name, depth: depth}
	switch t.Kind() {
	case '{':
		err = r.members(name, depth+1)
	case '[':
		return r.items(parent, name, depth)
	case 'n':
	default:
		e.value = []byte(t.String())
	}
	if err == nil {
		r.visit(parent, e)
	}
	return err
}

// members reads what follows an opening brace.
func (r *jsonReader) members(parent []byte, depth int) error {
	for r.d.PeekKind() != '}' {
		name, err := r.d.ReadToken()
		if err != nil {
			return errJSON
		}
		if err := r.value(parent, []byte(name.String()), depth); err != nil {
			return err
		}
	}
	return r.end()
}

// items reads what follows an opening bracket.
func (r *jsonReader) items(parent, name []byte, depth int) error {
	for r.d.PeekKind() != ']' {
		if err := r.value(parent, name, depth); err != nil {
			return err
		}
	}
	return r.end()
}

func (r *jsonReader) end() error {
	if _, err := r.d.ReadToken(); err != nil {
		return errJSON
	}
	return nil
}
