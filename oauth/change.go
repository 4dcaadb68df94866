package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"unicode/utf8"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// A Change is what a request asks to be done with the signer's credentials, beside
// signing (v2.2 §8.2.2): one is to be made, or one is to be deleted. What the signer
// agrees to is a permit for just that, once.
type Change struct {
	Type         string               `json:"type,omitempty"`       // of the element; "" for the parameters
	Creation     *csc.CreationRequest `json:"creation,omitempty"`   // what is to be made
	CredentialID string               `json:"credential,omitempty"` // or what is to be deleted
	Locations    []string             `json:"locations,omitempty"`  // of an element: the client is told them again
}

// A Changing lets clients ask for Changes.
type Changing struct {
	// Policy is the OID of the policy of certificates that are made, "" if they have
	// none: another one cannot be asked for.
	Policy string
}

// changeScopes are the scopes of tokens that a Change comes to.
func changeScope(scope string) bool { return scope == csc.ScopeCreation || scope == csc.ScopeDeletion }

var (
	errAlone = errors.New("one that asks for a change of a credential stands alone")
	errOID   = errors.New("not an object identifier")
	anOID    = regexp.MustCompile(`^[0-2](\.(0|[1-9]\d*))+$`)
)

// creationChange reads an element that asks for a new credential.
func creationChange(e *element) (Change, error) {
	e.knows("type", "credentialCreationRequest", "locations")
	c := Change{Creation: &csc.CreationRequest{}, Locations: e.texts("locations", maxLocations, maxLocation)}
	if o := e.object("credentialCreationRequest"); o != nil {
		o.knows("certificatePolicy", "subjectData")
		c.Creation.CertificatePolicy = o.text("certificatePolicy", 64)
		if c.Creation.CertificatePolicy != "" && !anOID.MatchString(c.Creation.CertificatePolicy) {
			o.fault(o.invalid("certificatePolicy", errOID))
		}
		c.Creation.SubjectData = subjectData(o)
		e.fault(o.err)
	}
	return c, e.err
}

// subjectData reads whom the certificate shall name.
func subjectData(e *element) *csc.SubjectData {
	o := e.object("subjectData")
	if o == nil {
		return nil
	}
	o.knows("sub", "given_name", "family_name", "gender", "birthdate", "email", "address")
	text := func(name string) string { return o.text(name, maxLabel) }
	data := &csc.SubjectData{
		Sub: text("sub"), GivenName: text("given_name"), FamilyName: text("family_name"),
		Gender: text("gender"), Birthdate: text("birthdate"), Email: text("email"),
	}
	if at := o.object("address"); at != nil {
		at.knows("country", "locality", "region")
		data.Address = &csc.Address{Country: at.text("country", maxLabel), Locality: at.text("locality", maxLabel), Region: at.text("region", maxLabel)}
		o.fault(at.err)
	}
	e.fault(o.err)
	return data
}

// deletionChange reads an element that asks for the end of a credential.
func deletionChange(e *element) (Change, error) {
	e.knows("type", "credentialID", "locations")
	c := Change{CredentialID: e.name("credentialID"), Locations: e.texts("locations", maxLocations, maxLocation)}
	if e.err == nil && c.CredentialID == "" {
		e.fault(e.missing("credentialID"))
	}
	return c, e.err
}

// change reads what there is to say of a Change, and without authorization_details
// what it is: of a credential to be deleted the parameter credentialID.
func (q *request) change(form url.Values) error {
	q.Description, q.ClientData = form.Get("description"), form.Get("clientData")
	if utf8.RuneCountInString(q.Description) > maxDescription {
		return csc.Invalid("description")
	}
	if q.Change != nil {
		return nil
	}
	if q.Scope == csc.ScopeCreation {
		q.Change = &Change{Creation: &csc.CreationRequest{}}
		return nil
	}
	id := form.Get("credentialID")
	switch {
	case id == "":
		return missing("credentialID")
	case !plainName(id):
		return csc.Invalid("credentialID")
	}
	q.Change = &Change{CredentialID: id}
	return nil
}

