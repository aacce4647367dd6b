package wechat

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// The vendor's own addresses.
const (
	DefaultBase     = "https://api.weixin.qq.com"
	DefaultMPBase   = "https://mp.weixin.qq.com"
	DefaultOpenBase = "https://open.weixin.qq.com"

	DefaultWeComBase = "https://qyapi.weixin.qq.com"
)

// DefaultTimeout bounds one request to the vendor.
const DefaultTimeout = 10 * time.Second

// TokenSource keeps one access token fresh. Both methods may be called by many goroutines at once.
type TokenSource interface {
	// Token gives a token believed to be good.
	Token(ctx context.Context) (string, error)
	// Replace gives another token than the one WeChat refused; many callers who fail together renew once.
	Replace(ctx context.Context, refused string) (string, error)
}

// API says where the vendor is and how to get there. The zero value is the vendor's own. Safe for concurrent use.
type API struct {
	Base     string // of calls; no trailing path
	MPBase   string // of the authorization page on a desktop
	OpenBase string // of the authorization page on a phone

	WeComBase string // of WeCom's calls

	// Refused is told of an account whose call met a refusal that may mean that it is no longer what it was: ErrNotAuthorized,
	// ErrPermission or ErrAccount. Its caller waits for it. nil: nobody asks.
	Refused func(ctx context.Context, appID string)

	HTTP    *http.Client  // its redirects are not followed, its Jar is not used; nil: one made for many calls to one host
	Timeout time.Duration // of each request; 0: DefaultTimeout
}

// Component speaks as the platform with this AppID, whose token tokens keeps (nil where only Mint and StartPushTicket are
// called).
func (a API) Component(appID string, tokens TokenSource) *Component {
	return &Component{appID: appID, api: a, door: a.door("component_access_token", tokens)}
}

// Account speaks on behalf of the account with this AppID, be it an authorizer or one with a secret of its own.
func (a API) Account(appID string, tokens TokenSource) *Account {
	d := a.door("access_token", tokens)
	if a.Refused != nil {
		d.refused = func(ctx context.Context) { a.Refused(ctx, appID) }
	}
	return &Account{appID: appID, door: d}
}

// WeCom speaks as the app with this AgentID of the company with this CorpID, whose token tokens keeps (nil where only Mint is
// called).
func (a API) WeCom(corpID string, agentID int64, tokens TokenSource) *WeCom {
	d := a.door("access_token", tokens)
	d.base, d.speaks = or(a.WeComBase, DefaultWeComBase), weCom
	return &WeCom{corpID: corpID, agentID: agentID, door: d}
}

func (a API) door(param string, tokens TokenSource) door {
	d := door{base: or(a.Base, DefaultBase), speaks: weChat, param: param, tokens: tokens, timeout: a.Timeout}
	if d.timeout <= 0 {
		d.timeout = DefaultTimeout
	}
	d.http.Transport = transport
	if a.HTTP != nil {
		d.http.Transport, d.http.Timeout = a.HTTP.Transport, a.HTTP.Timeout
	}
	// A redirect would carry the token in its Referer, and a secret in its body, to who knows where.
	d.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return d
}

// transport keeps enough idle connections for parallel calls, all of which go to one host: the standard one keeps two.
var transport = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
	t.MaxResponseHeaderBytes = 64 << 10
	// Well before the vendor drops a connection: a request that meets the drop is one whose outcome nobody knows.
	t.IdleConnTimeout = 30 * time.Second
	return t
}()

func or(base, standard string) string {
	if base == "" {
		base = standard
	}
	return strings.TrimRight(base, "/")
}
