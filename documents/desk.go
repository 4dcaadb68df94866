package documents

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/sandbox/pdf"
	"github.com/pecete/pecete/signing/ades"
)

// Limits bound what signers bring. The zero value has good ones.
type Limits struct {
	Size    int64         // bytes of a document; 25 MiB if zero
	Count   int           // of documents at once, and of a batch; 10 if zero
	Kept    int           // documents that a signer has at the same time; 50 if zero
	Life    time.Duration // of a document; 24 h if zero
	Waits   time.Duration // how long a batch waits for its signer; 1 h if zero
	Working int           // documents in memory at a time; 4 if zero
}

// Complete fills in what is zero.
func (l Limits) Complete() Limits {
	l.Size = orDefault(l.Size, 25<<20)
	l.Count = orDefault(l.Count, 10)
	l.Kept = orDefault(l.Kept, 50)
	l.Life = orDefault(l.Life, 24*time.Hour)
	l.Waits = orDefault(l.Waits, time.Hour)
	l.Working = orDefault(l.Working, 4)
	return l
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Credentials are those of signers, to be seen.
type Credentials interface {
	CredentialsOf(ctx context.Context, userID string) ([]credentials.Credential, error)
}

// A Desk is where signers bring documents and get them back signed. Its fields are
// set before the first use.
type Desk struct {
	Store Store
	Vault Vault
	PDFs  pdf.Reader
	// API is this server as any application has it, with the ID and the secret of
	// the application that the signer's pages are.
	API         *client.Client
	RedirectURI string // where signers who agreed are sent
	Credentials Credentials
	Limits      Limits
	// Signed, if set, is told of a batch when all of its documents are signed.
	Signed func(ctx context.Context, b Batch, all []Document)
	Logger *slog.Logger
	Now    func() time.Time

	once  sync.Once
	turns chan struct{} // of those who have documents in memory
	work  sync.WaitGroup
}

// enter waits for room in memory.
func (d *Desk) enter(ctx context.Context) (leave func(), err error) {
	d.once.Do(func() { d.turns = make(chan struct{}, d.Limits.Complete().Working) })
	select {
	case d.turns <- struct{}{}:
		return func() { <-d.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *Desk) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// NewID draws the ID of a document (d) or a batch (b).
func NewID(kind string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return kind + "_" + hex.EncodeToString(b[:])
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Take takes a file that a signer brings. One that cannot be signed is kept as its
// Fault, without what is in it; an error is about us, or about the connection.
func (d *Desk) Take(ctx context.Context, userID, name string, from io.Reader) (Document, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return Document{}, err
	}
	defer leave()
	now, limits := d.now(), d.Limits.Complete()
	doc := Document{
		ID: NewID("d"), UserID: userID, Name: Name(name), Salt: newSalt(), Created: now, Expires: now.Add(limits.Life),
	}
	all, err := d.Store.Documents(ctx, userID)
	if err != nil {
		return Document{}, fmt.Errorf("look up documents: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(from, limits.Size+1))
	if err != nil {
		return Document{}, fmt.Errorf("receive document: %w", err)
	}
	doc.Size = int64(len(content))
	switch {
	case len(all) >= limits.Kept:
		doc.Fault = FaultFull
	case len(content) == 0:
		doc.Fault = FaultEmpty
	case doc.Size > limits.Size:
		doc.Fault = FaultLarge
	default:
		doc.Digest = digestOf(content)
		err = d.look(ctx, &doc, content)
	}
	if err != nil {
		return Document{}, err
	}
	return doc, d.keep(ctx, doc, content)
}

// look has the file read.
func (d *Desk) look(ctx context.Context, doc *Document, content []byte) error {
	seen, err := d.PDFs.Look(ctx, content)
	if err != nil {
		if doc.Fault = faultOf(err); doc.Fault == "" {
			return fmt.Errorf("read document: %w", err)
		}
		d.Logger.LogAttrs(ctx, slog.LevelInfo, "document not taken", slog.String("user", doc.UserID),
			slog.String("fault", string(doc.Fault)), slog.String("error", err.Error()))
		return nil
	}
	doc.Pages, doc.Encrypted = seen.Pages, seen.Encrypted
	return nil
}

// faultOf is what is wrong with a file, "" if it is not the file.
func faultOf(err error) Fault {
	for _, row := range []struct {
		cause error
		fault Fault
	}{
		{ades.ErrNotPDF, FaultKind}, {ades.ErrTooLarge, FaultLarge}, {sandbox.ErrTooLarge, FaultLarge}, {ades.ErrPassword, FaultPassword},
		{ades.ErrEncryption, FaultPassword}, {ades.ErrXFA, FaultForm}, {ades.ErrLocked, FaultLocked}, {ades.ErrUsageRights, FaultLocked},
	} {
		if errors.Is(err, row.cause) {
			return row.fault
		}
	}
	var died *sandbox.DeathError
	switch {
	case errors.As(err, &died):
		return FaultHostile
	case pdf.Unreadable(err):
		return FaultDamaged
	}
	return ""
}

// keep writes the file first and the index after it: what the index does not have
// is swept away.
func (d *Desk) keep(ctx context.Context, doc Document, content []byte) (err error) {
	if doc.Sealed, err = d.Vault.seal(doc.ID, "name", doc.Salt, []byte(doc.Name)); err != nil {
		return err
	}
	if doc.Fault == "" {
		if err := d.Vault.put(doc, Brought, content); err != nil {
			return err
		}
	}
	if err := d.Store.AddDocument(ctx, doc); err != nil {
		return errors.Join(fmt.Errorf("keep document: %w", err), d.Vault.remove(doc, Brought))
	}
	return nil
}

// named opens the names of documents.
func (d *Desk) named(all []Document, err error) ([]Document, error) {
	if err != nil {
		return nil, err
	}
	for i := range all {
		name, err := d.Vault.open(all[i].ID, "name", all[i].Salt, all[i].Sealed)
		if err != nil {
			return nil, err
		}
		all[i].Name = string(name)
	}
	return all, nil
}

// List returns the documents of a signer, oldest first. Those whose time is over
// are not there.
func (d *Desk) List(ctx context.Context, userID string) ([]Document, error) {
	all, err := d.named(d.Store.Documents(ctx, userID))
	var left []Document
	for _, doc := range all {
		if d.Now().Before(doc.Expires) {
			left = append(left, doc)
		}
	}
	return left, err
}

// Find returns a document of a signer.
func (d *Desk) Find(ctx context.Context, userID, id string) (Document, error) {
	doc, err := d.Store.Document(ctx, userID, id)
	if err == nil && !d.Now().Before(doc.Expires) {
		err = ErrUnknown
	}
	if err != nil {
		return Document{}, err
	}
	all, err := d.named([]Document{doc}, nil)
	if err != nil {
		return Document{}, err
	}
	return all[0], nil
}

// Content hands a part of a document to use, which must be done with it when it
// returns.
func (d *Desk) Content(ctx context.Context, doc Document, what Part, use func(content []byte) error) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	content, err := d.Vault.get(doc, what)
	if err != nil {
		return err
	}
	return use(content)
}

// Delete deletes a document that no batch is about to sign: the index first, by
// which nobody can read what is left, if anything is.
func (d *Desk) Delete(ctx context.Context, userID, id string) error {
	doc, err := d.Store.Document(ctx, userID, id)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.Store.RemoveDocument(ctx, userID, id); err != nil {
		return err
	}
	return d.Vault.remove(doc, parts...)
}

// SetMark says where the signature is to be seen in a document.
func (d *Desk) SetMark(ctx context.Context, doc Document, m Mark) error {
	if m.Page < 0 || m.Page > doc.Pages || m.Left < 0 || m.Top < 0 || m.Left > maxSide || m.Top > maxSide || m.Visible() && doc.Encrypted {
		return ErrMark
	}
	if !m.Visible() {
		m = Mark{}
	}
	return d.Store.SetMark(ctx, doc.UserID, doc.ID, m)
}

// maxSide is the longest side of a page, in millimetres (ISO 32000-1, annex C).
const maxSide = 5080
