package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"wechattpp/crypto"
)

// bare is the floors: of the push endpoint, a gin handler that answers "success"
// and does nothing else; of the token server, one that checks the same JWT and
// answers as much; of the proxy, a reverse proxy to upstream.
func bare(listen, upstream string) error {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.POST("/wechattpp/:appid/message", func(c *gin.Context) { c.String(http.StatusOK, "success") })
	vault, err := crypto.NewVault(masterKey)
	if err != nil {
		return err
	}
	r.GET("/token", checked(vault.DeriveAll("jwt")[0]), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"access_token": fmt.Sprintf("access-0-%0120d", 0), "expires_in": 4630})
	})
	if upstream == "" {
		return serveUntilTold(listen, r)
	}
	to, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
	proxy := &httputil.ReverseProxy{Transport: t, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	mux := http.NewServeMux()
	mux.Handle("/cgi-bin/", proxy)
	mux.Handle("/", r)
	return serveUntilTold(listen, mux)
}

// checked lets in who shows a JWT of ours.
func checked(key []byte) gin.HandlerFunc {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("wechattpp"), jwt.WithExpirationRequired())
	return func(c *gin.Context) {
		text, _ := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
		if _, err := parser.Parse(text, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
			c.AbortWithStatus(http.StatusUnauthorized)
		}
	}
}

// serveUntilTold serves until SIGTERM.
func serveUntilTold(listen string, h http.Handler) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	s := &http.Server{Addr: listen, Handler: h, ReadHeaderTimeout: 10 * time.Second}
	end := make(chan error, 1)
	go func() { end <- s.ListenAndServe() }()
	select {
	case err := <-end:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
