// Package sender keeps the configured sending accounts: what each is called,
// which kind it is, and which account of the vendor speaks for it.
//
// A sender is made first and bound to an account later, when that account's
// administrator authorizes the platform, or by an administrator of ours who
// sets its AppID. This version serves Official Accounts and Mini Programs that
// authorize the platform (credentials "component"). Senders with a secret of
// their own, WeCom and mobile apps are refused when they are made.
//
// The room holds no token and knows nothing of authorizers: both come in
// through functions. What it remembers of them is at most a second old, so
// that an account that withdraws is seen within two seconds on every replica.
package sender
