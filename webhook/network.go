package webhook

import (
	"fmt"
	"net/netip"
)

// special are networks that are not on the public internet, by IANA's
// registries (https://www.iana.org/assignments/iana-ipv4-special-registry,
// https://www.iana.org/assignments/iana-ipv6-special-registry).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// global is where public addresses of IPv6 are.
var global = netip.MustParsePrefix("2000::/3")

// metadata are the addresses at which clouds tell a machine its own secrets,
// or steer it: never a target, whatever the configuration says.
var metadata = prefixes(
	"169.254.169.254/32",                    // most clouds
	"169.254.170.2/32", "169.254.170.23/32", // containers at AWS
	"169.254.0.23/32", "169.254.10.10/32", // Tencent
	"169.254.42.42/32",                      // Scaleway
	"100.100.100.200/32",                    // Alibaba
	"100.96.0.96/32",                        // Volcano Engine
	"168.63.129.16/32",                      // Azure's host, an address that is otherwise public
	"192.0.0.192/32",                        // Oracle
	"fd00:ec2::254/128", "fd00:ec2::23/128", // AWS
	"fd20:ce::254/128",       // Google
	"fd00:42::42/128",        // Scaleway
	"fd00:c1::a9fe:a9fe/128", // Oracle
)

// translators are prefixes of IPv6 whose addresses end in one of IPv4, which
// is where a packet arrives (RFC 6052).
var translators = prefixes("64:ff9b::/96", "::/96")

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, s := range list {
		all[i] = netip.MustParsePrefix(s)
	}
	return all
}

// RefusedError is an address that no call may go to.
type RefusedError struct {
	Address netip.Addr
	Reason  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s is refused: it is %s", e.Address, e.Reason)
}

// check tells why a call must not go to an address; nil if it may. allowed are
// the networks that the operator opened.
func check(a netip.Addr, allowed []netip.Prefix) error {
	to := effective(a)
	switch {
	case within(to, metadata):
		return &RefusedError{a, "where a cloud keeps its metadata"}
	case within(to, allowed):
		return nil
	case to.IsLoopback():
		return &RefusedError{a, "this machine: wechattpp_target_networks can allow it"}
	case within(to, special), to.Is6() && !global.Contains(to):
		return &RefusedError{a, "not on the public internet: wechattpp_target_networks can allow it"}
	}
	return nil
}

// effective is the address that a packet arrives at: without a zone, and of
// IPv4 where it is written as one of IPv6.
func effective(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if a.Is6() && !a.IsLoopback() && within(a, translators) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
