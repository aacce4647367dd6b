package simulator

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

// uploaded sends a file as a form; name "" leaves the part out.
func (h *house) uploaded(path, name, file string, fields ...string) answer {
	h.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1])
	}
	if name != "" {
		part, err := w.CreateFormFile("media", name)
		if err != nil {
			h.t.Fatal(err)
		}
		_, _ = part.Write([]byte(file))
	}
	_ = w.Close()
	req, err := http.NewRequest(http.MethodPost, "http://vendor.example.com"+path, &b)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	res, err := h.client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.read(res)
}

func TestFilesAreTakenAsTheVendorsPagesSay(t *testing.T) {
	h := wecomHouse(t)
	oa, _ := h.accountToken(shop)
	mini, _ := h.accountToken(miniProgram)
	wk := h.agentToken("secret-two")
	png, jpeg, mp4 := "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "\x00\x00\x00\x18ftypmp42"
	of := func(begins string, size int) string { return begins + strings.Repeat("x", size-len(begins)) }
	upload, material, image := "/cgi-bin/media/upload?type=%s&access_token="+oa, "/cgi-bin/material/add_material?type=%s&access_token="+oa, "/cgi-bin/media/uploadimg?access_token="
	wkUpload := WeComPath + "/cgi-bin/media/upload?type=%s&access_token=" + wk
	for _, c := range []struct {
		path, kind, name, file string
		code                   int64
	}{
		{upload, "image", "a.gif", of("GIF89a", 10<<20), 0}, {upload, "image", "a.gif", of("GIF89a", 10<<20+1), 40009}, {upload, "image", "a.bmp", of("BM", 99), 40005}, {upload, "image", "a", of(png, 99), 40005},
		{upload, "image", "a.png", of("text", 99), 40005}, {upload, "image", "a.png", "", 44001}, {upload, "image", "", "", 41005}, {upload, "file", "a.pdf", "whatever", 40004}, {upload, "", "a.png", of(png, 99), 40004},
		{upload, "voice", "a.amr", of("#!AMR\n", 2<<20), 0}, {upload, "voice", "a.amr", of("#!AMR\n", 2<<20+1), 40010}, {upload, "voice", "a.wav", of("RIFF", 99), 40005}, {upload, "video", "a.mp4", of(mp4, 10<<20+1), 40011},
		{upload, "thumb", "a.jpg", of(jpeg, 64<<10), 0}, {upload, "thumb", "a.jpg", of(jpeg, 64<<10+1), 40012}, {upload, "thumb", "a.png", of(png, 99), 40005},
		{material, "image", "a.bmp", of("BM", 99), 0}, {material, "voice", "a.wav", of("RIFF", 99), 0}, {material, "image", "a.pdf", of("BM", 99), 40113}, {material, "video", "a.mp4", of(mp4, 99), 40035},
		{image + oa, "", "a.png", of(png, 1<<20), 0}, {image + oa, "", "a.png", of(png, 1<<20+1), 40009}, {image + oa, "", "a.gif", of("GIF89a", 99), 40005}, {image + mini, "", "a.png", of(png, 99), 48001},
		{"/cgi-bin/media/upload?type=%s&access_token=" + mini, "image", "a.png", of(png, 99), 0}, {"/cgi-bin/media/upload?type=%s&access_token=" + mini, "voice", "a.amr", of("#!AMR\n", 99), 40004},
		{wkUpload, "file", "a", "123456", 0}, {wkUpload, "file", "a", "12345", 40006}, {wkUpload, "file", "a", of("x", 20<<20), 0}, {wkUpload, "file", "a", of("x", 20<<20+1), 45001}, {wkUpload, "thumb", "a.jpg", of(jpeg, 99), 40004},
		{wkUpload, "image", "a", of(png, 99), 0}, {wkUpload, "image", "a", of("GIF89a", 99), 40123}, {wkUpload, "voice", "a", of("ID3", 99), 301017}, {wkUpload, "video", "a", of(mp4, 10<<20+1), 40011},
		{WeComPath + image + wk, "", "a.png", of(png, 2<<20), 0}, {WeComPath + image + wk, "", "a.png", of(png, 2<<20+1), 40009},
	} {
		path := c.path
		if strings.Contains(path, "%s") {
			path = fmt.Sprintf(path, c.kind)
		}
		got := h.uploaded(path, c.name, c.file)
		if got.code() != c.code {
			t.Errorf("%s %s of %d bytes: %v, want %d", path, c.name, len(c.file), got, c.code)
		}
	}
	if got := h.uploaded(fmt.Sprintf(material, "video"), "a.mp4", of(mp4, 99), "description", `{"title":"t","introduction":"i"}`); got.text("media_id") == "" {
		t.Errorf("a video with its texts: %v", got)
	}
	if u := h.sim.Uploads(); len(u) != 12 || u[len(u)-1].Title != "t" {
		t.Errorf("%d uploads, the last %+v", len(u), u[len(u)-1])
	}
}

func TestATemporaryFileIsGoneAfterThreeDaysAndNeverAnotherAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		token, _ := h.accountToken(shop)
		id := h.uploaded("/cgi-bin/media/upload?type=image&access_token="+token, "a.png", "\x89PNG\r\n\x1a\n....").text("media_id")
		thumb := h.uploaded("/cgi-bin/media/upload?type=thumb&access_token="+token, "a.jpg", "\xff\xd8\xff....").text("thumb_media_id")
		kept := h.uploaded("/cgi-bin/material/add_material?type=image&access_token="+token, "a.png", "\x89PNG\r\n\x1a\n....").text("media_id")
		if id == "" || thumb == "" || kept == "" {
			t.Fatalf("%q %q %q", id, thumb, kept)
		}
		send := func(appID, token, to, id string) answer {
			if err := h.sim.Talk(appID, to); err != nil {
				t.Fatal(err)
			}
			return h.call(customSend+token, object{"touser": to, "msgtype": "image", "image": object{"media_id": id}})
		}
		wantCode(t, send(shop, token, customer, id), 0)
		mini, _ := h.accountToken(miniProgram)
		wantCode(t, send(miniProgram, mini, "oMini00000000000000000000001", id), 40007)
		time.Sleep(3 * 24 * time.Hour)
		token, _ = h.accountToken(shop)
		wantCode(t, send(shop, token, customer, id), 40007)
		wantCode(t, send(shop, token, customer, kept), 0)
	})
}

func TestStrictMediaAreThoseMadeHereAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.StrictMedia = true })
		token, _ := h.accountToken(shop)
		id := h.uploaded("/cgi-bin/material/add_material?type=image&access_token="+token, "a.png", "\x89PNG\r\n\x1a\n....").text("media_id")
		if err := h.sim.Talk(shop, customer); err != nil {
			t.Fatal(err)
		}
		for media, code := range map[string]int64{id: 0, "MADE-UP": 40007} {
			wantCode(t, h.call(customSend+token, object{"touser": customer, "msgtype": "image", "image": object{"media_id": media}}), code)
			wantCode(t, h.call("/cgi-bin/draft/add?access_token="+token, object{"articles": []any{object{"title": "t", "content": "c", "thumb_media_id": media}}}), code)
		}
		wantCode(t, h.call(customSend+token, object{"touser": customer, "msgtype": "text", "text": object{"content": "hi"}}), 0)
	})
}
