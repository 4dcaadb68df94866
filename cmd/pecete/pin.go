package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
)

// A refusal remembers on the disk that the token refused a PIN. The device
// counts refusals and locks; package hsm never sends a refused PIN twice, but a
// supervisor that starts the program again and again, or a nightly command,
// would. Another PIN is sent, and the same one when the file was removed.
type refusal struct {
	path string
	mark string // of the PIN, keyed with the pepper: it is short enough to guess
}

func (h *house) refusal(pin csc.Secret) (refusal, error) {
	pepper, err := h.config.key(h.config.Pepper)
	if err != nil {
		return refusal{}, err
	}
	return refusal{
		path: filepath.Join(h.config.path(h.config.Audit.Folder), ".pin-refused"),
		mark: audit.Mark(derived(pepper, "pin of "+h.config.HSM.Token+": "+string(pin))),
	}, nil
}

// remembered is hsm.ErrPIN if this PIN was refused.
func (r refusal) remembered() error {
	mark, err := os.ReadFile(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look whether the PIN was refused: %w", err)
	}
	if string(mark) != r.mark {
		return nil
	}
	return fmt.Errorf("%w before, and is not sent again: put the right one into its file, or remove %s", hsm.ErrPIN, r.path)
}

// judge remembers what came of sending the PIN.
func (r refusal) judge(err error) error {
	if errors.Is(err, hsm.ErrPIN) {
		return errors.Join(err, os.WriteFile(r.path, []byte(r.mark), 0o600))
	}
	if err == nil {
		if gone := os.Remove(r.path); !errors.Is(gone, os.ErrNotExist) {
			return gone
		}
	}
	return err
}

// deviceReady is the token's, and remembers a PIN that was refused while the
// server ran. The server then stays, not ready: whoever starts it again decides
// to.
func (h *house) deviceReady(ctx context.Context) error {
	err := h.token.Ready(ctx)
	if errors.Is(err, hsm.ErrPIN) {
		return h.pin.judge(err)
	}
	return err
}
