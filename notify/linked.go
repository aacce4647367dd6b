package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Linked is a message of a WeCom app to members of linked companies (互联企业),
// which WeCom takes by a call of its own: it notices no repeat, names nothing
// that could be recalled, and has no cards. The vendor's page is no longer in
// its tree; it was https://developer.work.weixin.qq.com/document/path/90250
type Linked struct {
	Type   string          `json:"msgtype"`
	Object json.RawMessage `json:"object"` // what is under the name of the type
	Safe   int             `json:"safe,omitempty"`
}

const (
	linkedPrefix = "linkedparty/"
	everyLinked  = "linkedcorp/@all" // everyone who may see the app, there and here

	linkedForm      = "CorpId/userid, the userid of 1 to 64 ASCII letters, digits and - _ . @; or @all"
	linkedPartyForm = "LinkedId/PartyId"
)

func isLinked(id string) bool {
	corp, user, ok := strings.Cut(id, "/")
	return id == everyMember || ok && isOpenID(corp) && isMember(user) && !slices.Contains(reserved, corp+"/")
}

func isLinkedParty(id string) bool {
	linked, party, ok := strings.Cut(id, "/")
	return ok && isOpenID(linked) && isNumber32(party)
}

// reserved is what other recipients' names begin with; no company is called so.
var reserved = []string{partyPrefix, tagPrefix, chatPrefix, linkedPrefix, "linkedcorp/"}

// linked makes the part of a message for linked companies.
func (q *request) linked(path string, p Part) (Part, error) {
	a := p.App
	switch {
	case a == nil:
		return p, invalid(path, "is not for linked companies: use a message of a WeCom app")
	case a.Type == "template_card":
		return p, invalid(path+".msgtype", "is template_card, which WeCom does not send to linked companies")
	case a.IDTrans:
		return p, invalid(path+".enable_id_trans", "is 1, which WeCom does not do for linked companies: send two requests")
	case a.Check != nil && *a.Check:
		q.warnings = append(q.warnings, path+".enable_duplicate_check has no effect for linked companies: WeCom has no such check there")
	}
	p.App, p.Linked = nil, &Linked{Type: a.Type, Object: a.Object, Safe: a.Safe}
	return p, nil
}

func (l *Linked) put(p *Part) { p.Kind, p.Linked = l.Type, l }

func (l *Linked) size() int { return len(l.Object) }

func (l *Linked) keeps() time.Duration { return 0 }

func (l *Linked) window() time.Duration { return 0 }

func (l *Linked) needs() int { return 0 }

func (l *Linked) templateID() string { return "" }

func (l *Linked) most() int { return mostMembers }

func (l *Linked) cut(targets []Target) [][]Target { return cutCalls(targets) }

func (l *Linked) digest() ([]byte, bool) {
	b, _ := json.Marshal(l) // plain fields: never fails
	return b, true
}

func (l *Linked) send(context.Context, *wechat.Account, string, string) (int64, error) {
	return 0, wechat.ErrNotSent // see sendMany
}

func (l *Linked) sendMany(ctx context.Context, c wechat.Client, to []string, _ Call) (Handed, map[int]refused, error) {
	if c.WeCom == nil {
		return Handed{}, nil, wechat.ErrNotSent // the sender became another kind of account
	}
	m := wechat.LinkedMessage{Type: l.Type, Object: l.Object, Safe: l.Safe}
	for _, id := range to {
		switch name, is := strip(id); {
		case id == everyLinked:
			m.All = true
		case is == linkedPrefix:
			m.Parties = append(m.Parties, name)
		default:
			m.Users = append(m.Users, id)
		}
	}
	not, err := c.WeCom.SendLinked(ctx, m)
	return Handed{}, leftOut(to, not), err
}

// suits tells whether the message may go to these together.
func (l *Linked) suits(_ string, ids []string) error {
	for _, id := range ids {
		if id == everyLinked && len(ids) > 1 {
			return invalid("aud_wechatwk_linkedcorp", "has @all and others: @all is everyone, send it alone")
		}
	}
	return nil
}
