package audience

import (
	"bytes"
	"fmt"
)

// ReadAll reads a file to its end, as an import does, and wants rows in order
// and cells in their bounds.
func ReadAll(file []byte) error {
	t, err := openTable(bytes.NewReader(file), int64(len(file)), "")
	if err != nil {
		return err
	}
	for last := 0; ; {
		l, err := t.next()
		if ended(err) {
			return closeTable(t)
		}
		if err != nil {
			return err
		}
		if l.number <= last || len(l.cells) == 0 && l.problem == "" {
			return fmt.Errorf("row %d after %d with %d cells", l.number, last, len(l.cells))
		}
		last = l.number
	}
}
