package hsm

import (
	"context"
	"errors"
)

var (
	// ErrNoKey says that the token is well and has no such key.
	ErrNoKey = errors.New("hsm: no such key")
	// ErrNoToken says that no slot of the module has a token with the label.
	ErrNoToken = errors.New("hsm: no such token")
	// ErrTokenExists says that there is a token with the label already.
	ErrTokenExists = errors.New("hsm: token exists")
	// ErrPIN says that the token refused the PIN. It is not sent again until
	// the token is opened anew: devices lock after a few refusals.
	ErrPIN = errors.New("hsm: PIN refused")
	// ErrSealed says that a sealed text was altered, or was sealed with another
	// key or other associated data.
	ErrSealed = errors.New("hsm: sealed text does not open")
	// ErrAlgorithm says that a key cannot sign with an algorithm.
	ErrAlgorithm = errors.New("hsm: algorithm does not fit the key")
	// ErrDigest says that a digest is not of the length its hash gives.
	ErrDigest = errors.New("hsm: digest of another length than its hash")
	// ErrAttributes says that the device made a key with other attributes than
	// it was asked for. The key was destroyed.
	ErrAttributes = errors.New("hsm: key lacks the attributes asked for")
	// ErrInUse says that this process has the token, or the module, open
	// already.
	ErrInUse = errors.New("hsm: in use in this process")
	// ErrBusy says that as many signatures are asked of the device as may wait
	// for it. Nothing was begun; it passes.
	ErrBusy error = busy{}
	// ErrClosed says that the token was closed.
	ErrClosed = errors.New("hsm: token closed")

	errDuplicate = errors.New("hsm: more than one key")
	// errVanished is ErrNoKey for a key that was there before.
	errVanished error = vanished{}
	// errDetached says that the module was reloaded since the last login.
	errDetached = errors.New("hsm: not logged in since the module was loaded")
	// errWrongSignature says that a canary's signature is not one.
	errWrongSignature = errors.New("hsm: canary's signature does not verify")
	// errResting says that the module may not be reloaded yet.
	errResting = errors.New("hsm: module was reloaded a moment ago")
)

type busy struct{}

func (busy) Error() string     { return "hsm: as much waits for the device as may" }
func (busy) Unavailable() bool { return true }

type vanished struct{}

func (vanished) Error() string { return "hsm: no such key any more" }
func (vanished) Unwrap() error { return ErrNoKey }

// An UnavailableError says that the device could not be asked, or not in time.
// Whether a signature was made is then not known: it was not released.
type UnavailableError struct{ Cause error }

func (e *UnavailableError) Error() string { return "hsm: unavailable: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Unavailable marks the error as one that passes.
func (e *UnavailableError) Unavailable() bool { return true }

// unavailable wraps err once.
func unavailable(err error) error {
	var already *UnavailableError
	if err == nil || errors.As(err, &already) {
		return err
	}
	return &UnavailableError{Cause: err}
}

// over reports whether ctx, not the device, ended the attempt.
func over(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}
