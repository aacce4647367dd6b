package main

import (
	"context"
	"errors"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
)

// bare is the floor of the push endpoint: a gin handler that answers "success"
// and does nothing else.
func bare(listen string) error {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.POST("/wechattpp/:appid/message", func(c *gin.Context) { c.String(http.StatusOK, "success") })
	return serveUntilTold(listen, r)
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
