package simulator

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Upload is a file that a vendor was given.
type Upload struct {
	Owner   string    `json:"owner"` // appid, or the company's id
	Call    string    `json:"call"`  // the last part of its path
	Type    string    `json:"type"`  // "" of uploadimg
	Name    string    `json:"name"`  // as the form named the file
	Bytes   int       `json:"bytes"`
	SHA256  string    `json:"sha256"`
	MediaID string    `json:"media_id,omitempty"`
	URL     string    `json:"url,omitempty"`
	Title   string    `json:"title,omitempty"` // of a video in the library
	Text    string    `json:"introduction,omitempty"`
	At      time.Time `json:"at"`
}

// uploads are those kept, the last of them.
type uploads struct {
	mu   sync.Mutex
	kept ring[Upload]
}

const (
	uploadsKept = 10_000
	// maxUpload bounds a form with a file in bytes: the largest there is, and room.
	maxUpload = 24 << 20
	mediaDays = 3 * 24 * time.Hour
	// mediaMark begins every id made here.
	mediaMark = "SIM_MEDIA_"
)

// shape is what a vendor takes of a type: bytes, endings, how it begins, and
// the codes of a refusal.
type shape struct {
	least, most     int
	endings         []string
	begins          []string // at the byte from on
	from            int
	tooBig, notThat int
}

var (
	jpegAndPNG = []string{"\xff\xd8\xff", "\x89PNG\r\n\x1a\n"}
	pictures   = append([]string{"GIF8"}, jpegAndPNG...)
	mp3        = []string{"ID3", "\xff\xfb", "\xff\xf3", "\xff\xf2", "\xff\xfa", "\xff\xe3", "\xff\xe2"}
	asf        = "\x30\x26\xb2\x75\x8e\x66\xcf\x11"
)

// Shapes by call and type
// (https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia,
// https://developers.weixin.qq.com/doc/service/api/material/permanent/api_addmaterial,
// https://developers.weixin.qq.com/doc/service/api/material/permanent/api_uploadimage).
var (
	temporary = map[string]shape{
		"image": {1, 10 << 20, []string{".png", ".jpeg", ".jpg", ".gif"}, pictures, 0, 40009, 40005},
		"voice": {1, 2 << 20, []string{".amr", ".mp3"}, append([]string{"#!AMR"}, mp3...), 0, 40010, 40005},
		"video": {1, 10 << 20, []string{".mp4"}, []string{"ftyp"}, 4, 40011, 40005},
		"thumb": {1, 64 << 10, []string{".jpg", ".jpeg"}, jpegAndPNG[:1], 0, 40012, 40005},
	}
	permanent = map[string]shape{
		"image": {1, 10 << 20, []string{".bmp", ".png", ".jpeg", ".jpg", ".gif"}, append([]string{"BM"}, pictures...), 0, 40009, 40113},
		"voice": {1, 2 << 20, []string{".mp3", ".wma", ".wav", ".amr"}, append([]string{"#!AMR", "RIFF", asf}, mp3...), 0, 40010, 40113},
		"video": temporary["video"],
		"thumb": temporary["thumb"],
	}
	bodyImage = shape{1, 1 << 20, []string{".jpg", ".jpeg", ".png"}, jpegAndPNG, 0, 40009, 40005}
)

// WeCom's: https://developer.work.weixin.qq.com/document/path/90253, https://developer.work.weixin.qq.com/document/path/90256.
var (
	weComMedia = map[string]shape{
		"image": {6, 10 << 20, nil, jpegAndPNG, 0, 40009, 40123},
		"voice": {6, 2 << 20, nil, []string{"#!AMR"}, 0, 45001, 301017},
		"video": {6, 10 << 20, nil, []string{"ftyp"}, 4, 40011, 40004},
		"file":  {6, 20 << 20, nil, []string{""}, 0, 45001, 40004},
	}
	weComImage = shape{6, 2 << 20, nil, jpegAndPNG, 0, 40009, 40123}
)

// judge tells what is wrong with a file; 0: nothing.
func (s shape) judge(name string, file []byte) int {
	begins := func(word string) bool {
		return len(file) >= s.from && bytes.HasPrefix(file[s.from:], []byte(word))
	}
	switch {
	case len(file) == 0:
		return 44001
	case len(file) < s.least:
		return 40006
	case len(file) > s.most:
		return s.tooBig
	case s.endings != nil && !slices.Contains(s.endings, strings.ToLower(path.Ext(name))),
		!slices.ContainsFunc(s.begins, begins):
		return s.notThat
	}
	return 0
}

// uploadForm is what a form holds.
type uploadForm struct {
	name        string
	file        []byte
	description string
}

// form reads a multipart body. One of unknown length has no file, as far as the
// vendors see.
func (q *request) form() (f uploadForm, fail *refusal) {
	_, params, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" || q.ContentLength < 0 {
		return f, refuse(41005)
	}
	found := false
	for r := multipart.NewReader(bytes.NewReader(q.body), params["boundary"]); ; {
		part, err := r.NextPart()
		if err == io.EOF { //nolint:errorlint // as the reader says
			break
		}
		if err != nil {
			return f, refuse(41005)
		}
		body, err := io.ReadAll(part)
		switch {
		case err != nil:
			return f, refuse(41005)
		case part.FormName() == "media":
			f.name, f.file, found = part.FileName(), body, true
		case part.FormName() == "description":
			f.description = string(body)
		}
	}
	if !found || f.name == "" {
		return f, refuse(41005)
	}
	return f, nil
}

