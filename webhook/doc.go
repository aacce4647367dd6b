// Package webhook tells business systems what became of their messages: it
// reads the feed and posts receipts to the addresses of clients, in JUMS's
// format (https://docs.jiguang.cn/jums/advanced/callback).
//
// Two steps carry it. ReadFeed turns lines of the feed into deliveries, one
// row for each POST to come; it moves its cursor in the same transaction, so
// that a line is told once in effect, over all replicas. DeliverDue posts what
// is due. The unit of work is the target, an address of one client: whoever
// claims it posts its deliveries in their order, so that a dead or slow
// receiver delays nobody else, and the receipts of a recipient come one after
// the other. A POST whose answer was never recorded is repeated: receipts come
// at least once.
//
// What the receiver does not take is tried three times more, 50 s apart, and
// then kept as a dead letter, which can be replayed.
//
// All calls go out by one door (egress.go), which looks at each address that a
// name resolves to before it connects.
//
// It does not decide what becomes of a recipient (notify does), and it does
// not serve HTTP (api does).
package webhook
