// Package audience keeps the people a business knows: each by its userid, with
// one identity (an openid, a WeCom userid) per sender, and tags, phone and
// e-mail, as JUMS's user registry does
// (docs.jiguang.cn/jums/server/rest_api_jums_user).
//
// It also keeps the ledger of what people agreed to be sent, a hint for whoever
// sends, and the links by which they are asked.
//
// Every value stands under a bind id: "all", a client's ChannelKey, or the code
// of a sender. The room decides who may write where; it keeps nothing itself
// and knows no other room.
package audience
