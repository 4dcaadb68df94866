package documents

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How long a batch is left alone before somebody else looks after it, and how
// often somebody does.
const (
	patience = 2 * time.Minute // longer than signTime
	settled  = 20 * time.Second
	longest  = 10 * time.Minute // that documents are prepared
	every    = time.Minute
)

// Run looks after what was left behind until ctx ends: documents whose time is
// over, and batches that nobody goes on with. At its end it waits for signatures
// that are just going into documents.
func (d *Desk) Run(ctx context.Context) {
	defer d.work.Wait()
	for {
		if err := d.Sweep(ctx); err != nil && ctx.Err() == nil {
			d.Logger.LogAttrs(ctx, slog.LevelError, "documents not swept", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}

// Sweep does it once.
func (d *Desk) Sweep(ctx context.Context) error {
	now, limits := d.now(), d.Limits.Complete()
	return errors.Join(
		// The code is spent, and what it was spent on is lost: the signer is told.
		d.left(ctx, Agreed, now.Add(-patience), func(b Batch) error { return d.fail(ctx, &b, ReasonInterrupted) }),
		d.left(ctx, Made, now.Add(-settled), func(b Batch) error { return d.embedLeft(ctx, b, now.Add(-limits.Waits)) }),
		d.left(ctx, Preparing, now.Add(-longest), func(b Batch) error { return d.fail(ctx, &b, ReasonLate) }),
		d.left(ctx, Prepared, now.Add(-limits.Waits), func(b Batch) error { return d.fail(ctx, &b, ReasonLate) }),
		d.left(ctx, Asked, now.Add(-limits.Waits), func(b Batch) error { return d.fail(ctx, &b, ReasonLate) }),
		d.Store.ReleaseLeft(ctx),
		d.expire(ctx),
		d.Store.ForgetBatches(ctx, now.Add(-2*limits.Life)),
		d.strays(ctx, now.Add(-limits.Waits)),
	)
}

// embedLeft puts signatures that were left into their documents. What cannot be put
// there for so long never will be.
func (d *Desk) embedLeft(ctx context.Context, b Batch, since time.Time) error {
	d.embed(ctx, b)
	if b.Changed.After(since) {
		return nil
	}
	return d.fail(ctx, &b, ReasonInterrupted) // ErrBusy if it is done now
}

// left does something with the batches in a state that nobody changed since.
func (d *Desk) left(ctx context.Context, in State, since time.Time, do func(Batch) error) error {
	all, err := d.Store.Batches(ctx, in, since)
	for _, b := range all {
		if fault := do(b); !errors.Is(fault, ErrBusy) {
			err = errors.Join(err, fault)
		}
	}
	return err
}

// expire deletes documents whose time is over.
func (d *Desk) expire(ctx context.Context) error {
	all, err := d.Store.ExpiredDocuments(ctx, d.now())
	for _, doc := range all {
		if fault := d.Delete(ctx, doc.UserID, doc.ID); !errors.Is(fault, ErrBusy) {
			err = errors.Join(err, fault)
		}
	}
	return err
}

// strays deletes files that were begun and never finished, and those that the index
// does not have, which nobody can read.
func (d *Desk) strays(ctx context.Context, before time.Time) error {
	names, err := os.ReadDir(d.Vault.Folder)
	for _, name := range names {
		info, gone := name.Info()
		if gone != nil || !strings.HasPrefix(name.Name(), "d_") || info.ModTime().After(before) || ctx.Err() != nil {
			continue
		}
		id, rest, _ := strings.Cut(name.Name(), ".")
		if !strings.HasSuffix(rest, ".new") {
			known, fault := d.Store.Known(ctx, id)
			if fault != nil || known {
				err = errors.Join(err, fault)
				continue
			}
		}
		err = errors.Join(err, os.Remove(filepath.Join(d.Vault.Folder, name.Name())))
	}
	return err
}
