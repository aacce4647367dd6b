package wechat

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestARefusalThatSaysSomethingOfTheAccountIsTold(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{0: "", 61003: "wx1", 61007: "wx1", 48001: "wx1", 50002: "wx1", 40003: "", 40001: "", 45009: "", 61004: ""} {
		vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"errcode":%d,"errmsg":"x","ip_list":[]}`, code)
		}))
		t.Cleanup(vendor.Close)
		var told []string
		api := API{Base: vendor.URL, Refused: func(_ context.Context, appID string) { told = append(told, appID) }}
		_ = api.Account("wx1", FixedToken("T")).SendText(t.Context(), "o1", "x")
		if got := strings.Join(told, " "); got != want {
			t.Errorf("%d to a call of ours: told of %q, want %q", code, got, want)
		}
		told = nil
		if a, err := api.Account("wx1", FixedToken("T")).Caller().Forward(t.Context(), Forward{Method: "GET", Path: "/cgi-bin/x"}); err != nil || a.Body.Close() != nil {
			t.Error(err)
		}
		if got := strings.Join(told, " "); got != want {
			t.Errorf("%d to somebody else's call: told of %q, want %q", code, got, want)
		}
		told = nil
		_, _ = api.Component("wxc", FixedToken("T")).AuthorizerInfo(t.Context(), "wx1")
		if len(told) > 0 {
			t.Errorf("%d to the platform's own call: told of %q", code, told)
		}
	}
}
