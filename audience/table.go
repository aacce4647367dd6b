package audience

import (
	"bytes"
	"fmt"
	"io"
)

// Limits of a spreadsheet.
const (
	MostRows  = 200_000  // without the first, which names the columns
	MostBytes = 32 << 20 // of the file as it is sent

	mostColumns = 64
)

// cell is one value, or what is wrong with it.
type cell struct{ text, problem string }

// line is one row of a table; its cells are good until the next one is read.
type line struct {
	number  int // as a spreadsheet program shows it
	cells   []cell
	problem string // it could not be parted into cells
}

// table reads rows one after the other; io.EOF at the end. An *InputError is
// about the file as a whole: nothing after it can be read.
type table interface {
	next() (line, error)
}

// openTable finds out what a file is. sheet names one of a workbook's sheets;
// empty is the first.
func openTable(file io.ReaderAt, size int64, sheet string) (table, error) {
	if size == 0 {
		return nil, &InputError{"file", "is empty: send an .xlsx or .csv whose first row names the columns"}
	}
	if size > MostBytes {
		return nil, &InputError{"file", fmt.Sprintf("has %d bytes: at most %d; split it", size, MostBytes)}
	}
	head := make([]byte, 8)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("PK")):
		return openWorkbook(file, size, sheet)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")):
		return nil, &InputError{"file", "is an old .xls, or a workbook with a password: save it as .xlsx without one"}
	case sheet != "":
		return nil, &InputError{"sheet", "names a sheet of an .xlsx, and the file is none: leave it out"}
	}
	return openCSV(file, size)
}
