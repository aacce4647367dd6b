package access

import (
	"slices"
	"strings"
)

// Scopes: what a token allows. Admin includes every other one but UsersDelete,
// which JUMS gives to its AccessKey alone
// (docs.jiguang.cn/jums/server/rest_api_jums_user).
const (
	Send         = "send"
	Users        = "users"
	UsersDelete  = "users:delete"
	Templates    = "templates"
	Tokens       = "tokens"
	Events       = "events"
	MessagesRead = "messages:read"
	Proxy        = "proxy"
	Admin        = "admin"
)

// Scopes lists every scope there is.
var scopes = []string{Send, Users, UsersDelete, Templates, Tokens, Events, MessagesRead, Proxy, Admin}

// Kinds of a client: a channel sends, an access key administers users.
const (
	Channel   = "channel"
	AccessKey = "access_key"
)

// Principal is who calls: a client, or an administrator (ClientID 0). It holds
// no secret and is not to be changed.
type Principal struct {
	ClientID   int64
	Name       string // for people: the client's name or the administrator's
	Kind       string // Channel or AccessKey; empty for an administrator
	ChannelKey string // empty for an administrator
	Scopes     []string
	Senders    []string // codes granted; an administrator may use every sender
	Rate       int      // calls a second at each replica, 0: as for all
	Approval   bool     // what it sends waits for an administrator's yes
	Owners     []string // who may send in its name, with Approval
	Prefixes   []string // paths it may call through the proxy; an administrator may call all
}

// Admin tells whether the principal holds the admin scope.
func (p Principal) Admin() bool { return slices.Contains(p.Scopes, Admin) }

// Has tells whether the principal may do what scope covers.
func (p Principal) Has(scope string) bool {
	return slices.Contains(p.Scopes, scope) || scope != UsersDelete && p.Admin()
}

// MaySender tells whether the principal may see and use the sender.
func (p Principal) MaySender(code string) bool {
	return p.ClientID == 0 && p.Admin() || slices.Contains(p.Senders, code)
}

// MayProxy tells whether the principal may call the vendor's path, clean and
// with its slash in front: a prefix covers itself and what is below it.
func (p Principal) MayProxy(path string) bool {
	if p.ClientID == 0 && p.Admin() {
		return true
	}
	for _, allowed := range p.Prefixes {
		rest, ok := strings.CutPrefix(path, strings.TrimSuffix(allowed, "/"))
		if ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// Actor names the principal in the audit trail: "client/12" or "admin/name".
func (p Principal) Actor() string { return actor(p.ClientID, p.Name) }
