package notify

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Limits of a mass message (https://developer.work.weixin.qq.com/document/path/92135).
const (
	mostCustomers     = 10_000
	mostCustomerChats = 2000
	mostFilterGroups  = 100 // ours
	mostFilterTags    = 100
	mostTaskText      = 4000 // bytes
	mostAttachments   = 9
)

// taskBody is a mass message in WeCom's own fields.
type taskBody struct {
	ChatType    string           `json:"chat_type,omitempty"` // single by default, or group
	Customers   []string         `json:"external_userid,omitempty"`
	Chats       []string         `json:"chat_id_list,omitempty"`
	Filter      *taskFilter      `json:"tag_filter,omitempty"`
	Sender      string           `json:"sender,omitempty"` // an employee's userid
	AllowSelect bool             `json:"allow_select,omitempty"`
	Text        *taskText        `json:"text,omitempty"`
	Attachments []taskAttachment `json:"attachments,omitempty"`
}

type taskFilter struct {
	Groups []struct {
		Tags []string `json:"tag_list"`
	} `json:"group_list"`
}

type taskText struct {
	Content string `json:"content"`
}

type taskAttachment struct {
	Type  string        `json:"msgtype"`
	Image *taskImage    `json:"image,omitempty"`
	Link  *taskLink     `json:"link,omitempty"`
	Mini  *taskMini     `json:"miniprogram,omitempty"`
	Video *taskMediaFor `json:"video,omitempty"`
	File  *taskMediaFor `json:"file,omitempty"`
}

type taskMediaFor struct {
	ID string `json:"media_id"`
}

type taskImage struct {
	ID      string `json:"media_id,omitempty"`
	Picture string `json:"pic_url,omitempty"`
}

type taskLink struct {
	Title   string `json:"title"`
	Picture string `json:"picurl,omitempty"`
	Desc    string `json:"desc,omitempty"`
	URL     string `json:"url"`
}

type taskMini struct {
	Title   string `json:"title"`
	Picture string `json:"pic_media_id"`
	AppID   string `json:"appid"`
	Page    string `json:"page"`
}

// parseTask checks a body and gives it as WeCom takes it. Errors are *Refusal.
func parseTask(raw []byte) (json.RawMessage, error) {
	if first := bytes.TrimSpace(raw); len(first) == 0 || first[0] != '{' {
		return nil, invalid("the body", "must be a JSON object in { }")
	}
	var b taskBody
	if err := strict("the body", raw, &b); err != nil {
		return nil, err
	}
	l := &limits{}
	switch b.ChatType {
	case "", "single":
		b.single(l)
	case "group":
		b.group(l)
	default:
		l.fail("chat_type", `is %q: use "single" (customers) or "group" (chats of customers)`, b.ChatType)
	}
	if b.Sender != "" && !isMember(b.Sender) {
		l.fail("sender", "is no userid: %s", memberForm)
	}
	b.says(l)
	if l.err != nil {
		return nil, l.err
	}
	return encode(b)
}

func (b *taskBody) single(l *limits) {
	switch {
	case len(b.Chats) > 0:
		l.fail("chat_id_list", `is for chat_type "group": leave it out`)
	case b.Sender == "" && len(b.Customers) == 0 && b.Filter == nil:
		l.fail("external_userid", "is missing: name customers in it, or by tag_filter, or an employee, all of whose customers are meant, as sender")
	case len(b.Customers) > 0 && b.Filter != nil:
		l.fail("tag_filter", "is ignored by WeCom beside external_userid: leave one of them out")
	}
	external(l, "external_userid", b.Customers, mostCustomers)
	if b.Filter == nil {
		return
	}
	l.count("tag_filter.group_list", len(b.Filter.Groups), 1, mostFilterGroups)
	for i, g := range b.Filter.Groups {
		path := at("tag_filter.group_list", i) + ".tag_list"
		l.count(path, len(g.Tags), 1, mostFilterTags)
		external(l, path, g.Tags, mostFilterTags)
	}
}

func (b *taskBody) group(l *limits) {
	switch {
	case b.Sender == "":
		l.fail("sender", `is missing: chat_type "group" needs the userid of the employee whose chats are meant`)
	case len(b.Customers) > 0 || b.Filter != nil:
		l.fail("external_userid", `and tag_filter are for chat_type "single": leave them out`)
	case b.AllowSelect:
		l.fail("allow_select", `is for chat_type "single": leave it out`)
	}
	external(l, "chat_id_list", b.Chats, mostCustomerChats)
}

// external are ids of customers, chats and tags: WeCom documents no form.
func external(l *limits, path string, ids []string, most int) {
	l.count(path, len(ids), 0, most)
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		if !isOpenID(id) || len(id) > 64 {
			l.fail(at(path, i), "is no id: 1 to 64 ASCII letters, digits, - and _")
		}
		if seen[id] {
			l.fail(at(path, i), "is there twice: name each once")
		}
		seen[id] = true
	}
}

