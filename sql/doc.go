// Package sql keeps everything the service must not forget, in SQLite or MySQL.
//
// One store a room: each file named after a room holds the type that fits that
// room's Store interface. Secrets are sealed here, so that no room can store
// one in clear. Three mechanisms are shared by all stores:
//
//   - a due row (claim.go): whatever must happen later has a due_at; claiming
//     it is moving due_at past a lease under a fresh claim word, which every
//     later write repeats;
//   - group commit (commit.go): what queued behind the running commit shares
//     the next one, so that a durable write costs a fraction of a flush;
//   - the feed (feed.go): each store appends, in its own transaction, the line
//     that tells business systems of the change.
//
// Queries are plain text with ? in both databases; {now} stands for the
// database's clock in milliseconds since 1970, on which alone leases are
// judged. Rows not found are fs.ErrNotExist, rows already there fs.ErrExist.
// All methods are safe for concurrent use.
package sql
