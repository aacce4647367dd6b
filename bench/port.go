package main

import (
	"net"
	"net/netip"
)

// freeAddr is a loopback address that nothing listened on a moment ago.
func freeAddr() netip.AddrPort {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).AddrPort()
}
