package simulator

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// appCard is a template card as it was sent: blocks by name (wecom 2.2).
type appCard map[string]json.RawMessage

// cardBlocks says which blocks a kind of card must have, and which it may.
var cardBlocks = map[string][2]string{
	"text_notice":          {"card_action", "source action_menu main_title quote_area emphasis_content sub_title_text horizontal_content_list jump_list task_id"},
	"news_notice":          {"main_title card_action", "source action_menu quote_area image_text_area card_image vertical_content_list horizontal_content_list jump_list task_id"},
	"button_interaction":   {"main_title task_id button_list", "source action_menu quote_area sub_title_text horizontal_content_list card_action button_selection"},
	"vote_interaction":     {"main_title task_id checkbox submit_button", "source"},
	"multiple_interaction": {"main_title task_id select_list submit_button", "source"},
}

// missing is the code for each block that is not there.
var cardMissing = map[string]int{"card_action": 42045, "main_title": 42033, "task_id": 42014, "button_list": 42037, "checkbox": 42043, "submit_button": 42046, "select_list": 42047}

var taskForm = regexp.MustCompile(`^[0-9A-Za-z_@-]{1,128}$`)

func (c appCard) text(name string) string {
	var s string
	_ = json.Unmarshal(c[name], &s) // what is no text is none
	return s
}

// calls tells whether clicks on the card are pushed.
func (c appCard) calls() bool {
	return slices.Contains([]string{"button_interaction", "vote_interaction", "multiple_interaction"}, c.text("card_type")) || c["action_menu"] != nil
}

// refuses holds a card against the page. update: it is to replace another.
func (c appCard) refuses(update bool) *refusal {
	blocks, ok := cardBlocks[c.text("card_type")]
	if !ok {
		return refuse(42031)
	}
	for _, name := range strings.Fields(blocks[0]) {
		if c[name] == nil {
			return refuse(cardMissing[name])
		}
	}
	for name := range c {
		known := name == "card_type" || slices.Contains(strings.Fields(blocks[0]+" "+blocks[1]), name) || update && name == "replace_text"
		if !known {
			return refuse(40058)
		}
	}
	if task := c.text("task_id"); c["task_id"] != nil && !taskForm.MatchString(task) || task == "" && c.calls() {
		return refuse(42014)
	}
	return first(c.shown(), c.asked())
}

type cardPlace struct {
	Type   int    `json:"type"`
	Title  string `json:"title"`
	URL    string `json:"url"`
	AppID  string `json:"appid"`
	Image  string `json:"image_url"`
	Key    string `json:"keyname"`
	Value  string `json:"value"`
	Media  string `json:"media_id"`
	UserID string `json:"userid"`
}

// leads is for what opens a link or a Mini Program.
func (p cardPlace) leads() *refusal {
	return first(codeIf(p.Type < 0 || p.Type > 2, 40035), codeIf(p.Type == 1 && p.URL == "", 42028), codeIf(p.Type == 2 && p.AppID == "", 42030))
}

// shown is what a card tells.
func (c appCard) shown() *refusal {
	var title, quote, image, picture, action cardPlace
	var rows, columns, jumps []cardPlace
	var ratio struct {
		Ratio float64 `json:"aspect_ratio"`
	}
	fail := c.read(map[string]any{"main_title": &title, "quote_area": &quote, "image_text_area": &image, "card_image": &picture, "card_action": &action,
		"horizontal_content_list": &rows, "vertical_content_list": &columns, "jump_list": &jumps})
	kind := c.text("card_type")
	fail = first(fail, c.read(map[string]any{"card_image": &ratio}),
		codeIf(title.Title == "" && (kind != "text_notice" || c.text("sub_title_text") == ""), 42033),
		quote.leads(), image.leads(), action.leads(),
		codeIf(c["card_action"] != nil && action.Type == 0 && kind != "button_interaction", 42045),
		codeIf(kind == "news_notice" && (c["image_text_area"] == nil) == (c["card_image"] == nil), 42044),
		codeIf(c["image_text_area"] != nil && image.Image == "", 42028),
		codeIf(c["card_image"] != nil && (picture.URL == "" || ratio.Ratio != 0 && (ratio.Ratio < 1.3 || ratio.Ratio > 2.25)), 42044),
		codeIf(len(rows) > 6, 42035), codeIf(len(columns) > 4, 42036), codeIf(len(jumps) > 3, 42042))
	for _, r := range rows {
		fail = first(fail, codeIf(r.Key == "", 42027), codeIf(r.Type < 0 || r.Type > 3, 40035), codeIf(r.Type == 1 && r.URL == "", 42028),
			codeIf(r.Type == 2 && r.Media == "", 42029), codeIf(r.Type == 3 && r.UserID == "", 42050))
	}
	for _, r := range columns {
		fail = first(fail, codeIf(r.Title == "", 42033))
	}
	for _, r := range jumps {
		fail = first(fail, codeIf(r.Title == "", 42033), r.leads())
	}
	return fail
}

