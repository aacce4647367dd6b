package audience

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"slices"
	"time"
)

// States of an import.
const (
	Importing   = "running"
	Imported    = "done"
	Stopped     = "stopped"     // something was wrong with the file as a whole; the rows before it are kept
	Interrupted = "interrupted" // whoever read it is gone; the rows it reports are kept
)

// Limits of what is kept of imports.
const (
	MostProblems = 10_000 // of one report; more are only counted
	importsKept  = 30 * 24 * time.Hour
	// silence is how long a running import may say nothing; a part takes a second or two.
	silence = 2 * time.Minute
)

// Import is the report of a file that was read: Rows = Good + Bad.
type Import struct {
	ID        int64
	Client    int64 // who sent it; 0 an administrator
	Name      string
	State     string
	Rows      int // read so far, without the first and empty ones
	Good, Bad int
	Problem   string // of the file as a whole
	CreatedAt time.Time
	UpdatedAt time.Time
	Age       time.Duration // since UpdatedAt, by the database's clock
}

// ImportStore keeps imports.
type ImportStore interface {
	// BeginImport makes the report.
	BeginImport(ctx context.Context, i Import) (Import, error)
	// AddPart writes the changes, adds what came of the part to the report, and
	// answers it, in one transaction. An identity that another user has makes its
	// row a bad one. At most MostProblems problems are kept.
	AddPart(ctx context.Context, id int64, p Part) (Import, error)
	// EndImport writes down the last state.
	EndImport(ctx context.Context, id int64, state, problem string) (Import, error)
	// Import reads a report; fs.ErrNotExist.
	Import(ctx context.Context, id int64) (Import, error)
	// Imports lists reports of a client (nil: of all) before an id, newest first.
	Imports(ctx context.Context, client *int64, before int64, limit int) ([]Import, error)
	// Problems lists problems in the order of rows, those after the first n.
	Problems(ctx context.Context, id int64, after, limit int) ([]Problem, error)
	// ForgetImports deletes up to limit reports older than age.
	ForgetImports(ctx context.Context, age time.Duration, limit int) (int, error)
}

// Upload is a file to import.
type Upload struct {
	File    io.ReaderAt
	Size    int64
	Name    string   // for people
	Sheet   string   // of an .xlsx; empty is the first
	Senders []string // that openids belong to where the row's bind_id names none; by default the writer's only one of the kind
	Client  int64
}

// ErrBusy says that this process reads as many files as it can bear.
var ErrBusy = errors.New("other files are being imported: try again in a minute")

// atOnce bounds the memory that imports take.
const atOnce = 2

// Import reads a spreadsheet and writes its good rows, a thousand in one
// transaction. It can be repeated: rows that were written before change
// nothing. What is wrong with the file as a whole is an *InputError as long as
// nothing was written, and stands in the report afterwards. Cancelling ctx stops
// it between two parts. ErrBusy: two are at work.
func (r *Room) Import(ctx context.Context, w Writer, u Upload) (Import, error) {
	if r.importing.Add(1) > atOnce {
		r.importing.Add(-1)
		return Import{}, ErrBusy
	}
	defer r.importing.Add(-1)
	t, err := openTable(u.File, u.Size, u.Sheet)
	if err != nil {
		return Import{}, err
	}
	i, err := r.read(ctx, w, u, t)
	return i, errors.Join(err, closeTable(t))
}

