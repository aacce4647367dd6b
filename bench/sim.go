package main

import (
	"context"
	"log/slog"
	"os"

	"wechattpp/simulator"
)

// serveSimulator is the vendor of the stages in which messages are sent. It
// keeps little, for its memory and its time are the machine's as well.
func serveSimulator(listen string) error {
	s := simulator.New(simulator.Config{
		ComponentAppID: componentID, ComponentSecret: secret, Token: verifyToken, EncodingAESKey: aesKey,
		KeepSends: 1000, KeepPushes: 1000,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err := s.AddAccount(simulator.SampleWorld()...); err != nil {
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
