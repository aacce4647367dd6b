package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"wechattpp/simulator"
)

// Those whom messages are sent to: many, for a thousand messages to one person
// are no ordinary work.
const (
	followers      = 20_000
	followerPrefix = "oBench"
)

func follower(n int64) string { return fmt.Sprintf("%s%022d", followerPrefix, n%followers) }

// serveSimulator is the vendor of the stages in which messages are sent. It
// keeps little, for its memory and its time are the machine's as well.
func serveSimulator(listen string) error {
	s := simulator.New(simulator.Config{
		ComponentAppID: componentID, ComponentSecret: secret, Token: verifyToken, EncodingAESKey: aesKey,
		KeepSends: 1000, KeepPushes: 1000, OutcomeAfter: time.Second,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err := s.AddAccount(simulator.SampleWorld()...); err != nil {
		return err
	}
	if _, err := s.AddFollowers(accountID, followers, followerPrefix); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- s.Run(ctx) }()
	err := serveUntilTold(listen, s)
	cancel()
	<-end
	return err
}
