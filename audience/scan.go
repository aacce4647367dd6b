package audience

import (
	"encoding/xml"
	"errors"
	"io"
)

// scan reads XML token by token, remembers the elements it is in, and bounds
// what a single token may take.
type scan struct {
	d     *xml.Decoder
	limit bounded
	open  []string
}

const (
	mostToken = 1 << 20 // a cell of Excel holds 32,767 characters
	mostDepth = 32
)

var errTooLong = errors.New("one piece is too long")

// bounded ends reading when left bytes have come; its owner sets left anew for
// each piece.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

func newScan(r io.Reader) *scan {
	s := &scan{limit: bounded{r, mostToken}}
	s.d = xml.NewDecoder(&s.limit)
	return s
}

// next gives a token; it is good until the next one. io.EOF only where all
// elements are closed.
func (s *scan) next() (xml.Token, error) {
	s.limit.left = mostToken
	token, err := s.d.RawToken()
	switch {
	case errors.Is(err, io.EOF) && len(s.open) == 0:
		return nil, io.EOF
	case errors.Is(err, errTooLong):
		return nil, errLongCell()
	case err != nil:
		return nil, notXLSX("its XML is broken, or breaks off")
	}
	switch e := token.(type) {
	case xml.StartElement:
		if s.open = append(s.open, e.Name.Local); len(s.open) > mostDepth {
			return nil, notXLSX("its XML is nested too deep")
		}
	case xml.EndElement:
		if len(s.open) == 0 || s.open[len(s.open)-1] != e.Name.Local {
			return nil, notXLSX("its XML is broken")
		}
		s.open = s.open[:len(s.open)-1]
	}
	return token, nil
}

// inText tells whether we are in a <t> that is not the reading aid of one.
func (s *scan) inText() bool {
	n := len(s.open)
	return n > 1 && s.open[n-1] == "t" && s.open[n-2] != "rPh"
}

// in tells whether the innermost open element is the named one.
func (s *scan) in(name string) bool { return len(s.open) > 0 && s.open[len(s.open)-1] == name }

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func errLongCell() error { return notXLSX("a cell is longer than a cell can be") }

// grow adds to a cell's text, which may come in pieces.
func grow(text, more []byte) ([]byte, error) {
	if len(text)+len(more) > mostToken {
		return text, errLongCell()
	}
	return append(text, more...), nil
}
