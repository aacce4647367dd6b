package audience

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
)

// Export writes the users that f chooses, as far as w may see them, in the
// columns that an import reads: a row for each bind id. begin, if any, is called
// before the first byte; an error before it has written nothing. A break leaves
// the text cut off.
func (r *Room) Export(ctx context.Context, to io.Writer, w Writer, f Filter, begin func()) error {
	f.Limit = 1000
	out := csv.NewWriter(to)
	for first := true; ; first = false {
		users, err := r.Users(ctx, w, f)
		if err != nil {
			return err
		}
		if first {
			if begin != nil {
				begin()
			}
			// Excel takes a file without the mark for one in the country's old charset.
			if _, err := io.WriteString(to, "\uFEFF"); err != nil {
				return err
			}
			_ = out.Write(Columns) // Flush tells
		}
		for _, u := range users {
			for _, row := range u.rows() {
				_ = out.Write(row)
			}
			f.After = u.UserID
		}
		if out.Flush(); out.Error() != nil || len(users) < f.Limit {
			return out.Error()
		}
	}
}

// rows are one for each bind id under which something is known, and one for
// "all" in any case.
func (u Person) rows() [][]string {
	binds := []string{"all"}
	for _, v := range u.Values {
		if !slices.Contains(binds, v.BindID) {
			binds = append(binds, v.BindID)
		}
	}
	rows := make([][]string, len(binds))
	for i, bind := range binds {
		rows[i] = u.row(bind)
	}
	return rows
}

func (u Person) row(bind string) []string {
	row := []string{SafeCell(u.UserID), SafeCell(bind)}
	for _, name := range Columns[len(row):] {
		var all []string
		for _, v := range u.Values {
			if v.BindID == bind && v.Kind == columns[name] {
				all = append(all, v.Value)
			}
		}
		row = append(row, SafeCell(strings.Join(all, ",")))
	}
	return row
}

// SafeCell keeps a spreadsheet program from taking a text for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection); an import takes the
// mark off again.
func SafeCell(text string) string {
	if isFormula(text) {
		return "'" + text
	}
	return text
}

func isFormula(text string) bool {
	return text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0]))
}
