// Package component is us, the third-party platform: it keeps the ticket that
// WeChat pushes, mints the component's token with it, makes the links of
// authorization pages, and sounds the alarm when tickets stay away.
//
// It does not keep the token fresh (token does) and does not know who
// authorized (authorizer does).
package component
