package wechat

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestAnAppsMessageIsTheSameBytesEachTime(t *testing.T) {
	m := AppMessage{Users: []string{"a", "B"}, Parties: []string{"3"}, Type: "text", Object: json.RawMessage(`{"content":"<b>&你好"}`),
		DuplicateCheck: true, DuplicateInterval: 600}
	want := `{"touser":"a|B","toparty":"3","msgtype":"text","agentid":7,"text":{"content":"<b>&你好"},"enable_duplicate_check":1,"duplicate_check_interval":600}`
	for range 3 {
		got, err := encode(m.body(7))
		if err != nil || string(got) != want {
			t.Fatalf("%s %v", got, err)
		}
	}
}

func TestListsOfIdsAreReadInEveryFormThatWeComWrites(t *testing.T) {
	for in, want := range map[string]string{`"a|b"`: "[a b]", `["a","b"]`: "[a b]", `null`: "[]", `""`: "[]", `"a| |"`: "[a]", `[]`: "[]"} {
		var l ids
		if err := json.Unmarshal([]byte(in), &l); err != nil || fmt.Sprint([]string(l)) != want {
			t.Errorf("%s: %v %v", in, l, err)
		}
	}
	if err := new(ids).UnmarshalJSON([]byte(`7`)); err == nil {
		t.Error("a number is no list")
	}
}
