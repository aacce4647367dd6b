// Package access decides who may do what: business systems (clients) with a
// ChannelKey and a MasterSecret, the tokens they get for it, the tokens of
// administrators, and the trail of what was changed by whom.
//
// It knows nothing of HTTP routes: api asks it who a caller is (Room.Bearer,
// Room.Basic) and compares the Principal with the route. Clients' rows are read
// at most a second old, so that a client switched off, narrowed or deleted on
// one replica is refused by all of them within two.
package access
