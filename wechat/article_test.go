package wechat

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// Bodies and answers written out by hand after
// https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add,
// https://developers.weixin.qq.com/doc/service/api/notify/message/api_masssend and
// https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_get.
func TestCallsForArticles(t *testing.T) {
	t.Parallel()
	const ok = `{"errcode":0,"errmsg":"ok"}`
	one := Article{Title: "五月 📰", Content: "<p>a & b</p>", Thumb: "M"}
	for name, test := range map[string]struct {
		call               func(*testing.T, *Account) (any, error)
		path, body, answer string
		want               any
	}{
		"a mass send to openids": {
			func(t *testing.T, a *Account) (any, error) {
				return a.SendMass(t.Context(), MassSend{OpenIDs: []string{"oA1", "oA2"}, MediaID: "DRAFT", ClientMsgID: "j41b003"})
			},
			"message/mass/send", `{"touser":["oA1","oA2"],"mpnews":{"media_id":"DRAFT"},"msgtype":"mpnews","send_ignore_reprint":0,"clientmsgid":"j41b003"}`,
			`{"errcode":0,"errmsg":"send job submission success","msg_id":34182,"msg_data_id":206227730}`, int64(34182),
		},
		"a mass send to a tag": {
			func(t *testing.T, a *Account) (any, error) {
				return a.SendMass(t.Context(), MassSend{Tag: 2, MediaID: "D", IgnoreReprint: true})
			},
			"message/mass/sendall", `{"filter":{"is_to_all":false,"tag_id":2},"mpnews":{"media_id":"D"},"msgtype":"mpnews","send_ignore_reprint":1}`,
			`{"errcode":"0","msg_id":"1000000001"}`, int64(1000000001),
		},
		"a mass send to everyone": {
			func(t *testing.T, a *Account) (any, error) {
				return a.SendMass(t.Context(), MassSend{All: true, MediaID: "D"})
			},
			"message/mass/sendall", `{"filter":{"is_to_all":true},"mpnews":{"media_id":"D"},"msgtype":"mpnews","send_ignore_reprint":0}`, `{"msg_id":7}`, int64(7),
		},
		"a preview": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.PreviewMass(t.Context(), "oA1", "", "D") },
			"message/mass/preview", `{"touser":"oA1","mpnews":{"media_id":"D"},"msgtype":"mpnews"}`, ok, nil,
		},
		"the state of a mass send": {
			func(t *testing.T, a *Account) (any, error) { return a.MassState(t.Context(), 201053012) },
			"message/mass/get", `{"msg_id":"201053012"}`, `{"msg_id":201053012,"msg_status":"SEND_SUCCESS"}`, MassSent,
		},
		"a mass send, deleted": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.DeleteMass(t.Context(), 30124) },
			"message/mass/delete", `{"msg_id":30124}`, ok, nil,
		},
		"a draft": {
			func(t *testing.T, a *Account) (any, error) { return a.AddDraft(t.Context(), []Article{one}) },
			"draft/add", `{"articles":[{"title":"五月 📰","content":"<p>a & b</p>","thumb_media_id":"M"}]}`, `{"media_id":"DRAFT"}`, "DRAFT",
		},
		"a draft, read": {
			func(t *testing.T, a *Account) (any, error) { return a.GetDraft(t.Context(), "D") },
			"draft/get", `{"media_id":"D"}`, `{"news_item":[{"title":"五月 📰","content":"<p>a & b</p>","thumb_media_id":"M","show_cover_pic":0,"url":"http://mp.weixin.qq.com/s/x","is_deleted":false}]}`,
			[]DraftArticle{{one, "http://mp.weixin.qq.com/s/x"}},
		},
		"an article of a draft, replaced": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.UpdateDraft(t.Context(), "D", 1, one) },
			"draft/update", `{"media_id":"D","index":1,"articles":{"title":"五月 📰","content":"<p>a & b</p>","thumb_media_id":"M"}}`, ok, nil,
		},
		"a draft, deleted": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.DeleteDraft(t.Context(), "D") },
			"draft/delete", `{"media_id":"D"}`, ok, nil,
		},
		"drafts": {
			func(t *testing.T, a *Account) (any, error) {
				all, total, err := a.Drafts(t.Context(), 20, 20)
				return []any{all, total}, err
			},
			"draft/batchget", `{"offset":20,"count":20,"no_content":1}`,
			`{"total_count":21,"item_count":1,"item":[{"media_id":"D","content":{"news_item":[{"title":"t","url":"u"}]},"update_time":"1700000000"}]}`,
			[]any{[]Draft{{"D", []DraftArticle{{Article{Title: "t"}, "u"}}, 1700000000}}, 21},
		},
		"a publication, its id a number": {
			func(t *testing.T, a *Account) (any, error) { return a.Publish(t.Context(), "D") },
			"freepublish/submit", `{"media_id":"D"}`, `{"errcode":0,"errmsg":"ok","publish_id":100000001,"msg_data_id":5}`, "100000001",
		},
		"a publication that is done": {
			func(t *testing.T, a *Account) (any, error) { return a.Publication(t.Context(), "100000001") },
			"freepublish/get", `{"publish_id":"100000001"}`, `{"publish_id":"100000001","publish_status":0,"article_id":" ART ","article_detail":{"count":1,"item":[{"idx":1,"article_url":"U"}]},"fail_idx":[]}`,
			Publication{State: PublishDone, ArticleID: "ART", Articles: []PublishedArticle{{1, "U"}}},
		},
		"a publication that failed": {
			func(t *testing.T, a *Account) (any, error) { return a.Publication(t.Context(), "1") },
			"freepublish/get", `{"publish_id":"1"}`, `{"publish_id":"1","publish_status":"2","fail_idx":[1,2]}`, Publication{State: PublishUnoriginal, Failed: []int{1, 2}},
		},
		"a published article, taken back": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.DeletePublished(t.Context(), "ART", 2) },
			"freepublish/delete", `{"article_id":"ART","index":2}`, ok, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, test.answer)
			got, err := test.call(t, account(API{Base: v.URL}))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("\n got %+v, %v\nwant %+v", got, err, test.want)
			}
			if want := []asked{{"POST", "/cgi-bin/" + test.path, "access_token=61_T%2B%2F%3D", test.body, "application/json"}}; !reflect.DeepEqual(v.got, want) {
				t.Errorf("\nasked %+v\n want %+v", v.got, want)
			}
			empty := newVendor(t, `{}`)
			if _, err := test.call(t, account(API{Base: empty.URL})); !errors.Is(err, ErrUnanswered) {
				t.Errorf("an answer that says nothing: %v", err)
			}
		})
	}
}

