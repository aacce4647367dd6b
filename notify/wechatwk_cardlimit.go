package notify

import (
	"slices"
	"strings"
)

const (
	mostKeyBytes  = 1024 // of what names a button, a menu's entry, a question
	mostIDBytes   = 128  // of options and tasks
	mostLinkBytes = 2048
)

func (c *templateCard) limit(l *limits, path string) {
	form, ok := cardForms[c.Type]
	if !ok {
		l.fail(path+".card_type", "is %q: use one of %s", c.Type, strings.Join(sorted(cardForms), ", "))
		return
	}
	for _, b := range c.blocks() {
		needed := slices.Contains(form.needs, b.name)
		switch {
		case needed && !b.there:
			l.fail(path+"."+b.name, "is missing: a card of type %s needs it", c.Type)
		case !needed && b.there && !slices.Contains(form.may, b.name):
			l.fail(path+"."+b.name, "is no part of a card of type %s: take it out", c.Type)
		}
	}
	c.task(l, path+".task_id")
	c.head(l, path, form)
	c.body(l, path)
	c.asks(l, path)
	if c.ReplaceText != "" && !c.update {
		l.fail(path+".replace_text", "is for updates of a card: take it out")
	}
}

// task is required where clicks come back; WeCom's text for a bad one is none.
func (c *templateCard) task(l *limits, path string) {
	switch {
	case c.TaskID == "" && c.calls():
		l.fail(path, "is missing: a card whose clicks come back needs one that the app never used before")
	case !l.skips(c.TaskID) && (len(c.TaskID) > mostIDBytes || strings.ContainsFunc(c.TaskID, notTask)):
		l.fail(path, "has %d bytes: at most %d, letters, digits and _ - @ only", len(c.TaskID), mostIDBytes)
	}
}

func notTask(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-' && r != '@'
}

// head is what stands above: source, menu, titles, quote, emphasis, pictures.
func (c *templateCard) head(l *limits, path string, form cardForm) {
	if s := c.Source; s != nil {
		l.link(path+".source.icon_url", s.Icon, mostLinkBytes)
		l.suggest(path+".source.desc", s.Desc, 20)
		l.between(path+".source.desc_color", s.Color, 0, 3)
		if s.Color != 0 && slices.Contains(form.needs, "submit_button") {
			l.fail(path+".source.desc_color", "is no part of a card of type %s: take it out", c.Type)
		}
	}
	if m := c.Menu; m != nil {
		l.count(path+".action_menu.action_list", len(m.Actions), 1, 3)
		seen := map[string]bool{}
		for i, one := range m.Actions {
			one.limit(l, at(path+".action_menu.action_list", i), 0)
			l.fresh(at(path+".action_menu.action_list", i)+".key", one.Key, seen)
		}
	}
	c.titles(l, path, form)
	if q := c.Quote; q != nil {
		q.limit(l, path+".quote_area", 0)
	}
	if e := c.Emphasis; e != nil {
		l.suggest(path+".emphasis_content.title", e.Title, 14)
		l.suggest(path+".emphasis_content.desc", e.Desc, 22)
	}
	c.pictures(l, path)
}

func (c *templateCard) titles(l *limits, path string, form cardForm) {
	l.suggest(path+".sub_title_text", c.SubTitle, 160)
	title := ""
	if m := c.Main; m != nil {
		title = m.Title
		l.suggest(path+".main_title.title", m.Title, form.title)
		l.suggest(path+".main_title.desc", m.Desc, form.desc)
	}
	switch {
	case title != "" || c.Type == "text_notice" && c.SubTitle != "":
	case c.Type == "text_notice":
		l.fail(path+".main_title.title", "is missing: give it or sub_title_text")
	default:
		l.fail(path+".main_title.title", "is missing or empty")
	}
}

func (c *templateCard) pictures(l *limits, path string) {
	if c.Type == "news_notice" && (c.ImageText == nil) == (c.Image == nil) {
		l.fail(path+".card_image", "or image_text_area: a card of type news_notice needs one of the two")
	}
	if p := c.ImageText; p != nil {
		p.limit(l, path+".image_text_area", 0)
		l.needed(path+".image_text_area.image_url", p.Image)
		l.link(path+".image_text_area.image_url", p.Image, mostLinkBytes)
	}
	if i := c.Image; i != nil {
		l.needed(path+".card_image.url", i.URL)
		l.link(path+".card_image.url", i.URL, mostLinkBytes)
		if i.Ratio != 0 && (i.Ratio < 1.3 || i.Ratio > 2.25) {
			l.fail(path+".card_image.aspect_ratio", "is %g: 1.3 to 2.25", i.Ratio)
		}
	}
}

