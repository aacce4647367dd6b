package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-playground/validator/v10"
)

// body reads the request's body, once. One too large is 413.
func (c *call) body() ([]byte, error) {
	b, err := readAll(c.Request.Body, c.Request.ContentLength)
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		return nil, refuse(http.StatusBadRequest, codeInvalid, "the body broke off: send it again")
	}
	return b, err
}

// checked is body for a room that reads its fields itself: it refuses what
// encoding/json would let pass, repeated names and bad UTF-8.
func (c *call) checked() ([]byte, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	var whole jsontext.Value
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, explain(err)
	}
	return body, nil
}

// readAll reads a body whose length is known into one piece of memory; a
// claim of more than a small body is not believed before it is there.
func readAll(r io.Reader, length int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(max(length, 0), 64<<10)+bytes.MinRead))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// decode reads the body as one JSON object into the struct that in points to,
// and holds it to its `validate` tags. Unknown, repeated and ill-typed fields
// are refused by name; so is what follows the object.
func (c *call) decode(in any) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	return decode(body, in)
}

// decode is call.decode for a body that was read already.
func decode(body []byte, in any) error {
	switch start := bytes.TrimLeft(body, " \t\r\n"); {
	case len(start) == 0:
		return invalid("the body", "is empty: send a JSON object")
	case start[0] != '{':
		return invalid("the body", "must be a JSON object in { }")
	}
	if err := json.Unmarshal(body, in, json.RejectUnknownMembers(true)); err != nil {
		return explain(err)
	}
	return check(in)
}

// explain tells which field of a body is wrong, and how.
func explain(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return invalid(field(syntax.JSONPointer), "is given twice: give it once")
		}
		at := "the body"
		if syntax.JSONPointer != "" {
			at = field(syntax.JSONPointer)
		}
		return invalid(at, fmt.Sprintf("is not JSON at byte %d (%v): send one JSON object in UTF-8", syntax.ByteOffset, syntax.Err))
	}
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return refuse(http.StatusBadRequest, codeInvalid, "the body is not a JSON object")
	}
	at := "the body"
	if semantic.JSONPointer != "" {
		at = field(semantic.JSONPointer)
	}
	if errors.Is(err, json.ErrUnknownName) {
		return invalid(at, "is not a field of this call: see /docs for those there are")
	}
	if semantic.JSONKind == 0 || semantic.GoType == nil {
		return invalid(at, "cannot be read: see /docs for what it takes")
	}
	return invalid(at, fmt.Sprintf("must be %s, not %s", kindOf(semantic.GoType), jsonKind(semantic.JSONKind)))
}

// field writes a JSON pointer as people do: msg_wechatoa[0].template_id.
func field(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		if len(token) > 64 {
			token = token[:64] + "…"
		}
		b.WriteString(strings.ToValidUTF8(token, "?"))
	}
	return b.String()
}

func jsonKind(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "this text"
	case '0':
		return "this number"
	case '[', ']':
		return "a list"
	case '{', '}':
		return "an object"
	}
	return "this"
}

func kindOf(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "text in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		if t.PkgPath() == "time" {
			return "a time as in RFC 3339, such as 2026-01-02T15:04:05+08:00"
		}
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0"
	}
	return "something else"
}

// rules checks `validate` tags; it caches what it learns of types.
var rules = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
}()

// check holds a decoded body to its `validate` tags; the first breach is told.
func check(in any) error {
	err := rules.Struct(in)
	var all validator.ValidationErrors
	if err == nil || !errors.As(err, &all) || len(all) == 0 {
		return err
	}
	_, path, _ := strings.Cut(all[0].Namespace(), ".")
	return invalid(path, breach(all[0]))
}

// breach says which limit a field broke and how to mend it.
func breach(e validator.FieldError) string {
	unit, p := " characters", e.Param()
	switch e.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		unit = " items"
	case reflect.String:
	default:
		unit = ""
	}
	switch e.Tag() {
	case "required":
		return "is missing: give it a value"
	case "max", "lte":
		return "is over its limit of " + p + unit + ": make it shorter or smaller"
	case "min", "gte":
		return "is under its least of " + p + unit + ": make it longer or larger"
	case "len":
		return "must have exactly " + p + unit
	case "oneof":
		return "must be one of " + strings.Join(strings.Fields(p), ", ")
	case "unique":
		return "names the same thing twice: name each once"
	case "url", "http_url", "https_url":
		return "must be an absolute http or https address"
	}
	return "breaks its rule " + strings.TrimSpace(e.Tag()+" "+p) + ": see /docs"
}
