package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// LibraryTemplate is one of the vendor's public library, from which accounts
// take templates into their own lists: by its tid for subscriptions, by its
// number for template messages.
type LibraryTemplate struct {
	TID      int       `json:"tid"`
	Number   string    `json:"template_id_short,omitempty"` // "": none of the template messages; digits: a category template
	Type     int       `json:"type"`                        // 2 one-time, 3 long-term; 0: not for subscriptions
	Title    string    `json:"title"`
	Category int       `json:"category"`
	Keywords []Keyword `json:"keywords"`
	Banned   bool      `json:"banned,omitempty"`
}

// Keyword is a parameter to choose.
type Keyword struct {
	KID     int      `json:"kid"`
	Name    string   `json:"name"`
	Example string   `json:"example"`
	Rule    string   `json:"rule"`             // type of its value, such as thing
	Values  []string `json:"values,omitempty"` // of an enum
}

// category is a class of services that an account has chosen.
type category struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

var serviceCategories = []category{{2, "快递物流"}, {616, "商家自营"}, {307, "医院"}}

// SampleLibrary is a small public library, all made up.
func SampleLibrary() []LibraryTemplate {
	return []LibraryTemplate{
		{TID: 401, Type: oneTimeTemplate, Title: "快递到站提醒", Category: 2, Keywords: []Keyword{
			{1, "快递单号", "SF1000000000001", "character_string", nil}, {2, "快递公司", "示例速运", "thing", nil}, {3, "取件地点", "北门快递柜", "thing", nil},
			{4, "到站时间", "2026-06-01 18:05", "time", nil}, {5, "取件码", "A012", "character_string", nil}, {6, "快递状态", "已到站", "enum_string", []string{"已到站", "即将超时"}},
		}},
		{TID: 402, Number: "43216", Type: oneTimeTemplate, Title: "订单发货提醒", Category: 616, Keywords: []Keyword{
			{1, "订单编号", "SO20260600088", "character_string", nil}, {2, "商品名称", "两件商品", "thing", nil}, {3, "发货时间", "2026-06-01 09:30", "time", nil},
			{4, "订单金额", "¥39.80", "amount", nil}, {5, "订单状态", "已发货", "phrase", nil},
		}},
		{TID: 403, Number: "43217", Type: longTermTemplate, Title: "就诊提醒", Category: 307, Keywords: []Keyword{
			{1, "就诊人", "王小明", "name", nil}, {2, "就诊时间", "2026年6月1日 15:01", "time", nil}, {3, "就诊地点", "门诊二楼", "thing", nil},
		}},
		{TID: 404, Number: "43218", Type: oneTimeTemplate, Title: "抽奖结果通知", Category: 616, Banned: true, Keywords: []Keyword{
			{1, "活动名称", "抽奖", "thing", nil}, {2, "抽奖结果", "已中奖", "phrase", nil},
		}},
		{TID: 1, Number: "TM00015", Title: "订单支付成功", Category: 616, Keywords: []Keyword{
			{1, "支付金额", "39.80元", "", nil}, {2, "商品信息", "两件商品", "", nil},
		}},
	}
}

func (l LibraryTemplate) keyword(fits func(Keyword) bool) (Keyword, bool) {
	if i := slices.IndexFunc(l.Keywords, fits); i >= 0 {
		return l.Keywords[i], true
	}
	return Keyword{}, false
}

// made is the template that an account gets, its parameters in the order of the choice.
func (l LibraryTemplate) made(id string, kind int, chosen []Keyword) Template {
	t := Template{ID: id, Type: kind, Title: l.Title, Values: map[string][]string{}}
	var content, example strings.Builder
	for _, k := range chosen {
		name := k.Rule + strconv.Itoa(k.KID)
		fmt.Fprintf(&content, "%s:{{%s.DATA}}\n", k.Name, name)
		fmt.Fprintf(&example, "%s:%s\n", k.Name, k.Example)
		if len(k.Values) > 0 {
			t.Values[name] = k.Values
		}
	}
	t.Content, t.Example = content.String(), example.String()
	return t
}

// historic is what an account gets of the older, industry library.
func (l LibraryTemplate) historic(id string) Template {
	content := "{{first.DATA}}\n"
	for i, k := range l.Keywords {
		content += fmt.Sprintf("%s:{{keyword%d.DATA}}\n", k.Name, i+1)
	}
	return Template{ID: id, Title: l.Title, Content: content + "{{remark.DATA}}"}
}
