package sender

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// mostDomains bounds the business domains of one sender; WeChat's consoles take
// fewer.
const mostDomains = 50

// checkDomains holds the business domains to the form of hosts and makes them
// lower case, each once. Only an Official Account has any use for them here.
func (s *Sender) checkDomains() error {
	if len(s.Domains) == 0 {
		s.Domains = nil
		return nil
	}
	if s.Kind != OfficialAccount {
		return &InputError{"business_domains", "must be left out: only Official Accounts (wechatoa) have links that lead back to them"}
	}
	if len(s.Domains) > mostDomains {
		return &InputError{"business_domains", fmt.Sprintf("has %d hosts: at most %d", len(s.Domains), mostDomains)}
	}
	hosts := make([]string, 0, len(s.Domains))
	for i, host := range s.Domains {
		host = strings.ToLower(host)
		if !isHost(host) {
			return &InputError{fmt.Sprintf("business_domains[%d]", i), "must be a bare host such as shop.example.com: letters, digits and hyphens between dots, no scheme, port, path or *; of other alphabets the form that begins with xn--"}
		}
		hosts = append(hosts, host)
	}
	slices.Sort(hosts)
	s.Domains = slices.Compact(hosts)
	return nil
}

// isHost takes host names of ASCII letters, lower case, as RFC 1123 has them.
func isHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if n := len(label); n == 0 || n > 63 || label[0] == '-' || label[n-1] == '-' || !all(label, func(c byte) bool { return c == '-' || alnum(c) && (c < 'A' || c > 'Z') }) {
			return false
		}
	}
	return true
}

// HasDomain tells whether a host is among the business domains.
func (s Sender) HasDomain(host string) bool {
	return slices.Contains(s.Domains, strings.ToLower(host))
}

// taken are the parameters that CheckRedirect's address is called with.
var taken = []string{"openid", "template_id", "action", "scene"}

// CheckRedirect holds the address that a visitor is sent on to: its host must be
// one of the business domains, letter by letter, for whoever can choose another
// one can send visitors of ours anywhere. *InputError.
func (s Sender) CheckRedirect(address string) error {
	const field = "redirect_url"
	u, err := webAddress(field, address)
	if err != nil {
		return err
	}
	if strings.Contains(u.Host, ":") {
		return &InputError{field, "names a port: business domains have none, so leave it out"}
	}
	if !s.HasDomain(u.Host) {
		return &InputError{field, fmt.Sprintf("leads to host %q, which is not in the sender's business_domains: add it there, and in the account's console as 业务域名", u.Host)}
	}
	for _, name := range taken {
		if u.Query().Has(name) {
			return &InputError{field, "has a parameter " + name + ", which is added when the visitor returns: give yours another name"}
		}
	}
	return nil
}

const mostAddress = 2048

// webAddress reads an address of a page strictly: what browsers read otherwise
// than we do, such as \ for /, is refused.
func webAddress(field, address string) (*url.URL, error) {
	if len(address) > mostAddress {
		return nil, &InputError{field, fmt.Sprintf("has %d bytes: at most %d", len(address), mostAddress)}
	}
	if !all(address, func(c byte) bool { return c > ' ' && c <= '~' && c != '\\' }) {
		return nil, &InputError{field, `must be printable ASCII without blanks and \: escape the rest with %`}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.Host == "" {
		return nil, &InputError{field, "must be a web address that begins with http:// or https:// and a host"}
	}
	if u.User != nil {
		return nil, &InputError{field, "must not hold a user name: the host stands right behind ://"}
	}
	if !isHost(strings.ToLower(u.Hostname())) {
		return nil, &InputError{field, fmt.Sprintf("has host %q: use a plain host name, without a dot at its end; of other alphabets the form that begins with xn--", u.Hostname())}
	}
	return u, nil
}
