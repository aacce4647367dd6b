package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	json2 "github.com/go-json-experiment/json"
	json1 "github.com/go-json-experiment/json/v1"
)

// read decodes one value as encoding/json does, in one pass instead of three.
func read(raw []byte, to any) error { return json2.Unmarshal(raw, to, json1.DefaultOptionsV1()) }

// strict is read that names what does not fit: what there is no field for, too.
func strict(field string, raw []byte, to any) error {
	err := json2.Unmarshal(raw, to, json1.DefaultOptionsV1(), json2.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalid(field, "has an unknown field %s: take it out", unknown)
	}
	if kind, ok := errors.AsType[*json1.UnmarshalTypeError](err); ok && kind.Field != "" {
		for name := range strings.SplitSeq(kind.Field, ".") {
			if strings.Trim(name, "0123456789") == "" {
				field += "[" + name + "]"
			} else {
				field += "." + name
			}
		}
	}
	return invalid(field, "%s", jsonText(err))
}

// isNull tells whether a field says nothing, as many programs write one that
// they leave out.
func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// jsonText says what is wrong without quoting the body.
func jsonText(err error) string {
	var kind *json1.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("is a JSON %s: want %s", kind.Value, jsonKind(kind.Type.Kind().String()))
	}
	var syntax *json1.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("is broken JSON at byte %d", syntax.Offset)
	}
	return "is null or broken JSON"
}

func jsonKind(kind string) string {
	switch kind {
	case "slice":
		return "a list"
	case "struct", "map":
		return "an object"
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	}
	return "a number"
}

func firstRefusal(err error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return err
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// encode writes JSON as the vendors take it: < > & stay themselves.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
