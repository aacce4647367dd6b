package callback

import "wechattpp/crypto"

// lock is what pushes to an address are verified and opened with, and what a
// reply to them is closed with.
type lock struct {
	ID    string // at the end of every plaintext: the component's AppID, whichever account the push is about
	Token string
	Keys  []*crypto.Key // the one before a change last
}

// lock answers the one of a request's address. The component's is made once.
func (d *Door) lock(*Request) *lock { return d.component }
