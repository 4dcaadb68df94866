package credentials

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
)

// keyLabel is the form of a credential's ID, which Enroll gives its key as a
// label.
var keyLabel = regexp.MustCompile(`^c_[0-9a-f]{32}$`)

// Orphan reports whether a key of the device, with this id and label, is one
// that Enroll made and that no credential has: its process died before the
// credential was kept, or is still at it. Other keys of the device are none of
// ours to judge.
func Orphan(ctx context.Context, s Store, id []byte, label string) (bool, error) {
	if !keyLabel.MatchString(label) {
		return false, nil
	}
	c, err := s.Credential(ctx, label)
	if errors.Is(err, ErrUnknown) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("credential of key %x: %w", id, err)
	}
	return !bytes.Equal(c.KeyID, id), nil
}
