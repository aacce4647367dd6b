package notify

import (
	"encoding/json"
	"strconv"

	"wechattpp/wechat"
)

// cardUpdate is the body of a request to update cards, in the vendor's names
// (https://developer.work.weixin.qq.com/document/path/94888).
type cardUpdate struct {
	Users   []string        `json:"userids"`
	Parties []int64         `json:"partyids"`
	Tags    []int64         `json:"tagids"`
	All     int             `json:"atall"`
	Trans   int             `json:"enable_id_trans"`
	Button  *cardReplaced   `json:"button"`
	Card    json.RawMessage `json:"template_card"`

	card *templateCard
}

type cardReplaced struct {
	Name string `json:"replace_name"`
}

// everybody names the targets as recipients are named.
func (u *cardUpdate) everybody() (names []string) {
	names = append(names, u.Users...)
	for _, id := range u.Parties {
		names = append(names, partyPrefix+strconv.FormatInt(id, 10))
	}
	for _, id := range u.Tags {
		names = append(names, tagPrefix+strconv.FormatInt(id, 10))
	}
	return names
}

// vendors is the call for some targets, named as recipients are.
func (u *cardUpdate) vendors(targets []string, serial int64) wechat.CardUpdate {
	v := wechat.CardUpdate{All: u.All == 1, IDTrans: u.Trans == 1}
	for _, name := range targets {
		id, is := strip(name)
		number, _ := strconv.ParseInt(id, 10, 64) // ours
		switch is {
		case partyPrefix:
			v.Parties = append(v.Parties, number)
		case tagPrefix:
			v.Tags = append(v.Tags, number)
		default:
			v.Users = append(v.Users, name)
		}
	}
	if u.Button != nil {
		v.ReplaceName = u.Button.Name
		return v
	}
	card := *u.card
	if card.TaskID != "" {
		card.TaskID = taskID(card.TaskID, serial)
	}
	v.Card, _ = encode(&card) // plain fields: never fails
	return v
}

func parseUpdate(body []byte) (*cardUpdate, error) {
	var u cardUpdate
	if err := strict("body", body, &u); err != nil {
		return nil, err
	}
	for name, n := range map[string]int{"atall": u.All, "enable_id_trans": u.Trans} {
		if n != 0 && n != 1 {
			return nil, invalid(name, "is %d: use 0 or 1", n)
		}
	}
	l := &limits{}
	l.count("userids", len(u.Users), 0, mostMembers)
	l.count("partyids", len(u.Parties), 0, mostGroups)
	l.count("tagids", len(u.Tags), 0, mostGroups)
	for i, id := range u.Users {
		if !isMember(id) {
			l.fail(at("userids", i), "is no userid: 1 to 64 ASCII letters, digits and - _ . @")
		}
	}
	u.replaces(l)
	if l.err != nil {
		return nil, l.err
	}
	return &u, nil
}

// replaces checks what takes the card's place.
func (u *cardUpdate) replaces(l *limits) {
	switch {
	case (u.Button == nil) == (u.Card == nil):
		l.fail("button", "or template_card: give one of the two")
	case u.Button != nil:
		l.needed("button.replace_name", u.Button.Name)
		l.bytes("button.replace_name", u.Button.Name, mostKeyBytes)
	default:
		u.card = &templateCard{}
		if err := strict("template_card", u.Card, u.card); err != nil {
			l.err = err
			return
		}
		u.card.update = true
		u.card.limit(l, "template_card")
	}
}
