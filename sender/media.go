package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Keep is for how long, and as what, a vendor keeps a file.
type Keep string

// What to keep. Not every kind of sender has all of them.
const (
	KeepDays Keep = "false" // three days, by an id
	KeepGood Keep = "true"  // for good in the account's library, by an id
	KeepURL  Keep = "url"   // for good, by an address that shows inside the vendor's apps
)

// mediaDays is how long a vendor keeps what is not kept for good.
const mediaDays = 3 * 24 * time.Hour

// Media is a file to be uploaded. It is read once, while the vendor takes it.
type Media struct {
	Type                string // image, voice, video, thumb or file
	Keep                Keep   // "" is KeepDays
	Title, Introduction string // of a video that is kept for good, and needed there
	Name                string // of the file as its owner calls it
	File                io.Reader
	Length              int64 // as of wechat.Upload
}

// KeptMedia is a file that the vendor has.
type KeptMedia struct {
	ID, URL string    // either may be empty
	Created time.Time // at the vendor
	Expires time.Time // zero: never
	Bytes   int64
}

// SizeError is a file that is larger than the vendor takes.
type SizeError struct {
	What string // such as "an image"
	Most int64  // bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("media has more than %d bytes, the most that is taken of %s here: send a smaller file", e.Most, e.What)
}

// Upload checks a file while it passes on to the vendor. Errors: *InputError, *SizeError, those of Caller and of
// wechat.Caller's Upload, and what reading the file gave.
func (r *Room) Upload(ctx context.Context, code string, m Media) (KeptMedia, error) {
	s, err := r.find(ctx, code, 0)
	if err != nil {
		return KeptMedia{}, err
	}
	form, err := m.check(s.mediaKind())
	if err != nil {
		return KeptMedia{}, err
	}
	caller, path, err := r.uploader(ctx, s, calls[m.Keep])
	if err != nil {
		return KeptMedia{}, err
	}
	file, f, err := form.open(m)
	if err != nil {
		return KeptMedia{}, err
	}
	u := wechat.Upload{Call: path, Name: f.rename(m.Name), ContentType: f.mime, File: file, Length: m.Length}
	if m.Keep != KeepURL {
		u.Type = m.Type
	}
	if m.Keep == KeepGood && m.Type == "video" {
		u.Video = wechat.VideoText{Title: m.Title, Introduction: m.Introduction}
	}
	up, err := caller.Upload(ctx, u)
	if p, ok := permissionFor(s.Kind, path); ok && errors.Is(err, wechat.ErrPermission) {
		err = fmt.Errorf("%w; %s needs set %s", err, path, p.text)
	}
	if err != nil {
		return KeptMedia{}, fmt.Errorf("sender %s: %w", code, err)
	}
	kept := KeptMedia{ID: up.MediaID, URL: up.URL, Created: up.Created, Bytes: file.read.Load()}
	if kept.Created.IsZero() {
		kept.Created = time.Now().UTC().Truncate(time.Second)
	}
	if m.Keep == KeepDays {
		kept.Expires = kept.Created.Add(mediaDays)
	}
	return kept, nil
}

// calls are the vendors' calls; their paths are the same at both.
var calls = map[Keep]string{KeepDays: wechat.UploadMedia, KeepGood: wechat.AddMaterial, KeepURL: wechat.UploadImage}

// check fills in what goes without saying, and finds what the vendor takes.
func (m *Media) check(kind string) (form mediaForm, err error) {
	if m.Keep == "" {
		m.Keep = KeepDays
	}
	if _, ok := calls[m.Keep]; !ok {
		return form, &InputError{"permanent", "must be false (three days), true (for good, by an id) or url (an image, for good, by an address)"}
	}
	kept, ok := mediaForms[kind]
	if !ok {
		return form, &InputError{"type", "cannot be uploaded: a sender of kind " + kind + " sends no media"}
	}
	types := kept[m.Keep]
	switch form, ok = types[m.Type]; {
	case types == nil:
		return form, &InputError{"permanent", noKeep(kind, m.Keep, kept)}
	case m.Type == "":
		return form, &InputError{"type", "is missing: one of " + listed(types)}
	case !ok:
		return form, &InputError{"type", fmt.Sprintf("must be %s for a sender of kind %s with permanent=%s", listed(types), kind, m.Keep)}
	}
	return form, m.checkTexts()
}

func noKeep(kind string, keep Keep, kept map[Keep]map[string]mediaForm) string {
	var others []string
	for _, k := range []Keep{KeepDays, KeepGood, KeepURL} {
		if kept[k] != nil {
			others = append(others, string(k))
		}
	}
	return fmt.Sprintf("cannot be %s for a sender of kind %s: the vendor keeps none of its files so; use %s", keep, kind, strings.Join(others, " or "))
}

// Of a video's texts WeChat names no limit: these bytes keep out what cannot be meant.
const (
	longestTitle        = 256
	longestIntroduction = 2048
)

// checkTexts: a video in the library needs its texts, nothing else has any.
func (m *Media) checkTexts() error {
	wanted := m.Keep == KeepGood && m.Type == "video"
	for _, t := range []struct {
		name, text string
		most       int
	}{{"title", m.Title, longestTitle}, {"introduction", m.Introduction, longestIntroduction}} {
		switch {
		case wanted && strings.TrimSpace(t.text) == "":
			return &InputError{t.name, "is missing: a video that is kept for good (permanent=true) is shown with title and introduction"}
		case !wanted && t.text != "":
			return &InputError{t.name, "is for videos that are kept for good (type=video, permanent=true): leave it out"}
		case len(t.text) > t.most:
			return &InputError{t.name, fmt.Sprintf("has %d bytes: at most %d", len(t.text), t.most)}
		case !printable(t.text):
			return &InputError{t.name, "must be UTF-8 without control characters"}
		}
	}
	return nil
}
