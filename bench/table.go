package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// row is one bar of the table.
type row struct {
	Work   string  `json:"work"`
	Floor  string  `json:"floor"` // what it is held against, with its figure
	Ours   string  `json:"ours"`
	Ratio  float64 `json:"ratio"` // median of the rounds' ratios, or the figure itself
	Bar    float64 `json:"bar"`
	AtMost bool    `json:"at_most"`
	Unit   string  `json:"unit"` // of ratio and bar; "×" for a ratio
	Rounds int     `json:"rounds"`
	Note   string  `json:"note,omitempty"`
}

func (r row) met() bool {
	if r.AtMost {
		return r.Ratio <= r.Bar
	}
	return r.Ratio >= r.Bar // false for a NaN, as it should be
}

func (r row) cells() []string {
	sign, met := "≥", "yes"
	if r.AtMost {
		sign = "≤"
	}
	if !r.met() {
		met = "NO"
	}
	return []string{r.Work, r.Floor, r.Ours, fmt.Sprintf("%.3g %s", r.Ratio, r.Unit), fmt.Sprintf("%s %g %s", sign, r.Bar, r.Unit), met, r.Note}
}

// table collects rows and what must be known to read them.
type table struct {
	Setting []string `json:"setting"`
	Rows    []row    `json:"rows"`
	Missing []string `json:"missing,omitempty"` // stages that failed, with why
}

// add keeps a row and shows it at once: a later stage may fail.
func (t *table) add(rows ...row) {
	for _, r := range rows {
		t.Rows = append(t.Rows, r)
		fmt.Println("  " + strings.Join(r.cells(), " | "))
	}
}

func (t *table) markdown(w io.Writer) {
	for _, s := range t.Setting {
		_, _ = fmt.Fprintln(w, "* "+s)
	}
	_, _ = fmt.Fprint(w, "\n| Work | Floor or baseline | Ours | Ratio | Bar | Met | Note |\n|---|---|---|---|---|---|---|\n")
	for _, r := range t.Rows {
		_, _ = fmt.Fprintln(w, "| "+strings.Join(r.cells(), " | ")+" |")
	}
	for _, m := range t.Missing {
		_, _ = fmt.Fprintln(w, "\nNot measured: "+m)
	}
}

// save writes the table as bench.md and bench.json into a folder.
func (t *table) save(dir string) error {
	var text strings.Builder
	t.markdown(&text)
	if err := os.WriteFile(filepath.Join(dir, "bench.md"), []byte(text.String()), 0o644); err != nil {
		return err
	}
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bench.json"), data, 0o644)
}