// possible refuses a Change that nobody could agree to here.
func (p *Provider) possible(q request) error {
	c := q.Change
	switch {
	case c == nil:
		return nil
	case p.Changing == nil && c.Type != "":
		return errDetails("Invalid parameter authorization_details[0].type", errNoChanges)
	case p.Changing == nil:
		return csc.Fail(csc.InvalidScope, errNoChanges)
	case c.Creation == nil || c.Creation.CertificatePolicy == "" || c.Creation.CertificatePolicy == p.Changing.Policy:
		return nil
	}
	return errDetails("Invalid parameter authorization_details[0].credentialCreationRequest.certificatePolicy", errPolicy)
}

var (
	errNoChanges = errors.New("credentials are neither made nor deleted here")
	errPolicy    = errors.New("another policy than certificates have here")
)

// changeable refuses the deletion of a credential that is not the signer's, in the
// words for one that does not exist.
func (p *Provider) changeable(ctx context.Context, q request, userID string) error {
	if q.Change == nil || q.Change.CredentialID == "" {
		return nil
	}
	_, err := p.Register.Owned(ctx, credentials.Caller{UserID: userID}, q.Change.CredentialID)
	if errors.Is(err, credentials.ErrUnknown) {
		return csc.Invalid("credentialID")
	}
	if err != nil {
		return fmt.Errorf("look up credential: %w", err)
	}
	return nil
}

// Permitted notes that the signer agreed to i.Change, which must still be possible (a
// *csc.Error if it is not), and returns where the browser goes next. shown is the
// SHA-256 of what the page showed, step the TOTP step spent.
func (p *Provider) Permitted(ctx context.Context, i Interaction, shown []byte, step int64) (next string, err error) {
	return p.advance(ctx, i, func(s *saved) error {
		if s.Stage != stageKnown || s.Request.Change == nil || len(shown) != sha256.Size || step <= 0 {
			return ErrInteraction
		}
		s.Stage, s.Shown, s.Step = stageAgreed, hex.EncodeToString(shown), step
		return p.changeable(ctx, s.Request, s.User)
	})
}

// permitOf is what the token of a code will be a permit for; nil if it is none.
func (k *code) permitOf(token string) *credentials.Permit {
	c := k.Request.Change
	if c == nil {
		return nil
	}
	return &credentials.Permit{ID: signatureOf(token), CredentialID: c.CredentialID, Creation: c.Creation}
}

// recordPermit records what a token permits, and tells the client.
func (e *endpoints) recordPermit(ctx context.Context, s *session, told *tokenAnswer) error {
	k := s.code
	if err := e.changeable(ctx, k.Request, k.User); err != nil {
		if refused := (*csc.Error)(nil); errors.As(err, &refused) {
			err = errCodeOver(err)
		}
		return err
	}
	what := "make a credential"
	if k.Request.Change.CredentialID != "" {
		what = "delete a credential"
	}
	err := e.Audit.Append(ctx, audit.Entry{
		Event: audit.PermitIssued, Client: k.Request.Client, User: k.User, Credential: k.Request.Change.CredentialID,
		Grant: s.Permit.ID, Factor: credentials.FactorCode, Step: k.Step, Reason: what + ", shown " + k.Shown,
	})
	if err != nil {
		return fmt.Errorf("record the permit: %w", err)
	}
	if k.Request.detailed() {
		told.Details = []any{k.Request.Change.granted()}
	}
	return e.keepDetails(ctx, s, told)
}

// granted is a Change as the client is told that it was permitted: as it was sent.
func (c Change) granted() any {
	if c.Creation == nil {
		return csc.DeletionDetail{Type: c.Type, CredentialID: c.CredentialID, Locations: c.Locations}
	}
	told := csc.CreationDetail{Type: c.Type, Locations: c.Locations}
	if *c.Creation != (csc.CreationRequest{}) {
		told.Request = c.Creation
	}
	return told
}
