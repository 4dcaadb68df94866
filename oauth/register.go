package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// RegisterPath is where clients register themselves, after the issuer.
const RegisterPath = "/oauth2/register"

// A clientInformation is the answer about a registration (RFC 7591 §3.2.1, RFC
// 7592 §3). A secret is told once, when it is made.
type clientInformation struct {
	ID            string `json:"client_id"`
	Issued        int64  `json:"client_id_issued_at"`
	Secret        string `json:"client_secret,omitempty"`
	SecretExpires *int64 `json:"client_secret_expires_at,omitempty"` // 0: never
	Token         string `json:"registration_access_token"`
	URI           string `json:"registration_client_uri"`
	registration
}

func (e *endpoints) information(c Client, token, secret csc.Secret) clientInformation {
	told := clientInformation{
		ID: c.ID, Issued: c.Created.Unix(), Secret: string(secret), Token: string(token),
		URI: e.Issuer + RegisterPath + "/" + c.ID, registration: registrationOf(c),
	}
	if secret != "" {
		told.SecretExpires = new(int64)
	}
	return told
}

// errRegistrationToken is the answer to a token that opens nothing: RFC 6750 §3.1
// has the same words for all reasons.
func errRegistrationToken(cause error) *csc.Error {
	return csc.Fail(csc.InvalidToken, cause)
}

// register lets a client that was invited register itself (RFC 7591 §3). The
// token comes before all else: of a stranger nothing is read.
func (e *endpoints) register(w http.ResponseWriter, r *http.Request) {
	told, err := e.registerInvited(w, r)
	e.answer(w, r, http.StatusCreated, told, err)
}

func (e *endpoints) registerInvited(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return nil, errMethod(http.MethodPost)
	}
	if err := e.registersOften(r); err != nil {
		return nil, err
	}
	ctx := r.Context()
	i, err := e.invited(r)
	if err != nil {
		return nil, err
	}
	text, err := readJSON(w, r)
	if err != nil {
		return nil, err
	}
	said, _, err := parseRegistration(text)
	if err != nil {
		return nil, err
	}
	token, hash := NewToken()
	c := Client{
		ID: NewClientID(), Created: e.Now().UTC().Truncate(time.Microsecond),
		Managed: &Managed{Invitation: i.ID, Hash: hash, Allows: i.Allows},
	}
	c, secret, err := said.client(c, i.Allows, e.Pepper)
	if err != nil {
		return nil, err
	}
	err = e.addInvited(ctx, c, i)
	if errors.Is(err, ErrUnknownInvitation) {
		return nil, e.failed(r, "", errRegistrationToken(errUsedUp))
	}
	if err != nil {
		return nil, err
	}
	e.keepAccountKey(ctx, c, secret)
	return e.information(c, token, secret), nil
}

// registersOften limits what costs us a look into the registry.
func (e *endpoints) registersOften(r *http.Request) error {
	return tooMany(e.loads.Count(r.Context(), "register "+quota.Network(r.RemoteAddr)))
}

// invited is the open invitation whose token the request has.
func (e *endpoints) invited(r *http.Request) (Invitation, error) {
	hash := signatureOf(bearerOf(r))
	if hash == "" {
		return Invitation{}, e.failed(r, "", errRegistrationToken(errNoProof))
	}
	i, err := e.Invitations.Invitation(r.Context(), hash)
	if err == nil && !i.Open(e.Now()) {
		err = errUsedUp
	}
	if errors.Is(err, ErrUnknownInvitation) || errors.Is(err, errUsedUp) {
		return i, e.failed(r, "", errRegistrationToken(err))
	}
	if err != nil {
		return i, fmt.Errorf("look up invitation: %w", err)
	}
	return i, nil
}

// addInvited records and keeps a new client. What was recorded and then not kept
// is recorded as gone.
func (e *endpoints) addInvited(ctx context.Context, c Client, i Invitation) error {
	err := e.Audit.Append(ctx, audit.Entry{
		Event: audit.ClientAdded, Client: c.ID, Kept: c.Marks(), Reason: "invited by " + i.ID + ": " + c.Described(),
	})
	if err != nil {
		return fmt.Errorf("record the client: %w", err)
	}
	err = e.Invitations.AddInvited(ctx, c, i.Hash, e.Now())
	if errors.Is(err, ErrUnknownInvitation) {
		gone := audit.Entry{Event: audit.ClientRemoved, Client: c.ID, Reason: "never added: " + errUsedUp.Error()}
		if err := e.Audit.Append(ctx, gone); err != nil {
			return fmt.Errorf("record the client: %w", err)
		}
		return ErrUnknownInvitation
	}
	if err != nil {
		return fmt.Errorf("add client: %w", err)
	}
	return nil
}

// bearerOf is the token in the header of a request, "" if it has none or several
// (RFC 6750 §2.1).
func bearerOf(r *http.Request) string {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(all[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}
