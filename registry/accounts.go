package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/oauth"
)

var _ oauth.AccountStore = (*Registry)(nil)

// An accountRow says which user an account of a client is.
type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	ClientID string `bun:"client_id,pk"`
	Account  string `bun:"account,pk"`
	UserID   string `bun:"user_id"`
}

// An accountKeyRow is an oauth.AccountKey in the table.
type accountKeyRow struct {
	bun.BaseModel `bun:"table:account_keys,alias:k"`

	ClientID string `bun:"client_id,pk"`
	Verifier string `bun:"verifier,pk"`
	Sealed   []byte `bun:"sealed"`
}

// SetAccount says which user a client's account is, whatever was said of it
// before. oauth.ErrUnknownClient or users.ErrUnknown if one of them is not there.
func (r *Registry) SetAccount(ctx context.Context, clientID, account, userID string) error {
	switch {
	case !plain(clientID):
		return oauth.ErrUnknownClient
	case !plain(userID):
		return r.known(ctx, userID)
	case !plain(account):
		return fmt.Errorf("set account: %w", errText)
	}
	err := r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		row := &accountRow{ClientID: clientID, Account: account, UserID: userID}
		_, err := db.NewInsert().Model(row).
			On("CONFLICT (client_id, account) DO UPDATE").Set("user_id = EXCLUDED.user_id").Exec(ctx)
		return err
	})
	return doing("set account", r.missing(ctx, err, clientID, userID))
}

// RemoveAccount ends that; oauth.ErrUnknownAccount if there is no such account.
func (r *Registry) RemoveAccount(ctx context.Context, clientID, account string) error {
	if !plain(clientID, account) {
		return oauth.ErrUnknownAccount
	}
	rows, err := r.write.count(ctx, `DELETE FROM accounts WHERE client_id = ? AND account = ?`, clientID, account)
	if err == nil && rows == 0 {
		return oauth.ErrUnknownAccount
	}
	return doing("remove account", err)
}

// Account returns the user behind a client's account; oauth.ErrUnknownAccount if
// there is none.
func (r *Registry) Account(ctx context.Context, clientID, account string) (string, error) {
	if !plain(clientID, account) {
		return "", oauth.ErrUnknownAccount
	}
	var userID string
	err := r.read.row(ctx, `SELECT user_id FROM accounts WHERE client_id = ? AND account = ?`, []any{clientID, account}, &userID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", oauth.ErrUnknownAccount
	}
	return userID, doing("read account", err)
}

// Accounts returns the users behind a client's accounts, by account.
func (r *Registry) Accounts(ctx context.Context, clientID string) (map[string]string, error) {
	var rows []accountRow
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.NewSelect().Model(&rows).Where("client_id = ?", clientID).Scan(ctx)
	})
	all := make(map[string]string, len(rows))
	for _, row := range rows {
		all[row.Account] = row.UserID
	}
	return all, doing("read accounts", err)
}

// SetAccountKeys replaces the keys of a client's account_tokens.
func (r *Registry) SetAccountKeys(ctx context.Context, clientID string, keys []oauth.AccountKey) error {
	if !plain(clientID) {
		return oauth.ErrUnknownClient
	}
	rows := make([]accountKeyRow, len(keys))
	for i, k := range keys {
		rows[i] = accountKeyRow{ClientID: clientID, Verifier: k.Verifier, Sealed: k.Sealed}
	}
	err := r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, `DELETE FROM account_keys WHERE client_id = ?`, clientID); err != nil || len(rows) == 0 {
				return err
			}
			_, err := tx.NewInsert().Model(&rows).Exec(ctx)
			return err
		})
	})
	if errors.Is(err, errForeign) {
		return oauth.ErrUnknownClient
	}
	return doing("set account keys", err)
}

// AccountKeys returns the keys of a client's account_tokens, none if it has none.
func (r *Registry) AccountKeys(ctx context.Context, clientID string) ([]oauth.AccountKey, error) {
	if !plain(clientID) {
		return nil, nil
	}
	return some(ctx, r.read, "account keys", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("client_id = ?", clientID).Order("verifier")
	}, sure(func(row accountKeyRow) oauth.AccountKey {
		return oauth.AccountKey{Verifier: row.Verifier, Sealed: row.Sealed}
	}))
}
