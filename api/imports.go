package api

import (
	"encoding/csv"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"time"

	"wechattpp/audience"
)

// importBody leaves room for the form around the largest file.
const importBody = audience.MostBytes + 64<<10

// importAnswer is the report of an import.
type importAnswer struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	State     string          `json:"state"`
	Rows      int             `json:"rows"`
	Good      int             `json:"good"`
	Bad       int             `json:"bad"`
	Problem   string          `json:"problem,omitempty"`
	Problems  []problemAnswer `json:"problems"`
	Next      string          `json:"next_cursor"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
}

type problemAnswer struct {
	Row    int    `json:"row"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Taken  bool   `json:"taken,omitempty"` // the row was written all the same
}

// importUsers reads a spreadsheet as it comes. It has no time limit of its own,
// as 200,000 rows take longer than a call may; what hangs is cut off.
func (s *server) importUsers(c *call) error {
	const patient = 10 * time.Minute
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(patient)) // a recorder in a test has none
	u, done, err := c.upload()
	if done != nil {
		defer done()
	}
	if err != nil {
		return err
	}
	report, err := s.Audience.Import(c.ctx(), c.writer(), u)
	if errors.Is(err, audience.ErrBusy) {
		return busy(time.Minute)
	}
	if err != nil {
		return err
	}
	c.target("import/" + strconv.FormatInt(report.ID, 10))
	c.note("good", report.Good)
	c.note("bad", report.Bad)
	return s.importReply(c, report)
}

// upload reads the form into a file that done removes.
func (c *call) upload() (u audience.Upload, done func(), err error) {
	form, err := c.Request.MultipartReader()
	if err != nil {
		return u, nil, refuse(http.StatusBadRequest, codeInvalid, `the body must be multipart/form-data with the part "file", an .xlsx or .csv`)
	}
	u.Client = c.who.ClientID
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, done, brokenForm(err)
		}
		if part.FormName() == "file" {
			if u.File != nil {
				return u, done, invalid("file", "is given twice: send one file")
			}
			file, size, err := spool(part)
			if file != nil {
				done = func() { _, _ = file.Close(), os.Remove(file.Name()) }
			}
			if err != nil {
				return u, done, err
			}
			u.File, u.Size, u.Name = file, size, part.FileName()
			continue
		}
		if err := formField(&u, part); err != nil {
			return u, done, err
		}
	}
	if u.File == nil {
		return u, done, invalid("file", "is missing: send an .xlsx or .csv as this part of the form")
	}
	return u, done, nil
}

func formField(u *audience.Upload, part *multipart.Part) error {
	const most = 256
	name := part.FormName()
	text, err := formText(part, most)
	switch {
	case err != nil:
		return err
	case name == "sheet":
		u.Sheet = text
	case name == "sender" && len(u.Senders) < 3:
		u.Senders = append(u.Senders, text)
	case name == "sender":
		return invalid("sender", "is given more than three times: one for each kind")
	default:
		return invalid(strconv.Quote(name[:min(len(name), 64)]), "is no part of this form: use file, sender, sheet")
	}
	return nil
}

// spool keeps a part on disk: a workbook's parts are read in another order than
// they come.
func spool(part io.Reader) (*os.File, int64, error) {
	file, err := os.CreateTemp("", "wechattpp-import-*")
	if err != nil {
		return nil, 0, err
	}
	n, err := io.Copy(file, part)
	if err != nil {
		return file, n, brokenForm(err)
	}
	return file, n, nil
}

// readImport answers a report, with a page of its problems or all as CSV.
func (s *server) readImport(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	report, err := s.Audience.Report(c.ctx(), c.importer(), id)
	if err != nil {
		return err
	}
	if csv, err := c.csv(); err != nil {
		return err
	} else if csv {
		return s.problemsCSV(c, report.ID)
	}
	return s.importReply(c, report)
}

// importReply shows the report with its first problems, or those after cursor.
func (s *server) importReply(c *call, i audience.Import) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := p.number()
	if err != nil {
		return err
	}
	problems, err := s.Audience.Problems(c.ctx(), i.ID, int(after), p.limit+1)
	if err != nil {
		return err
	}
	page := listByID(problems, p.limit, func(audience.Problem) int64 { return after + int64(p.limit) }, func(x audience.Problem) problemAnswer {
		return problemAnswer{x.Row, x.Field, x.Text, x.Taken}
	})
	a := showImport(i)
	a.Problems, a.Next = page.Items, page.Next
	return c.reply(http.StatusOK, a)
}

func showImport(i audience.Import) importAnswer {
	return importAnswer{ID: strconv.FormatInt(i.ID, 10), Name: i.Name, State: i.State, Rows: i.Rows, Good: i.Good, Bad: i.Bad, Problem: i.Problem,
		Problems: []problemAnswer{}, CreatedAt: i.CreatedAt.UTC(), UpdatedAt: i.UpdatedAt.UTC()}
}

func (s *server) problemsCSV(c *call, id int64) error {
	const part = 1000
	var w *csv.Writer
	for after := 0; ; after += part {
		problems, err := s.Audience.Problems(c.ctx(), id, after, part)
		if err != nil {
			return err
		}
		if after == 0 {
			w = c.table("import-"+strconv.FormatInt(id, 10)+".csv", "row", "field", "reason")
		}
		for _, p := range problems {
			_ = w.Write([]string{strconv.Itoa(p.Row), p.Field, audience.SafeCell(p.Text)})
		}
		if w.Flush(); w.Error() != nil || len(problems) < part {
			return w.Error()
		}
	}
}

// listImports lists the caller's reports, an administrator all, without their
// problems.
func (s *server) listImports(c *call) error {
	return pageByID(c, func(before int64, limit int) ([]audience.Import, error) {
		return s.Audience.Reports(c.ctx(), c.importer(), before, limit)
	}, func(i audience.Import) int64 { return i.ID }, showImport)
}

// importer is whose reports the caller sees; nil: everyone's.
func (c *call) importer() *int64 {
	if c.who.ClientID == 0 && c.who.Admin() {
		return nil
	}
	return &c.who.ClientID
}
