package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wechattpp/access"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/wechat"
)

// gallery is the API in front of a simulated WeChat and WeCom, with a sender of each kind.
type gallery struct {
	*house
	sim     *simulator.Simulator
	vendor  *httptest.Server
	jwt     string
	tokens  atomic.Int64                     // times that a token was asked for anew
	between atomic.Pointer[http.HandlerFunc] // instead of the vendor
}

// minted asks the vendor for a token as often as it is asked to.
type minted struct {
	g     *gallery
	path  string
	token atomic.Pointer[string]
}

func (m *minted) Token(ctx context.Context) (string, error) {
	if t := m.token.Load(); t != nil {
		return *t, nil
	}
	return m.Replace(ctx, "")
}

func (m *minted) Replace(context.Context, string) (string, error) {
	m.g.tokens.Add(1)
	res, err := http.Get(m.g.vendor.URL + m.path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var out struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(res.Body).Decode(&out)
	m.token.Store(&out.Token)
	return out.Token, err
}

func newGallery(t *testing.T) *gallery {
	t.Helper()
	g := &gallery{}
	g.sim = simulator.New(simulator.Config{ComponentAppID: "wxc0ffee0000000001", ComponentSecret: "s"})
	accounts := simulator.SampleWorld()
	for i := range accounts {
		accounts[i].Secret = "0123456789abcdef"
	}
	corp := simulator.Corp{CorpID: "ww00000000000000aa", Agents: []simulator.Agent{{AgentID: 7, Secret: "0123456789abcdef"}}}
	if err := g.sim.AddAccount(accounts...); err != nil {
		t.Fatal(err)
	}
	if err := g.sim.AddCorp(corp); err != nil {
		t.Fatal(err)
	}
	g.vendor = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := g.between.Load(); f != nil && strings.Contains(r.URL.Path, "media") {
			(*f)(w, r)
			return
		}
		g.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(g.vendor.Close)
	sources := map[string]*minted{
		"oa": {g: g, path: "/cgi-bin/token?grant_type=client_credential&secret=0123456789abcdef&appid=" + accounts[0].AppID},
		"mp": {g: g, path: "/cgi-bin/token?grant_type=client_credential&secret=0123456789abcdef&appid=" + accounts[2].AppID},
		"wk": {g: g, path: simulator.WeComPath + "/cgi-bin/gettoken?corpsecret=0123456789abcdef&corpid=" + corp.CorpID},
	}
	g.house = newHouse(t, func(cfg *Config, db *sql.DB) {
		cfg.Senders = &sender.Room{Store: db.Sender("wxcomponent"), API: wechat.API{Base: g.vendor.URL, WeComBase: g.vendor.URL + simulator.WeComPath},
			Tokens: func(s sender.Sender) wechat.TokenSource { return sources[s.Code] },
			Account: func(context.Context, string) (sender.Status, error) {
				return sender.Status{Authorized: true, Sets: []int{7}}, nil
			}}
		for _, s := range []sender.Sender{
			{Code: "oa", Kind: "wechatoa", Credentials: "secret", AppID: accounts[0].AppID, Secrets: sender.Secrets{AppSecret: "0123456789abcdef"}},
			{Code: "mp", Kind: "wechatmp", Credentials: "secret", AppID: accounts[2].AppID, Secrets: sender.Secrets{AppSecret: "0123456789abcdef"}},
			{Code: "wk", Kind: "wechatwk", Credentials: "secret", CorpID: corp.CorpID, AgentID: 7, Secrets: sender.Secrets{Secret: "0123456789abcdef"}},
			{Code: "app", Kind: "wechatapp", Credentials: "secret", AppID: "wx00000000000000ff", Secrets: sender.Secrets{AppSecret: "0123456789abcdef"}},
			{Code: "granted", Kind: "wechatoa", AppID: accounts[1].AppID},
		} {
			if _, err := cfg.Senders.Create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	})
	_, g.jwt = g.client([]string{access.Send}, "oa", "mp", "wk", "app", "granted")
	return g
}

// picture is a file of a format and size.
func picture(begins string, size int) string {
	return begins + strings.Repeat("\x00\xffz7", size/4+1)[:size-len(begins)]
}

const (
	pngHead  = "\x89PNG\r\n\x1a\n"
	jpegHead = "\xff\xd8\xff\xe0"
	mp4Head  = "\x00\x00\x00\x18ftypmp42"
	amrHead  = "#!AMR\n"
)

// formOf writes a form: fields as name=value, a file as media@name=content.
func formOf(t *testing.T, parts ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		name, value, _ := strings.Cut(p, "=")
		field, file, isFile := strings.Cut(name, "@")
		var to io.Writer
		var err error
		if isFile {
			to, err = w.CreateFormFile(field, file)
		} else {
			to, err = w.CreateFormField(field)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(to, value)
	}
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

func (g *gallery) upload(code string, parts ...string) reply {
	g.t.Helper()
	code, query, _ := strings.Cut(code, "?")
	body, kind := formOf(g.t, parts...)
	return g.call("POST", "/v1/senders/"+code+"/media?"+query, g.jwt, body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
}

func TestFilesOfEachKindReachTheVendorByteForByte(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	const mib = 1 << 20
	for _, c := range []struct {
		code, kind, keep, name, file string
		sent                         string // name at the vendor
	}{
		{"oa", "image", "false", "a.png", picture(pngHead, 10*mib), "a.png"},
		{"oa", "image", "", "photo", picture(jpegHead, 1000), "photo.jpg"},
		{"oa", "image", "", "", picture("GIF89a", 1000), "media.gif"},
		{"oa", "voice", "", "a.amr", picture(amrHead, 2*mib), "a.amr"},
		{"oa", "voice", "", "a.MP3", picture("ID3", 900), "a.MP3"},
		{"oa", "video", "", "a.mov", picture(mp4Head, 10*mib), "a.mov.mp4"},
		{"oa", "thumb", "", "a.jpeg", picture(jpegHead, 64<<10), "a.jpeg"},
		{"oa", "image", "true", "a.bmp", picture("BM", 5*mib), "a.bmp"},
		{"oa", "voice", "true", "a.wma", picture("\x30\x26\xb2\x75\x8e\x66\xcf\x11", 900), "a.wma"},
		{"oa", "voice", "true", "a.wav", picture("RIFF....WAVE", 900), "a.wav"},
		{"oa", "thumb", "true", "a.jpg", picture(jpegHead, 900), "a.jpg"},
		{"oa", "image", "url", "a.jpg", picture(jpegHead, mib), "a.jpg"},
		{"mp", "image", "", "a.gif", picture("GIF87a", 10*mib), "a.gif"},
		{"wk", "image", "", "a.png", picture(pngHead, 10*mib), "a.png"},
		{"wk", "voice", "", "a.amr", picture(amrHead, 2*mib), "a.amr"},
		{"wk", "video", "", "a.mp4", picture(mp4Head, 10*mib), "a.mp4"},
		{"wk", "file", "", `排班 "六月".pdf`, picture("any", 20*mib), `排班 %22六月%22.pdf`},
		{"wk", "file", "", "6", "sixsix", "6"},
		{"wk", "image", "url", "a.png", picture(pngHead, 2*mib), "a.png"},
	} {
		what := fmt.Sprintf("%s %s %s %d bytes", c.code, c.kind, c.keep, len(c.file))
		parts := []string{"type=" + c.kind, "media@" + c.name + "=" + c.file}
		if c.keep != "" {
			parts = append([]string{"permanent=" + c.keep}, parts...)
		}
		if c.name == "" {
			parts[len(parts)-1] = "media@.=" + c.file // CreateFormFile must have one; a dot is cut off as none
		}
		m := g.json(g.upload(c.code, parts...), http.StatusCreated)
		all := g.sim.Uploads()
		if len(all) == 0 {
			t.Fatalf("%s: nothing arrived, %v", what, m)
		}
		u := all[len(all)-1]
		sum := sha256.Sum256([]byte(c.file))
		if u.SHA256 != hex.EncodeToString(sum[:]) || u.Name != c.sent && c.name != "" {
			t.Errorf("%s: at the vendor %q, %d bytes", what, u.Name, u.Bytes)
		}
		id, _ := m["media_id"].(string)
		url, _ := m["url"].(string)
		if id != u.MediaID || url != u.URL || m["type"] != c.kind {
			t.Errorf("%s: %v, at the vendor %+v", what, m, u)
		}
		created, err := time.Parse(time.RFC3339, fmt.Sprint(m["created_at"]))
		if err != nil || time.Since(created) > time.Minute {
			t.Errorf("%s: created_at %v", what, m["created_at"])
		}
		if end, ok := m["expires_at"].(string); ok != (c.keep == "" || c.keep == "false") || ok && end != created.Add(72*time.Hour).Format(time.RFC3339) {
			t.Errorf("%s: expires_at %v of %v", what, m["expires_at"], created)
		}
	}
	entries, err := g.room.Audit(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if e := entries[0]; e.Action != "media.upload" || e.Target != "sender/wk" || e.Detail["type"] != "image" || e.Detail["permanent"] != "url" || e.Detail["bytes"] != float64(2<<20) {
		t.Errorf("audit: %+v", e)
	}
}

func TestAVideoForTheLibraryCarriesItsTexts(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	m := g.json(g.upload("oa?permanent=true", "type=video", "title=开箱 <&>", "introduction=两分钟", "media@v.mp4="+picture(mp4Head, 3<<20)), http.StatusCreated)
	all := g.sim.Uploads()
	if u := all[len(all)-1]; u.Title != "开箱 <&>" || u.Text != "两分钟" || u.MediaID != m["media_id"] {
		t.Errorf("%+v, %v", u, m)
	}
	g.refused(g.upload("oa?permanent=true", "type=video", "media@v.mp4="+picture(mp4Head, 900)), 400, codeInvalid, "title is missing")
	g.refused(g.upload("oa?permanent=true", "type=video", "title=t", "media@v.mp4="+picture(mp4Head, 900)), 400, codeInvalid, "introduction is missing")
	g.refused(g.upload("oa", "type=video", "title=t", "media@v.mp4="+picture(mp4Head, 900)), 400, codeInvalid, "title is for videos")
	g.refused(g.upload("oa?permanent=true", "type=video", "introduction=i", "title="+strings.Repeat("题", 86), "media@v.mp4="+picture(mp4Head, 900)), 400, codeInvalid, "title has 258 bytes: at most 256")
}

func TestFilesThatTheVendorWouldRefuseAreRefusedWithTheirLimit(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	const mib = 1 << 20
	for _, c := range []struct {
		code         string
		parts        []string
		status, want int
		says         string
	}{
		{"oa", []string{"type=image", "media@a.png=" + picture(pngHead, 10*mib+1)}, 413, codeTooLarge, "more than 10485760 bytes, the most that is taken of an image"},
		{"oa", []string{"type=voice", "media@a.amr=" + picture(amrHead, 2*mib+1)}, 413, codeTooLarge, "2097152"},
		{"oa", []string{"type=video", "media@a.mp4=" + picture(mp4Head, 10*mib+1)}, 413, codeTooLarge, "10485760"},
		{"oa", []string{"type=thumb", "media@a.jpg=" + picture(jpegHead, 64<<10+1)}, 413, codeTooLarge, "65536"},
		{"oa?permanent=url", []string{"type=image", "media@a.jpg=" + picture(jpegHead, mib+1)}, 413, codeTooLarge, "1048576"},
		{"mp", []string{"type=image", "media@a.png=" + picture(pngHead, 10*mib+1)}, 413, codeTooLarge, "10485760"},
		{"wk", []string{"type=voice", "media@a.amr=" + picture(amrHead, 2*mib+1)}, 413, codeTooLarge, "2097152"},
		{"wk", []string{"type=file", "media@a.pdf=" + picture("any", 20*mib+1)}, 413, codeTooLarge, "20971520"},
		{"wk?permanent=url", []string{"type=image", "media@a.png=" + picture(pngHead, 2*mib+1)}, 413, codeTooLarge, "2097152"},
		{"wk", []string{"type=file", "media@a.pdf=12345"}, 400, codeInvalid, "media has 5 bytes: a file has at least 6"},
		{"oa", []string{"type=image", "media@a.png="}, 400, codeInvalid, "media has 0 bytes"},
		{"oa", []string{"type=image", "media@a.png=" + picture("BM", 900)}, 400, codeInvalid, "media must be a file of format PNG or JPEG or GIF"},
		{"oa?permanent=url", []string{"type=image", "media@a.gif=" + picture("GIF89a", 900)}, 400, codeInvalid, "JPEG or PNG"},
		{"oa", []string{"type=voice", "media@a.mp3=" + picture("RIFF....WAVE", 900)}, 400, codeInvalid, "AMR or MP3"},
		{"wk", []string{"type=voice", "media@a.mp3=" + picture("ID3", 900)}, 400, codeInvalid, "AMR"},
		{"wk", []string{"type=image", "media@a.gif=" + picture("GIF89a", 900)}, 400, codeInvalid, "JPEG or PNG"},
		{"oa", []string{"type=video", "media@a.mp4=" + picture("<html>", 900)}, 400, codeInvalid, "MP4"},
		{"mp", []string{"type=voice", "media@a.amr=" + picture(amrHead, 900)}, 400, codeInvalid, "type must be image"},
		{"oa", []string{"type=file", "media@a.pdf=whatever"}, 400, codeInvalid, "type must be image, thumb, video, voice"},
		{"wk", []string{"type=thumb", "media@a.jpg=" + picture(jpegHead, 900)}, 400, codeInvalid, "type must be file, image, video, voice"},
		{"mp?permanent=true", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, "permanent cannot be true for a sender of kind wechatmp: the vendor keeps none of its files so; use false"},
		{"wk?permanent=true", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, "use false or url"},
		{"oa?permanent=yes", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, "permanent must be false"},
		{"app", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, "sends no media"},
		{"oa", []string{"media@a.png=" + picture(pngHead, 900), "type=image"}, 400, codeInvalid, "type is missing: give it before media"},
		{"oa?type=image", []string{"media@a.png=" + picture(pngHead, 900), "permanent=true"}, 400, codeInvalid, `"permanent" comes after media`},
		{"oa?type=image", []string{"media@a.png=" + picture(pngHead, 3*mib), "permanent=true"}, 400, codeInvalid, `"permanent" comes after media`},
		{"oa?type=image", []string{"media@a.png=" + picture(pngHead, 900), "media@b.png=" + picture(pngHead, 900)}, 400, codeInvalid, `"media" comes after media`},
		{"oa", []string{"type=image"}, 400, codeInvalid, "media is missing"},
		{"oa?type=image", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, "type is given twice"},
		{"oa", []string{"type=image", "colour=red", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, `"colour" is not a field`},
		{"oa?colour=red", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 400, codeInvalid, `"colour" is not a field`},
		{"wk", []string{"type=file", "media@" + strings.Repeat("名", 43) + "=whatever"}, 400, codeInvalid, "file name of 129 bytes: at most 128"},
		{"granted?type=image&permanent=true", []string{"media@a.png=" + picture(pngHead, 900)}, 403, codeForbidden, "needs set 11"},
		{"granted?type=image", []string{"media@a.png=" + picture(pngHead, 900)}, 403, codeForbidden, "needs set 1 ("},
		{"nosuch", []string{"type=image", "media@a.png=" + picture(pngHead, 900)}, 404, codeNotFound, "nosuch"},
	} {
		g.refused(g.upload(c.code, c.parts...), c.status, c.want, c.says)
	}
	if n := len(g.sim.Uploads()); n != 0 {
		t.Errorf("%d of them are with the vendor", n)
	}
	g.refused(g.call("POST", "/v1/senders/oa/media", g.jwt, `{"type":"image"}`), 400, codeInvalid, "multipart/form-data")
	_, other := g.client([]string{access.Send}, "mp")
	body, kind := formOf(t, "type=image", "media@a.png="+picture(pngHead, 900))
	g.refused(g.call("POST", "/v1/senders/oa/media", other, body, func(r *http.Request) { r.Header.Set("Content-Type", kind) }), 404, codeNotFound, "oa")
}

func TestARefusedTokenIsRenewedBeforeOrBehindAnUpload(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, size := range []int{900, 3 << 20} { // kept to be repeated, and streamed
		if err := g.sim.Fail(simulator.Fault{Path: "/cgi-bin/get_api_domain_ip", Code: 42001}); err != nil {
			t.Fatal(err)
		}
		if err := g.sim.Fail(simulator.Fault{Path: "/cgi-bin/media/upload", Code: 42001}); err != nil {
			t.Fatal(err)
		}
		before := g.tokens.Load()
		r := g.upload("oa", "type=image", "media@a.png="+picture(pngHead, size))
		if size == 900 {
			g.json(r, http.StatusCreated)
		} else {
			g.refused(r, 503, codeAway, "send the file again")
			g.json(g.upload("oa", "type=image", "media@a.png="+picture(pngHead, size)), http.StatusCreated)
		}
		if g.tokens.Load() == before {
			t.Errorf("%d bytes: no token was renewed", size)
		}
		g.sim.ClearFaults()
	}
	if n := len(g.sim.Uploads()); n != 2 {
		t.Errorf("%d uploads", n)
	}
}

func TestTheVendorsRefusalOfAFileIsExplained(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, c := range []struct{ code, status, answer int }{
		{40004, 400, codeInvalid}, {40005, 400, codeInvalid}, {40006, 400, codeInvalid}, {40007, 400, codeInvalid}, {40009, 400, codeInvalid}, {40113, 400, codeInvalid}, {41005, 400, codeInvalid},
		{44001, 400, codeInvalid}, {45001, 400, codeInvalid}, {48004, 409, codeConflict}, {45009, 429, codeRate}, {45011, 429, codeRate}, {48001, 403, codeForbidden}, {61007, 403, codeForbidden}, {50002, 409, codeConflict},
		{-1, 502, codeVendor}, {99999, 502, codeVendor},
	} {
		if err := g.sim.Fail(simulator.Fault{Path: "/cgi-bin/media/upload", Code: c.code}); err != nil {
			t.Fatal(err)
		}
		r := g.upload("oa", "type=image", "media@a.png="+picture(pngHead, 900))
		if c.status == http.StatusTooManyRequests {
			g.refused(r, c.status, c.answer)
			continue
		}
		g.refused(r, c.status, c.answer, fmt.Sprint("errcode ", c.code), "rid ")
	}
	if err := g.sim.Fail(simulator.Fault{Path: "/wecom/cgi-bin/media/upload", Code: 45001}); err != nil {
		t.Fatal(err)
	}
	g.refused(g.upload("wk", "type=file", "media@a.pdf=whatever"), 400, codeInvalid, "wecom cgi-bin/media/upload: errcode 45001", "hint")
}

func TestAFileOfUnknownLengthIsTakenIfItIsSmall(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	chunked := func(size int) reply {
		body, kind := formOf(t, "type=image", "media@a.png="+picture(pngHead, size))
		return g.call("POST", "/v1/senders/oa/media", g.jwt, body, func(r *http.Request) {
			r.Header.Set("Content-Type", kind)
			r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
		})
	}
	g.json(chunked(900<<10), http.StatusCreated)
	g.refused(chunked(2<<20), http.StatusLengthRequired, codeInvalid, "Content-Length")
}

func TestCutConnectionsOnEitherSideLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	body, kind := formOf(t, "type=image", "media@a.png="+picture(pngHead, 3<<20))
	ended := make(chan error, 1)
	reading := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	g.between.Store(&reading)
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /v1/senders/oa/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", g.jwt, kind, len(body), body[:2<<20])
	_ = conn.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("half a file looked whole to the vendor")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the upload goes on without its caller")
	}
	cut := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	g.between.Store(&cut)
	send := func() reply {
		return g.call("POST", "/v1/senders/oa/media", g.jwt, body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
	}
	g.refused(send(), http.StatusBadGateway, codeVendor, "send the file again")
	early := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"errcode":45001,"errmsg":"media size out of limit rid: 1"}`) // and reads nothing
	})
	g.between.Store(&early)
	if r := send(); r.status != http.StatusBadRequest && r.status != http.StatusBadGateway {
		t.Errorf("an early refusal: %d %s", r.status, r.body)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Error(w, "<html>", http.StatusPreconditionFailed)
	})
	g.between.Store(&page)
	g.refused(send(), http.StatusBadGateway, codeVendor, "HTTP status 412")
	if strings.Contains(g.log.String(), "panic") {
		t.Error(g.log.String())
	}
}

func TestAFormReadByteByByteIsAtItsFile(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	file := picture(pngHead, 2<<20)
	for name, end := range map[string]string{"with a line's end": "\r\n", "without": "", "with blanks": "  \r\n"} {
		body := "--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage\r\n--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\r\n" + file + "\r\n--b--" + end
		m := g.json(g.call("POST", "/v1/senders/oa/media", g.jwt, body, func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=b") }), http.StatusCreated)
		all := g.sim.Uploads()
		if u := all[len(all)-1]; u.Bytes != len(file) || u.MediaID != m["media_id"] {
			t.Errorf("%s: %d bytes of %d", name, u.Bytes, len(file))
		}
	}
}
