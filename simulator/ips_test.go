package simulator

import (
	"net/http"
	"testing"
)

func TestAnyGoodTokenMayAskForTheAddressesAndNoOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	token, _ := h.accountToken(shop)
	got := h.read(h.do(http.MethodGet, "/cgi-bin/get_api_domain_ip?access_token="+token, ""))
	if list, _ := got["ip_list"].([]any); len(list) == 0 {
		t.Errorf("%v", got)
	}
	wantCode(t, h.read(h.do(http.MethodGet, "/cgi-bin/get_api_domain_ip?access_token=x"+token, "")), 40001)
	wantCode(t, h.read(h.do(http.MethodGet, "/cgi-bin/get_api_domain_ip", "")), 41001)
}
