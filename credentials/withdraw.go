package credentials

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// A Withdrawer takes certificates back for those who may. All that asks about one
// afterwards, the answers of the authority too, reads what the Store has. Owners are
// told by a Teller, wherever one is.
type Withdrawer struct {
	Store Store
	Audit Log
	Now   func() time.Time
}

// ErrReason says that nothing is revoked for such a reason.
var ErrReason = errors.New("credentials: no reason of a revocation")

// Suspend takes a certificate back until it is resumed: ErrWithdrawn if it was
// taken back before.
func (w Withdrawer) Suspend(ctx context.Context, id string) error {
	c, err := w.Store.Credential(ctx, id)
	switch {
	case err != nil:
		return err
	case c.Revoked || c.Suspended:
		return ErrWithdrawn
	}
	if err := w.record(ctx, c, audit.Suspended); err != nil {
		return err
	}
	return w.Store.SuspendCredential(ctx, id, w.Now())
}

// Resume ends a suspension: ErrNotSuspended if there is none, or if the
// certificate was revoked, which is for good.
func (w Withdrawer) Resume(ctx context.Context, id string) error {
	c, err := w.Store.Credential(ctx, id)
	switch {
	case err != nil:
		return err
	case c.Revoked || !c.Suspended:
		return ErrNotSuspended
	}
	if err := w.record(ctx, c, audit.Resumed); err != nil {
		return err
	}
	return w.Store.ResumeCredential(ctx, id, w.Now())
}

// Revoke takes a certificate back for good, that of a deleted credential too, for
// a reason of RFC 5280 §5.3.1: ErrWithdrawn if that was done before.
func (w Withdrawer) Revoke(ctx context.Context, id string, reason int) error {
	name := csc.RevocationReason(reason)
	if name == "" {
		return fmt.Errorf("%w: %d", ErrReason, reason)
	}
	c, err := w.Store.Credential(ctx, id)
	if errors.Is(err, ErrUnknown) {
		var gone Holding
		gone, err = w.Store.Gone(ctx, id, "")
		c = gone.Credential
	}
	switch {
	case err != nil:
		return err
	case c.Revoked:
		return ErrWithdrawn
	}
	if err := w.record(ctx, c, audit.Revoked+": "+name); err != nil {
		return err
	}
	return w.Store.RevokeCredential(ctx, id, w.Now(), reason)
}

// record comes before the deed.
func (w Withdrawer) record(ctx context.Context, c Credential, done string) error {
	return w.Audit.Append(ctx, audit.Entry{
		Event: audit.CredentialChanged, User: c.UserID, Credential: c.ID, Certificate: c.Fingerprint(), Reason: done,
	})
}
