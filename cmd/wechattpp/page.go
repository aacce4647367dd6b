package main

import (
	"context"
	"errors"
	"io/fs"

	"wechattpp/sender"
	"wechattpp/token"
)

// pageTicket gives the ticket of a sender's web pages, which is kept like a
// token, from the first time that it is asked for.
func (h *house) pageTicket(ctx context.Context, s sender.Sender) (string, error) {
	o := token.Owner{Kind: token.Page, ID: s.Code}
	ticket, err := h.tokens.Source(o).Token(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		if err := h.tokens.Begin(ctx, o); err != nil {
			return "", err
		}
		ticket, err = h.tokens.Source(o).Token(ctx)
	}
	return ticket, err
}
