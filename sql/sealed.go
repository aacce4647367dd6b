package sql

import (
	"context"
	"slices"
	"strings"

	"wechattpp/crypto"
	"wechattpp/token"
)

// sealedColumn is a column whose values the master key seals. A test holds
// sealedColumns against the schema: a binary column is either here or in the
// test's list of those that hold no secret.
type sealedColumn struct {
	table, column string
	key           string    // of the table, one column: pages go along it
	bound         [3]string // the columns that the binding is made of; "" none
	only          string    // which rows are sealed; "" is every value that is not NULL
	binding       func(bound [3]string) string
}

// sealedColumns lists every sealed column. Whoever adds one adds it here, or
// 'keys rotate' would leave it behind.
var sealedColumns = []sealedColumn{
	{"vault", "sealed", "id", [3]string{}, "", func([3]string) string { return keyBinding }},
	{"ticket", "ticket", "component_app_id", [3]string{"component_app_id"}, "", func(b [3]string) string { return ticketBinding(b[0]) }},
	{"token", "access", "id", tokenBound, "", boundToken("access")},
	{"token", "refresh", "id", tokenBound, "", boundToken("refresh")},
	{"exchange", "code", "id", [3]string{"component_app_id", "code_hash"}, "", func(b [3]string) string { return codeBinding(b[0], b[1]) }},
	{"client", "secret", "id", [3]string{"channel_key"}, "", func(b [3]string) string { return bindSecret(b[0]) }},
	{"client", "previous", "id", [3]string{"channel_key"}, "", func(b [3]string) string { return bindSecret(b[0]) }},
	{"sender", "secret", "id", senderBound, "", boundSender("secret")},
	{"sender", "push_token", "id", senderBound, "", boundSender("push_token")},
	{"sender", "aes_key", "id", senderBound, "", boundSender("aes_key")},
	{"sender", "aes_key_previous", "id", senderBound, "", boundSender("aes_key_previous")},
	{"release_code", "access", "code_hash", [3]string{"component_app_id", "code_hash"}, "", func(b [3]string) string { return releaseBinding(b[0], b[1]) }},
	{"card", "code", "id", [3]string{"id"}, "", func(b [3]string) string { return "card/" + b[0] }},
	{"event", "body", "id", [3]string{"dedup"}, "sealed = 1", boundEvent},
}

var senderBound = [3]string{"id"}

func boundSender(column string) func([3]string) string {
	return func(b [3]string) string { return "sender/" + b[0] + "/" + column }
}

var tokenBound = [3]string{"component_app_id", "kind", "owner"}

func boundToken(column string) func([3]string) string {
	return func(b [3]string) string { return tokenBinding(b[0], token.Owner{Kind: b[1], ID: b[2]}, column) }
}

func boundEvent(b [3]string) string {
	var dedup [16]byte
	copy(dedup[:], b[0])
	return eventBinding(dedup)
}

// SealedColumns names every sealed column as "table.column".
func SealedColumns() []string {
	names := make([]string, len(sealedColumns))
	for i, c := range sealedColumns {
		names[i] = c.name()
	}
	return names
}

func (c sealedColumn) name() string { return c.table + "." + c.column }

// SealedCount is how many values of a column are sealed under one key.
type SealedCount struct {
	Column string // "table.column"
	KeyID  string // "" is a value that is no sealed one
	Values int
}

// CountSealed reads all sealed columns, in pages.
func (db *DB) CountSealed(ctx context.Context) (all []SealedCount, err error) {
	for _, c := range sealedColumns {
		counts := map[string]int{}
		err := db.eachWindow(ctx, c, func(w window) error { return db.countWindow(ctx, c, w, counts) })
		if err != nil {
			return nil, err
		}
		for id, n := range counts {
			all = append(all, SealedCount{c.name(), id, n})
		}
	}
	slices.SortStableFunc(all, func(a, b SealedCount) int { return strings.Compare(a.Column+a.KeyID, b.Column+b.KeyID) })
	return all, nil
}

func (db *DB) countWindow(ctx context.Context, c sealedColumn, w window, counts map[string]int) error {
	var rows []struct {
		Head   []byte `db:"head"`
		Values int    `db:"n"`
	}
	where, args := c.within(w)
	q := `SELECT SUBSTR(` + c.column + `, 1, 9) AS head, COUNT(*) AS n FROM ` + c.table + where + ` GROUP BY SUBSTR(` + c.column + `, 1, 9)`
	if err := db.run().all(ctx, &rows, q, args...); err != nil {
		return err
	}
	for _, r := range rows {
		counts[crypto.SealedUnder(r.Head)] += r.Values
	}
	return nil
}

// window is a stretch of a table: the rows after from ("" is its beginning) up
// to last.
type window struct {
	from, last string
	rows       int
}

// windowSize is how many rows one statement looks at, at most.
const windowSize = 2000

// eachWindow goes along a table's key.
func (db *DB) eachWindow(ctx context.Context, c sealedColumn, f func(window) error) error {
	for from := ""; ; {
		var next struct {
			Last *string `db:"last"`
			Rows int     `db:"n"`
		}
		var args []any
		after := ""
		if from != "" {
			after, args = ` WHERE `+c.key+` > ?`, []any{from}
		}
		q := `SELECT MAX(k) AS last, COUNT(*) AS n FROM (SELECT ` + c.key + ` AS k FROM ` + c.table + after + ` ORDER BY ` + c.key + ` LIMIT ?) w`
		if err := db.run().get(ctx, &next, q, append(args, windowSize)...); err != nil || next.Last == nil {
			return err
		}
		if err := f(window{from, *next.Last, next.Rows}); err != nil {
			return err
		}
		from = *next.Last
	}
}

// within is the condition for the sealed values of a window.
func (c sealedColumn) within(w window) (where string, args []any) {
	where, args = ` WHERE `+c.key+` <= ? AND LENGTH(`+c.column+`) > 0`, []any{w.last}
	if w.from != "" {
		where, args = where+` AND `+c.key+` > ?`, append(args, w.from)
	}
	if c.only != "" {
		where += ` AND ` + c.only
	}
	return where, args
}
