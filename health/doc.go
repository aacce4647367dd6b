// Package health tells what is wrong with the accounts that this service works
// for, and who mends it where.
//
// Each of the platform itself, an account that authorized it, and a sender with
// a secret of its own has findings. A finding has a stable code, a level, the
// time since when it is so, the vendor's code and rid where a refusal said it,
// a text, and a remedy.
//
// Assess is a pure function of what is stored: the account's row, its token's
// row, and the pause of its sender. The store calls it at the end of every
// transaction that changes one of them, keeps what it answers, and appends one
// account.health line to the feed if that is another than before. So a failure
// that repeats is told once, and a finding and its cause are never apart.
package health