func (b *taskBody) says(l *limits) {
	if (b.Text == nil || strings.TrimSpace(b.Text.Content) == "") && len(b.Attachments) == 0 {
		l.fail("text.content", "is missing: a mass message has a text, attachments, or both")
	}
	if b.Text != nil {
		l.bytes("text.content", b.Text.Content, mostTaskText)
	}
	l.count("attachments", len(b.Attachments), 0, mostAttachments)
	for i, a := range b.Attachments {
		a.limit(l, at("attachments", i))
	}
}

func (a taskAttachment) limit(l *limits, path string) {
	have := a.objects()
	names := []string{"file", "image", "link", "miniprogram", "video"}
	switch object, ok := have[a.Type]; {
	case !slices.Contains(names, a.Type):
		l.fail(path+".msgtype", "is %q: it must be one of %s", a.Type, strings.Join(names, ", "))
	case !ok:
		l.fail(path+"."+a.Type, "is missing: an attachment of msgtype %s has an object of that name", a.Type)
	case len(have) > 1:
		l.fail(path, "has %s: an attachment has the one object that is called as its msgtype", strings.Join(sorted(have), " and "))
	default:
		object.limit(l, path+"."+a.Type)
	}
}

// objects are those that the attachment has, by their names.
func (a taskAttachment) objects() map[string]limited {
	have := map[string]limited{}
	if a.Image != nil {
		have["image"] = a.Image
	}
	if a.Link != nil {
		have["link"] = a.Link
	}
	if a.Mini != nil {
		have["miniprogram"] = a.Mini
	}
	if a.Video != nil {
		have["video"] = a.Video
	}
	if a.File != nil {
		have["file"] = a.File
	}
	return have
}

func (a *taskMediaFor) limit(l *limits, path string) { l.media(path+".media_id", a.ID) }

func (a *taskImage) limit(l *limits, path string) {
	if a.Picture == "" {
		l.media(path+".media_id", a.ID)
		return
	}
	l.link(path+".pic_url", a.Picture, mostLink)
}

func (a *taskLink) limit(l *limits, path string) {
	l.needed(path+".title", a.Title)
	l.bytes(path+".title", a.Title, 128)
	l.link(path+".picurl", a.Picture, mostLink)
	l.bytes(path+".desc", a.Desc, 512)
	l.needed(path+".url", a.URL)
	l.link(path+".url", a.URL, mostLink)
}

func (a *taskMini) limit(l *limits, path string) {
	l.needed(path+".title", a.Title)
	l.bytes(path+".title", a.Title, 64)
	l.media(path+".pic_media_id", a.Picture)
	l.needed(path+".appid", a.AppID)
	l.bytes(path+".appid", a.AppID, 64)
	l.needed(path+".page", a.Page)
	l.bytes(path+".page", a.Page, 1024)
}
