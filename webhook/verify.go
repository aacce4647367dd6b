package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// verify asks an address to echo a random value verbatim, as JUMS does: GET
// with echostr in the query (https://docs.jiguang.cn/jums/advanced/callback).
func (r *Room) verify(ctx context.Context, address, channelKey, secret string) error {
	word := rand.Text()
	join := "?"
	if strings.Contains(address, "?") {
		join = "&"
	}
	got, err := r.egress.do(ctx, http.MethodGet, address+join+"echostr="+word, basic(channelKey, secret), nil)
	switch {
	case err != nil:
		return fmt.Errorf("did not answer the check: %w; GET with echostr=%s must be answered with %s", err, word, word)
	case got.Status != http.StatusOK:
		return fmt.Errorf("answered the check with status %d%s: want 200 and the value of echostr, %s, as the whole body", got.Status, moved(got.Status), word)
	case string(got.Body) != word:
		return fmt.Errorf("answered the check with %s: want the value of echostr, %s, as the whole body", shown(got), word)
	}
	return nil
}

// basic is the header that tells a receiver who calls.
func basic(channelKey, secret string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(channelKey+":"+secret))}}
}

func moved(status int) string {
	if status/100 == 3 {
		return " (redirects are not followed: register where it leads)"
	}
	return ""
}

// shown is the beginning of an answer, quoted.
func shown(a answer) string {
	const most = 100
	if len(a.Body) == 0 {
		return "an empty body"
	}
	text := strings.ToValidUTF8(string(a.Body[:min(len(a.Body), most)]), "?")
	if len(a.Body) <= most {
		return fmt.Sprintf("%q", text)
	}
	size := fmt.Sprint(len(a.Body))
	if a.Cut {
		size = "more than " + size
	}
	return fmt.Sprintf("%q... (%s bytes)", text, size)
}
