package documents

import (
	"context"
	"errors"
	"fmt"

	"github.com/pecete/pecete/csc"
)

// Placed returns the SHA-256, in hex, of the file that the signer brought of each of
// what he is asked to sign, while that waits for him to agree; nil if one of them is
// of no such file, or under another name.
func (d *Desk) Placed(ctx context.Context, userID string, asked []csc.DocumentDigest) ([]string, error) {
	all, err := d.named(d.Store.Documents(ctx, userID))
	if err != nil {
		return nil, fmt.Errorf("look up documents: %w", err)
	}
	waiting, err := d.waiting(ctx, userID, all)
	if err != nil {
		return nil, err
	}
	files := make([]string, len(asked))
	for i, one := range asked {
		file, is := waiting[placed{string(one.Hash), one.Label}]
		if !is {
			return nil, nil
		}
		files[i] = file
	}
	return files, nil
}

// A placed is what a signer is asked to sign.
type placed struct{ digest, name string }

// waiting are the files of the batches that wait for their signer.
func (d *Desk) waiting(ctx context.Context, userID string, all []Document) (map[placed]string, error) {
	files, plans := map[placed]string{}, map[string]plan{}
	for _, doc := range all {
		if doc.Batch == "" || doc.Signed() {
			continue
		}
		p, known := plans[doc.Batch]
		if !known {
			b, err := d.Store.Batch(ctx, userID, doc.Batch)
			if err == nil && b.State.Waits() {
				p, err = d.planOf(b)
			}
			if err != nil && !errors.Is(err, ErrUnknown) {
				return nil, fmt.Errorf("look up batch: %w", err)
			}
			plans[doc.Batch] = p
		}
		for _, one := range p.Items {
			if one.ID == doc.ID {
				files[placed{string(one.Digest), doc.Name}] = doc.Digest
			}
		}
	}
	return files, nil
}
