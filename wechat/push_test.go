package wechat

import (
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"testing"
)

const templateEvent = `<xml><ToUserName><![CDATA[gh_0011aabb]]></ToUserName>
<FromUserName><![CDATA[oAbCdEfGhIjKlMnOp]]></FromUserName>
<CreateTime>1748741400</CreateTime><MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>
<MsgID>3487542469355618313</MsgID><Status><![CDATA[failed:user block]]></Status></xml>`

const sentEvent = `<xml><ToUserName>gh_0011aabb</ToUserName><FromUserName>oAbC</FromUserName><CreateTime>1748741400</CreateTime>
<MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent>
 <List><TemplateId><![CDATA[PRI-arrival]]></TemplateId><MsgID>1864323726461255680</MsgID><ErrorCode>0</ErrorCode></List>
 <List><TemplateId>PRI-other</TemplateId><MsgID>2</MsgID></List></SubscribeMsgSentEvent></xml>`

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want Envelope
	}{
		"the authorization event URL, pretty-printed": {
			"<xml>\n    <AppId><![CDATA[wx1a2b3c4d5e6f7a8b]]></AppId>\n    <Encrypt><![CDATA[QUJD]]></Encrypt>\n</xml>\n",
			Envelope{AppID: "wx1a2b3c4d5e6f7a8b", Encrypt: []byte("QUJD")},
		},
		"the message URL, compact and without CDATA": {
			"<xml><ToUserName>gh_0123456789ab</ToUserName><Encrypt>QUJD+/==</Encrypt></xml>",
			Envelope{ToUserName: "gh_0123456789ab", Encrypt: []byte("QUJD+/==")},
		},
		"white space around values is trimmed, within CDATA too": {
			"<xml><AppId>\n wx1 </AppId><Encrypt>\n  <![CDATA[ QUJD\n ]]>\t</Encrypt></xml>",
			Envelope{AppID: "wx1", Encrypt: []byte("QUJD")},
		},
		"a declaration, a comment, attributes and unknown elements are passed over": {
			"\xef\xbb\xbf<?xml version=\"1.0\"?><!-- hi --><xml a='1' b = \"2\"><AgentID>1</AgentID><x><Encrypt>no</Encrypt></x><e/><Encrypt>QUJD</Encrypt ></xml>",
			Envelope{AgentID: "1", Encrypt: []byte("QUJD")},
		},
		"a value in pieces is put together": {
			"<xml><Encrypt>Q<!-- -->U<![CDATA[J]]>&#x44;</Encrypt></xml>", Envelope{Encrypt: []byte("QUJD")},
		},
		"sixteen levels": {
			"<xml>" + strings.Repeat("<a>", 15) + strings.Repeat("</a>", 15) + "<Encrypt>QUJD</Encrypt></xml>", Envelope{Encrypt: []byte("QUJD")},
		},
		"JSON": {
			" \n{\"ToUserName\":\"gh_1\",\"Encrypt\":\"QUJD\\/==\",\"x\":{\"Encrypt\":\"no\"}}", Envelope{ToUserName: "gh_1", Encrypt: []byte("QUJD/=="), JSON: true},
		},
		"WeCom's": {
			"<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID><Encrypt>QUJD</Encrypt></xml>",
			Envelope{ToUserName: "ww0123456789abcdef", AgentID: "1000002", Encrypt: []byte("QUJD")},
		},
		"plain fields of the compatible mode are passed over": {
			"<xml><ToUserName>gh_1</ToUserName><Content>a &lt; b</Content><Encrypt>QUJD</Encrypt></xml>",
			Envelope{ToUserName: "gh_1", Encrypt: []byte("QUJD")},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseEnvelope([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if got.AppID != test.want.AppID || got.AgentID != test.want.AgentID || got.JSON != test.want.JSON || got.ToUserName != test.want.ToUserName || string(got.Encrypt) != string(test.want.Encrypt) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestParseEnvelopeRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want error
	}{
		"a plain push":                       {"<xml><ToUserName>gh_1</ToUserName><Content>hi</Content></xml>", ErrNoEnvelope},
		"an empty Encrypt":                   {"<xml><Encrypt> </Encrypt></xml>", ErrNoEnvelope},
		"nothing":                            {"", errRoot},
		"JSON without Encrypt":               {`{"ToUserName":"gh_1","Content":"hi"}`, ErrNoEnvelope},
		"JSON that names a member twice":     {`{"Encrypt":"QUJD","Encrypt":"QUJE"}`, errJSON},
		"JSON and more":                      {`{"Encrypt":"QUJD"}{}`, errJSON},
		"JSON cut off":                       {`{"Encrypt":"QUJD"`, errJSON},
		"a JSON array":                       {`[{"Encrypt":"QUJD"}]`, errRoot},
		"JSON of seventeen levels":           {strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17), errDepth},
		"JSON of a million levels":           {`{"a":` + strings.Repeat("[", 1<<20), errDepth},
		"another root":                       {"<html><Encrypt>QUJD</Encrypt></html>", errRoot},
		"two roots":                          {"<xml><Encrypt>QUJD</Encrypt></xml><xml></xml>", errRoot},
		"text after the root":                {"<xml><Encrypt>QUJD</Encrypt></xml>x", errRoot},
		"CDATA outside the root":             {"<![CDATA[x]]><xml><Encrypt>QUJD</Encrypt></xml>", errRoot},
		"a broken closing tag":               {"<xml><Encrypt>QUJD</Encrypt><xml>", errSyntax},
		"crossed tags":                       {"<xml><a><Encrypt>QUJD</a></Encrypt></xml>", errSyntax},
		"a closing tag too many":             {"<xml><Encrypt>QUJD</Encrypt></xml></xml>", errSyntax},
		"an open comment":                    {"<xml><!-- <Encrypt>QUJD</Encrypt></xml>", errSyntax},
		"an open CDATA":                      {"<xml><Encrypt><![CDATA[QUJD</Encrypt></xml>", errSyntax},
		"a tag cut off":                      {"<xml><Encrypt", errSyntax},
		"a tag without a name":               {"<xml>< Encrypt>QUJD</Encrypt></xml>", errSyntax},
		"an attribute without quotes":        {"<xml><Encrypt a=1>QUJD</Encrypt></xml>", errSyntax},
		"attributes run together":            {"<xml><Encrypt a='1'b='2'>QUJD</Encrypt></xml>", errSyntax},
		"a document type":                    {"<!DOCTYPE xml><xml><Encrypt>QUJD</Encrypt></xml>", errDoctype},
		"an entity of its own making":        {`<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>`, errDoctype},
		"an entity that is not defined":      {"<xml><Encrypt>&a;</Encrypt></xml>", errEntity},
		"a bare ampersand":                   {"<xml><Encrypt>a & b</Encrypt></xml>", errEntity},
		"a character that XML does not have": {"<xml><Encrypt>&#0;</Encrypt></xml>", errEntity},
		"half of a surrogate pair":           {"<xml><Encrypt>&#xD800;</Encrypt></xml>", errEntity},
		"seventeen levels":                   {strings.Repeat("<xml>", 17) + strings.Repeat("</xml>", 17), errDepth},
		"a million levels":                   {strings.Repeat("<xml>", 1<<18), errDepth},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := ParseEnvelope([]byte(test.body)); !errors.Is(err, test.want) || len(got.Encrypt) > 0 {
				t.Errorf("got %+v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestManyPiecesOfTextTakeLinearTime(t *testing.T) {
	t.Parallel()
	body := []byte("<xml><Encrypt>" + strings.Repeat("a<!---->", 1<<17) + "</Encrypt></xml>") // a second to minutes if each is copied
	got, err := ParseEnvelope(body)
	if err != nil || len(got.Encrypt) != 1<<17 {
		t.Fatalf("%d bytes, %v", len(got.Encrypt), err)
	}
}

func TestParsePush(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		plain string
		want  Push
		kind  string
	}{
		"a ticket": {
			"<xml><AppId>wx1</AppId>\n<CreateTime>1760000000</CreateTime>\n<InfoType>component_verify_ticket</InfoType>\n<ComponentVerifyTicket>ticket@@@S</ComponentVerifyTicket>\n</xml>",
			Push{AppID: "wx1", CreateTime: 1760000000, InfoType: "component_verify_ticket", Ticket: "ticket@@@S"},
			"component.component_verify_ticket",
		},
		"authorized, in any order": {
			"<xml><PreAuthCode>preauthcode@@@P</PreAuthCode><AuthorizationCodeExpiredTime>1760003700</AuthorizationCodeExpiredTime><InfoType>authorized</InfoType><AppId>wx1</AppId><AuthorizationCode>queryauthcode@@@C</AuthorizationCode><AuthorizerAppid>wx9</AuthorizerAppid><CreateTime>1760000100</CreateTime></xml>",
			Push{AppID: "wx1", CreateTime: 1760000100, InfoType: "authorized", AuthorizerAppID: "wx9", AuthorizationCode: "queryauthcode@@@C", PreAuthCode: "preauthcode@@@P", CodeExpires: 1760003700},
			"component.authorized",
		},
		"a code's time that is a duration": {
			"<xml><InfoType>authorized</InfoType><CreateTime>1760000100</CreateTime><AuthorizationCodeExpiredTime>600</AuthorizationCodeExpiredTime></xml>",
			Push{InfoType: "authorized", CreateTime: 1760000100, CodeExpires: 1760000700}, "component.authorized",
		},
		"a registration whose appid is not the platform's": {
			"<xml><AppId>wx1</AppId><appid>wxnew</appid><InfoType>notify_third_fasteregister</InfoType><info><AppId>no</AppId></info></xml>",
			Push{AppID: "wx1", InfoType: "notify_third_fasteregister"}, "component.notify_third_fasteregister",
		},
		"a text": {
			"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><CreateTime>1760000200</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ 你好 <b>😀</b> & ]]></Content><MsgId>24600000000000001</MsgId></xml>",
			Push{ToUserName: "gh_1", FromUserName: "oA", CreateTime: 1760000200, MsgType: "text", Content: "你好 <b>😀</b> &", MsgID: "24600000000000001"},
			"wechat.text",
		},
		"a template's outcome": {
			templateEvent,
			Push{ToUserName: "gh_0011aabb", FromUserName: "oAbCdEfGhIjKlMnOp", CreateTime: 1748741400, MsgType: "event", Event: "TEMPLATESENDJOBFINISH", MsgID: "3487542469355618313", Status: "failed:user block"},
			"wechat.templatesendjobfinish",
		},
		"a subscription's outcome, named by its first entry": {
			sentEvent,
			Push{ToUserName: "gh_0011aabb", FromUserName: "oAbC", CreateTime: 1748741400, MsgType: "event", Event: "subscribe_msg_sent_event", MsgID: "1864323726461255680", TemplateID: "PRI-arrival"},
			"wechat.subscribe_msg_sent_event",
		},
		"numbers that are none, and a name cut in a character": {
			"<xml><CreateTime>soon</CreateTime><MsgType>event</MsgType><Event>A\xe4\xbd!</Event></xml>",
			Push{MsgType: "event", Event: "A\uFFFD!"}, "wechat.a__",
		},
		"a MsgID deep inside something else": {
			"<xml><a><b><MsgID>1</MsgID><TemplateId>2</TemplateId></b></a><MsgType>x</MsgType></xml>", Push{MsgType: "x"}, "wechat.x",
		},
		"nothing known": {"<xml><a/></xml>", Push{}, "wechat.unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParsePush([]byte(test.plain))
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("\n got %+v\nwant %+v", got, test.want)
			}
			if got.Type() != test.kind {
				t.Errorf("type %q, want %q", got.Type(), test.kind)
			}
		})
	}
}

func TestLineBreaksAreThoseOfXML(t *testing.T) {
	t.Parallel()
	got, err := ParsePush([]byte("<xml><Content>a\r\nb\rc&#13;d<![CDATA[\r\ne]]></Content></xml>"))
	if want := "a\nb\nc\rd\ne"; err != nil || got.Content != want {
		t.Errorf("got %q, %v; want %q", got.Content, err, want)
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		event, status, id string
		want              Outcome
		ok                bool
	}{
		"delivered":                {"TEMPLATESENDJOBFINISH", "success", "3487542469355618313", Outcome{MsgID: 3487542469355618313, Delivered: true, Status: "success"}, true},
		"in other letters":         {"TEMPLATESENDJOBFINISH", " Success ", "1", Outcome{MsgID: 1, Delivered: true, Status: "success"}, true},
		"refused by the user":      {"TEMPLATESENDJOBFINISH", "failed:user block", "1", Outcome{MsgID: 1, Status: "failed:user block", Reason: "user block"}, true},
		"with a blank":             {"TEMPLATESENDJOBFINISH", "failed: system failed", "1", Outcome{MsgID: 1, Status: "failed:system failed", Reason: "system failed"}, true},
		"with a second colon":      {"TEMPLATESENDJOBFINISH", "Failed : a:b", "1", Outcome{MsgID: 1, Status: "failed:a:b", Reason: "a:b"}, true},
		"success with a remark":    {"TEMPLATESENDJOBFINISH", "success: late", "1", Outcome{MsgID: 1, Delivered: true, Status: "success:late", Reason: "late"}, true},
		"no status is no delivery": {"TEMPLATESENDJOBFINISH", "", "1", Outcome{MsgID: 1}, true},
		"the id is missing":        {"TEMPLATESENDJOBFINISH", "success", "", Outcome{Delivered: true, Status: "success"}, true},
		"another event":            {"subscribe", "success", "1", Outcome{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.User = "oA"
			if !test.ok {
				test.want.User = ""
			}
			p := Push{MsgType: "event", Event: test.event, Status: test.status, MsgID: test.id, FromUserName: "oA"}
			if got, ok := p.Outcome(); got != test.want || ok != test.ok {
				t.Errorf("got %+v %v, want %+v %v", got, ok, test.want, test.ok)
			}
		})
	}
}

func TestDedupKey(t *testing.T) {
	t.Parallel()
	key := func(appID, inner string) string {
		p, err := ParsePush([]byte("<xml>" + inner + "</xml>"))
		if err != nil {
			t.Fatal(err)
		}
		return p.DedupKey(appID, []byte(inner))
	}
	same := map[string][2]string{
		"a message is told by its id alone": {"<MsgType>text</MsgType><MsgId>1</MsgId><FromUserName>a</FromUserName><Content>x</Content>", "<MsgType>text</MsgType><MsgId> 1 </MsgId><FromUserName>b</FromUserName>"},
		"an event does not mind its order":  {"<Event>CLICK</Event><EventKey>k</EventKey><FromUserName>a</FromUserName><CreateTime>1</CreateTime>", "<CreateTime>1</CreateTime><FromUserName>a</FromUserName><EventKey>k</EventKey><Event>CLICK</Event>"},
		"a ticket is told by its time":      {"<AppId>c</AppId><InfoType>component_verify_ticket</InfoType><CreateTime>1</CreateTime><ComponentVerifyTicket>a</ComponentVerifyTicket>", "<AppId>c</AppId><InfoType>component_verify_ticket</InfoType><CreateTime>1</CreateTime><ComponentVerifyTicket>b</ComponentVerifyTicket>"},
		"an authorization by its code":      {"<AppId>c</AppId><InfoType>authorized</InfoType><AuthorizerAppid>a</AuthorizerAppid><AuthorizationCode>x</AuthorizationCode><CreateTime>1</CreateTime>", "<AppId>c</AppId><InfoType>authorized</InfoType><AuthorizerAppid>a</AuthorizerAppid><AuthorizationCode>x</AuthorizationCode><CreateTime>2</CreateTime>"},
	}
	for name, pair := range same {
		if key("wx1", pair[0]) != key("wx1", pair[1]) {
			t.Errorf("%s: keys differ", name)
		}
	}
	event := "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><FromUserName>a</FromUserName><CreateTime>1</CreateTime>"
	info := "<AppId>c</AppId><AuthorizerAppid>a</AuthorizerAppid><CreateTime>1</CreateTime>"
	different := []string{
		key("wx1", "<MsgType>text</MsgType><MsgId>1</MsgId>"), key("wx2", "<MsgType>text</MsgType><MsgId>1</MsgId>"),
		key("wx1", "<MsgType>text</MsgType><MsgId>2</MsgId>"), key("wx1", event), key("wx2", event),
		key("wx1", event+"<MsgID>1</MsgID>"), key("wx1", event+"<MsgID>2</MsgID>"), key("wx1", event+"<EventKey>1</EventKey>"),
		key("wx1", event+"<x><List><TemplateId>1</TemplateId></List></x>"), key("wx1", strings.Replace(event, ">1<", ">2<", 1)),
		key("wx1", strings.Replace(event, ">a<", ">b<", 1)), key("wx1", strings.Replace(event, "TEMPLATE", "MASS", 1)),
		key("", info+"<InfoType>unauthorized</InfoType>"), key("", strings.Replace(info, ">1<", ">2<", 1)+"<InfoType>unauthorized</InfoType>"),
		key("", info+"<InfoType>authorized</InfoType><AuthorizationCode>x</AuthorizationCode>"),
		key("", info+"<InfoType>updateauthorized</InfoType><AuthorizationCode>x</AuthorizationCode>"),
		key("", info+"<InfoType>updateauthorized</InfoType><AuthorizationCode>y</AuthorizationCode>"),
		key("", info+"<InfoType>component_verify_ticket</InfoType>"),
		key("", info+"<InfoType>notify_3rd_wxa_auth</InfoType><taskid>1</taskid>"),
		key("", info+"<InfoType>notify_3rd_wxa_auth</InfoType><taskid>2</taskid>"),
		key("wx1", "<a>1</a>"), key("wx1", "<a>2</a>"),
	}
	seen := map[string]int{}
	for i, k := range different {
		if j, ok := seen[k]; ok {
			t.Errorf("pushes %d and %d have one key", j, i)
		}
		if seen[k] = i; len(k) != 32 {
			t.Errorf("key %q: want 32 characters", k)
		}
	}
}

// tree reads fields with encoding/xml, by the rules of Push.
func tree(in []byte) (map[string]string, error) {
	d := xml.NewDecoder(strings.NewReader(string(in)))
	values := map[string]string{}
	var names []string
	var texts []string
	for rooted := false; ; {
		token, err := d.Token()
		if err != nil {
			if err.Error() == "EOF" && rooted {
				return values, nil
			}
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Space != "" {
				token.Name.Local = token.Name.Space + ":" + token.Name.Local
			}
			names, texts = append(names, token.Name.Local), append(texts, "")
			rooted = true
		case xml.CharData:
			if len(texts) > 0 {
				texts[len(texts)-1] += string(token)
			}
		case xml.EndElement:
			n := len(names)
			value := strings.Trim(texts[n-1], " \t\r\n")
			name := names[n-1]
			if strings.EqualFold(name, "MsgId") && (name == "MsgId" || name == "MsgID") {
				name = "MsgID"
			}
			if name == "AgentId" {
				name = "AgentID"
			}
			if n == 2 {
				values[name] = value
			}
			if (n == 3 || n == 4) && names[n-2] == "List" && (name == "MsgID" || name == "TemplateId") && values[name] == "" {
				values[name] = value
			}
			names, texts = names[:n-1], texts[:n-1]
		}
	}
}

func FuzzParsePushAgreesWithEncodingXML(f *testing.F) {
	for _, seed := range []string{
		templateEvent, sentEvent, "<xml/>", "<xml><Content>a\r\nb&#13;&lt;&quot;<![CDATA[<&]]></Content></xml>",
		"<xml a='<'><Event b=\"1\"/><!-- x --><?y?><Event>1<z>2</z>3</Event></xml>", "<xml><x:Event>1</x:Event></xml>",
		"<xml><a><List><MsgID>1</MsgID></List></a><MsgId>2</MsgId></xml>", "<!DOCTYPE a><xml></xml>", "<xml><![CDATA[a]]></xml>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := ParsePush(in)
		_, _ = ParseEnvelope(in)
		if err != nil {
			if strings.Contains(err.Error(), string(in)) && len(in) > 8 {
				t.Errorf("the error quotes the push: %v", err)
			}
			return
		}
		got.DedupKey("wx1", in)
		got.Outcome()
		if kind := got.Type(); len(kind) > 80 {
			t.Errorf("type of %d bytes", len(kind))
		}
		want, err := tree(in)
		if err != nil || isJSON(in) || strings.Contains(string(in), "xmlns") { // namespaces are the one thing read differently
			return
		}
		if got.CodeExpires != integer(want["AuthorizationCodeExpiredTime"]) {
			got.CodeExpires -= got.CreateTime
		}
		have := Push{
			AppID: want["AppId"], InfoType: want["InfoType"], CreateTime: integer(want["CreateTime"]), Ticket: want["ComponentVerifyTicket"],
			AuthorizerAppID: want["AuthorizerAppid"], AuthorizationCode: want["AuthorizationCode"], PreAuthCode: want["PreAuthCode"],
			CodeExpires: integer(want["AuthorizationCodeExpiredTime"]), ToUserName: want["ToUserName"], FromUserName: want["FromUserName"],
			MsgType: want["MsgType"], Event: want["Event"], EventKey: want["EventKey"], MsgID: want["MsgID"], TemplateID: want["TemplateId"],
			Status: want["Status"], Content: want["Content"], AgentID: want["AgentID"], TaskID: want["TaskId"],
		}
		if got != have {
			t.Errorf("\n     got %+v\nencoding/xml has %+v", got, have)
		}
	})
}

