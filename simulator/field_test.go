package simulator

import (
	"strings"
	"testing"
)

func TestValuesFollowTheVendorsRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ takes, refuses []string }{
		"thing1":            {[]string{"好", strings.Repeat("😀", 20)}, []string{"", strings.Repeat("a", 21), "a\r\nb", "a\xff"}},
		"character_string1": {[]string{strings.Repeat("A", 32), "SO-2026/08#1"}, []string{strings.Repeat("1", 33), "订单1"}},
		"time1":             {[]string{"15:01", "2025年6月1日 15:01", "2024-07-24 08:00~12:00", "09:00:30"}, []string{"2024-07-24 08~12", "08:00～12:00", "25:00", "now"}},
		"date1":             {[]string{"2025年6月1日", "2025-06-01", "2025/06/01 15:01", "2025.06.01", "2025年6月", "6月1日"}, []string{"yesterday", "20250601"}},
		"amount1":           {[]string{"¥39.80", "￥1", "$999999999999", "12.5元"}, []string{"¥1234567890123", "39,80", "¥", "-1", "1 元"}},
		"number1":           {[]string{"42", "3.14"}, []string{"4a", strings.Repeat("1", 33)}},
		"phone_number1":     {[]string{"+86-0766-66888866", "400-000-0000"}, []string{"+86-0766-668888660", "phone"}},
		"car_number1":       {[]string{"粤B12345", "粤B1234学"}, []string{"粤B12中45", "粤B1234567", "粤B-1234"}},
		"letter1":           {[]string{"abc"}, []string{"ab1", "好"}},
		"symbol1":           {[]string{"#!"}, []string{"a", "######"}},
		"name1":             {[]string{"王小明", "John Smith"}, []string{strings.Repeat("王", 11), "王2", strings.Repeat("a", 21)}},
		"phrase1":           {[]string{"已发货"}, []string{"ok", "一二三四五六"}},
		"const1":            {[]string{"已付款", ""}, []string{"未付款"}},
		"enum_string1":      {[]string{"A"}, []string{"B", ""}},
		"short_thing1":      {[]string{"anything at all"}, []string{""}},
		"keyword1":          {[]string{"", strings.Repeat("x", 100), "a\nb"}, nil}, // historic: cut, never refused
	} {
		t.Run(name, func(t *testing.T) {
			p := newPattern(Template{Content: "标题:{{" + name + ".DATA}}", Values: map[string][]string{"const1": {"已付款"}, "enum_string1": {"A"}}})
			for _, v := range c.takes {
				if f := p.refuses(map[string]templateValue{name: {Value: v}}); f != nil {
					t.Errorf("%q was refused: %s", v, f.Text)
				}
			}
			for _, v := range c.refuses {
				if f := p.refuses(map[string]templateValue{name: {Value: v}}); f == nil || f.Code != 47003 || !strings.Contains(f.Text, "data."+name+".value") {
					t.Errorf("%q gave %+v, want 47003 that names it", v, f)
				}
			}
		})
	}
}
