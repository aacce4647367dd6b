package api

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"wechattpp/access"
)

// grantAnswer is the answer of RFC 6749 5.1.
type grantAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// oauthToken is OAuth 2.0's client credentials grant (RFC 6749 4.4).
func (s *server) oauthToken(c *call) error {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
	form, err := c.form("grant_type", "scope", "client_id", "client_secret")
	if err != nil {
		return err
	}
	if g := form.Get("grant_type"); g != "client_credentials" {
		name := "unsupported_grant_type"
		if g == "" {
			name = "invalid_request"
		}
		return oauthError(http.StatusBadRequest, codeInvalid, name, "grant_type must be client_credentials")
	}
	key, secret, err := credentials(c, form)
	if err != nil {
		return err
	}
	grant, err := s.Access.Exchange(c.ctx(), clientAddress(c), key, form.Get("scope"), secret...)
	if err != nil {
		return oauthProblem(err)
	}
	return c.reply(http.StatusOK, grantAnswer{grant.Token, "Bearer", int(grant.Life.Seconds()), strings.Join(grant.Scopes, " ")})
}

// form reads a form whose fields are among the given, each at most once
// (RFC 6749 3.2).
func (c *call) form(fields ...string) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if kind != "application/x-www-form-urlencoded" {
		return nil, oauthError(http.StatusBadRequest, codeInvalid, "invalid_request", "Content-Type must be application/x-www-form-urlencoded")
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, oauthError(http.StatusBadRequest, codeInvalid, "invalid_request", "the body is not a form")
	}
	for name, values := range form {
		if !slices.Contains(fields, name) {
			return nil, oauthError(http.StatusBadRequest, codeInvalid, "invalid_request", quoted(name)+" is not a field of this call: it takes "+strings.Join(fields, ", "))
		}
		if len(values) > 1 {
			return nil, oauthError(http.StatusBadRequest, codeInvalid, "invalid_request", name+" is given twice: give it once")
		}
	}
	return form, nil
}

// credentials are in the header or in the form, not in both (RFC 6749 2.3). In
// the header RFC 6749 2.3.1 wants them form-encoded first, as JUMS's clients do
// not: an imported secret with a % or + in it is taken in both spellings. A
// ChannelKey is the same in both.
func credentials(c *call, form url.Values) (key string, secret []string, err error) {
	inForm := form.Has("client_id") || form.Has("client_secret")
	if c.GetHeader("Authorization") == "" {
		if !inForm {
			return "", nil, oauthDenied("the client is not named: send Basic base64(ChannelKey:MasterSecret), or client_id and client_secret")
		}
		return form.Get("client_id"), []string{form.Get("client_secret")}, nil
	}
	if form.Has("client_secret") {
		return "", nil, oauthError(http.StatusBadRequest, codeInvalid, "invalid_request", "credentials are given twice: in the Authorization header and in the form")
	}
	key, plain, ok := c.Request.BasicAuth()
	if !ok {
		return "", nil, oauthDenied("the Authorization header is no Basic base64(ChannelKey:MasterSecret)")
	}
	secret = []string{plain}
	if decoded, err := url.QueryUnescape(plain); err == nil && decoded != plain {
		secret = append(secret, decoded)
	}
	return key, secret, nil
}

func oauthProblem(err error) error {
	var wait *access.TooManyError
	switch {
	case errors.Is(err, access.ErrDenied):
		return oauthDenied("ChannelKey and MasterSecret do not match: see the client's page, or rotate its secret")
	case errors.Is(err, access.ErrDisabled):
		return oauthError(http.StatusForbidden, codeClosed, "unauthorized_client", access.ErrDisabled.Error())
	case errors.Is(err, access.ErrScope):
		return oauthError(http.StatusBadRequest, codeInvalid, "invalid_scope", "scope names one that the client does not have: ask for less, or grant it to the client")
	case errors.As(err, &wait):
		p := busy(wait.After)
		p.oauth = "temporarily_unavailable"
		return p
	}
	return err
}

func oauthDenied(text string) *problem {
	p := unauthorized(text, `Basic realm="wechattpp", charset="UTF-8"`)
	p.oauth = "invalid_client"
	return p
}

func oauthError(status, code int, name, text string) *problem {
	p := refuse(status, code, text)
	p.oauth = name
	return p
}

// quoted shows what a caller sent, cut to a bearable length.
func quoted(text string) string {
	if len(text) > 64 {
		text = strings.ToValidUTF8(text[:64], "") + "…"
	}
	return `"` + text + `"`
}
