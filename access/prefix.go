package access

import (
	"fmt"
	"regexp"
	"slices"
)

// Limits of proxy_prefixes.
const (
	prefixesMost = 100
	prefixMost   = 200
)

// prefix is "/" or whole segments: what can be part of a path that the proxy takes.
var prefix = regexp.MustCompile(`^/$|^(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$`)

// checkPrefixes holds the paths a client may call through the proxy to what
// can match.
func checkPrefixes(given []string, accessKey bool) error {
	switch {
	case accessKey && len(given) > 0:
		return &InputError{"proxy_prefixes", "must be empty for an access_key: it has no senders"}
	case len(given) > prefixesMost:
		return &InputError{"proxy_prefixes", fmt.Sprintf("has %d paths: at most %d are possible", len(given), prefixesMost)}
	}
	for i, p := range given {
		at := fmt.Sprintf("proxy_prefixes[%d]", i)
		switch {
		case len(p) > prefixMost:
			return &InputError{at, fmt.Sprintf("is longer than %d bytes: shorten it", prefixMost)}
		case !prefix.MatchString(p):
			return &InputError{at, `must be a path of whole segments that begins with a slash and ends without one, such as "/cgi-bin/user", or "/" for every path`}
		case slices.Contains(given[:i], p):
			return &InputError{at, "names " + p + " again: name each once"}
		}
	}
	return nil
}
