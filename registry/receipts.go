package registry

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/documents"
)

// A receiptRow is a documents.Receipt in the table.
type receiptRow struct {
	bun.BaseModel `bun:"table:receipts,alias:r"`

	ID           string `bun:"id,pk"`
	UserID       string `bun:"user_id"`
	CredentialID string `bun:"credential_id"`
	Name         []byte `bun:"name"`
	Salt         []byte `bun:"salt"`
	Brought      string `bun:"brought"`
	Signed       string `bun:"signed"`
	At           int64  `bun:"at"`
}

// AddReceipt keeps a receipt, once.
func (r *Registry) AddReceipt(ctx context.Context, receipt documents.Receipt) error {
	if !plain(receipt.ID, receipt.UserID, receipt.CredentialID, receipt.Brought, receipt.Signed) {
		return errText
	}
	row := &receiptRow{
		ID: receipt.ID, UserID: receipt.UserID, CredentialID: receipt.CredentialID, Name: receipt.Sealed, Salt: receipt.Salt,
		Brought: receipt.Brought, Signed: receipt.Signed, At: micros(receipt.At),
	}
	return doing("add receipt", r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		_, err := db.NewInsert().Model(row).On("CONFLICT (id) DO NOTHING").Exec(ctx)
		return err
	}))
}

// Receipts returns a user's, the newest first, at most so many.
func (r *Registry) Receipts(ctx context.Context, userID string, most int) ([]documents.Receipt, error) {
	if !plain(userID) {
		return nil, nil
	}
	return some(ctx, r.read, "receipts", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).Order("at DESC", "id").Limit(int64(most))
	}, sure(receiptRow.receipt))
}

func (row receiptRow) receipt() documents.Receipt {
	return documents.Receipt{
		ID: row.ID, UserID: row.UserID, CredentialID: row.CredentialID, Sealed: row.Name, Salt: row.Salt,
		Brought: row.Brought, Signed: row.Signed, At: moment(row.At),
	}
}
