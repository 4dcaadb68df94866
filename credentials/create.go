package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// A Creator makes credentials that signers allowed clients to make.
type Creator struct {
	Enroller
	Register Register
	// Profile is what a new credential is, from now on.
	Profile func(now time.Time) Profile
	// Policy is the OID of the policy of the certificates; "" if they have none.
	Policy string
	// Most is how many credentials a signer may have for another to be made.
	Most int
	// Permits notes which permits were used.
	Permits Permits
}

// Create implements credentials/create (v2.2 §11.4). A permit is for one
// credential, whose ID comes of the permit's: who calls again, since the answer was
// lost, is given the same one, and of any number who call at once one makes it. The
// permit is used up before that: what dies or fails on the way costs the signer
// another one, and leaves at most a key that nobody can use.
func (c Creator) Create(ctx context.Context, who Caller, req csc.CreateRequest) (csc.CreateResponse, error) {
	if who.Scope != csc.ScopeCreation || who.Permit == nil || who.Permit.Creation == nil || who.UserID == "" {
		return csc.CreateResponse{}, csc.Fail(csc.UnauthorizedClient, nil)
	}
	if err := c.agreed(who.Permit.Creation, req.Request); err != nil {
		return csc.CreateResponse{}, err
	}
	made, err := c.make(ctx, who)
	if err != nil {
		return csc.CreateResponse{}, err
	}
	return made.created(req, c.Now())
}

// agreed refuses what was not agreed to: another policy, other data of the subject.
// What the request does not say is as it was agreed. The certificate names the
// signer as he was enrolled, whatever the data say: nobody verified them.
func (c Creator) agreed(agreed, asked *csc.CreationRequest) error {
	if asked == nil {
		asked = &csc.CreationRequest{}
	}
	for _, policy := range []string{agreed.CertificatePolicy, asked.CertificatePolicy} {
		if policy != "" && policy != c.Policy {
			return csc.Invalid("certificatePolicy")
		}
	}
	if asked.SubjectData != nil && agreed.SubjectData != nil && !reflect.DeepEqual(asked.SubjectData, agreed.SubjectData) {
		return csc.Invalid("subjectData")
	}
	return nil
}

// permitted is the ID of the credential that a permit is for.
func permitted(permit string) string {
	sum := sha256.Sum256([]byte("pecete credential of permit " + permit))
	return "c_" + hex.EncodeToString(sum[:16])
}

// make finds the credential of the permit, or makes it.
func (c Creator) make(ctx context.Context, who Caller) (Credential, error) {
	id := permitted(who.Permit.ID)
	made, err := c.Store.Credential(ctx, id)
	if !errors.Is(err, ErrUnknown) {
		return made, err
	}
	if _, err := c.Store.Gone(ctx, id, who.ClientID); !errors.Is(err, ErrUnknown) {
		return made, errors.Join(err, csc.Fail(csc.AccessDenied, errGone))
	}
	signer, err := c.Register.Users.User(ctx, who.UserID)
	if errors.Is(err, users.ErrUnknown) || err == nil && signer.Disabled {
		return made, csc.Fail(csc.AccessDenied, errSigner)
	}
	if err != nil {
		return made, fmt.Errorf("look up signer: %w", err)
	}
	has, err := c.Store.CredentialsOf(ctx, signer.ID)
	if err != nil {
		return made, err
	}
	if len(has) >= c.Most {
		return made, csc.Refused("The signer has as many credentials as there may be", nil)
	}
	if first, err := c.Permits.use(ctx, who.Permit.ID); err != nil || !first {
		return c.await(ctx, id, err)
	}
	made, err = c.enroll(ctx, id, signer, c.Profile(c.Now()), audit.Entry{Client: who.ClientID, Grant: who.Permit.ID})
	if errors.Is(err, ErrExists) { // somebody was quicker
		return c.Store.Credential(ctx, id)
	}
	return made, err
}

// await is the credential that somebody else is making, as soon as it is there; busy
// is why the permit could not be used, nil if it was used up long before.
func (c Creator) await(ctx context.Context, id string, busy error) (Credential, error) {
	making := (*makingError)(nil)
	for until := time.Now().Add(makingLife / 6); ; {
		made, err := c.Store.Credential(ctx, id)
		switch {
		case !errors.Is(err, ErrUnknown):
			return made, err
		case busy == nil:
			return made, csc.Fail(csc.AccessDenied, errUsed)
		case !errors.As(busy, &making), time.Now().After(until):
			return made, busy
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return made, ctx.Err()
		}
	}
}

var (
	errUsed   = errors.New("the permit was used, and nothing came of it")
	errGone   = errors.New("the credential of this permit was made, and deleted")
	errSigner = errors.New("the signer is gone or disabled")
)

// created is the answer.
func (c Credential) created(req csc.CreateRequest, now time.Time) (csc.CreateResponse, error) {
	resp := csc.CreateResponse{CredentialID: c.ID}
	if !req.CredentialInfo {
		return resp, nil
	}
	info, err := c.Info(req.View, now)
	resp.Description, resp.SignatureQualifier, resp.Lang = info.Description, info.SignatureQualifier, info.Lang
	resp.Key, resp.Cert, resp.Auth = &info.Key, &info.Cert, &info.Auth
	resp.SCAL, resp.Multisign = info.SCAL, info.Multisign
	return resp, err
}
