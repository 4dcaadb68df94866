package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/oauth"
)

// A linkRow lets a client act for a user.
type linkRow struct {
	bun.BaseModel `bun:"table:links,alias:l"`

	ClientID string `bun:"client_id,pk"`
	UserID   string `bun:"user_id,pk"`
}

// Link lets a client act for a user; linking twice changes nothing.
// oauth.ErrUnknownClient or users.ErrUnknown if one of them is not there.
func (r *Registry) Link(ctx context.Context, clientID, userID string) error {
	if !plain(clientID) {
		return oauth.ErrUnknownClient
	}
	if !plain(userID) {
		return r.known(ctx, userID)
	}
	err := r.write.do(ctx, func(ctx context.Context, db *bun.DB) error {
		row := &linkRow{ClientID: clientID, UserID: userID}
		_, err := db.NewInsert().Model(row).On("CONFLICT (client_id, user_id) DO NOTHING").Exec(ctx)
		return err
	})
	return doing("link client to user", r.missing(ctx, err, clientID, userID))
}

// missing is who it was that is not there, of whom SQLite does not say it.
func (r *Registry) missing(ctx context.Context, err error, clientID, userID string) error {
	if !errors.Is(err, errForeign) {
		return err
	}
	if _, unknown := r.Client(ctx, clientID); unknown != nil {
		return unknown
	}
	if unknown := r.known(ctx, userID); unknown != nil {
		return unknown
	}
	return err
}

// Unlink ends that; unlinking what is not linked changes nothing.
func (r *Registry) Unlink(ctx context.Context, clientID, userID string) error {
	if !plain(clientID, userID) {
		return nil
	}
	_, err := r.write.count(ctx, `DELETE FROM links WHERE client_id = ? AND user_id = ?`, clientID, userID)
	return doing("unlink client from user", err)
}

// Linked reports whether the client may act for the user.
func (r *Registry) Linked(ctx context.Context, clientID, userID string) (bool, error) {
	if !plain(clientID, userID) {
		return false, nil
	}
	var linked bool
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) (err error) {
		linked, err = db.NewSelect().Model((*linkRow)(nil)).
			Where("client_id = ? AND user_id = ?", clientID, userID).Exists(ctx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read link: %w", err)
	}
	return linked, nil
}
