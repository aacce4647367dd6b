package main

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strings"
	"time"

	"wechattpp/crypto"
)

// seed puts n authorized accounts into the database of a house, with sealed
// tokens as the program seals them, to be renewed at some time from now on. It
// writes rows, for going through n authorizations would take longer than what
// is measured; should the schema change, the stage fails, not the figure: the
// vendor counts which accounts really were renewed.
func (h *house) seed(n int, due time.Duration) error {
	vault, err := crypto.NewVault(masterKey)
	if err != nil {
		return err
	}
	db, err := stdsql.Open("mysql", h.db.dsn+h.name())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	const batch = 500
	for from := 0; from < n; from += batch {
		if err := seedBatch(ctx, db, vault, from, min(n, from+batch), time.Now().UnixMilli(), due.Milliseconds()); err != nil {
			return fmt.Errorf("account %d and on: %w", from, err)
		}
	}
	return nil
}

func seedBatch(ctx context.Context, db *stdsql.DB, vault *crypto.Vault, from, to int, now, due int64) error {
	var tokens, accounts []any
	for i := from; i < to; i++ {
		id := fmt.Sprintf("wx%016x", i)
		access, err := vault.Seal(fmt.Appendf(nil, "access-0-%0120d", i), tokenPlace(id, "access"))
		if err != nil {
			return err
		}
		refresh, err := vault.Seal(fmt.Appendf(nil, "refreshtoken@@@%043d", i), tokenPlace(id, "refresh"))
		if err != nil {
			return err
		}
		tokens = append(tokens, componentID, "authorizer", id, access, refresh, now-3_600_000, now+7_200_000, now+due)
		accounts = append(accounts, componentID, id, "authorized", now-3_600_000, "[1,2,7,11,89]", "oa", fmt.Sprintf("gh_%012x", i),
			fmt.Sprintf(`{"nick_name": "账号 %d", "principal_name": "示例有限公司", "account_status": 1}`, i))
	}
	if err := insert(ctx, db, `INSERT INTO token (component_app_id, kind, owner, access, refresh, issued_at, expires_at, due_at) VALUES `, 8, tokens); err != nil {
		return err
	}
	return insert(ctx, db, `INSERT INTO authorizer (component_app_id, app_id, status, authorized_at, sets, kind, user_name, profile) VALUES `, 8, accounts)
}

func insert(ctx context.Context, db *stdsql.DB, head string, columns int, values []any) error {
	row := ", (" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
	_, err := db.ExecContext(ctx, head+strings.Repeat(row, len(values)/columns)[2:], values...)
	return err
}

// tokenPlace is what a sealed token is bound to.
func tokenPlace(owner, column string) string {
	return "token/" + componentID + "/authorizer/" + owner + "/" + column
}

// comeDue makes every account's renewal due, the eldest a minute ago.
func (h *house) comeDue() error {
	_, err := h.db.admin.Exec("UPDATE " + h.name() + ".token SET due_at = UNIX_TIMESTAMP() * 1000 - id % 60000 WHERE kind = 'authorizer'")
	return err
}

// name is that of the house's database.
func (h *house) name() string { return "bench_" + h.process.name }