func BenchmarkParseEnvelope(b *testing.B) {
	body := []byte("<xml>\n<ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>\n<Encrypt><![CDATA[" + strings.Repeat("QUJD", 150) + "]]></Encrypt>\n</xml>")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseEnvelope(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePush(b *testing.B) {
	body := []byte(templateEvent)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePush(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDedupKey(b *testing.B) {
	p, _ := ParsePush([]byte(templateEvent))
	b.ReportAllocs()
	for b.Loop() {
		p.DedupKey("wx1a2b3c4d5e6f7a8b", nil)
	}
}

func TestOutcomesOfSubscriptionMessagesAreRead(t *testing.T) {
	t.Parallel()
	item := func(id, code, status string) string {
		return "<List><TemplateId>T" + id + "</TemplateId><MsgID>" + id + "</MsgID><ErrorCode>" + code + "</ErrorCode><ErrorStatus>" + status + "</ErrorStatus></List>"
	}
	const head = "<xml><FromUserName>oA</FromUserName><MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event>"
	for name, c := range map[string]struct {
		plain string
		want  []Outcome
	}{
		"two in one": {head + "<SubscribeMsgSentEvent>" + item("1", "0", "success") + item("2", "7", "blocked") + "</SubscribeMsgSentEvent></xml>",
			[]Outcome{{MsgID: 1, User: "oA", Template: "T1", Delivered: true, Status: "success", Reason: "success"}, {MsgID: 2, User: "oA", Template: "T2", Status: "blocked (7)", Reason: "blocked"}}},
		"as JSON, without an id": {`{"FromUserName":"oA","MsgType":"event","Event":"subscribe_msg_sent_event","List":{"TemplateId":"T1","ErrorCode":"0","ErrorStatus":"success"}}`,
			[]Outcome{{User: "oA", Template: "T1", Delivered: true, Status: "success", Reason: "success"}}},
		"empty":          {head + "</xml>", nil},
		"a template's":   {"<xml><FromUserName>oA</FromUserName><Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID><Status>success</Status></xml>", []Outcome{{MsgID: 1, User: "oA", Delivered: true, Status: "success"}}},
		"no later word":  {"<xml><FromUserName>oA</FromUserName><Event>subscribe</Event></xml>", nil},
		"of a component": {"<xml><InfoType>x</InfoType><Event>subscribe_msg_sent_event</Event></xml>", nil},
	} {
		p, err := ParsePush([]byte(c.plain))
		if got := p.Outcomes([]byte(c.plain)); err != nil || !slices.Equal(got, c.want) || p.HasOutcomes() != (len(c.want) > 0 || name == "empty") {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}
