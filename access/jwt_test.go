package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"wechattpp/access"
	"wechattpp/sql/sqltest"
)

// forge signs what a test wants to be refused.
func forge(t *testing.T, method jwt.SigningMethod, key any, kid any, c jwt.MapClaims) string {
	t.Helper()
	tok := jwt.NewWithClaims(method, c)
	if kid != nil {
		tok.Header["kid"] = kid
	}
	text, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// opened reads the header and claims of a genuine token.
func opened(t *testing.T, token string) (header map[string]any, c jwt.MapClaims) {
	t.Helper()
	tok, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return tok.Header, tok.Claims.(jwt.MapClaims)
}

func TestForgedTokensAreDenied(t *testing.T) {
	t.Parallel()
	r := room(t)
	good := token(t, r, create(t, r, access.Send), "")
	header, genuine := opened(t, good)
	kid := header["kid"]
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) jwt.MapClaims {
		c := maps.Clone(genuine)
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
		return c
	}
	head, rest, _ := strings.Cut(good, ".")
	body, signature, _ := strings.Cut(rest, ".")
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"` + kid.(string) + `"}`))
	hs := jwt.SigningMethodHS256
	if _, err := r.Bearer(t.Context(), forge(t, hs, key, kid, genuine)); err != nil {
		t.Fatalf("the forger's tools do not work: %v", err)
	}
	for name, forged := range map[string]string{
		"algorithm none":                        forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, genuine),
		"algorithm none with a good signature":  other + "." + body + "." + signature,
		"another HMAC with the right key":       forge(t, jwt.SigningMethodHS512, key, kid, genuine),
		"RS256 under a kid of HS256":            forge(t, jwt.SigningMethodRS256, rsaKey, kid, genuine),
		"no kid":                                forge(t, hs, key, nil, genuine),
		"an unknown kid":                        forge(t, hs, key, "0000000000000000", genuine),
		"a kid that is no text":                 forge(t, hs, key, 7, genuine),
		"another key under a known kid":         forge(t, hs, []byte(strings.Repeat("x", 32)), kid, genuine),
		"no exp":                                forge(t, hs, key, kid, with("exp", nil)),
		"an exp that is over":                   forge(t, hs, key, kid, with("exp", time.Now().Add(-time.Second).Unix())),
		"an exp that is text":                   forge(t, hs, key, kid, with("exp", "soon")),
		"no aud":                                forge(t, hs, key, kid, with("aud", nil)),
		"another aud":                           forge(t, hs, key, kid, with("aud", "others")),
		"no jti":                                forge(t, hs, key, kid, with("jti", nil)),
		"an nbf to come":                        forge(t, hs, key, kid, with("nbf", time.Now().Add(time.Hour).Unix())),
		"another client's generation":           forge(t, hs, key, kid, with("gen", 2)),
		"a client that is not":                  forge(t, hs, key, kid, with("client_id", 99)),
		"no client, as if an administrator's":   forge(t, hs, key, kid, with("client_id", nil)),
		"claims exchanged under the signature":  head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"scope":"admin"}`)) + "." + signature,
		"no signature":                          head + "." + body + ".",
		"two parts":                             head + "." + body,
		"a signature that is padded":            good + "=",
		"no token":                              "",
		"a token longer than any that was made": good + strings.Repeat("A", 5000),
	} {
		if p, err := r.Bearer(t.Context(), forged); !errors.Is(err, access.ErrDenied) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestATokenHoldsWhatIsPromisedAndNoSecret(t *testing.T) {
	t.Parallel()
	r := room(t)
	c := create(t, r, access.Send)
	text := token(t, r, c, "")
	header, claims := opened(t, text)
	if header["alg"] != "HS256" || header["kid"] == "" {
		t.Errorf("header %v", header)
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "jti"} {
		if claims[name] == nil {
			t.Errorf("no %s in %v", name, claims)
		}
	}
	for _, part := range strings.Split(text, ".")[:2] {
		plain, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || strings.Contains(string(plain), c.Secret) {
			t.Errorf("%s, %v", plain, err)
		}
	}
}

func TestTokensOfThePreviousMasterKeyAreStillGood(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	before := replica(t, db)
	text := token(t, before, create(t, before, access.Send), "")
	next := []byte(strings.Repeat("n", 32))
	for name, c := range map[string]struct {
		keys [][]byte
		want error
	}{
		"the new key first, the old one kept": {[][]byte{next, key}, nil},
		"the new key only":                    {[][]byte{next}, access.ErrDenied},
	} {
		after, err := access.New(access.Config{Store: db.Access(), Keys: c.keys})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := after.Bearer(t.Context(), text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShortOrMissingTokenKeysAreRefused(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	for _, keys := range [][][]byte{nil, {key[:31]}, {key, nil}} {
		if _, err := access.New(access.Config{Store: db.Access(), Keys: keys}); err == nil {
			t.Errorf("%d keys are taken", len(keys))
		}
	}
}

func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", strings.Repeat("A", 5000)} {
		f.Add(seed)
	}
	db := sqltest.Open(f, sqltest.Source(f, "sqlite"))
	r, err := access.New(access.Config{Store: db.Access(), Keys: [][]byte{key}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := r.Bearer(t.Context(), token); !errors.Is(err, access.ErrDenied) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
