package wechat

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// fill reads a push's tree into a struct by its `push` tags, and answers the names at the top that it took. A tag is a path
// of names joined by ">", or several by "|" of which the first that is there counts; after a comma, how to read a text:
//
//	verbatim  with its blanks
//	comma     as a list, "a,b"
//	bar       as a list, "a|b"
//
// Fields are texts, whole numbers (0 for what is none), floats, structs, and slices of structs or texts; an object where an
// array may be counts as one item. Ids are texts: they come as number or string, and have more digits than a float holds.
func fill(n *node, into any) map[string]bool {
	took := map[string]bool{}
	fillStruct(n, reflect.ValueOf(into).Elem(), took)
	return took
}

func fillStruct(n *node, v reflect.Value, took map[string]bool) {
	for _, f := range layout(v.Type()) {
		if f.embedded {
			fillStruct(n, v.Field(f.index), took)
			continue
		}
		for _, path := range f.paths {
			if took != nil {
				took[path[0]] = true
			}
		}
		if found := f.find(n); len(found) > 0 {
			f.set(v.Field(f.index), found)
		}
	}
}

// fieldOfType is a struct field with what its tag says.
type fieldOfType struct {
	index    int
	embedded bool
	paths    [][]string
	how      string
}

var layouts sync.Map // reflect.Type to []fieldOfType

func layout(t reflect.Type) []fieldOfType {
	if known, ok := layouts.Load(t); ok {
		return known.([]fieldOfType)
	}
	var all []fieldOfType
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("push")
		if !tagged && !f.Anonymous {
			continue
		}
		names, how, _ := strings.Cut(tag, ",")
		made := fieldOfType{index: i, embedded: f.Anonymous, how: how}
		for _, path := range strings.Split(names, "|") {
			made.paths = append(made.paths, strings.Split(path, ">"))
		}
		all = append(all, made)
	}
	layouts.Store(t, all)
	return all
}

func (f *fieldOfType) find(n *node) []node {
	for _, path := range f.paths {
		if found := n.all(path); len(found) > 0 {
			return found
		}
	}
	return nil
}

func (f *fieldOfType) set(v reflect.Value, found []node) {
	switch v.Kind() {
	case reflect.Slice:
		f.list(v, found)
	case reflect.Struct:
		fillStruct(&found[0], v, nil)
	default:
		f.scalar(v, found[0].text)
	}
}

func (f *fieldOfType) list(v reflect.Value, found []node) {
	if separator := map[string]string{"comma": ",", "bar": "|"}[f.how]; separator != "" {
		for _, item := range strings.Split(found[0].text, separator) {
			if item = strings.TrimSpace(item); item != "" {
				v.Set(reflect.Append(v, reflect.ValueOf(item)))
			}
		}
		return
	}
	for i := range found {
		item := reflect.New(v.Type().Elem()).Elem()
		switch {
		case item.Kind() == reflect.Struct && len(found[i].kids) == 0: // "\n\n" was seen where an object should be
			continue
		case item.Kind() == reflect.Struct:
			fillStruct(&found[i], item, nil)
		default:
			f.scalar(item, found[i].text)
		}
		v.Set(reflect.Append(v, item))
	}
}

func (f *fieldOfType) scalar(v reflect.Value, text string) {
	if f.how != "verbatim" {
		text = string(trim([]byte(text)))
	}
	if v.Type() == reflect.TypeFor[Hidden]() && text != "" {
		text = string(hiddenText)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int64:
		v.SetInt(integer(text))
	case reflect.Float64:
		if x, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
			v.SetFloat(x)
		}
	}
}
