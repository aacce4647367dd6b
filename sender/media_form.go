package sender

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// format is a file format, told by how its files begin.
type format struct {
	name, mime string
	endings    []string // of file names; the first is the usual one
	begins     func([]byte) bool
}

func magic(words ...string) func([]byte) bool {
	return func(b []byte) bool {
		return slices.ContainsFunc(words, func(w string) bool { return bytes.HasPrefix(b, []byte(w)) })
	}
}

var (
	formatPNG  = format{"PNG", "image/png", []string{".png"}, magic("\x89PNG\r\n\x1a\n")}
	formatJPEG = format{"JPEG", "image/jpeg", []string{".jpg", ".jpeg"}, magic("\xff\xd8\xff")}
	formatGIF  = format{"GIF", "image/gif", []string{".gif"}, magic("GIF87a", "GIF89a")}
	formatBMP  = format{"BMP", "image/bmp", []string{".bmp"}, magic("BM")}
	formatAMR  = format{"AMR", "audio/amr", []string{".amr"}, magic("#!AMR")}
	formatMP3  = format{"MP3", "audio/mpeg", []string{".mp3"}, beginsMP3}
	formatWMA  = format{"WMA", "audio/x-ms-wma", []string{".wma"}, magic("\x30\x26\xb2\x75\x8e\x66\xcf\x11")}
	formatWAV  = format{"WAV", "audio/wav", []string{".wav"}, func(b []byte) bool { return magic("RIFF")(b) && bytes.HasPrefix(after(b, 8), []byte("WAVE")) }}
	formatMP4  = format{"MP4", "video/mp4", []string{".mp4"}, func(b []byte) bool { return bytes.HasPrefix(after(b, 4), []byte("ftyp")) }}
	formatAny  = format{"any", "application/octet-stream", nil, func([]byte) bool { return true }}
)

func after(b []byte, n int) []byte { return b[min(n, len(b)):] }

// beginsMP3: with tags, or with the first frame of layer III.
func beginsMP3(b []byte) bool {
	return magic("ID3")(b) || len(b) > 1 && b[0] == 0xff && b[1]&0xe6 == 0xe2
}

// mediaForm is what a vendor takes of a type.
type mediaForm struct {
	what    string // for people
	least   int64  // bytes
	most    int64  // bytes
	formats []format
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// mediaForms are the files that the vendors take, by kind of sender, how they keep them, and type:
// https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia,
// https://developers.weixin.qq.com/doc/service/api/material/permanent/api_addmaterial,
// https://developers.weixin.qq.com/doc/service/api/material/permanent/api_uploadimage,
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/kf-mgnt/kf-message/uploadTempMedia.html,
// https://developer.work.weixin.qq.com/document/path/90253, https://developer.work.weixin.qq.com/document/path/90256.
// That voice lasts at most a minute is left to them.
var mediaForms = map[string]map[Keep]map[string]mediaForm{
	OfficialAccount: {
		KeepDays: {
			"image": {"an image", 1, 10 * mib, []format{formatPNG, formatJPEG, formatGIF}},
			"voice": {"a voice", 1, 2 * mib, []format{formatAMR, formatMP3}},
			"video": {"a video", 1, 10 * mib, []format{formatMP4}},
			"thumb": {"a thumb", 1, 64 * kib, []format{formatJPEG}},
		},
		KeepGood: {
			"image": {"an image", 1, 10 * mib, []format{formatPNG, formatJPEG, formatGIF, formatBMP}},
			"voice": {"a voice", 1, 2 * mib, []format{formatMP3, formatWMA, formatWAV, formatAMR}},
			"video": {"a video", 1, 10 * mib, []format{formatMP4}},
			"thumb": {"a thumb", 1, 64 * kib, []format{formatJPEG}},
		},
		KeepURL: {"image": {"an image of an article's text", 1, mib, []format{formatJPEG, formatPNG}}},
	},
	MiniProgram: {
		KeepDays: {"image": {"an image", 1, 10 * mib, []format{formatPNG, formatJPEG, formatGIF}}},
	},
	WeCom: {
		KeepDays: {
			"image": {"an image", 6, 10 * mib, []format{formatJPEG, formatPNG}},
			"voice": {"a voice", 6, 2 * mib, []format{formatAMR}},
			"video": {"a video", 6, 10 * mib, []format{formatMP4}},
			"file":  {"a file", 6, 20 * mib, []format{formatAny}},
		},
		KeepURL: {"image": {"an image with an address", 6, 2 * mib, []format{formatJPEG, formatPNG}}},
	},
	groupMedia: {
		KeepDays: {
			"voice": {"a voice", 6, 2 * mib, []format{formatAMR}},
			"file":  {"a file", 6, 20 * mib, []format{formatAny}},
		},
	},
}

// MostMedia is the largest file that any vendor takes, in bytes.
const MostMedia = 20 * mib

func listed(types map[string]mediaForm) string {
	return strings.Join(slices.Sorted(maps.Keys(types)), ", ")
}

// open looks at the beginning of a file and gives it from there, held to its
// sizes.
func (f mediaForm) open(m Media) (*measured, format, error) {
	if m.Length-wechat.UploadSlack > f.most {
		return nil, format{}, &SizeError{f.what, f.most}
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(m.File, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, format{}, err
	}
	if head = head[:n]; int64(n) < f.least {
		return nil, format{}, &InputError{"media", fmt.Sprintf("has %d bytes: %s has at least %d", n, f.what, f.least)}
	}
	i := slices.IndexFunc(f.formats, func(k format) bool { return k.begins(head) })
	if i < 0 {
		return nil, format{}, &InputError{"media", fmt.Sprintf("must be a file of format %s to be %s: this one begins otherwise", names(f.formats), f.what)}
	}
	if err := checkFileName(m.Name, f.formats[i]); err != nil {
		return nil, format{}, err
	}
	return &measured{form: f, r: io.MultiReader(bytes.NewReader(head), m.File)}, f.formats[i], nil
}

func names(formats []format) string {
	var all []string
	for _, k := range formats {
		all = append(all, k.name)
	}
	return strings.Join(all, " or ")
}

// measured is a file that ends in an error as soon as it is too large.
type measured struct {
	form mediaForm
	r    io.Reader
	read atomic.Int64 // a transport may go on reading when the vendor has answered
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.read.Add(int64(n)) > m.form.most {
		return 0, &SizeError{m.form.what, m.form.most}
	}
	return n, err
}

// longestFileName in bytes; WeCom's own limit where it names one.
const longestFileName = 128

// checkFileName: what recipients see as the name of a file must be given.
func checkFileName(name string, f format) error {
	switch {
	case name == "" && f.endings == nil:
		return &InputError{"media", `has no file name: recipients see it, so give one, such as filename="rota.pdf"`}
	case len(name) > longestFileName:
		return &InputError{"media", fmt.Sprintf("has a file name of %d bytes: at most %d", len(name), longestFileName)}
	case !printable(name):
		return &InputError{"media", "must have a file name of UTF-8 without control characters"}
	}
	return nil
}

// rename gives a name the ending of the format, by which the vendor judges it.
// A file of any format keeps its name.
func (f format) rename(name string) string {
	if f.endings == nil || slices.Contains(f.endings, strings.ToLower(path.Ext(name))) {
		return name
	}
	return cmp.Or(name, "media") + f.endings[0]
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
