// Command stranger is a business system whose client is generated from
// /openapi.json: it says who a user is, sends to it, and tells what became of
// it. Its arguments are the service's address, ChannelKey,
// MasterSecret, the sender and the user's openid.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := NewClientWithResponses(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	bearer := token(ctx, c, os.Args[2], os.Args[3])
	set := map[string]any{"wechatoa": map[string]string{os.Args[4]: os.Args[5]}}
	opt, err := c.OptUsersWithResponse(ctx, OptUsersJSONRequestBody{{Userid: "u-1", Set: &set}}, bearer)
	if err != nil || opt.JSON200 == nil || len(opt.JSON200.Data.Success) != 1 {
		log.Fatalf("user/opt: %v %+v", err, opt)
	}
	id := send(ctx, c, bearer)
	for {
		m, err := c.MessageWithResponse(ctx, id, bearer)
		if err != nil || m.JSON200 == nil {
			log.Fatalf("message: %v %+v", err, m)
		}
		if m.JSON200.Counts["delivered"] == 1 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	again, err := c.RetractWithResponse(ctx, "unknown", bearer)
	if err != nil || again.JSON400 == nil {
		log.Fatalf("retract: %v %+v", err, again)
	}
	fmt.Println("delivered; of another message:", again.JSON400.Code)
}

func token(ctx context.Context, c *ClientWithResponses, key, secret string) RequestEditorFn {
	basic := func(_ context.Context, r *http.Request) error { r.SetBasicAuth(key, secret); return nil }
	got, err := c.OauthTokenWithFormdataBodyWithResponse(ctx, OauthTokenFormdataRequestBody{GrantType: "client_credentials"}, basic)
	if err != nil || got.JSON200 == nil {
		log.Fatalf("token: %v %+v", err, got)
	}
	bearer := "Bearer " + got.JSON200.AccessToken
	return func(_ context.Context, r *http.Request) error { r.Header.Set("Authorization", bearer); return nil }
}

func send(ctx context.Context, c *ClientWithResponses, bearer RequestEditorFn) string {
	data := map[string]TemplateValue{}
	for name, text := range map[string]string{"character_string1": "SO-881", "thing2": "两件商品", "amount3": "¥39.80", "time4": "2026-06-01 09:30"} {
		var v Value
		if err := v.FromValue0(text); err != nil {
			log.Fatal(err)
		}
		data[name] = TemplateValue{Value: v}
	}
	template, users := "TPL-order-paid-0000000000000000000000000001", []string{"u-1"}
	var paid OfficialMessage
	if err := paid.FromTemplateMessage(TemplateMessage{Sender: &os.Args[4], TemplateId: &template, Data: data}); err != nil {
		log.Fatal(err)
	}
	sent, err := c.SentWithResponse(ctx, nil, SentJSONRequestBody{AudUserid: &users, MsgWechatoa: &[]OfficialMessage{paid}}, bearer)
	if err != nil || sent.JSON200 == nil {
		log.Fatalf("sent: %v %+v", err, sent)
	}
	return sent.JSON200.Msgid
}
