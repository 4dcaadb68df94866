package enrolment

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/users"
)

// How a certificate is made once, whatever dies and whoever comes at the same
// time: the credential's ID comes of the enrolment's, and its key bears it as a
// label. Who makes it has a claim, which is a change of the enrolment, for a
// while. Before the first key, he revokes the certificates that others before him had
// signed, or may have, and destroys their keys. What he made counts only if the
// enrolment has not been changed since his claim, and the credential is kept with
// that, both or neither: who was taken for dead and is not finds his claim gone, and
// leaves nothing.

// Pending returns the enrolment of a signer that waits for its certificate.
func (o *Office) Pending(ctx context.Context, userID string) (e Enrolment, waits bool, err error) {
	all, err := o.Store.EnrolmentsOf(ctx, userID)
	if err != nil || len(all) == 0 {
		return Enrolment{}, false, err
	}
	e = all[len(all)-1]
	return e, e.State == Activated || e.State == Issuing, nil
}

// Issue makes the certificate of a signer's enrolment, or finds it if it is there:
// ErrNothing, ErrNotActivated. Of any number who call, here and elsewhere, one
// makes it; the others wait.
func (o *Office) Issue(ctx context.Context, userID string) (credentials.Credential, error) {
	for {
		e, waits, err := o.Pending(ctx, userID)
		switch {
		case err != nil:
			return credentials.Credential{}, err
		case e.State == Issued:
			return o.Enroller.Store.Credential(ctx, e.CredentialID)
		case e.ID == "" || e.State == Cancelled:
			return credentials.Credential{}, ErrNothing
		case !waits:
			return credentials.Credential{}, ErrNotActivated
		}
		e, claimed, err := o.claim(ctx, e)
		if err != nil {
			return credentials.Credential{}, err
		}
		if claimed { // to its end: who clicked twice has gone already
			return o.make(context.WithoutCancel(ctx), e)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return credentials.Credential{}, ctx.Err()
		}
	}
}

// claim makes the enrolment the caller's to finish, if it is nobody's at the
// moment.
func (o *Office) claim(ctx context.Context, e Enrolment) (Enrolment, bool, error) {
	now := o.now()
	if e.State == Issuing && now.Before(e.Progress.ClaimUntil) {
		return e, false, nil
	}
	e.State, e.Progress.Claim, e.Progress.ClaimUntil = Issuing, rand.Text(), now.Add(cmp.Or(o.Lease, claimLease))
	e.Progress.Claims++
	e, err := o.swap(ctx, e)
	if errors.Is(err, ErrChanged) {
		return e, false, nil
	}
	failpoint.Hit(failpoint.EnrolmentClaimed)
	return e, err == nil, err
}

// credentialOf is the ID of the credential that an enrolment comes to.
func credentialOf(id string) string {
	sum := sha256.Sum256([]byte("pecete credential of enrolment " + id))
	return "c_" + hex.EncodeToString(sum[:16])
}

// make makes the certificate of an enrolment that is the caller's to finish. If it
// fails the next one need not wait.
func (o *Office) make(ctx context.Context, e Enrolment) (credentials.Credential, error) {
	c, err := o.enroll(ctx, e)
	if err == nil {
		failpoint.Hit(failpoint.EnrolmentIssued)
		o.tell(ctx, e, o.done(ctx, e))
		return c, nil
	}
	_, freed := o.change(ctx, e.ID, func(now *Enrolment) error {
		if now.Progress.Claim == e.Progress.Claim && now.State == Issuing {
			now.State, now.Progress.ClaimUntil = Activated, o.now()
		}
		return nil
	})
	return c, errors.Join(err, freed)
}

// done is the letter at the end: who comes back may have to wait.
func (o *Office) done(ctx context.Context, e Enrolment) letter {
	user, err := o.Users.User(ctx, e.UserID)
	if err == nil && user.Recovers(o.now()) {
		return letter{kind: kindBack, from: user.SignsFrom}
	}
	return letter{kind: "issued"}
}

