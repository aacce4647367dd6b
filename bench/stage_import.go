package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

// importRows is the most that one file may hold.
const importRows = 200_000

// importing measures the import of a .csv of users over HTTP, against bare
// multi-row inserts of the same rows into empty tables of the same kind, a
// thousand in one transaction, and the memory of the program meanwhile.
func (b *bench) importing() error {
	db, err := b.database()
	if err != nil {
		return err
	}
	h, err := b.open(db, "import", lean, 0)
	if err != nil {
		return err
	}
	defer h.stop()
	if err := h.administer(b); err != nil {
		return err
	}
	if err := h.call("POST", "/v1/senders", `{"code": "shop", "kind": "wechatoa", "name": "Shop", "credentials": "component"}`, nil); err != nil {
		return err
	}
	stop := b.watch("import", h.pids()...)
	defer stop()
	var ours, floors []float64
	for range b.rounds {
		floor, err := h.insertBare()
		if err != nil {
			return err
		}
		took, err := h.importCSV()
		if err != nil {
			return err
		}
		ours, floors = append(ours, importRows/took.Seconds()), append(floors, importRows/floor.Seconds())
	}
	b.table.add(row{Work: fmt.Sprintf("import of a .csv of %d users, each with openid, phone and a tag", importRows), Floor: fmt.Sprintf("bare multi-row inserts: %.0f/s", median(floors)),
		Ours: fmt.Sprintf("%.0f/s", median(ours)), Ratio: median(ratios(ours, floors)), Bar: 0.5, Unit: "×", Rounds: b.rounds,
		Note: "empty tables on both sides; each row parsed, checked, held against those that exist, and reported"})
	return b.peak("  memory at its peak while importing", h, 150)
}

// empty forgets all users.
func (h *house) empty() error {
	for _, table := range []string{"user_value", "user"} {
		if _, err := h.db.admin.Exec("TRUNCATE TABLE " + h.name() + "." + table); err != nil {
			return err
		}
	}
	return nil
}

// insertBare writes the rows past the program.
func (h *house) insertBare() (time.Duration, error) {
	if err := h.empty(); err != nil {
		return 0, err
	}
	const part = 1000
	begin := time.Now()
	for first := 0; first < importRows; first += part {
		if err := h.insertPart(first, part); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), nil
}

func (h *house) insertPart(first, n int) error {
	var users, values strings.Builder
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&users, ",(%d,'u-%07d',1,1)", i+1, i)
		fmt.Fprintf(&values, ",(%d,'wechatoa','shop','oBench%022d'),(%d,'phone','all','138%08d'),(%d,'tag','all','vip')", i+1, i, i+1, i, i+1)
	}
	t, err := h.db.admin.Begin()
	if err != nil {
		return err
	}
	for _, q := range []string{
		"INSERT INTO " + h.name() + ".user (id, userid, created_at, updated_at) VALUES " + users.String()[1:],
		"INSERT INTO " + h.name() + ".user_value (user_id, kind, bind_id, value) VALUES " + values.String()[1:],
	} {
		if _, err := t.Exec(q); err != nil {
			_ = t.Rollback()
			return err
		}
	}
	return t.Commit()
}

// importCSV sends the file and wants every row taken.
func (h *house) importCSV() (time.Duration, error) {
	if err := h.empty(); err != nil {
		return 0, err
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	file, err := w.CreateFormFile("file", "users.csv")
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(file, "userid,wechatoa_openid,phone,tags")
	for i := range importRows {
		fmt.Fprintf(file, "u-%07d,oBench%022d,138%08d,vip\n", i, i, i)
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	q, err := http.NewRequest("POST", "http://"+h.addr.String()+"/v1/users/import", &body)
	if err != nil {
		return 0, err
	}
	q.Header.Set("Content-Type", w.FormDataContentType())
	q.Header.Set("Authorization", "Bearer "+h.admin)
	begin := time.Now()
	res, err := (&http.Client{Timeout: 10 * time.Minute}).Do(q)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	var report struct {
		Good    int    `json:"good"`
		Message string `json:"message"`
	}
	if err := json.NewDecoder(res.Body).Decode(&report); err != nil || report.Good != importRows {
		return 0, fmt.Errorf("%s: %d of %d rows were taken: %s %w", res.Status, report.Good, importRows, report.Message, err)
	}
	return time.Since(begin), nil
}
