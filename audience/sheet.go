package audience

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// sheetTable reads the rows of one sheet.
type sheetTable struct {
	part   io.ReadCloser
	scan   *scan
	shared *sharedTexts
	number int // of the row being read
	cells  []cell

	column  int // of the cell being read
	kind    string
	text    []byte
	formula bool
}

func newSheetTable(part io.ReadCloser, shared *sharedTexts) *sheetTable {
	return &sheetTable{part: part, scan: newScan(part), shared: shared}
}

func (t *sheetTable) Close() error { return t.part.Close() }

// next goes on to the end of a row that holds anything.
func (t *sheetTable) next() (line, error) {
	for {
		token, err := t.scan.next()
		if err != nil {
			return line{}, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			err = t.start(e)
		case xml.CharData:
			if t.scan.in("v") || t.scan.inText() {
				t.text, err = grow(t.text, e)
			}
		case xml.EndElement:
			if e.Name.Local == "row" && len(t.cells) > 0 {
				return line{number: t.number, cells: t.cells}, nil
			}
			if e.Name.Local == "c" {
				err = t.end()
			}
		}
		if err != nil {
			return line{}, err
		}
	}
}

func (t *sheetTable) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "row":
		t.number, t.cells, t.column = t.number+1, t.cells[:0], -1
		if r := attribute(e, "r"); r != "" {
			n, err := strconv.Atoi(r)
			if err != nil || n < t.number {
				return notXLSX("its rows are not in order")
			}
			t.number = n
		}
	case "c":
		t.column, t.kind, t.text, t.formula = t.column+1, attribute(e, "t"), t.text[:0], false
		if r := attribute(e, "r"); r != "" {
			n, ok := columnOf(r)
			if !ok || n < t.column {
				return notXLSX("its cells are not in order")
			}
			t.column = n
		}
	case "f":
		t.formula = true
	}
	return nil
}

// end keeps the cell, unless there is nothing in it.
func (t *sheetTable) end() error {
	c, err := t.cell()
	if err != nil || c == (cell{}) {
		return err
	}
	if t.column >= mostColumns {
		c, t.column = cell{problem: "lies beyond column " + strconv.Itoa(mostColumns) + ": remove it"}, mostColumns
	}
	for len(t.cells) <= t.column {
		t.cells = append(t.cells, cell{})
	}
	t.cells[t.column] = c
	return nil
}

func (t *sheetTable) cell() (cell, error) {
	if t.formula {
		return cell{problem: "holds a formula: copy the column and paste its values"}, nil
	}
	text := string(t.text)
	switch t.kind {
	case "s":
		if text == "" {
			return cell{}, nil
		}
		i, err := strconv.Atoi(strings.TrimSpace(text))
		shared, ok := t.shared.get(i)
		if err != nil || !ok {
			return cell{}, notXLSX("a cell names a text that is not there")
		}
		return cell{text: shared}, nil
	case "e":
		return cell{problem: "holds the error " + text + ": correct it"}, nil
	case "", "n":
		return number(text), nil
	}
	return cell{text: text}, nil
}

// number writes a number as its reader sees it: 13800000000, not 1.38E+10.
func number(text string) cell {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return cell{text: text}
	}
	const exact = 1e15 // spreadsheets keep 15 digits
	if f >= exact || f <= -exact {
		return cell{problem: "is a number of more than 15 digits, which spreadsheets round: format the column as text and enter it again"}
	}
	return cell{text: strconv.FormatFloat(f, 'f', -1, 64)}
}

// columnOf reads the column of a cell's name: 0 for A1, 27 for AB9.
func columnOf(name string) (int, bool) {
	n, letters := 0, 0
	for _, c := range []byte(name) {
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
		letters++
	}
	return n - 1, letters > 0 && letters <= 3 && letters < len(name)
}

var _ table = (*sheetTable)(nil)

// closeTable ends the reading of a table that holds something open.
func closeTable(t table) error {
	if c, ok := t.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// ended tells that a table has no more rows.
func ended(err error) bool { return errors.Is(err, io.EOF) }
