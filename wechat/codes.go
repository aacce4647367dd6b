package wechat

import "maps"

// row is one code: what it says and what that means.
type row struct {
	what string
	is   error
}

// table holds WeChat's codes, from a file for each topic. A code has one meaning, whatever call it answers.
var table = joined(accountCodes, messageCodes, quotaCodes, contentCodes, requestCodes)

func joined(topics ...map[int]row) map[int]row {
	all := map[int]row{}
	for _, t := range topics {
		maps.Copy(all, t)
	}
	return all
}

// advice is the next step where a code asks for another than its meaning does.
var advice = map[int]string{
	40007: "upload the file anew (POST /v1/senders/{code}/media) and send its new id",
	40031: "take out who is no follower of this account, and send to the others",
	40037: "take an id of the account's own list; a deleted template has another one when it is added again",
	40114: "count the articles of the draft from 0",
	40173: "link the Mini Program to the account in its console, or leave the Mini Program out of the message",
	40249: "take the advertising out and send nothing more of the kind: the account loses its templates next",
	40251: "wait for the daily reset; see the notices in the account's own console",
	40252: "wait some hours for the review, then send once more",
	43004: "leave this recipient out until they follow the account again",
	43101: "ask for the subscription again inside the account; until then leave this recipient out of this template",
	43116: "use another template, and see the notices in the account's own console",
	45009: "wait for the daily reset, clear the quota by clear_quota (ten times a month), or have the console raise it",
	45015: "wait until the recipient writes (48 hours, five messages), or follows, scans or taps a menu (a minute, three messages)",
	45037: "wait until the recipient writes to the account",
	45040: "wait for the first day of the next month",
	45047: "wait until the recipient writes again: five messages within 48 hours of theirs are all there is",
	45087: "see the notices in the account's own console; other calls of the account go on",
	45102: "wait some minutes; if it stays, see the platform's announcements",
	48001: "check in the account's console that its type and verification have this ability (接口权限)",
	45103: "use another call: this one is gone",
	48003: "let the account's administrator accept the agreement in the account's own console",
	53502: "give a publish_id that publishing answered for this account",
	53600: "look at the state of the publication: the article may have been taken back",
	61007: "have the account's administrator authorize again with the set that the call needs ticked",
	61452: "name an agent of the account's own customer service, or none",
	65400: "switch customer service on in the account's console, and wait some minutes",
	65401: "name an agent of the account's own customer service, or none",
	65402: "have the agent bound in the account's console, or name another",
	88000: "leave the comment fields out",
	89504: "let the administrator of the account confirm; it is tried again by itself",
	89505: "let the administrator of the account confirm; it is tried again by itself",
}
