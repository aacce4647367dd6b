package audience_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"wechattpp/audience"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

func upload(file []byte) audience.Upload {
	return audience.Upload{File: bytes.NewReader(file), Size: int64(len(file)), Name: "users"}
}

// xlsx is a workbook with one sheet, as a library writes it.
func xlsx(t testing.TB, rows [][]any, change ...func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range change {
		c(f)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// told is the report in short: what it counted, then its problems.
func told(t *testing.T, r *audience.Room, i audience.Import) string {
	t.Helper()
	all, err := r.Problems(context.Background(), i.ID, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s %d+%d", i.State, i.Good, i.Bad)
	for _, p := range all {
		text += fmt.Sprintf("\n%d %s %s", p.Row, p.Field, p.Text)
	}
	return text + i.Problem
}

func TestSpreadsheetsAreImportedInEveryForm(t *testing.T) {
	t.Parallel()
	const head, row = "userid,wechatoa_openid,tags", "\nu-1,oA1,vip；贵宾"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(head + row)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string][]byte{
		"CSV":                        []byte(head + row),
		"CSV with a byte order mark": []byte("\xEF\xBB\xBF" + head + row + "\n"),
		"CSV in GB18030":             []byte(gb),
		"CSV of Windows":             []byte(head + "\r\nu-1,oA1,vip；贵宾\r\n\r\n"),
		"CSV with semicolons":        []byte("userid;wechatoa_openid;tags\nu-1;oA1;vip,贵宾"),
		"CSV with quotes":            []byte("\"userid\",\"wechatoa_openid\",\"tags\"\n\"u-1\",\"oA1\",\"vip,贵宾\""),
		"tabs":                       []byte("userid\twechatoa_openid\ttags\nu-1\toA1\tvip,贵宾"),
		"an export":                  []byte("userid,bind_id,wechatoa_openid,wechatmp_openid,wechatwk_userid,phone,email,tags\nu-1,all,,,,,,\"vip,贵宾\"\nu-1,oaShop,oA1,,,,,"),
		"XLSX":                       xlsx(t, [][]any{{"userid", "wechatoa_openid", "tags"}, {"u-1", "oA1", "vip,贵宾"}}),
		"XLSX with an empty row":     xlsx(t, [][]any{{"UserID ", "wechatoa_openid", "tags"}, {}, {"u-1", " oA1", "vip,贵宾"}}),
	}
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		for name, file := range forms {
			t.Run(name, func(t *testing.T) {
				for range 2 { // the second time changes nothing
					i, err := r.Import(context.Background(), channel, upload(file))
					if err != nil || i.State != audience.Imported || i.Bad > 0 {
						t.Fatalf("%v %s", err, told(t, r, i))
					}
					if got := known(t, r, "u-1"); got != "tag/all=vip tag/all=贵宾 wechatoa/oaShop=oA1" {
						t.Errorf("known: %s", got)
					}
				}
				if _, err := r.Delete(context.Background(), []string{"u-1"}); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

func TestBadRowsAreToldAndGoodOnesKept(t *testing.T) {
	t.Parallel()
	file := `userid,bind_id,wechatoa_openid,wechatwk_userid,phone,tags
good-1,,oA1,li.na,13800000000,vip
bad id,,oA2,,,
good-1,,oA3,,,
u-3,,oA1,,,
u-4,oaOther,oA4,,,
u-5,mpShop,oA5,,,vip
u-6,,o/6,,,x y
,,oA7,,,
u-8,,o,,1,` + strings.Repeat("x", 41) + `
u-9,,oA9,,,,extra
u-10,7d00examplechannelkey00,oA10,,1380000,vip
u-11,,bo"m,,,
@good-2,,oA12,,,
u-13,,oOLD,,,`
	const want = `done 4+10
3 userid has illegal characters: use letters, digits, - and _@!#$&*+=.|￥
4 userid stands in row 2 already: keep one of them
5 wechatoa_openid is bound to the userid good-1 already: remove it there first
6 bind_id must be empty, "all", your ChannelKey, or the code of a sender that is granted to you
8 wechatoa_openid must be an id of the platform: 1 to 128 ASCII letters, digits, - and _
8 tags has a tag with illegal characters: use Chinese and English letters, digits and _@!#$&*+=.|￥
9 userid has 0 characters: 1 to 64
10 tags has a tag of 41 bytes: 1 to 40
11  has a value ("extra") in column 7, which has no name in the first row
13  cannot be read: bare " in non-quoted-field (write "" for a quote inside quotes)
15 wechatoa_openid is bound to the userid earlier already: remove it there first`
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		opt(t, r, channel, `[{"userid":"earlier","set":{"oaShop":"oOLD"}}]`)
		i, err := r.Import(context.Background(), channel, upload([]byte(file)))
		if err != nil {
			t.Fatal(err)
		}
		if got := told(t, r, i); got != want {
			t.Errorf("told:\n%s\nwant:\n%s", got, want)
		}
		for userid, want := range map[string]string{
			"good-1":  "phone/all=13800000000 tag/all=vip wechatoa/oaShop=oA1 wechatwk/all=li.na",
			"u-5":     "tag/all=vip wechatoa/oaShop=oA5",
			"u-10":    "phone/" + key + "=1380000 tag/" + key + "=vip wechatoa/oaShop=oA10",
			"@good-2": "wechatoa/oaShop=oA12",
			"u-3":     "",
		} {
			if got := known(t, r, userid); got != want {
				t.Errorf("%s: %s, want %s", userid, got, want)
			}
		}
		if _, err := r.Report(context.Background(), ptr(int64(77)), i.ID); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("another client reads the report: %v", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

// The file is as JUMS's console gives it: columns of its other senders, too.
func TestAFileOfJUMSIsImportedAndExportedWhole(t *testing.T) {
	t.Parallel()
	const file = `userid,bind_id,wechatoa_openid,wechatwk_userid,wechatwk_linkedcorp_userid,phone,app_regid,alipaylife_userid,dingtalk_userid,tags
u-1,,,li.na,"ww1/li,ww2/na",13800000000,,,d-1,vip
u-1,app123,,,,,"r1,r2",,,
u-1,ali1,,,,,,a-1,,
u-1,oaShop,oA1,,,,,,,`
	const want = "alipaylife/ali1=a-1 app/app123=r1 app/app123=r2 dingtalkcc/all=d-1 phone/all=13800000000 tag/all=vip wechatoa/oaShop=oA1 wechatwk/all=li.na wechatwk_linkedcorp/all=ww1/li wechatwk_linkedcorp/all=ww2/na"
	admin := audience.Writer{All: true}
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, r := context.Background(), newRoom(db)
		table := []byte(file)
		for _, of := range []string{"JUMS", "an export"} {
			i, err := r.Import(ctx, admin, upload(table))
			if err != nil || i.Good != 4 || i.Bad != 0 {
				t.Fatalf("the file of %s: %+v, %v", of, i, err)
			}
			if got := known(t, r, "u-1"); got != want {
				t.Errorf("the file of %s\nknown: %s\nwant:  %s", of, got, want)
			}
			var export bytes.Buffer
			if err := r.Export(ctx, &export, admin, audience.Filter{}, nil); err != nil {
				t.Fatal(err)
			}
			table = export.Bytes()
			if _, err := r.Delete(ctx, []string{"u-1"}); err != nil {
				t.Fatal(err)
			}
		}
		i, err := r.Import(ctx, channel, upload([]byte("userid,bind_id,app_regid\nu-2,app123,r1\n")))
		if err != nil || i.Bad != 1 {
			t.Errorf("a client wrote under a sender that is not its own: %+v, %v", i, err)
		}
	})
}

func TestAQuoteThatIsNotClosedIsToldByTheRowItBeginsIn(t *testing.T) {
	t.Parallel()
	r := newRoom(sqltest.Open(t, sqltest.Source(t, "sqlite")))
	i, err := r.Import(context.Background(), channel, upload([]byte("userid,tags\nu-1,a\nu-2,\"b\nu-3,c\n")))
	if err != nil {
		t.Fatal(err)
	}
	problems, err := r.Problems(context.Background(), i.ID, 0, 10)
	if err != nil || i.Good != 1 || len(problems) != 1 || problems[0].Row != 3 {
		t.Errorf("%+v %+v %v", i, problems, err)
	}
}

func TestCellsOfAWorkbookThatAreNoValues(t *testing.T) {
	t.Parallel()
	file := xlsx(t, [][]any{{"userid", "wechatoa_openid", "phone"}, {"u-1", "", ""}, {"u-2", "oA2", 13800000000}, {20260601, "oA3", 1.5}, {1234567890123456, "oA4", ""}, {"u-5", "oA5", "#N/A"}},
		func(f *excelize.File) {
			if err := f.SetCellFormula("Sheet1", "B2", `"oA"&"1"`); err != nil {
				t.Fatal(err)
			}
		})
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	r := newRoom(db)
	i, err := r.Import(context.Background(), channel, upload(file))
	if err != nil {
		t.Fatal(err)
	}
	got := told(t, r, i)
	for _, want := range []string{"done 3+2", "\n2 wechatoa_openid holds a formula", "\n5 userid is a number of more than 15 digits"} {
		if !strings.Contains(got, want) {
			t.Errorf("told %s, want %q", got, want)
		}
	}
	if got := known(t, r, "u-2"); got != "phone/all=13800000000 wechatoa/oaShop=oA2" {
		t.Error(got)
	}
	if got := known(t, r, "20260601"); got != "phone/all=1.5 wechatoa/oaShop=oA3" {
		t.Error(got)
	}
}

// zipped is a zip of the given parts.
func zipped(t testing.TB, parts map[string]io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, from := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// book is the least workbook, around the XML of a sheet.
func book(sheet string) map[string]io.Reader {
	return map[string]io.Reader{
		"xl/workbook.xml":            strings.NewReader(`<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`),
		"xl/_rels/workbook.xml.rels": strings.NewReader(`<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`),
		"xl/worksheets/sheet1.xml":   strings.NewReader(sheet),
	}
}

func sheet(rows string) string { return `<worksheet><sheetData>` + rows + `</sheetData></worksheet>` }

const headRow = `<row r="1"><c r="A1" t="inlineStr"><is><t>userid</t></is></c></row>`

func TestFilesThatAreNoneAreRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	good := xlsx(t, [][]any{{"userid"}, {"u-1"}})
	bomb := book(sheet(headRow))
	bomb["xl/worksheets/other.xml"] = io.LimitReader(zeros{}, 200<<20)
	huge := book(sheet(headRow))
	huge["xl/worksheets/other.xml"] = io.LimitReader(zeros{}, 300<<20)
	many := book(sheet(headRow))
	for i := range 1000 {
		many[fmt.Sprintf("p%d", i)] = strings.NewReader("")
	}
	sheets := book(sheet(headRow))
	sheets["xl/workbook.xml"] = strings.NewReader(`<workbook xmlns:r="r"><sheets>` + strings.Repeat(`<sheet name="S" r:id="rId1"/>`, 51) + `</sheets></workbook>`)
	cases := map[string]struct {
		file  []byte
		sheet string
		want  string
	}{
		"an empty file":             {nil, "", "file is empty"},
		"a picture":                 {[]byte("\x89PNG\r\n\x1a\n\x00\x00"), "", "neither an .xlsx nor a .csv"},
		"an old workbook":           {[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "", "old .xls"},
		"a cut workbook":            {good[:len(good)/2], "", "zip archive is broken"},
		"a zip of something":        {zipped(t, map[string]io.Reader{"a.txt": strings.NewReader("a")}), "", "not a good .xlsx"},
		"a zip bomb":                {zipped(t, bomb), "", "grows more than 200 times"},
		"a larger zip bomb":         {zipped(t, huge), "", "more than 268435456 bytes"},
		"a thousand parts":          {zipped(t, many), "", "at most 1000"},
		"51 sheets":                 {zipped(t, sheets), "", "51 sheets"},
		"a sheet that is not there": {good, "Users", `"Users" is not in the file: it has Sheet1`},
		"a sheet of a CSV":          {[]byte("userid\nu"), "Users", "leave it out"},
		"an empty sheet":            {xlsx(t, nil), "", "is empty"},
		"no column userid":          {[]byte("wechatoa_openid\no1"), "", "no column userid"},
		"an unknown column":         {[]byte("userid,nick\nu,x"), "", `column "nick"`},
		"a column twice":            {[]byte("userid,tags,Tags\nu,x,y"), "", "tags twice"},
		"only a byte order mark":    {[]byte("\xEF\xBB\xBF"), "", "is empty"},
		"a quote that never ends":   {[]byte("userid\n\"" + strings.Repeat("x\n", 200<<10)), "", "quote that is not closed"},
		"a formula as a name":       {zipped(t, book(sheet(`<row r="1"><c r="A1"><f>1</f></c></row>`))), "", "holds a formula"},
		"rows in disorder":          {zipped(t, book(sheet(`<row r="7"></row>`+headRow))), "", "rows are not in order"},
	}
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	r := newRoom(db)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := upload(c.file)
			u.Sheet = c.sheet
			i, err := r.Import(context.Background(), channel, u)
			var in *audience.InputError
			if text := fmt.Sprint(err, i.Problem); !strings.Contains(text, c.want) || i.ID == 0 && !errors.As(err, &in) {
				t.Errorf("%v, %+v: want %q", err, i, c.want)
			}
		})
	}
}

func TestWhatBreaksOffKeepsTheRowsBefore(t *testing.T) {
	t.Parallel()
	rows := headRow + `<row r="2"><c r="A2" t="inlineStr"><is><t>u-2</t></is></c></row>`
	for name, c := range map[string]struct{ xml, want string }{
		"the XML":         {`<worksheet><sheetData>` + rows + `<row r="3"><c r="A3"`, "stopped 1+0file is not a good .xlsx: its XML is broken"},
		"a missing text":  {sheet(rows + `<row r="3"><c r="A3" t="s"><v>4</v></c></row>`), "names a text that is not there"},
		"a cell too long": {sheet(rows + `<row r="3"><c r="A3" t="inlineStr"><is><t>` + strings.Repeat("x", 2<<20) + `</t></is></c></row>`), "longer than a cell can be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
			r := newRoom(db)
			parts := book(c.xml)
			parts["padding"] = io.LimitReader(padding{}, 1<<20) // a long cell is no bomb
			i, err := r.Import(context.Background(), channel, upload(zipped(t, parts)))
			if err != nil || !strings.Contains(told(t, r, i), c.want) {
				t.Errorf("%v %s", err, told(t, r, i))
			}
			if _, err := r.User(context.Background(), channel, "u-2"); err != nil {
				t.Errorf("the row before: %v", err)
			}
		})
	}
}
