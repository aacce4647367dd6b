package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Name  string    `json:"name" validate:"required,max=5"`
	Count int       `json:"count" validate:"min=0,max=10"`
	On    *bool     `json:"on"`
	At    time.Time `json:"at"`
	List  []item    `json:"list" validate:"max=2,dive"`
	Kind  string    `json:"kind" validate:"omitempty,oneof=a b"`
}

type item struct {
	ID   string            `json:"id" validate:"required"`
	Data map[string]string `json:"data"`
}

func TestAMalformedBodyIsRefusedNamingTheFieldTheLimitAndTheRemedy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		words []string
	}{
		"empty":                      {"", []string{"the body", "empty", "JSON object"}},
		"white space":                {" \n", []string{"the body", "empty"}},
		"no JSON":                    {"name=x", []string{"the body", "JSON object"}},
		"a list":                     {`[{"name":"x"}]`, []string{"the body", "JSON object"}},
		"null":                       {`null`, []string{"the body", "JSON object"}},
		"cut":                        {`{"name":"x"`, []string{"not JSON", "byte 11"}},
		"something behind":           {`{"name":"x"} {"name":"y"}`, []string{"not JSON", "byte 13"}},
		"an unknown field":           {`{"name":"x","nmae":"y"}`, []string{"nmae", "not a field"}},
		"an unknown field deep down": {`{"name":"x","list":[{"id":"1"},{"id":"2","ix":1}]}`, []string{"list[1].ix", "not a field"}},
		"a field in other case":      {`{"Name":"x"}`, []string{"Name", "not a field"}},
		"a field twice":              {`{"name":"x","name":"y"}`, []string{"name", "twice"}},
		"a field twice deep down":    {`{"name":"x","list":[{"id":"1","data":{"k":"1","k":"2"}}]}`, []string{"list[0].data.k", "twice"}},
		"a number for text":          {`{"name":7}`, []string{"name must be text in quotes, not this number"}},
		"text for a number":          {`{"name":"x","count":"7"}`, []string{"count must be a whole number, not this text"}},
		"a fraction for a number":    {`{"name":"x","count":7.5}`, []string{"count must be a whole number"}},
		"a number out of range":      {`{"name":"x","count":99999999999999999999}`, []string{"count must be a whole number"}},
		"text for true":              {`{"name":"x","on":"yes"}`, []string{"on must be true or false"}},
		"an object for a list":       {`{"name":"x","list":{}}`, []string{"list must be a list, not an object"}},
		"a list for an object":       {`{"name":"x","list":[[]]}`, []string{"list[0] must be an object, not a list"}},
		"a bad time":                 {`{"name":"x","at":"tomorrow"}`, []string{"at must be a time", "RFC 3339"}},
		"broken UTF-8":               {"{\"name\":\"\xff\"}", []string{"name", "UTF-8"}},
		"a missing field":            {`{}`, []string{"name is missing"}},
		"a missing field deep down":  {`{"name":"x","list":[{}]}`, []string{"list[0].id is missing"}},
		"too long":                   {`{"name":"名字名字名字"}`, []string{"name", "limit of 5 characters", "shorter"}},
		"too many":                   {`{"name":"x","list":[{"id":"1"},{"id":"2"},{"id":"3"}]}`, []string{"list", "limit of 2 items"}},
		"too large":                  {`{"name":"x","count":11}`, []string{"count", "limit of 10"}},
		"none of the choices":        {`{"name":"x","kind":"c"}`, []string{"kind must be one of a, b"}},
	} {
		var in sample
		err := decode([]byte(c.body), &in)
		var p *problem
		if !errors.As(err, &p) || p.status != http.StatusBadRequest || p.code != codeInvalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(p.message, w) {
				t.Errorf("%s: %q does not tell %q", name, p.message, w)
			}
		}
	}
}

func TestAGoodBodyIsRead(t *testing.T) {
	t.Parallel()
	var in sample
	err := decode([]byte(` {"name":"é🛍","count":7,"on":true,"at":"2026-01-02T03:04:05+08:00","list":[{"id":"1","data":{"k":"\u003c<"}}],"kind":"a"} `+"\n"), &in)
	if err != nil || in.Name != "é🛍" || in.Count != 7 || !*in.On || in.At.UnixMilli() != 1767294245000 || in.List[0].Data["k"] != "<<" {
		t.Errorf("%+v, %v", in, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"name":"x"}`, `{"name":7}`, `{"list":[{"id":"1","data":{"a~/b":"c"}}]}`, `{"name":"x","name":"y"}`, "{\"\xff\":1}", `{"a":{"b":[{}`,
		strings.Repeat("[", 20000), `{"list":` + strings.Repeat(`[`, 20000)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in sample
		err := decode(body, &in)
		var p *problem
		if err != nil && (!errors.As(err, &p) || p.status != http.StatusBadRequest || p.message == "") {
			t.Errorf("%q: %v", body, err)
		}
	})
}
