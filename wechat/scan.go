package wechat

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds nesting; the deepest push known has five levels.
const maxDepth = 16

// What a push may be refused for. None of them quotes the push.
var (
	errSyntax  = errors.New("wechat: push is not well-formed XML")
	errRoot    = errors.New("wechat: push has no root element <xml>")
	errDoctype = errors.New("wechat: push has a DOCTYPE or another declaration, which is refused")
	errDepth   = errors.New("wechat: push is nested more than " + strconv.Itoa(maxDepth) + " levels deep")
	errEntity  = errors.New("wechat: push has an entity that XML does not define")
)

// scanner reads the XML that WeChat writes: elements and text, CDATA or not, without namespaces or document types. It
// allocates nothing but values that must be put together or decoded. encoding/xml takes some thirty times as long.
type scanner struct {
	in    []byte
	pos   int
	open  [maxDepth][]byte // names of the elements around
	depth int
	texts [maxDepth + 1][]byte // text of each of them so far; the common case is a slice of in
	owned [maxDepth + 1]bool   // whether it is a copy, which may grow
	// rooted: the root element has begun, and there is only one.
	rooted bool
}

// element is one that has ended: its text, without that of its children, is in value. Both are parts of the input, or
// fresh, and may be kept.
type element struct {
	name  []byte
	value []byte
	depth int // 1: the root
}

func newScanner(in []byte) scanner {
	return scanner{in: bytes.TrimPrefix(in, []byte("\xef\xbb\xbf"))}
}

// next gives the elements as they end, children before parents; false after the last.
func (s *scanner) next() (element, bool, error) {
	for {
		if err := s.text(); err != nil {
			return element{}, false, err
		}
		if s.pos == len(s.in) {
			return element{}, false, s.finish()
		}
		ended, err := s.markup()
		if err != nil {
			return element{}, false, err
		}
		if ended {
			s.depth--
			return element{name: s.open[s.depth], value: s.texts[s.depth+1], depth: s.depth + 1}, true, nil
		}
	}
}

func (s *scanner) finish() error {
	if s.depth > 0 {
		return errSyntax
	}
	if !s.rooted {
		return errRoot
	}
	return nil
}

// parent is the name of the element around the one just visited; nil for the root.
func (s *scanner) parent() []byte {
	if s.depth == 0 {
		return nil
	}
	return s.open[s.depth-1]
}

// text takes what stands before the next markup.
func (s *scanner) text() error {
	rest := s.in[s.pos:]
	n := bytes.IndexByte(rest, '<')
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return nil
	}
	s.pos += n
	rest = rest[:n]
	if s.depth == 0 {
		if len(trim(rest)) > 0 {
			return errRoot
		}
		return nil
	}
	if s.depth == 1 { // the line breaks between the fields
		return nil
	}
	rest = newlines(rest)
	if bytes.IndexByte(rest, '&') >= 0 {
		var err error
		if rest, err = decode(rest); err != nil {
			return err
		}
	}
	s.add(rest)
	return nil
}

// add puts a piece of text to what the innermost element has.
func (s *scanner) add(piece []byte) {
	had := s.texts[s.depth]
	if len(had) == 0 {
		s.texts[s.depth] = piece
		return
	}
	if !s.owned[s.depth] { // a part of in: grow a copy, and let that have room for more, or many pieces would take long
		had, s.owned[s.depth] = append(make([]byte, 0, 2*(len(had)+len(piece))), had...), true
	}
	s.texts[s.depth] = append(had, piece...)
}

// markup takes what begins with '<' at pos, and tells whether an element ended with it.
func (s *scanner) markup() (ended bool, err error) {
	rest := s.in[s.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("</")):
		return true, s.endTag()
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return false, s.cdata()
	case bytes.HasPrefix(rest, []byte("<?")):
		return false, s.skip("<?", "?>")
	case bytes.HasPrefix(rest, []byte("<!--")):
		return false, s.skip("<!--", "-->")
	case bytes.HasPrefix(rest, []byte("<!")):
		return false, errDoctype
	}
	return s.startTag()
}

func (s *scanner) skip(begin, end string) error {
	_, err := s.until(begin, end)
	return err
}

// until takes begin, then all before end, then end.
func (s *scanner) until(begin, end string) ([]byte, error) {
	rest := s.in[s.pos+len(begin):]
	n := bytes.Index(rest, []byte(end))
	if n < 0 {
		return nil, errSyntax
	}
	s.pos += len(begin) + n + len(end)
	return rest[:n], nil
}

func (s *scanner) cdata() error {
	if s.depth == 0 {
		return errRoot
	}
	piece, err := s.until("<![CDATA[", "]]>")
	if err != nil {
		return err
	}
	s.add(newlines(piece))
	return nil
}

func (s *scanner) endTag() error {
	s.pos += len("</")
	name := s.name()
	s.blanks()
	if s.depth == 0 || len(name) == 0 || !s.take('>') || !bytes.Equal(name, s.open[s.depth-1]) {
		return errSyntax
	}
	return nil
}

// startTag opens an element; ended tells that it is an empty one, <like/>.
func (s *scanner) startTag() (ended bool, err error) {
	s.pos++
	name := s.name()
	if len(name) == 0 {
		return false, errSyntax
	}
	if err := s.enter(name); err != nil {
		return false, err
	}
	for {
		blank := s.blanks()
		if s.take('>') {
			return false, nil
		}
		if s.take('/') {
			if !s.take('>') {
				return false, errSyntax
			}
			return true, nil
		}
		if !blank || !s.attribute() {
			return false, errSyntax
		}
	}
}

func (s *scanner) enter(name []byte) error {
	switch {
	case s.depth == maxDepth:
		return errDepth
	case s.depth == 0 && (s.rooted || string(name) != "xml"):
		return errRoot
	}
	s.rooted = true
	s.open[s.depth] = name
	s.depth++
	s.texts[s.depth], s.owned[s.depth] = nil, false
	return nil
}

// attribute passes over one; WeChat writes none.
func (s *scanner) attribute() bool {
	if len(s.name()) == 0 {
		return false
	}
	s.blanks()
	if !s.take('=') {
		return false
	}
	s.blanks()
	for _, quote := range []byte{'"', '\''} {
		if s.take(quote) {
			n := bytes.IndexByte(s.in[s.pos:], quote)
			if n < 0 || bytes.IndexByte(s.in[s.pos:s.pos+n], '<') >= 0 {
				return false
			}
			s.pos += n + 1
			return true
		}
	}
	return false
}

func (s *scanner) name() []byte {
	begin := s.pos
	for s.pos < len(s.in) && nameByte(s.in[s.pos], s.pos == begin) {
		s.pos++
	}
	return s.in[begin:s.pos]
}

func nameByte(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':', c >= utf8.RuneSelf:
		return true
	}
	return !first && ('0' <= c && c <= '9' || c == '-' || c == '.')
}

func (s *scanner) blanks() bool {
	begin := s.pos
	for s.pos < len(s.in) && blank(s.in[s.pos]) {
		s.pos++
	}
	return s.pos > begin
}

func (s *scanner) take(c byte) bool {
	if s.pos < len(s.in) && s.in[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// trim removes XML's white space on both sides.
func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
