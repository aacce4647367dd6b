// Package simulator is a WeChat that fits in a test and in the demo: one
// http.Handler that answers the paths of api.weixin.qq.com, those of WeCom's
// qyapi.weixin.qq.com below /wecom, the authorization pages of mp.weixin.qq.com
// and open.weixin.qq.com, and Run, which pushes
// tickets, authorization events and outcomes to the program under test as
// WeChat does.
//
// It is strict where WeChat is (tokens really expire, codes work once, JSON
// with \u escapes is refused), counts everything (Ledger, Calls, Mints,
// Pushes) and fails on demand (Fail, FailOutcome, OnCall, AfterCall).
//
// It deliberately shares no code or types with the package wechat: both were
// written from the vendor's pages, and the tests hold the two readings
// against each other.
//
// # Control over HTTP
//
// Everything a Go test can do is also JSON under /simulator/, for kill tests,
// the demo and integrators. Durations are Go's words ("50ms"), bodies that are
// refused answer 400 {"error": "..."}.
//
//	GET    /simulator/ledger       accepted sends (?limit=, newest last), totals
//	GET    /simulator/uploads      files that were uploaded, their content as its SHA-256
//	GET    /simulator/calls        counted calls, by path and by account
//	GET    /simulator/pushes       pushes with every try and its result (?limit=)
//	GET    /simulator/state        component, accounts, queue
//	GET    /simulator/delivered    ?openid=
//	POST   /simulator/faults       one Fault; DELETE forgets all faults
//	POST   /simulator/outcomes     one OutcomeFault
//	POST   /simulator/accounts     one Account, {"count": n, "prefix": "wx"} for many authorized ones, or {"corp": Corp}
//	PATCH  /simulator/accounts     one Edit: another secret, address list and the like
//	POST   /simulator/urls         {"authorization", "message"}: where pushes go
//	POST   /simulator/push-ticket  a fresh ticket now; answers the push with its result
//	POST   /simulator/authorize    plays the administrator, see Authorization
//	POST   /simulator/unauthorize  {"appid"}
//	POST   /simulator/sets         {"appid", "sets"}: the account changes what it grants
//	POST   /simulator/account-status {"appid", "status"}: 14 closed, 16 banned, 19 frozen, 1 normal
//	POST   /simulator/message      {"appid", "openid", "content"} or {"appid", "openid", "event"}
//	POST   /simulator/subscriptions one Subscription: a user's answer to a popup, in the settings, or for a scene
//	POST   /simulator/sent-elsewhere {"appid", "openid", "template_id"}: another system sent a subscription message
//	POST   /simulator/confirm      one Confirmation: an answer on the page of a one-time subscription, which is at /mp/subscribemsg
//	POST   /simulator/page-signature one PageSignature: whether wx.config would take it
//	POST   /simulator/release-test plays the full-network release test, see ReleaseTest, and answers its verdict; GET: the last ones
//	POST   /simulator/release-code {"appid", "openid"}: a code of one of its accounts, for who plays the test himself
//
//	POST   /simulator/console      one Console: an account's own address, verified and then pushed to
//	POST   /simulator/own-message  one OwnMessage, to the address in the account's console
//	GET    /simulator/app-sends    ?corp_id=&agent_id=: what an app on WeCom sent, with whom it silently left out
//	GET    /simulator/chat-sends   ?corp_id=&chatid=: what a chat that an app made got, likewise
//	GET    /simulator/webhook-sends ?key=: what the group of a webhook got
//	POST   /simulator/card-click   one CardClick: a member's click on a card of app-sends
//	POST   /simulator/customers-sent {"corp_id", "msgid", "userid"}: an employee presses "send" for a mass message to customers
//
// A readable index is at /, the ledger as a page at /ledger.
package simulator
