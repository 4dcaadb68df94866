package documents

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/verify"
)

// signTime is how long it may take from a signer who is back to the signatures.
const signTime = 30 * time.Second

// Return takes what the signer's browser brings back: he agreed, or declined. Only
// the first who brings it does anything; everybody is told which batch it is.
// ErrUnknown says that it is of no request that is under way.
func (d *Desk) Return(ctx context.Context, userID string, back url.Values) (Batch, error) {
	b, err := d.Store.BatchOf(ctx, userID, keyOf(back.Get("state")))
	if err != nil || b.State != Asked {
		return b, err
	}
	p, err := d.planOf(b)
	if err != nil {
		return b, err
	}
	if err := d.move(ctx, &b, Agreed, p); err != nil {
		if errors.Is(err, ErrBusy) { // somebody else brought it
			return d.Store.Batch(ctx, userID, b.ID)
		}
		return b, err
	}
	// From here on a browser that goes away interrupts nothing.
	ctx = context.WithoutCancel(ctx)
	if err := d.sign(ctx, &b, &p, back); err != nil {
		d.note(ctx, b, err)
		return b, d.fail(ctx, &b, spentReason(err))
	}
	done := make(chan struct{})
	d.work.Go(func() {
		defer close(done)
		d.embed(ctx, b)
	})
	select {
	case <-done:
	case <-time.After(look):
	}
	return d.Store.Batch(ctx, userID, b.ID)
}

// look is how long a signer who is back waits for a page that says it is done.
const look = 8 * time.Second

// spentReason is why nothing came of it.
func spentReason(err error) Reason {
	var told *client.Error
	switch {
	case errors.Is(err, client.ErrDeclined):
		return ReasonDeclined
	case errors.As(err, &told) && told.Status/100 == 4:
		return ReasonRefused
	}
	return ReasonInterrupted
}

// sign has the hashes signed, and keeps the signatures before anything else.
func (d *Desk) sign(ctx context.Context, b *Batch, p *plan, back url.Values) error {
	within, cancel := context.WithTimeout(ctx, signTime)
	defer cancel()
	granted, err := d.API.Redeem(within, p.Away, back)
	if err != nil {
		return err
	}
	request := csc.SignHashRequest{CredentialID: b.CredentialID, SignAlgo: p.SignAlgo.OID, SignAlgoParams: p.SignAlgo.Params}
	for _, one := range p.Items {
		request.Hashes = append(request.Hashes, one.Digest)
	}
	api := &client.Client{
		BaseURL: d.API.BaseURL, HTTP: d.API.HTTP,
		Token: func(context.Context) (csc.Secret, error) { return granted.Token, nil },
	}
	answer, err := api.SignHash(within, request)
	if err != nil {
		return err
	}
	for i := range p.Items {
		p.Items[i].Signature = answer.Signatures[i]
	}
	p.Away = client.Away{}
	for try := 0; ; try++ {
		if err = d.move(ctx, b, Made, *p); err == nil || errors.Is(err, ErrBusy) || try == tries {
			return err
		}
		time.Sleep(pause)
	}
}

// How often, and after which pause, it is tried to keep signatures: who gives up
// has lost them.
const (
	tries = 20
	pause = 250 * time.Millisecond
)

// embed puts the signatures of a batch into its documents. It can be done again by
// anybody, and comes to the same bytes.
func (d *Desk) embed(ctx context.Context, b Batch) {
	p, err := d.planOf(b)
	if err == nil {
		err = d.embedAll(ctx, b, p)
	}
	if err == nil {
		err = d.finish(ctx, b)
	}
	if err != nil && !errors.Is(err, ErrBusy) {
		d.note(ctx, b, err)
	}
}

func (d *Desk) embedAll(ctx context.Context, b Batch, p plan) error {
	algorithm, err := p.algorithm()
	if err != nil {
		return err
	}
	signer := ades.Signer{Certificates: p.Certificates, Algorithm: algorithm}
	all, err := d.named(d.Store.DocumentsIn(ctx, b.UserID, b.ID))
	if err != nil {
		return err
	}
	of := map[string]item{}
	for _, one := range p.Items {
		of[one.ID] = one
	}
	for _, doc := range all {
		if doc.Signed() {
			continue
		}
		if err := d.embedOne(ctx, b, doc, of[doc.ID], signer); err != nil {
			return fmt.Errorf("document %s: %w", doc.ID, err)
		}
		failpoint.Hit(failpoint.DocumentSigned)
	}
	return nil
}

