package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// recipe frames what the page on tokens shows in Go: once as it is, once as an
// SDK meets it that asks WeCom.
const recipe = `package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const base, key, secret = %q, %q, %q

%s

%s

func main() {
	token, seconds, err := fetch()
	fmt.Println("fetched", token, seconds > 60, err)
	res, err := (&http.Client{Transport: central{http.DefaultTransport}}).Get("https://qyapi.example.com/cgi-bin/gettoken")
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(res.Body)
	fmt.Println("asked", strings.Contains(string(body), "\"access_token\":\""+token+"\",\"expires_in\":"), err)
}
`

func TestTheRecipesInGoOfThePageOnTokensWork(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "tokens.md"))
	if err != nil {
		t.Fatal(err)
	}
	fetch := regexp.MustCompile(`(?ms)^    func fetch\(\).*?^    }$`).FindString(string(page))
	central := regexp.MustCompile(`(?ms)^    type central struct{ http.RoundTripper }.*?^    }$`).FindString(string(page))
	if fetch == "" || central == "" {
		t.Fatal("the page has no recipes in Go")
	}
	w := newWorld(t, "sqlite")
	appSecret, _ := w.own(t)
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	admin := r.admin()
	if err := admin.call(ctx, http.MethodPost, "/v1/senders", map[string]any{"code": "shop", "kind": "wechatoa", "credentials": "secret", "app_id": ownAppID, "app_secret": appSecret}, nil); err != nil {
		t.Fatal(err)
	}
	awaitSender(t, admin, "shop", hasToken)
	var client struct {
		Key    string `json:"channel_key"`
		Secret string `json:"master_secret"`
	}
	if err := admin.call(ctx, http.MethodPost, "/v1/clients", map[string]any{"name": "SDK", "senders": []string{"shop"}, "scopes": []string{"tokens"}}, &client); err != nil {
		t.Fatal(err)
	}
	run := func(secret string) string {
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, fmt.Appendf(nil, recipe, r.url(), client.Key, secret, fetch, central), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(ctx, "go", "run", file).CombinedOutput()
		return fmt.Sprintf("%s%v", out, err)
	}
	if out := run(client.Secret); !regexp.MustCompile(`^fetched 87_\S+ true <nil>\nasked true <nil>\n<nil>$`).MatchString(out) {
		t.Error(out)
	}
	if out := run("wrong"); !strings.Contains(out, "no token of shop: HTTP status 401: ChannelKey and MasterSecret do not match") {
		t.Error(out)
	}
	if n := w.Calls().Accounts[ownAppID]["/cgi-bin/stable_token"]; n != 1 {
		t.Errorf("%d calls for tokens", n)
	}
}
