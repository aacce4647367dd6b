package audience

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// csvTable reads comma-separated values (RFC 4180), in UTF-8 with or without a
// byte order mark, or in GB18030, which Excel writes in China.
type csvTable struct {
	r     *csv.Reader
	limit *bounded
	cells []cell
}

// mostRecord bounds a row: what a stray quote would swallow.
const mostRecord = 256 << 10

func openCSV(file io.ReaderAt, size int64) (*csvTable, error) {
	whole := func() io.Reader { return io.NewSectionReader(file, 0, size) }
	plain, err := isText(bufio.NewReader(whole()))
	if err != nil {
		return nil, err
	}
	text := whole()
	if !plain {
		text = transform.NewReader(text, simplifiedchinese.GB18030.NewDecoder())
	}
	b := bufio.NewReaderSize(text, 64<<10)
	if mark, err := b.Peek(3); err == nil && bytes.Equal(mark, []byte("\xEF\xBB\xBF")) {
		_, _ = b.Discard(len(mark))
	}
	comma := separator(b)
	t := &csvTable{limit: &bounded{b, mostRecord}}
	t.r = csv.NewReader(t.limit)
	t.r.FieldsPerRecord, t.r.ReuseRecord, t.r.Comma = -1, true, comma
	return t, nil
}

// isText tells whether all of it is UTF-8. A byte that no text holds says that
// the file is something else.
func isText(r *bufio.Reader) (utf8Text bool, err error) {
	utf8Text = true
	for {
		c, size, err := r.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return utf8Text, nil
		case err != nil:
			return false, fmt.Errorf("reading the file: %w", err)
		case c == utf8.RuneError && size == 1:
			utf8Text = false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return false, &InputError{"file", "is neither an .xlsx nor a .csv: save it as one of them (a .csv in UTF-8 or GB18030)"}
		}
	}
}

// separator is the one of comma, semicolon and tab that the first line has most
// of: programs write what the user's country uses.
func separator(b *bufio.Reader) rune {
	first, _ := b.Peek(b.Size()) // what is there is enough
	first, _, _ = bytes.Cut(first, []byte("\n"))
	best := byte(',')
	for _, c := range []byte(";\t") {
		if bytes.Count(first, []byte{c}) > bytes.Count(first, []byte{best}) {
			best = c
		}
	}
	return rune(best)
}

func (t *csvTable) next() (line, error) {
	t.limit.left = mostRecord
	record, err := t.r.Read()
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return line{number: wrong.StartLine, problem: "cannot be read: " + wrong.Err.Error() + ` (write "" for a quote inside quotes)`}, nil
	}
	if errors.Is(err, errTooLong) {
		return line{}, &InputError{"file", fmt.Sprintf("has a row of more than %d bytes: look for a quote that is not closed", mostRecord)}
	}
	if err != nil {
		return line{}, err
	}
	t.cells = t.cells[:0]
	for _, text := range record {
		t.cells = append(t.cells, cell{text: text})
	}
	number, _ := t.r.FieldPos(0)
	return line{number: number, cells: t.cells}, nil
}
