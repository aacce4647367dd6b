package audience

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Workbooks are read here rather than by a library: those read a formula's
// remembered result as if somebody had typed it, take XML that breaks off for
// the end of the sheet, or hold all texts as trees. The format is ECMA-376
// (https://ecma-international.org/publications-and-standards/standards/ecma-376/).

// Limits of an .xlsx, which is a zip of XML files. 200,000 rows of six columns
// are some 100 MB, packed 1:10.
const (
	mostUnzipped = 256 << 20
	mostRatio    = 200
	mostParts    = 1000
	mostSheets   = 50
)

type workbook struct{ parts map[string]*zip.File }

func notXLSX(what string) *InputError {
	return &InputError{"file", "is not a good .xlsx: " + what + "; open it in a spreadsheet program and save it again"}
}

func openWorkbook(file io.ReaderAt, size int64, sheet string) (*sheetTable, error) {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, notXLSX("the zip archive is broken")
	}
	if err := checkZip(z, size); err != nil {
		return nil, err
	}
	w := workbook{parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		w.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	return w.sheet(sheet)
}

// checkZip looks at what the archive says of itself; that a part is longer than
// it says is an error of reading it.
func checkZip(z *zip.Reader, size int64) error {
	if len(z.File) > mostParts {
		return &InputError{"file", fmt.Sprintf("has %d parts: at most %d; save the one sheet as a workbook of its own", len(z.File), mostParts)}
	}
	var whole uint64
	for _, f := range z.File {
		whole += min(f.UncompressedSize64, mostUnzipped+1)
		if whole > mostUnzipped {
			return &InputError{"file", fmt.Sprintf("is more than %d bytes when unzipped: split it", mostUnzipped)}
		}
	}
	if whole > 1<<20 && whole/uint64(size) > mostRatio {
		return &InputError{"file", fmt.Sprintf("grows more than %d times when unzipped, as no spreadsheet does: save it again", mostRatio)}
	}
	return nil
}

// sheet finds the sheet with the name, or the first.
func (w workbook) sheet(name string) (*sheetTable, error) {
	book := w.main()
	var index struct {
		Sheets []struct {
			Name string     `xml:"name,attr"`
			All  []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := w.read(book, &index); err != nil {
		return nil, err
	}
	if len(index.Sheets) == 0 || len(index.Sheets) > mostSheets {
		return nil, &InputError{"file", fmt.Sprintf("has %d sheets: 1 to %d", len(index.Sheets), mostSheets)}
	}
	links, texts, err := w.links(book)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range index.Sheets {
		if names = append(names, s.Name); name != "" && s.Name != name {
			continue
		}
		for _, a := range s.All {
			if a.Name.Local == "id" {
				return w.open(links[a.Value], texts)
			}
		}
		return nil, notXLSX("its sheet has no content")
	}
	return nil, &InputError{"sheet", fmt.Sprintf("%q is not in the file: it has %s", name, strings.Join(names, ", "))}
}

func (w workbook) open(sheet, texts string) (*sheetTable, error) {
	part := w.parts[sheet]
	if part == nil {
		return nil, notXLSX("its sheet is missing")
	}
	shared, err := w.shared(texts)
	if err != nil {
		return nil, err
	}
	r, err := part.Open()
	if err != nil {
		return nil, notXLSX("its sheet is packed in a way that is not known")
	}
	return newSheetTable(r, shared), nil
}

type relationships struct {
	All []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// main is the part that lists the sheets.
func (w workbook) main() string {
	var r relationships
	if w.read("_rels/.rels", &r) == nil {
		for _, l := range r.All {
			if strings.HasSuffix(l.Type, "/officeDocument") {
				return strings.TrimPrefix(l.Target, "/")
			}
		}
	}
	return "xl/workbook.xml"
}

// links gives the part that each id of the workbook names, and the one with the
// texts that cells share, "" if there is none.
func (w workbook) links(book string) (parts map[string]string, texts string, err error) {
	dir, file := path.Split(book)
	var r relationships
	if err := w.read(dir+"_rels/"+file+".rels", &r); err != nil {
		return nil, "", err
	}
	parts = make(map[string]string, len(r.All))
	for _, l := range r.All {
		target := l.Target
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		parts[l.ID] = strings.TrimPrefix(target, "/")
		if strings.HasSuffix(l.Type, "/sharedStrings") {
			texts = parts[l.ID]
		}
	}
	return parts, texts, nil
}

// read decodes a small part.
func (w workbook) read(name string, into any) error {
	const most = 1 << 20
	part := w.parts[name]
	if part == nil {
		return notXLSX("its part " + name + " is missing")
	}
	if part.UncompressedSize64 > most {
		return notXLSX("its part " + name + " is far too large")
	}
	r, err := part.Open()
	if err != nil {
		return notXLSX("its part " + name + " cannot be unpacked")
	}
	err = xml.NewDecoder(r).Decode(into)
	if errors.Join(err, r.Close()) != nil {
		return notXLSX("its part " + name + " cannot be read")
	}
	return nil
}
