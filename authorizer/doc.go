// Package authorizer is the accounts that said yes: invitations, the visit to
// WeChat's authorization page and back, the exchange of authorization codes,
// profiles and permission sets, and the end of an authorization.
//
// # From a code to tokens
//
// A code comes by the browser's return, by an event, by both in either order,
// or repeated. Each becomes one row, due at once, unique by the hash of the
// code. Exchanging it is one call to the vendor and then one transaction:
// account, tokens, the row done, the invitation used. Nothing else is called
// before that has been committed.
//
// If we die between the vendor's answer and our commit, the code is used up
// and the answer lost. Then the vendor says so (61009), and the account's
// refresh token is asked for: of the account that the event named, or, if only
// a browser came, of the one account that the vendor's list shows to have
// authorized since the page was opened.
//
// Two exchanges of one account may overlap. The tokens that were asked for
// later stay; the other's arrival only makes a renewal due, which finds out
// what the vendor takes.
//
// # Whose it is
//
// An account is bound to a sender when an invitation explains it, its kind is
// known to fit, and the sender had no other AppID. Else it waits for an
// administrator's yes. One that nothing explains is listed as unclaimed.
package authorizer
