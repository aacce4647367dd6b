// Package token keeps fresh whatever is lent to us for two hours: the
// component's token, those of the accounts that authorized it, and those of
// accounts with a secret of their own.
//
// Everybody who calls the vendor holds a Source and asks it for a token; nobody
// else knows that tokens expire. RenewDue renews them ahead of that, at random
// moments; a caller waits for a renewal only if there is no good token or the
// vendor refused it.
//
// # One renewal at a time
//
// A token is a row. Whoever renews it first claims it: a lease of 15 seconds
// under a fresh word, longer than the call's time-out of 10. The claim is
// refused if the row's version has changed since it was read, so that nobody
// renews what another replica has just renewed. An owner that dies is replaced
// when its lease ends; the row comes due then by itself. Within a process the
// callers share one flight, so that a thousand of them read the row once.
//
// # The late answer
//
// An owner frozen past its lease may still answer, after another one (B) has
// taken over. Its access token is dropped: every write repeats the claim. Its
// refresh token, if the vendor rotated it, must not be dropped, for the old one
// works only five more minutes:
//
//   - B has stored nothing yet (the version is the one that was read): the late
//     refresh token is stored beside B's claim. If B then gets a newer one, it
//     overwrites this one, which is right, as B called later. If B dies, the
//     next owner uses it.
//   - B has stored its own: which of the two is the newer one only the vendor
//     knows. B's stays, and the row comes due at once: a renewal within those
//     five minutes answers the current one.
//
// Should both be lost (we died between answer and commit, and stayed down), the
// vendor refuses the refresh token, and Verify asks for the account's current
// one. An empty refresh token in an answer never overwrites a stored one.
//
// # Whose fault
//
// What is the component's fault (no ticket, its address not on the allow-list)
// pauses all authorizers and counts against none of them. What is the
// account's is verified, then rests until it authorizes again. A wrong secret
// is tried once and rests until it is edited. The rest is tried again, ever
// more slowly.
package token