func (r *Room) read(ctx context.Context, w Writer, u Upload, t table) (Import, error) {
	first, err := t.next()
	if ended(err) {
		return Import{}, &InputError{"file", "is empty: its first row must name the columns"}
	}
	if err != nil {
		return Import{}, err
	}
	rows := &rows{room: r, w: w, seen: map[uint64]int{}, kinds: map[string]string{}}
	if rows.names, err = header(first); err != nil {
		return Import{}, err
	}
	if rows.first, err = r.defaults(ctx, w, u.Senders); err != nil {
		return Import{}, err
	}
	i, err := r.Store.BeginImport(ctx, Import{Client: u.Client, Name: cut(u.Name)})
	if err != nil {
		return i, err
	}
	if err = r.parts(ctx, i.ID, rows, t); err == nil {
		return r.Store.EndImport(ctx, i.ID, Imported, "")
	}
	if in, ok := errors.AsType[*InputError](err); ok {
		return r.Store.EndImport(ctx, i.ID, Stopped, in.Error())
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, lost := r.Store.EndImport(stopping, i.ID, Interrupted, "the service stopped, its caller left, or the database was away: send the file again")
	return i, errors.Join(err, lost)
}

// perPart is how many rows share a transaction.
const perPart = 1000

// parts reads to the end of the table, and writes each part while the next one
// is read. What was read before a fault of the file is written.
func (r *Room) parts(ctx context.Context, id int64, rows *rows, t table) error {
	reading, stop := context.WithCancelCause(ctx)
	parts, written := make(chan Part), make(chan struct{})
	go func() {
		defer close(written)
		for p := range parts {
			if _, err := r.Store.AddPart(ctx, id, p); err != nil {
				stop(err)
				return
			}
		}
	}()
	defer stop(nil)
	err := func() error {
		defer func() { close(parts); <-written }() // whatever becomes of the reading
		return rows.cut(reading, t, func(p Part) {
			select {
			case parts <- p:
			case <-reading.Done(): // the caller has left, or a part could not be written
			}
		})
	}()
	if lost := context.Cause(reading); lost != nil {
		return lost
	}
	return err
}

// cut reads to the end of the table, and gives the rows on in parts.
func (r *rows) cut(ctx context.Context, t table, give func(Part)) error {
	var p Part
	flush := func() {
		if len(p.Changes)+p.Bad > 0 {
			p.Problems = append(p.Problems, r.remarks(ctx, p)...)
			give(p)
		}
		p = Part{}
	}
	defer flush()
	for n := 0; ctx.Err() == nil; {
		l, err := t.next()
		switch {
		case ended(err):
			return nil
		case err != nil:
			return err
		case blank(l):
			continue
		}
		if n++; n > MostRows {
			return &InputError{"file", fmt.Sprintf("has more than %d rows: the first %d were read; send the rest in another file", MostRows, MostRows)}
		}
		c, problems, err := r.row(ctx, l)
		switch {
		case err != nil:
			return err
		case len(problems) > 0:
			p.Problems, p.Bad = append(p.Problems, problems...), p.Bad+1
		default:
			p.Changes, p.Rows = append(p.Changes, c), append(p.Rows, l.number)
		}
		if len(p.Changes)+p.Bad == perPart {
			flush()
		}
	}
	return ctx.Err()
}

func blank(l line) bool {
	return l.problem == "" && !slices.ContainsFunc(l.cells, func(c cell) bool { return c.problem != "" || plain(c.text) != "" })
}

// defaults finds for each kind the sender that openids belong to where a row
// says nothing: the one that is named, else the writer's only one.
func (r *Room) defaults(ctx context.Context, w Writer, named []string) (map[string]string, error) {
	first := map[string]string{}
	for _, code := range named {
		kind, err := r.Kind(ctx, code)
		if err != nil {
			return nil, err
		}
		if fields[kind].binds != "sender" || !w.All && !slices.Contains(w.Senders, code) {
			return nil, &InputError{"sender", fmt.Sprintf("%q is not the code of an Official Account, Mini Program or app that is granted to you", cut(code))}
		}
		if first[kind] != "" {
			return nil, &InputError{"sender", "names two senders of kind " + kind + ": name one, and write the other into the rows' bind_id"}
		}
		first[kind] = code
	}
	for _, kind := range []string{"wechatoa", "wechatmp", "wechatapp"} {
		if first[kind] != "" {
			continue
		}
		codes, err := r.granted(ctx, w, kind)
		if err != nil {
			return nil, err
		}
		if len(codes) == 1 {
			first[kind] = codes[0]
		}
	}
	return first, nil
}

// granted lists the writer's senders of a kind.
func (r *Room) granted(ctx context.Context, w Writer, kind string) ([]string, error) {
	codes, err := r.Codes(ctx, kind)
	if err != nil || w.All {
		return codes, err
	}
	return slices.DeleteFunc(codes, func(code string) bool { return !slices.Contains(w.Senders, code) }), nil
}

var seed = maphash.MakeSeed()

// hash stands for a userid and bind_id: 200,000 of them would be large, and two
// that are mistaken for each other are a matter of one file in a billion.
func hash(userid, bind string) uint64 { return maphash.String(seed, userid+"\x00"+bind) }

// Report reads the report of an import that reader may see: its own, or as an
// administrator (reader nil) any. fs.ErrNotExist.
func (r *Room) Report(ctx context.Context, reader *int64, id int64) (Import, error) {
	i, err := r.Store.Import(ctx, id)
	if err == nil && reader != nil && i.Client != *reader {
		return Import{}, fs.ErrNotExist
	}
	return i.seen(), err
}

// Reports lists reports, the newest first, those before an id (0: all).
func (r *Room) Reports(ctx context.Context, reader *int64, before int64, limit int) ([]Import, error) {
	all, err := r.Store.Imports(ctx, reader, before, limit)
	for n := range all {
		all[n] = all[n].seen()
	}
	return all, err
}

// Problems lists why rows of an import were not taken, in the order of rows,
// those after the first n. Ask Report first whether the reader may know.
func (r *Room) Problems(ctx context.Context, id int64, after, limit int) ([]Problem, error) {
	return r.Store.Problems(ctx, id, after, limit)
}

// ForgetImports deletes reports of 30 days ago, up to a hundred, and answers how
// many.
func (r *Room) ForgetImports(ctx context.Context) (int, error) {
	return r.Store.ForgetImports(ctx, importsKept, 100)
}

// seen knows an import whose process died by its silence.
func (i Import) seen() Import {
	if i.State == Importing && i.Age > silence {
		i.State, i.Problem = Interrupted, "the service ended while it read the file: send it again"
	}
	return i
}
