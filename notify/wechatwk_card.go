package notify

// templateCard is a card of any of the five kinds, each of which has some of the
// blocks (https://developer.work.weixin.qq.com/document/path/90236).
type templateCard struct {
	Type        string        `json:"card_type"`
	Source      *cardSource   `json:"source,omitempty"`
	Menu        *cardMenu     `json:"action_menu,omitempty"`
	TaskID      string        `json:"task_id,omitempty"`
	Main        *cardTitle    `json:"main_title,omitempty"`
	Quote       *cardQuote    `json:"quote_area,omitempty"`
	Emphasis    *cardTitle    `json:"emphasis_content,omitempty"`
	SubTitle    string        `json:"sub_title_text,omitempty"`
	ImageText   *cardPicture  `json:"image_text_area,omitempty"`
	Image       *cardImage    `json:"card_image,omitempty"`
	Vertical    []cardTitle   `json:"vertical_content_list,omitempty"`
	Horizontal  []cardRow     `json:"horizontal_content_list,omitempty"`
	Jumps       []cardJump    `json:"jump_list,omitempty"`
	Action      *cardTarget   `json:"card_action,omitempty"`
	Selection   *cardSelect   `json:"button_selection,omitempty"`
	Buttons     []cardButton  `json:"button_list,omitempty"`
	Checkbox    *cardCheckbox `json:"checkbox,omitempty"`
	Selects     []cardSelect  `json:"select_list,omitempty"`
	Submit      *cardSubmit   `json:"submit_button,omitempty"`
	ReplaceText string        `json:"replace_text,omitempty"` // of an update only: greys the buttons out

	update bool // it is to replace one that was sent
}

type cardSource struct {
	Icon  string `json:"icon_url,omitempty"`
	Desc  string `json:"desc,omitempty"`
	Color int    `json:"desc_color,omitempty"` // 0 grey, 1 black, 2 red, 3 green
}

type cardMenu struct {
	Desc    string       `json:"desc,omitempty"`
	Actions []cardSubmit `json:"action_list"`
}

type cardTitle struct {
	Title string `json:"title,omitempty"`
	Desc  string `json:"desc,omitempty"`
}

// cardTarget is where a tap leads: 1 to a link, 2 to a Mini Program, 0 nowhere.
type cardTarget struct {
	Type  int    `json:"type"`
	URL   string `json:"url,omitempty"`
	AppID string `json:"appid,omitempty"`
	Page  string `json:"pagepath,omitempty"`
}

type cardQuote struct {
	cardTarget
	Title string `json:"title,omitempty"`
	Text  string `json:"quote_text,omitempty"`
}

type cardPicture struct {
	cardTarget
	Title string `json:"title,omitempty"`
	Desc  string `json:"desc,omitempty"`
	Image string `json:"image_url"`
}

type cardImage struct {
	URL   string  `json:"url"`
	Ratio float64 `json:"aspect_ratio,omitempty"`
}

// cardRow shows a text, 1 a link, 2 an attachment, 3 the page of a member.
type cardRow struct {
	Type   int    `json:"type,omitempty"`
	Key    string `json:"keyname"`
	Value  string `json:"value,omitempty"`
	URL    string `json:"url,omitempty"`
	Media  string `json:"media_id,omitempty"`
	UserID string `json:"userid,omitempty"`
}

type cardJump struct {
	cardTarget
	Title string `json:"title"`
}

type cardSelect struct {
	Question string       `json:"question_key"`
	Title    string       `json:"title,omitempty"`
	Disable  *bool        `json:"disable,omitempty"` // of an update only
	Selected string       `json:"selected_id,omitempty"`
	Options  []cardOption `json:"option_list"`
}

type cardOption struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// cardButton calls back with its key, or, of type 1, opens a link.
type cardButton struct {
	Text  string `json:"text"`
	Type  int    `json:"type,omitempty"`
	Style int    `json:"style,omitempty"`
	Key   string `json:"key,omitempty"`
	URL   string `json:"url,omitempty"`
}

type cardCheckbox struct {
	Question string       `json:"question_key"`
	Disable  *bool        `json:"disable,omitempty"` // of an update only
	Mode     int          `json:"mode,omitempty"`    // 0 one, 1 any number
	Options  []cardChoice `json:"option_list"`
}

// cardChoice always says whether it is ticked: WeCom requires the field.
type cardChoice struct {
	cardOption
	Checked bool `json:"is_checked"`
}

type cardSubmit struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

// block is a part of a card that not every kind has.
type block struct {
	name  string
	there bool
}

func (c *templateCard) blocks() []block {
	return []block{
		{"source", c.Source != nil}, {"action_menu", c.Menu != nil}, {"main_title", c.Main != nil}, {"quote_area", c.Quote != nil},
		{"emphasis_content", c.Emphasis != nil}, {"sub_title_text", c.SubTitle != ""}, {"image_text_area", c.ImageText != nil},
		{"card_image", c.Image != nil}, {"vertical_content_list", len(c.Vertical) > 0}, {"horizontal_content_list", len(c.Horizontal) > 0},
		{"jump_list", len(c.Jumps) > 0}, {"card_action", c.Action != nil}, {"button_selection", c.Selection != nil},
		{"button_list", len(c.Buttons) > 0}, {"checkbox", c.Checkbox != nil}, {"select_list", len(c.Selects) > 0}, {"submit_button", c.Submit != nil},
	}
}

// cardForm is a kind of card: what it must have, what it may have, and how long
// WeCom suggests that its titles be.
type cardForm struct {
	needs, may  []string
	title, desc int
}

var cardForms = map[string]cardForm{
	"text_notice": {[]string{"card_action"},
		[]string{"source", "action_menu", "main_title", "quote_area", "emphasis_content", "sub_title_text", "horizontal_content_list", "jump_list"}, 36, 44},
	"news_notice": {[]string{"main_title", "card_action"},
		[]string{"source", "action_menu", "quote_area", "image_text_area", "card_image", "vertical_content_list", "horizontal_content_list", "jump_list"}, 36, 44},
	"button_interaction": {[]string{"main_title", "button_list"},
		[]string{"source", "action_menu", "quote_area", "sub_title_text", "horizontal_content_list", "card_action", "button_selection"}, 36, 44},
	"vote_interaction":     {[]string{"main_title", "checkbox", "submit_button"}, []string{"source"}, 16, 160},
	"multiple_interaction": {[]string{"main_title", "select_list", "submit_button"}, []string{"source"}, 36, 160},
}

// calls tells whether clicks on the card come back, as an event.
func (c *templateCard) calls() bool {
	return c.Menu != nil || len(c.Buttons) > 0 || c.Checkbox != nil || len(c.Selects) > 0
}
