package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/sandbox/pdf"
)

// A plan is what a batch keeps sealed: what is signed, by whom and how, and what
// came of it.
type plan struct {
	Certificates [][]byte
	Key          csc.KeySpec
	SignAlgo     csc.SignAlgo
	Items        []item
	Away         client.Away // the request under way
}

// An item is one document.
type item struct {
	ID        string
	From, To  int // the place of the signature
	Digest    csc.Digest
	Signature []byte
}

func (d *Desk) planOf(b Batch) (p plan, err error) {
	text, err := d.Vault.open(b.ID, "plan", b.Salt, b.Sealed)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}

// move puts a batch where it is now, with its plan. ErrBusy says that somebody else
// moved it meanwhile.
func (d *Desk) move(ctx context.Context, b *Batch, to State, p plan) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode plan: %w", err)
	}
	next := *b
	next.State, next.Changed = to, d.now()
	if next.Sealed, err = d.Vault.seal(b.ID, "plan", b.Salt, text); err != nil {
		return err
	}
	moved, err := d.Store.MoveBatch(ctx, next)
	switch {
	case err != nil:
		return fmt.Errorf("move batch: %w", err)
	case !moved:
		return ErrBusy
	}
	next.Revision++
	*b = next
	return nil
}

// fail ends a batch: its documents are free again.
func (d *Desk) fail(ctx context.Context, b *Batch, why Reason) error {
	failed := *b
	failed.Reason = why
	if err := d.move(ctx, &failed, Failed, plan{}); err != nil {
		return err
	}
	*b = failed
	return d.Store.Release(ctx, *b)
}

// Batch returns a batch of the signer and its documents.
func (d *Desk) Batch(ctx context.Context, userID, id string) (Batch, []Document, error) {
	b, err := d.Store.Batch(ctx, userID, id)
	if err != nil {
		return Batch{}, nil, err
	}
	all, err := d.named(d.Store.DocumentsIn(ctx, userID, id))
	return b, all, err
}

// Usable are the credentials that the signer can agree with here: those that are
// authorized on the pages of the authorization server.
func (d *Desk) Usable(ctx context.Context, userID string) ([]credentials.Credential, error) {
	owned, err := d.Credentials.CredentialsOf(ctx, userID)
	var all []credentials.Credential
	for _, c := range owned {
		if c.Mode == csc.OAuth2Code && c.Usable(d.Now()) == nil && c.ForDocuments() == nil {
			all = append(all, c)
		}
	}
	return all, err
}

func (d *Desk) credential(ctx context.Context, b Batch) (credentials.Credential, error) {
	all, err := d.Usable(ctx, b.UserID)
	for _, c := range all {
		if c.ID == b.CredentialID {
			return c, nil
		}
	}
	if err == nil {
		err = ErrUnknown
	}
	return credentials.Credential{}, err
}

// Words are what a mark says at a time, above the signer's name and below it.
type Words func(at time.Time) (above, below string)

// Begin makes a batch, whose ID was drawn when the signer was shown the documents,
// and decides what is signed. Whoever begins it a second time finds the first.
func (d *Desk) Begin(ctx context.Context, b Batch, ids []string, say Words) (Batch, error) {
	b.State, b.Created, b.Salt = Preparing, d.now(), newSalt()
	b.Changed = b.Created
	switch err := d.Store.AddBatch(ctx, b); {
	case errors.Is(err, ErrExists):
		return d.Store.Batch(ctx, b.UserID, b.ID)
	case err != nil:
		return b, fmt.Errorf("keep batch: %w", err)
	}
	err := d.Store.Bind(ctx, b, ids)
	if err == nil {
		err = d.prepare(ctx, &b, say)
	}
	if err == nil {
		return b, nil
	}
	d.note(ctx, b, err)
	ctx = context.WithoutCancel(ctx) // or the documents would be bound for nothing
	if why := reasonOf(err); why != "" {
		return b, d.fail(ctx, &b, why)
	}
	return b, errors.Join(err, d.fail(ctx, &b, ReasonLate))
}

// reasonOf is why a batch cannot be prepared, "" if that passes.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrBusy), errors.Is(err, errSealed):
		return ReasonChanged
	case pdf.Unreadable(err):
		return ReasonUnreadable
	}
	return ""
}

// Ask sends the signer to agree, and returns where. Asked again he is sent again,
// and what he was sent with before is good no more.
func (d *Desk) Ask(ctx context.Context, b Batch, lang string) (string, error) {
	if !b.State.Waits() {
		return "", ErrBusy
	}
	p, err := d.planOf(b)
	if err != nil {
		return "", err
	}
	all, err := d.named(d.Store.DocumentsIn(ctx, b.UserID, b.ID))
	if err != nil {
		return "", err
	}
	detail, err := p.detail(b, all)
	if err != nil {
		return "", err
	}
	p.Away, err = d.API.Push(ctx, client.AuthorizationRequest{
		RedirectURI: d.RedirectURI, Details: []csc.AuthorizationDetail{detail}, Lang: lang,
	})
	if err != nil {
		return "", fmt.Errorf("ask the signer: %w", err)
	}
	b.Key = keyOf(string(p.Away.State))
	return p.Away.URL, d.move(ctx, &b, Asked, p)
}

func keyOf(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// detail is what the signer is asked to agree to.
func (p plan) detail(b Batch, all []Document) (csc.AuthorizationDetail, error) {
	algorithm, err := p.algorithm()
	if err != nil || len(all) != len(p.Items) {
		return csc.AuthorizationDetail{}, errors.Join(ErrUnknown, err)
	}
	detail := csc.AuthorizationDetail{
		Type: csc.DetailCredential, CredentialID: b.CredentialID, NumSignatures: len(all), HashAlgorithmOID: csc.OIDOfHash(algorithm.Hash),
	}
	for i, doc := range all {
		detail.DocumentDigests = append(detail.DocumentDigests, csc.DocumentDigest{Hash: p.Items[i].Digest, Label: doc.Name})
	}
	return detail, nil
}

// Drop gives up a batch that waits for its signer.
func (d *Desk) Drop(ctx context.Context, userID, id string) error {
	b, err := d.Store.Batch(ctx, userID, id)
	if err != nil {
		return err
	}
	if !b.State.Waits() {
		return ErrBusy
	}
	return d.fail(ctx, &b, ReasonDropped)
}