// take judges the file of a call and keeps what is known of it.
func (s *Simulator) take(q *request, owner string, shapes map[string]shape) (Upload, uploadForm, *refusal) {
	kind := q.URL.Query().Get("type")
	wanted, ok := shapes[kind]
	if !ok {
		return Upload{}, uploadForm{}, refuse(40004)
	}
	f, fail := q.form()
	if fail != nil {
		return Upload{}, f, fail
	}
	if code := wanted.judge(f.name, f.file); code != 0 {
		return Upload{}, f, refuse(code)
	}
	sum := sha256.Sum256(f.file)
	return Upload{Owner: owner, Call: path.Base(q.endpoint.path), Type: kind, Name: f.name, Bytes: len(f.file), SHA256: hex.EncodeToString(sum[:]), At: q.now}, f, nil
}

func (s *Simulator) keep(u Upload) {
	s.uploads.mu.Lock()
	defer s.uploads.mu.Unlock()
	s.uploads.kept.add(u)
}

func mediaID() string { return mediaMark + rand.Text() }

func imageURL() string { return "http://mmbiz.qpic.cn/sim/" + rand.Text() + "/0" }

// uploadMedia answers media/upload.
func (s *Simulator) uploadMedia(q *request) (any, *refusal) {
	shapes := temporary
	if q.account.profile.MiniProgram {
		shapes = map[string]shape{"image": temporary["image"]}
	}
	u, _, fail := s.take(q, q.account.profile.AppID, shapes)
	if fail != nil {
		return nil, fail
	}
	u.MediaID = mediaID()
	s.keep(u)
	name := "media_id"
	if u.Type == "thumb" {
		name = "thumb_media_id"
	}
	return map[string]any{"type": u.Type, name: u.MediaID, "created_at": q.now.Unix()}, nil
}

// addMaterial answers material/add_material.
func (s *Simulator) addMaterial(q *request) (any, *refusal) {
	u, f, fail := s.take(q, q.account.profile.AppID, permanent)
	if fail != nil {
		return nil, fail
	}
	if u.Type == "video" {
		var text struct{ Title, Introduction string }
		if json.Unmarshal([]byte(f.description), &text) != nil || text.Title == "" {
			return nil, refuse(40035)
		}
		u.Title, u.Text = text.Title, text.Introduction
	}
	answer := map[string]any{}
	u.MediaID = mediaID()
	if u.Type == "image" || u.Type == "thumb" {
		u.URL = imageURL()
		answer["url"] = u.URL
	}
	answer["media_id"] = u.MediaID
	s.keep(u)
	return answer, nil
}

// uploadImage answers media/uploadimg.
func (s *Simulator) uploadImage(q *request) (any, *refusal) {
	return s.imageAt(q, q.account.profile.AppID, bodyImage)
}

func (s *Simulator) imageAt(q *request, owner string, one shape) (any, *refusal) {
	u, _, fail := s.take(q, owner, map[string]shape{"": one})
	if fail != nil {
		return nil, fail
	}
	u.URL = imageURL()
	s.keep(u)
	return struct {
		errorAnswer
		URL string `json:"url"`
	}{wecomOK, u.URL}, nil
}

// weComUpload answers WeCom's media/upload, whose created_at is a text.
func (s *Simulator) weComUpload(q *request) (any, *refusal) {
	u, _, fail := s.take(q, q.corp.profile.CorpID, weComMedia)
	if fail != nil {
		return nil, fail
	}
	u.MediaID = mediaID()
	s.keep(u)
	return struct {
		errorAnswer
		Type    string `json:"type"`
		MediaID string `json:"media_id"`
		Created string `json:"created_at"`
	}{errorAnswer{0, ""}, u.Type, u.MediaID, strconv.FormatInt(q.now.Unix(), 10)}, nil
}

func (s *Simulator) weComUploadImage(q *request) (any, *refusal) {
	return s.imageAt(q, q.corp.profile.CorpID, weComImage)
}

// has tells whether an owner's media id may be used as a file of a type; "" is
// any. Unless media are strict, ids that were not made here are taken at their
// word: tests make them up.
func (s *Simulator) has(owner, id, kind string, now time.Time) bool {
	if id == "" || !s.cfg.StrictMedia && !strings.HasPrefix(id, mediaMark) {
		return true
	}
	for _, u := range s.Uploads() {
		if u.MediaID == id {
			return u.Owner == owner && (kind == "" || kind == u.Type) && (u.Call == "add_material" || now.Before(u.At.Add(mediaDays)))
		}
	}
	return false
}

// hasAll tells whether all media that a message names may be used.
func (s *Simulator) hasAll(owner string, message json.RawMessage, now time.Time) bool {
	var m struct {
		Media string `json:"media_id"`
		Thumb string `json:"thumb_media_id"`
	}
	_ = json.Unmarshal(message, &m) // judged before
	return s.has(owner, m.Media, "", now) && s.has(owner, m.Thumb, "", now)
}

// Uploads copies what is kept of the files, oldest first.
func (s *Simulator) Uploads() []Upload {
	s.uploads.mu.Lock()
	defer s.uploads.mu.Unlock()
	return s.uploads.kept.last(-1)
}
