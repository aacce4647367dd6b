// Package sender keeps the configured sending accounts: what each is called,
// which kind it is, and which account of the vendor speaks for it.
//
// There are two ways to speak for an account. With credentials "component" the
// sender is made first and bound later, when the account's administrator
// authorizes the platform, or by an administrator of ours who sets its AppID.
// With credentials "secret" it is given the account's own: AppID and AppSecret,
// or for WeCom CorpID, AgentID and secret; Mint asks the vendor for its token,
// and Keys tells what its pushes are verified with. Secrets go in and do not
// come out but to these two.
//
// Templates keeps the accounts' own lists of templates at WeChat, read on request
// only, and takes templates of the public library into them, also on demand.
//
// The room holds no token and knows nothing of authorizers: both come in
// through functions. What it remembers of them is at most a second old, so
// that an account that withdraws is seen within two seconds on every replica.
package sender
