package audience

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// change reads one entry of user/opt. Errors are a bare *InputError, or the
// store's.
func (r *Room) change(ctx context.Context, w Writer, raw json.RawMessage) (Change, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return Change{}, &InputError{"user", `must be an object with "userid"`}
	}
	var c Change
	if err := json.Unmarshal(fields["userid"], &c.UserID); err != nil || c.UserID == "" {
		return Change{}, &InputError{"userid", "is missing or no text"}
	}
	if err := CheckUserID(c.UserID); err != nil {
		return c, err
	}
	delete(fields, "userid")
	for verb, word := range verbs {
		part, err := object(word, fields[word])
		if err != nil {
			return c, err
		}
		if verb == set {
			if part, err = bare(fields, part); err != nil {
				return c, err
			}
		}
		delete(fields, word)
		if err := r.ops(ctx, w, &c, verb, part); err != nil {
			return c, err
		}
	}
	for unknown := range fields {
		return c, &InputError{unknown, "is no field of a user: use userid, add, set, del"}
	}
	return c, nil
}

// bare takes phone and email beside userid, as JUMS's guides for SMS and
// e-mail write them (docs.jiguang.cn/en/jums/senderguide/jums-to-email).
func bare(fields, part map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	for _, kind := range []string{"phone", "email"} {
		v, ok := fields[kind]
		if !ok {
			continue
		}
		if _, twice := part[kind]; twice {
			return nil, &InputError{kind, "stands beside userid and in set: write it once"}
		}
		delete(fields, kind)
		if part == nil {
			part = map[string]json.RawMessage{}
		}
		part[kind] = v
	}
	return part, nil
}

func object(name string, raw json.RawMessage) (map[string]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, &InputError{name, "must be an object of fields, such as {\"wechatoa\": {\"<sender code>\": \"<openid>\"}}"}
	}
	return o, nil
}

// ops adds the operations of one verb, in the order of their fields' names.
func (r *Room) ops(ctx context.Context, w Writer, c *Change, verb int, part map[string]json.RawMessage) error {
	for _, key := range keys(part) {
		f, known := fields[key]
		if !known {
			if err := r.flat(ctx, w, c, verb, key, part[key]); err != nil {
				return err
			}
			continue
		}
		path := verbs[verb] + "." + key
		if verb == add && !f.many {
			return &InputError{path, "holds one value: write it with set; add is for tag, app and wechatwk_linkedcorp"}
		}
		bound, err := object(path, part[key])
		if err != nil { // not an object: the value itself, for what has one bind id
			if !f.plain {
				return &InputError{path, fmt.Sprintf("must be an object: {\"<%s>\": value}", f.bindName())}
			}
			bound = map[string]json.RawMessage{"all": part[key]}
		}
		for _, bindID := range keys(bound) {
			if err := r.op(ctx, w, c, op{verb: verb, kind: key, bindID: bindID}, path, bound[bindID]); err != nil {
				return err
			}
		}
	}
	return nil
}

// flat takes a sender's code as the field itself: {"set": {"wechatoa123": "<openid>"}},
// as JUMS's guides write it (docs.jiguang.cn/jums/senderguide/jums-to-wechatoa).
func (r *Room) flat(ctx context.Context, w Writer, c *Change, verb int, code string, raw json.RawMessage) error {
	kind, err := r.Kind(ctx, code)
	if err != nil {
		return err
	}
	path := verbs[verb] + "." + code
	if _, known := fields[kind]; !known {
		return &InputError{path, "is neither a field of a user nor the code of a sender"}
	}
	if verb == add {
		return &InputError{path, "holds one value: write it with set"}
	}
	return r.op(ctx, w, c, op{verb: verb, kind: kind, bindID: code}, path, raw)
}

func (r *Room) op(ctx context.Context, w Writer, c *Change, o op, path string, raw json.RawMessage) error {
	f := fields[o.kind]
	if !strings.HasSuffix(path, "."+o.bindID) {
		path += "." + o.bindID
	}
	if err := r.may(ctx, w, f, o, path); err != nil {
		return err
	}
	values, err := texts(raw, f.many || o.verb == del)
	if err != nil {
		return &InputError{path, err.Error()}
	}
	o.values = slices.DeleteFunc(values, func(v string) bool { return o.verb == del && v == "" })
	for _, v := range o.values {
		if problem := f.check(v); problem != "" {
			return &InputError{path, problem}
		}
	}
	c.ops = append(c.ops, o)
	return nil
}

// texts reads a text, or where many are allowed, a list of texts. null and ""
// are nothing.
func texts(raw json.RawMessage, many bool) ([]string, error) {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		if string(raw) == "null" {
			one = ""
		}
		return []string{one}, nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil || !many {
		if many {
			return nil, fmt.Errorf("must be a list of texts")
		}
		return nil, fmt.Errorf("must be one text")
	}
	return list, nil
}

func keys(m map[string]json.RawMessage) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
