package wechat

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestARepliesTextComesBackFromItsXML(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "你好 😀", "a ]]> b", "]]>]]>", "<xml>&amp;", "two\nlines"} {
		var got struct {
			ToUserName, FromUserName, MsgType, Content string
			CreateTime                                 int64
		}
		if err := xml.Unmarshal(TextReply{"oA", "gh_1", 1760000201, content}.XML(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Content != content || got.ToUserName != "oA" || got.FromUserName != "gh_1" || got.MsgType != "text" || got.CreateTime != 1760000201 {
			t.Errorf("%q came back as %+v", content, got)
		}
	}
}

func TestAReplysEnvelopeIsSpelledAsTheVendorReadsIt(t *testing.T) {
	t.Parallel()
	e := ReplyEnvelope{Encrypt: "ab+/=", MsgSignature: "16cd", TimeStamp: 1760000201, Nonce: "559120334"}
	if got, want := e.XML(), "<xml><Encrypt><![CDATA[ab+/=]]></Encrypt><MsgSignature><![CDATA[16cd]]></MsgSignature><TimeStamp>1760000201</TimeStamp><Nonce><![CDATA[559120334]]></Nonce></xml>"; got != want {
		t.Errorf("wrote %s, want %s", got, want)
	}
	text, err := e.JSON()
	if want := `{"Encrypt":"ab+/=","MsgSignature":"16cd","TimeStamp":1760000201,"Nonce":"559120334"}`; err != nil || text != want {
		t.Errorf("wrote %s, %v, want %s", text, err, want)
	}
	if !json.Valid([]byte(text)) {
		t.Error("no JSON")
	}
}

func TestTheTenTestAccountsAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range ReleasePairs() {
		for _, a := range []ReleaseAccount{p.OA, p.MP} {
			if name, ok := ReleaseUserName(a.AppID); !ok || name != a.UserName || !strings.HasPrefix(name, "gh_") || !IsReleaseTest(a.AppID) {
				t.Errorf("%+v is known as %q", a, name)
			}
			seen[a.AppID] = true
		}
	}
	if len(seen) != 10 || IsReleaseTest("wx9f8e7d6c5b4a3f2e") || IsReleaseTest("") {
		t.Errorf("%d accounts", len(seen))
	}
}

func TestAFixedTokenStaysRefusedAndHidden(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":40001,"errmsg":"invalid credential"}`)
	err := API{Base: v.URL}.Account("wx1", FixedToken("SECRET")).SendText(t.Context(), "oA", "hi")
	if !errors.Is(err, ErrTokenRefused) || len(v.got) != 1 {
		t.Errorf("asked %d times: %v", len(v.got), err)
	}
	if text := fmt.Sprintf("%v %s %#v %+v", FixedToken("SECRET"), FixedToken("SECRET"), FixedToken("SECRET"), FixedToken("SECRET")); strings.Contains(text, "SECRET") {
		t.Error(text)
	}
}

func TestAnAnswerToACustomerMessageWithoutAVerdictIsNone(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{}`)
	if err := (API{Base: v.URL}).Account("wx1", FixedToken("t")).SendText(t.Context(), "oA", "hi"); !errors.Is(err, ErrUnanswered) {
		t.Error(err)
	}
}
