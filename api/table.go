package api

import (
	"encoding/csv"
	"net/http"
	"time"
)

// csv tells whether a list is asked for as CSV.
func (c *call) csv() (bool, error) {
	format := c.Query("format")
	if format != "" && format != "json" && format != "csv" {
		return false, invalid("format", "must be json or csv")
	}
	return format == "csv", nil
}

// readerTime is how long whoever reads a CSV may take for some of it.
const readerTime = time.Minute

// patient writes a CSV: its reader may take as long as it likes, if only it goes
// on reading.
type patient struct{ c *call }

func (p patient) Write(b []byte) (int, error) {
	_ = http.NewResponseController(p.c.Writer).SetWriteDeadline(time.Now().Add(readerTime)) // a recorder in a test has none
	return p.c.Writer.Write(b)
}

// byteOrderMark tells Excel that a file is UTF-8: without it, it takes the
// country's old charset.
const byteOrderMark = "\uFEFF"

// file readies an answer that is kept as a file of this name.
func (c *call) file(name string) {
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
}

// table begins a CSV with the names of its columns. Read the first of its rows
// before: an error after it can only break the answer off.
func (c *call) table(name string, columns ...string) *csv.Writer {
	c.file(name)
	w := csv.NewWriter(patient{c})
	columns[0] = byteOrderMark + columns[0]
	_ = w.Write(columns) // Flush tells
	return w
}