// body is what the card lists, and where it leads.
func (c *templateCard) body(l *limits, path string) {
	l.count(path+".vertical_content_list", len(c.Vertical), 0, 4)
	for i, one := range c.Vertical {
		p := at(path+".vertical_content_list", i)
		l.needed(p+".title", one.Title)
		l.suggest(p+".title", one.Title, 38)
		l.suggest(p+".desc", one.Desc, 160)
	}
	l.count(path+".horizontal_content_list", len(c.Horizontal), 0, 6)
	for i, one := range c.Horizontal {
		one.limit(l, at(path+".horizontal_content_list", i))
	}
	l.count(path+".jump_list", len(c.Jumps), 0, 3)
	for i, one := range c.Jumps {
		p := at(path+".jump_list", i)
		l.needed(p+".title", one.Title)
		l.suggest(p+".title", one.Title, 18)
		one.limit(l, p, 0)
	}
	if a := c.Action; a != nil {
		least := 1
		if c.Type == "button_interaction" {
			least = 0
		}
		a.limit(l, path+".card_action", least)
	}
}

func (t *cardTarget) limit(l *limits, path string, least int) {
	l.between(path+".type", t.Type, least, 2)
	switch t.Type {
	case 1:
		l.needed(path+".url", t.URL)
	case 2:
		l.needed(path+".appid", t.AppID)
	}
	l.link(path+".url", t.URL, mostLinkBytes)
	l.bytes(path+".appid", t.AppID, 64)
	l.bytes(path+".pagepath", t.Page, 1024)
}

func (r *cardRow) limit(l *limits, path string) {
	l.needed(path+".keyname", r.Key)
	l.suggest(path+".keyname", r.Key, 5)
	l.suggest(path+".value", r.Value, 30)
	l.between(path+".type", r.Type, 0, 3)
	switch r.Type {
	case 1:
		l.needed(path+".url", r.URL)
	case 2:
		l.media(path+".media_id", r.Media)
		l.needed(path+".value", r.Value) // the file's name
	case 3:
		if !isMember(r.UserID) && !l.skips(r.UserID) {
			l.fail(path+".userid", "is no userid: 1 to 64 ASCII letters, digits and - _ . @")
		}
	}
	l.link(path+".url", r.URL, mostLinkBytes)
}

// asks is what people answer by.
func (c *templateCard) asks(l *limits, path string) {
	if s := c.Selection; s != nil {
		s.limit(l, path+".button_selection", c.update)
	}
	l.count(path+".button_list", len(c.Buttons), 0, 6)
	keys := map[string]bool{}
	for i, one := range c.Buttons {
		p := at(path+".button_list", i)
		one.limit(l, p)
		l.fresh(p+".key", one.Key, keys)
	}
	if b := c.Checkbox; b != nil {
		b.limit(l, path+".checkbox", c.update)
	}
	l.count(path+".select_list", len(c.Selects), 0, 3)
	questions := map[string]bool{}
	for i, one := range c.Selects {
		p := at(path+".select_list", i)
		one.limit(l, p, c.update)
		l.fresh(p+".question_key", one.Question, questions)
	}
	if s := c.Submit; s != nil {
		s.limit(l, path+".submit_button", 10)
	}
}

func (s *cardSelect) limit(l *limits, path string, update bool) {
	l.key(path+".question_key", s.Question, mostKeyBytes)
	l.count(path+".option_list", len(s.Options), 1, 10)
	l.updates(path+".disable", s.Disable, update)
	seen := map[string]bool{}
	for i, one := range s.Options {
		one.limit(l, at(path+".option_list", i), 16, seen)
	}
	if s.Selected != "" && !seen[s.Selected] && !l.skips(s.Selected) {
		l.fail(path+".selected_id", "is the id of none of the options")
	}
}

func (o *cardOption) limit(l *limits, path string, length int, seen map[string]bool) {
	l.key(path+".id", o.ID, mostIDBytes)
	l.fresh(path+".id", o.ID, seen)
	l.needed(path+".text", o.Text)
	l.suggest(path+".text", o.Text, length)
}

func (b *cardCheckbox) limit(l *limits, path string, update bool) {
	l.key(path+".question_key", b.Question, mostKeyBytes)
	l.between(path+".mode", b.Mode, 0, 1)
	l.count(path+".option_list", len(b.Options), 1, 20)
	l.updates(path+".disable", b.Disable, update)
	seen, checked := map[string]bool{}, 0
	for i, one := range b.Options {
		one.limit(l, at(path+".option_list", i), 17, seen)
		if one.Checked {
			checked++
		}
	}
	if b.Mode == 0 && checked > 1 {
		l.fail(path+".option_list", "has %d ticked options: with mode 0 at most one", checked)
	}
}

func (b *cardButton) limit(l *limits, path string) {
	l.needed(path+".text", b.Text)
	l.suggest(path+".text", b.Text, 10)
	l.between(path+".type", b.Type, 0, 1)
	l.between(path+".style", b.Style, 0, 4)
	if b.Type == 1 {
		l.needed(path+".url", b.URL)
	} else {
		l.key(path+".key", b.Key, mostKeyBytes)
	}
	l.link(path+".url", b.URL, mostLinkBytes)
}

func (s *cardSubmit) limit(l *limits, path string, length int) {
	l.needed(path+".text", s.Text)
	if length > 0 {
		l.suggest(path+".text", s.Text, length)
	}
	l.key(path+".key", s.Key, mostKeyBytes)
}
