// Package notify sends messages out: it checks a request, stores it as a
// message of chunks of recipients, hands the recipients over to the vendor,
// and joins what the vendor says of them later.
//
// # Hand-over
//
// The intent, state "sending" and with it the duplicate id that follows from
// message, recipient and attempt, is committed before the call. A call that
// never reached the wire is simply made again. A call without an answer that
// was recorded is repeated with the same bytes and id while the vendor would
// notice a repeat: WeChat does so for about ten minutes with client_msg_id
// (https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage);
// we stop two minutes earlier, by the database's clock. After that the
// recipient ends as "unknown", or is sent once more under a new id if the
// request said so.
//
// # Who goes when
//
// A chunk is a due row: [Room.SendDue] takes the oldest, a bounded number of
// recipients per sender at a time, so that no sender waits for another. A
// sender that is throttled, withdrawn or in trouble is paused, in the database
// for all replicas; when the pause is over one recipient is tried first.
//
// # Many in one call
//
// A WeCom app hands many recipients over in one call (crowd.go), which is
// repeated whole, or not at all; WeCom notices the same bytes
// (https://developer.work.weixin.qq.com/document/path/90236). An article
// (mass.go) goes to up to 10,000 openids in one call, never to one; WeChat
// notices its clientmsgid for a day. A message of several such calls sends a
// copy of the draft in each, which is written down before it is sent.
//
// # Who agreed
//
// Some messages need the recipient's consent. Before they are accepted, Rights
// is asked and the answer warns of whom none is known (hint.go); what becomes of
// them is told to its ledger through rows that are written with the results.
// Customer-service messages need that the recipient did something lately: there
// Events is asked (window.go).
//
// # Kinds of messages
//
// Of Official Accounts template messages (wechatoa.go), articles (mass.go), and
// with Mini Programs subscription messages (subscribe.go) and customer-service
// messages (customer.go); with mobile apps one-time subscriptions (onetime.go);
// of WeCom the messages of apps (wechatwk.go), of their chats (chat.go) and of
// groups' webhooks (robot.go), and mass messages to customers (task.go), which
// an employee sends.
// The room holds no token and knows no other room: senders and users come in
// through interfaces.
package notify
