package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sql"
)

// noAccounts knows nobody; these pushes are refused before anyone is asked.
type noAccounts struct{ callback.Accounts }

func TestPushesThatAreNoneAreRefusedWithTheirStatus(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config, db *sql.DB) {
		c.Callback = callback.New(callback.Config{ComponentAppID: "wx1a2b3c4d5e6f7a8b", Token: "secret", MaxAge: time.Minute, Store: db.Callback(), Accounts: noAccounts{}})
	})
	query := "?timestamp=" + strconv.FormatInt(time.Now().Unix(), 10) + "&nonce=1&encrypt_type=raw&msg_signature=" + strings.Repeat("0", 40)
	envelope := "<xml><Encrypt>" + strings.Repeat("A", 64) + "</Encrypt></xml>"
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"an envelope without a good signature":    {envelope, 403},
		"cleartext, whatever encrypt_type says":   {"<xml><ToUserName>gh_1</ToUserName></xml>", 400},
		"no XML":                                  {"hello", 400},
		"nothing":                                 {"", 400},
		"a megabyte and a byte":                   {strings.Repeat("a", callback.MaxBody+1), 413},
		"a megabyte that is no push":              {strings.Repeat("a", callback.MaxBody), 400},
		"an envelope whose content is not base64": {"<xml><Encrypt>!!!</Encrypt></xml>", 400},
	} {
		for _, path := range []string{"/wechattpp/component", "/wechattpp/wx9f8e7d6c5b4a3f2e/message"} {
			t.Run(name+" at "+path, func(t *testing.T) {
				r := h.call("POST", path+query, "", c.body)
				h.refused(r, c.status, 10*c.status)
			})
		}
	}
	r := h.call("POST", "/wechattpp/component"+query, "", strings.Repeat("a", callback.MaxBody+1), func(r *http.Request) { r.ContentLength = -1 })
	h.refused(r, 413, 4130)
}

func TestAPushAddressSaysWhatItIsWhenLookedAt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/wechattpp/component", "/wechattpp/wx9f8e7d6c5b4a3f2e/message?echostr=1"} {
		r := h.call("GET", path, "", nil)
		if r.status != 200 || r.header.Get("Content-Type") != "text/plain; charset=utf-8" || r.header.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(string(r.body), "1") {
			t.Errorf("GET %s: %d %v %q", path, r.status, r.header, r.body)
		}
	}
}

func TestTheSignedPartsOfAQueryAreFound(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][3]string{
		"signature=s&timestamp=1&nonce=2&openid=o&encrypt_type=aes&msg_signature=3": {"1", "2", "3"},
		"msg_signature=3&nonce=a%2Bb%20c+d&timestamp=1":                             {"1", "a+b c d", "3"},
		"nonce=%zz": {"", "%zz", ""},
		"":          {"", "", ""},
		"&&=&a":     {"", "", ""},
	} {
		if timestamp, nonce, signature := signed(query); [3]string{timestamp, nonce, signature} != want {
			t.Errorf("%q: %q %q %q", query, timestamp, nonce, signature)
		}
	}
}
