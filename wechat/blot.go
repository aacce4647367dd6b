package wechat

import (
	"bytes"
	"io"
	"net/url"
	"strings"
)

// blotted are the spellings of tokens that an answer may repeat.
func blotted(tokens []string) (words [][]byte) {
	for _, t := range tokens {
		for i, w := range []string{t, url.QueryEscape(t), url.PathEscape(t), strings.ReplaceAll(t, "/", `\/`)} {
			if w != "" && (i == 0 || w != t) {
				words = append(words, []byte(w))
			}
		}
	}
	return words
}

// blot puts asterisks in the place of the words; the length stays.
func blot(b []byte, words [][]byte) []byte {
	for _, w := range words {
		for from := 0; ; from += len(w) {
			i := bytes.Index(b[from:], w)
			if i < 0 {
				break
			}
			from += i
			copy(b[from:], bytes.Repeat([]byte("*"), len(w)))
		}
	}
	return b
}

// blotter is a stream in which the words are blotted out, also where they lie across two reads. It has one buffer.
type blotter struct {
	r     io.Reader
	words [][]byte
	hold  int    // bytes kept back, which may be the beginning of a word
	space []byte // the buffer
	buf   []byte // of it: read and not yet given
	ready int    // of buf: fit to be given
	err   error
}

// newBlotter begins with what was read already.
func newBlotter(head []byte, r io.Reader, words [][]byte) *blotter {
	b := &blotter{r: r, words: words}
	for _, w := range words {
		b.hold = max(b.hold, len(w)-1)
	}
	b.space = make([]byte, max(len(head), peek)+b.hold)
	b.buf = b.space[:copy(b.space, head)]
	b.settle()
	return b
}

func (b *blotter) Read(p []byte) (int, error) {
	for b.ready == 0 && b.err == nil {
		b.fill()
	}
	n := copy(p, b.buf[:b.ready])
	b.buf, b.ready = b.buf[n:], b.ready-n
	if n == 0 && len(p) > 0 {
		return 0, b.err
	}
	return n, nil
}

// fill reads on behind what was kept back.
func (b *blotter) fill() {
	kept := copy(b.space, b.buf)
	n, err := b.r.Read(b.space[kept:])
	b.buf, b.err = b.space[:kept+n], err
	b.settle()
}

func (b *blotter) settle() {
	blot(b.buf, b.words)
	b.ready = len(b.buf)
	if b.err == nil {
		b.ready = max(0, len(b.buf)-b.hold)
	}
}