func (o *Office) enroll(ctx context.Context, e Enrolment) (credentials.Credential, error) {
	if e.Progress.Claims > 1 {
		if err := o.sweep(ctx, e); err != nil {
			return credentials.Credential{}, err
		}
	}
	signer, err := o.Users.User(ctx, e.UserID)
	if err != nil {
		return credentials.Credential{}, fmt.Errorf("read signer: %w", err)
	}
	if signer.Disabled {
		return credentials.Credential{}, ErrNothing
	}
	if e.Replaces {
		c, found, err := o.usable(ctx, signer)
		if err != nil {
			return c, err
		}
		if found {
			return c, o.adopt(ctx, e, c)
		}
	}
	profile, known := o.Profiles[e.Identity.Profile]
	if !known {
		return credentials.Credential{}, fmt.Errorf("enrolment %s: no profile %q in the configuration any more", e.ID, e.Identity.Profile)
	}
	enroller := o.Enroller
	enroller.Store = finisher{enroller.Store, o, e}
	return enroller.EnrollAs(ctx, credentialOf(e.ID), e.Identity.signer(signer, profile), profile.Credential(o.Now()))
}

// A finisher keeps a credential together with the enrolment's end.
type finisher struct {
	credentials.Store
	office    *Office
	enrolment Enrolment
}

// AddCredential keeps both or neither; ErrChanged if the claim is not the caller's
// any more.
func (f finisher) AddCredential(ctx context.Context, c credentials.Credential) error {
	e, err := f.office.ended(ctx, f.enrolment, c)
	if err != nil {
		return err
	}
	return f.office.Store.FinishEnrolment(ctx, e, c)
}

// ended is the enrolment with its end, which is recorded.
func (o *Office) ended(ctx context.Context, e Enrolment, c credentials.Credential) (Enrolment, error) {
	e.State, e.CredentialID, e.Changed = Issued, c.ID, o.now()
	if e.Notice.URI != "" {
		e.Notice.Due = e.Changed
	}
	return e, o.record(ctx, audit.EnrolmentIssued, e, "")
}

// usable is the usable credential that a signer who was one before has already, for
// documents.
func (o *Office) usable(ctx context.Context, signer users.User) (credentials.Credential, bool, error) {
	all, err := o.Enroller.Store.CredentialsOf(ctx, signer.ID)
	for _, c := range all {
		if c.Usable(o.Now()) == nil && c.ForDocuments() == nil {
			return c, true, nil
		}
	}
	return credentials.Credential{}, false, err
}

// adopt ends an enrolment with a credential that is there.
func (o *Office) adopt(ctx context.Context, e Enrolment, c credentials.Credential) error {
	e, err := o.ended(ctx, e, c)
	if err != nil {
		return err
	}
	_, err = o.swap(ctx, e)
	return err
}

// sweep revokes the certificates that were begun for an enrolment, and destroys the
// keys that were made for it, as far as no credential has them. The record comes
// before each deed.
func (o *Office) sweep(ctx context.Context, e Enrolment) error {
	label := credentialOf(e.ID)
	revoker := credentials.Withdrawer{Store: o.Enroller.Store, Audit: o.Audit, Now: o.Now}
	if err := revoker.AbandonAll(ctx, func(i credentials.Issuance) bool { return i.CredentialID == label }); err != nil {
		return fmt.Errorf("revoke what was begun for %s: %w", e.ID, err)
	}
	ids, err := o.Keys.Labelled(ctx, label)
	if err != nil {
		return fmt.Errorf("look for keys of %s: %w", e.ID, err)
	}
	if len(ids) == 0 {
		return nil
	}
	c, err := o.Enroller.Store.Credential(ctx, label)
	if err != nil && !errors.Is(err, credentials.ErrUnknown) {
		return err
	}
	for _, id := range ids {
		if bytes.Equal(id, c.KeyID) {
			continue
		}
		record := audit.Entry{
			Event: audit.KeyDestroyed, User: e.UserID, Credential: label, Key: hex.EncodeToString(id),
			Reason: "who made it for " + e.ID + " did not come to its end",
		}
		if err := o.Audit.Append(ctx, record); err != nil {
			return err
		}
		if err := o.Keys.Destroy(ctx, id); err != nil {
			return fmt.Errorf("destroy key of %s: %w", e.ID, err)
		}
	}
	return nil
}
