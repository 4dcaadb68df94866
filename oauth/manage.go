package oauth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// mostTries is how often a change is tried that others are quicker than.
const mostTries = 5

// oursToSay are the members of a clientInformation that a client must not send
// back (RFC 7592 §2.2).
var oursToSay = []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}

// manage shows, changes and ends the registration of the client whose token the
// request has (RFC 7592 §2).
func (e *endpoints) manage(w http.ResponseWriter, r *http.Request) {
	deeds := map[string]func(http.ResponseWriter, *http.Request, Client) (any, error){
		http.MethodGet: e.showSelf, http.MethodPut: e.changeSelf, http.MethodDelete: e.removeSelf,
	}
	deed, ok := deeds[r.Method]
	if !ok {
		e.fail(w, r, errMethod("GET, PUT, DELETE"))
		return
	}
	err := e.registersOften(r)
	var told any
	if err == nil {
		var c Client
		if c, err = e.self(r); err == nil {
			told, err = deed(w, r, c)
		}
	}
	e.answer(w, r, http.StatusOK, told, err)
}

// self is the client that the path names, if the token is its own. A disabled
// client is unknown, here as everywhere.
func (e *endpoints) self(r *http.Request) (Client, error) {
	c, err := e.storage().client(r.Context(), r.PathValue("client"))
	if err != nil && !errors.Is(err, ErrUnknownClient) {
		return c, fmt.Errorf("look up client: %w", err)
	}
	hash := signatureOf(bearerOf(r))
	if err != nil || c.Managed == nil || hash == "" || !hmac.Equal([]byte(hash), []byte(c.Managed.Hash)) {
		return c, e.failed(r, c.ID, errRegistrationToken(errors.Join(errForeign, err)))
	}
	return c, nil
}

func (e *endpoints) showSelf(_ http.ResponseWriter, r *http.Request, c Client) (any, error) {
	return e.information(c, csc.Secret(bearerOf(r)), ""), nil
}

// changeSelf replaces what the client said of itself, and its token. Of several
// changes with one token one is made.
func (e *endpoints) changeSelf(w http.ResponseWriter, r *http.Request, c Client) (any, error) {
	text, err := readJSON(w, r)
	if err != nil {
		return nil, err
	}
	said, all, err := parseRegistration(text)
	if err != nil {
		return nil, err
	}
	for range mostTries {
		told, err := e.change(r.Context(), c, said, all)
		if !errors.Is(err, ErrClientChanged) {
			return told, err
		}
		if c, err = e.self(r); err != nil { // by itself, or by an operator
			return nil, err
		}
	}
	return nil, &refusal{status: http.StatusServiceUnavailable, says: csc.Fail(csc.TemporarilyUnavailable, nil), retry: retryAfter}
}

func (e *endpoints) change(ctx context.Context, c Client, said registration, all map[string]json.RawMessage) (any, error) {
	if err := e.sameClient(c, all); err != nil {
		return nil, err
	}
	next, secret, err := said.client(c, c.Managed.Allows, e.Pepper)
	if err != nil {
		return nil, err
	}
	token, hash := NewToken()
	next.Managed = &Managed{Invitation: c.Managed.Invitation, Hash: hash, Allows: c.Managed.Allows}
	if err := e.recordChange(ctx, next, "by itself: "+next.Described()); err != nil {
		return nil, err
	}
	switch err := e.Clients.UpdateClient(ctx, next); {
	case errors.Is(err, ErrUnknownClient):
		return nil, errRegistrationToken(err)
	case errors.Is(err, ErrClientChanged):
		return nil, errors.Join(err, e.recordAsItIs(ctx, c.ID))
	case err != nil:
		return nil, fmt.Errorf("change client: %w", err)
	}
	e.keepAccountKey(ctx, next, secret)
	return e.information(next, token, secret), nil
}

// sameClient demands that what a client sends is of itself, and does not say what
// only we can (RFC 7592 §2.2).
func (e *endpoints) sameClient(c Client, all map[string]json.RawMessage) error {
	for _, name := range oursToSay {
		if _, has := all[name]; has {
			return errMetadata(fmt.Errorf("%s: not the client's to say", name))
		}
	}
	if textClaim(all, "client_id") != c.ID {
		return errMetadata(errors.New("client_id: not the client's"))
	}
	if _, has := all["client_secret"]; has && !c.verifies(e.Pepper, csc.Secret(textClaim(all, "client_secret"))) {
		return errMetadata(errors.New("client_secret: not the client's, and not the client's to choose"))
	}
	return nil
}

// recordChange records what a client will be.
func (e *endpoints) recordChange(ctx context.Context, c Client, why string) error {
	err := e.Audit.Append(ctx, audit.Entry{Event: audit.ClientChanged, Client: c.ID, Kept: c.Marks(), Reason: why})
	if err != nil {
		return fmt.Errorf("record the change: %w", err)
	}
	return nil
}

// recordAsItIs follows the record of a change that was not made.
func (e *endpoints) recordAsItIs(ctx context.Context, id string) error {
	c, err := e.Clients.Client(ctx, id)
	if errors.Is(err, ErrUnknownClient) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up client: %w", err)
	}
	return e.recordChange(ctx, c, "not changed: somebody else was quicker")
}

// removeSelf ends the client, and with it all its tokens: each is looked up with
// its client.
func (e *endpoints) removeSelf(_ http.ResponseWriter, r *http.Request, c Client) (any, error) {
	ctx := r.Context()
	err := e.Audit.Append(ctx, audit.Entry{Event: audit.ClientRemoved, Client: c.ID, Reason: "by itself"})
	if err != nil {
		return nil, fmt.Errorf("record the removal: %w", err)
	}
	err = e.Clients.RemoveClient(ctx, c.ID)
	if errors.Is(err, ErrUnknownClient) {
		return nil, errRegistrationToken(err)
	}
	if err != nil {
		return nil, fmt.Errorf("remove client: %w", err)
	}
	return nil, nil
}
