package credentials

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// A Deleter ends credentials for those who may.
type Deleter struct {
	Register Register
	Device   Destroyer
	Audit    Log
}

// A Destroyer destroys keys. One that is not there is as good as destroyed.
type Destroyer interface {
	Destroy(ctx context.Context, id []byte) error
}

// Delete implements credentials/delete (v2.2 §11.5): nobody finds the credential
// any more, its certificate is revoked if that is asked, and then its key is
// destroyed. What was begun is ended by whoever calls again. A permit is for one
// credential, which can be deleted once: that is what uses it up. A client that acts
// for itself needs none for signers it is linked to.
func (d Deleter) Delete(ctx context.Context, who Caller, req csc.DeletionRequest) error {
	permitted := who.Permit != nil && who.Permit.CredentialID != ""
	if who.Scope != csc.ScopeDeletion || who.UserID != "" && !permitted {
		return csc.Fail(csc.UnauthorizedClient, nil)
	}
	deletion, err := d.deletion(req)
	if err != nil {
		return err
	}
	if who.Permit != nil && who.Permit.CredentialID != req.CredentialID {
		return csc.Invalid("credentialID")
	}
	c, err := d.Register.Owned(ctx, who, req.CredentialID)
	switch {
	case errors.Is(err, ErrUnknown):
		if c, err = d.gone(ctx, who, req.CredentialID); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if err := d.end(ctx, who, c, deletion); err != nil {
			return err
		}
	}
	return d.destroy(ctx, who, c)
}

// deletion reads what is asked.
func (d Deleter) deletion(req csc.DeletionRequest) (Deletion, error) {
	asked := Deletion{At: d.Register.Now(), Revoked: req.Revoke}
	switch reason := req.RevocationReason; {
	case req.Revoke && reason == nil:
		return asked, csc.Missing("integer", "revocationReason")
	case reason == nil:
		return asked, nil
	case !req.Revoke, csc.RevocationReason(*reason) == "":
		return asked, csc.Invalid("revocationReason")
	default:
		asked.Reason = *reason
	}
	return asked, nil
}

// gone is the caller's credential that was deleted before.
func (d Deleter) gone(ctx context.Context, who Caller, id string) (Credential, error) {
	h, err := d.Register.Store.Gone(ctx, id, who.ClientID)
	if errors.Is(err, ErrUnknown) || err == nil && !h.isOf(who) {
		return Credential{}, csc.Invalid("credentialID")
	}
	return h.Credential, err
}

// end takes the credential away from everybody. The record comes before the deed.
func (d Deleter) end(ctx context.Context, who Caller, c Credential, deletion Deletion) error {
	record := d.record(who, c)
	record.Event, record.Certificate, record.Reason = audit.CredentialDeleted, c.Fingerprint(), "certificate not revoked"
	if deletion.Revoked {
		record.Reason = audit.Revoked + ": " + csc.RevocationReason(deletion.Reason)
	}
	if err := d.Audit.Append(ctx, record); err != nil {
		return err
	}
	// Of an end that he agreed to himself an owner is told what it means for his
	// certificate.
	deletion.Told, deletion.ClientID = who.UserID == "" || deletion.Revoked, who.ClientID
	err := d.Register.Store.DeleteCredential(ctx, c.ID, deletion)
	if errors.Is(err, ErrUnknown) { // somebody was quicker
		return nil
	}
	return err
}

// destroy destroys the key of a credential that nobody can use any more.
func (d Deleter) destroy(ctx context.Context, who Caller, c Credential) error {
	record := d.record(who, c)
	record.Event, record.Reason = audit.KeyDestroyed, "its credential was deleted"
	if err := d.Audit.Append(ctx, record); err != nil {
		return err
	}
	if err := d.Device.Destroy(context.WithoutCancel(ctx), c.KeyID); err != nil {
		return fmt.Errorf("destroy the key of credential %s: %w", c.ID, err)
	}
	return nil
}

func (d Deleter) record(who Caller, c Credential) audit.Entry {
	e := audit.Entry{Client: who.ClientID, User: c.UserID, Credential: c.ID, Key: hex.EncodeToString(c.KeyID)}
	if who.Permit != nil {
		e.Grant = who.Permit.ID
	}
	return e
}