func TestARepeatedMassSendIsNamedByItsRefusal(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":45065,"errmsg":"clientmsgid exist","msg_id":34182}`)
	id, err := account(API{Base: v.URL}).SendMass(t.Context(), MassSend{OpenIDs: []string{"a", "b"}, MediaID: "D", ClientMsgID: "x"})
	if id != 34182 || !errors.Is(err, ErrDuplicate) {
		t.Errorf("%d, %v", id, err)
	}
	for _, code := range []string{"42010", "45066"} {
		v := newVendor(t, `{"errcode":`+code+`}`)
		if _, err := account(API{Base: v.URL}).SendMass(t.Context(), MassSend{All: true, MediaID: "D"}); !errors.Is(err, ErrTooSoon) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestADraftOfEightMegabytesIsRead(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("长", 330_000) // just under a megabyte
	item := `{"title":"t","content":"` + text + `"}`
	v := newVendor(t, `{"news_item":[`+strings.Repeat(item+",", 7)+item+`]}`)
	all, err := account(API{Base: v.URL}).GetDraft(t.Context(), "D")
	if err != nil || len(all) != 8 || all[7].Content != text {
		t.Errorf("%d articles, %v", len(all), err)
	}
}

func TestACopyrightResultThatIsATextIsNone(t *testing.T) {
	t.Parallel()
	const plain = `{"ToUserName":"gh_1","FromUserName":"mphelper","CreateTime":1700000000,"MsgType":"event","Event":"MASSSENDJOBFINISH","MsgID":1000001625,` +
		`"Status":"send success","TotalCount":"8","FilterCount":7,"SentCount":6,"ErrorCount":1,"CopyrightCheckResult":"\n\n\n"}`
	typed, err := TypedPush("wechat.masssendjobfinish", []byte(plain))
	e, ok := typed.(*MassJobFinished)
	if err != nil || !ok || e.MsgID != "1000001625" || e.TotalCount != 8 || e.FilterCount != 7 || e.SentCount != 6 || e.ErrorCount != 1 || e.Copyright.Count != 0 {
		t.Errorf("%+v, %v", typed, err)
	}
}
