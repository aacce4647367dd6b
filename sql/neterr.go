package sql

import (
	"errors"
	"io"
	"net"
)

// errAway marks a statement that the database did not finish in time.
var errAway = errors.New("the database does not answer in time")

// isNet tells a broken or refused connection.
func isNet(err error) bool {
	var n net.Error
	return errors.Is(err, errAway) || errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