type cardAsk struct {
	Text     string    `json:"text"`
	Key      string    `json:"key"`
	Type     int       `json:"type"`
	URL      string    `json:"url"`
	ID       string    `json:"id"`
	Question string    `json:"question_key"`
	Checked  *bool     `json:"is_checked"`
	Options  []cardAsk `json:"option_list"`
	Actions  []cardAsk `json:"action_list"`
}

// asked is what people answer by.
func (c appCard) asked() *refusal {
	var menu, selection, box, submit cardAsk
	var buttons, selects []cardAsk
	fail := c.read(map[string]any{"action_menu": &menu, "button_selection": &selection, "checkbox": &box, "submit_button": &submit,
		"button_list": &buttons, "select_list": &selects})
	fail = first(fail, codeIf(c["action_menu"] != nil && (len(menu.Actions) < 1 || len(menu.Actions) > 3), 42037), distinct(menu.Actions, 42051),
		codeIf(c["button_list"] != nil && (len(buttons) < 1 || len(buttons) > 6), 42037), codeIf(c["select_list"] != nil && (len(selects) < 1 || len(selects) > 3), 42047),
		codeIf(c["submit_button"] != nil && submit.Text == "", 42046), codeIf(c["submit_button"] != nil && !short(submit.Key, 1024), 42049))
	for _, b := range append(slices.Clone(menu.Actions), buttons...) {
		fail = first(fail, codeIf(b.Text == "", 42038), codeIf(b.Type == 0 && !short(b.Key, 1024), 42039), codeIf(b.Type == 1 && b.URL == "", 42028))
	}
	fail = first(fail, distinct(buttons, 42039))
	if c["button_selection"] != nil {
		fail = first(fail, selection.options(10, false))
	}
	if c["checkbox"] != nil {
		fail = first(fail, box.options(20, true))
	}
	for _, s := range selects {
		fail = first(fail, s.options(10, false))
	}
	return fail
}

func (a cardAsk) options(most int, ticked bool) *refusal {
	fail := first(codeIf(!short(a.Question, 1024), 42043), codeIf(len(a.Options) < 1 || len(a.Options) > most, 42037))
	seen := map[string]bool{}
	for _, o := range a.Options {
		fail = first(fail, codeIf(!short(o.ID, 128) || seen[o.ID], 42040), codeIf(o.Text == "", 42041), codeIf(ticked && o.Checked == nil, 40063))
		seen[o.ID] = true
	}
	return fail
}

func distinct(list []cardAsk, code int) *refusal {
	seen := map[string]bool{}
	for _, a := range list {
		if a.Key != "" && seen[a.Key] {
			return refuse(code)
		}
		seen[a.Key] = true
	}
	return nil
}

func short(s string, most int) bool { return s != "" && len(s) <= most }

// read decodes the blocks that are there.
func (c appCard) read(into map[string]any) *refusal {
	for name, v := range into {
		if c[name] != nil && json.Unmarshal(c[name], v) != nil {
			return refuse(40058)
		}
	}
	return nil
}
