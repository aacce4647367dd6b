package audience

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// sharedTexts are the strings that the cells of a workbook share, in few pieces of
// memory: a million of them as Go strings would be a hundred megabytes.
type sharedTexts struct {
	pages [][]byte
	refs  []ref
}

type ref struct {
	page, at uint32
	size     uint32
}

const (
	textPage  = 1 << 20
	mostTexts = 48 << 20 // bytes of all together
	mostRefs  = 4_000_000
)

func (t *sharedTexts) add(text []byte) error {
	if len(t.refs) == mostRefs || len(t.pages)*textPage > mostTexts {
		return &InputError{"file", fmt.Sprintf("has more than %d bytes of different texts: remove the columns that are not needed, or split it", mostTexts)}
	}
	last := len(t.pages) - 1
	if last < 0 || len(t.pages[last])+len(text) > cap(t.pages[last]) {
		t.pages = append(t.pages, make([]byte, 0, max(textPage, len(text))))
		last++
	}
	at := len(t.pages[last])
	t.pages[last] = append(t.pages[last], text...)
	t.refs = append(t.refs, ref{uint32(last), uint32(at), uint32(len(text))})
	return nil
}

func (t *sharedTexts) get(i int) (string, bool) {
	if t == nil || i < 0 || i >= len(t.refs) {
		return "", false
	}
	r := t.refs[i]
	return string(t.pages[r.page][r.at : r.at+r.size]), true
}

// shared reads the texts part; without one no cell may refer to it.
func (w workbook) shared(name string) (*sharedTexts, error) {
	part := w.parts[name]
	if part == nil {
		return nil, nil
	}
	r, err := part.Open()
	if err != nil {
		return nil, notXLSX("its texts cannot be unpacked")
	}
	t, err := readTexts(r)
	return t, errors.Join(err, r.Close())
}

func readTexts(r io.Reader) (*sharedTexts, error) {
	t, x, text := &sharedTexts{}, newScan(r), []byte(nil)
	for {
		token, err := x.next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "si" {
				text = text[:0]
			}
		case xml.CharData:
			if x.inText() {
				if text, err = grow(text, e); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			if e.Name.Local != "si" {
				continue
			}
			if err := t.add(text); err != nil {
				return nil, err
			}
		}
	}
}