// embedOne makes the signed file, verifies it as a reader would, and keeps it.
func (d *Desk) embedOne(ctx context.Context, b Batch, doc Document, one item, signer ades.Signer) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	original, err := d.Vault.get(doc, Brought)
	if err != nil {
		return err
	}
	appended, err := d.Vault.get(doc, increment)
	if err != nil {
		return err
	}
	prepared, err := ades.PlacedPDF{Increment: appended, From: one.From, To: one.To}.Prepare(original, signer)
	if err != nil {
		return err
	}
	if !bytes.Equal(prepared.Digest(), one.Digest) {
		return errSealed
	}
	signed, err := prepared.Finish(one.Signature)
	if err != nil {
		return err
	}
	if err := d.judge(ctx, signed, signer.Certificates); err != nil {
		return err
	}
	if err := d.Vault.put(doc, Signed, signed); err != nil {
		return err
	}
	doc.SignedAt, doc.SignedSize, doc.SignedDigest = b.Changed, int64(len(signed)), digestOf(signed)
	doc.Expires = d.now().Add(d.Limits.Complete().Life)
	return d.record(ctx, b, doc)
}

var errVerdict = errors.New("documents: the signed file does not verify")

// judge verifies a signed file before anybody gets it: the newest signature is of
// this certificate, and nothing speaks against it.
func (d *Desk) judge(ctx context.Context, signed []byte, chain [][]byte) error {
	root, err := x509.ParseCertificate(chain[len(chain)-1])
	if err != nil {
		return err
	}
	inspector := verify.Inspector{Documents: d.PDFs.In, Roots: []*x509.Certificate{root}, Now: d.Now}
	facts, err := inspector.PDF(ctx, signed)
	if err != nil {
		return err
	}
	for _, s := range facts.Signatures {
		if s.CoversDocument && s.Valid && s.Chain[0].SHA256 == digestOf(chain[0]) {
			return nil
		}
	}
	return errVerdict
}

// record keeps that a document is signed, with its receipt first: there is none of
// which nobody could tell afterwards.
func (d *Desk) record(ctx context.Context, b Batch, doc Document) error {
	r := Receipt{
		ID: doc.ID, UserID: doc.UserID, CredentialID: b.CredentialID, Salt: newSalt(),
		Brought: doc.Digest, Signed: doc.SignedDigest, At: doc.SignedAt,
	}
	var err error
	if r.Sealed, err = d.Vault.seal(r.ID, "receipt", r.Salt, []byte(doc.Name)); err != nil {
		return err
	}
	if err := d.Store.AddReceipt(ctx, r); err != nil {
		return fmt.Errorf("keep receipt: %w", err)
	}
	if err := d.Store.SetSigned(ctx, doc); err != nil {
		return fmt.Errorf("keep signed document: %w", err)
	}
	return d.Vault.remove(doc, Brought, increment)
}

// finish ends a batch all of whose documents are signed; whoever does tells the
// signer.
func (d *Desk) finish(ctx context.Context, b Batch) error {
	if err := d.move(ctx, &b, Done, plan{}); err != nil {
		return err
	}
	all, err := d.named(d.Store.DocumentsIn(ctx, b.UserID, b.ID))
	if err == nil && d.Signed != nil {
		d.Signed(ctx, b, all)
	}
	return err
}

// note tells the log what became of a batch.
func (d *Desk) note(ctx context.Context, b Batch, err error) {
	d.Logger.LogAttrs(ctx, slog.LevelWarn, "documents not signed", slog.String("batch", b.ID), slog.String("user", b.UserID),
		slog.String("state", string(b.State)), slog.String("error", err.Error()))
}

// History returns the receipts of a signer, the newest first. One whose name cannot
// be read, since the key is another after a restore, has none: its fingerprints count.
func (d *Desk) History(ctx context.Context, userID string, most int) ([]Receipt, error) {
	all, err := d.Store.Receipts(ctx, userID, most)
	if err != nil {
		return nil, err
	}
	for i := range all {
		name, err := d.Vault.open(all[i].ID, "receipt", all[i].Salt, all[i].Sealed)
		if err != nil {
			d.Logger.LogAttrs(ctx, slog.LevelWarn, "name of a receipt not read", slog.String("document", all[i].ID), slog.String("error", err.Error()))
		}
		all[i].Name = string(name)
	}
	return all, nil
}
