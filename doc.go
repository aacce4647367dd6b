// Package wechattpp is the root of a self-hosted WeChat third-party platform:
// it receives WeChat's tickets and authorizations, keeps the tokens of every
// account that said yes, and sends messages for business systems over one API.
//
// The root holds no code but the test that keeps this picture true
// (house_test.go):
//
//	│   run
//	├── cmd/          puts it together: configuration, commands, workers, timetable
//	├── deploy/       nginx, Dockerfile, compose, systemd, the example configuration
//	├── bench/        the measurements behind every figure in the README
//	│   speak
//	├── wechat/       WeChat's language: one client, typed calls and pushes, errors with meanings
//	├── crypto/       two locks: the vendor's message envelope, and secrets at rest
//	├── simulator/    a WeChat that fits in a test and in the demo
//	│   whom we speak for
//	├── component/    us, the platform: ticket, authorization links
//	├── authorizer/   accounts that said yes: code, refresh token, permission sets
//	├── health/       what is wrong with them, and who mends it where
//	├── sender/       configured sending accounts, by code; mints the tokens of those with a secret
//	├── token/        keeps fresh whatever is lent to us for two hours
//	│   to whom, and what
//	├── audience/     users and their identities
//	├── notify/       messages out: chunks, states, retries, the vendor's later word
//	│   what comes back, and who is told
//	├── callback/     the door WeChat knocks on: verify, open, write down, "success"
//	├── webhook/      what business systems are told: receipts, dead letters
//	│   the door
//	├── access/       who may do what: clients, OAuth tokens, scopes
//	├── api/          every route we serve, errors to status codes
//	│   keep
//	└── sql/          everything we must not forget: one store a room
//
// One sentence a floor: cmd puts it together; api shows it, sql keeps it; the
// rooms between decide, side by side, none knowing another; wechat and crypto
// on the ground know nothing of us.
//
// One idea: whatever must happen later is a row with a due_at. Claiming it is
// moving due_at past a lease; retrying, pausing and replaying are other values
// of due_at. See CONTRIBUTING.md for the arrows and manners of the house.
package wechattpp
