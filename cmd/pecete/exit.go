package main

import (
	"errors"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/registry"
)

// The exit codes. A supervisor starts the program again after exitFault only:
// the others come back until an operator did something, and each start with a
// wrong PIN brings the token nearer to locking it.
const (
	exitFault    = 1 // may pass by itself
	exitUsage    = 2 // the command line
	exitOperator = 3 // configuration, secrets, keys, logs or the registry's version
	exitPIN      = 4 // the token refused the PIN
	exitInvalid  = 5 // what verify was given is not valid
)

// An operatorError does not pass by itself.
type operatorError struct{ error }

func (e operatorError) Unwrap() error { return e.error }

// forOperator marks an error as one that does not pass.
func forOperator(err error) error {
	if err == nil {
		return nil
	}
	return operatorError{err}
}

func exitCode(err error) int {
	var usage usageError
	var marked operatorError
	var fault *audit.Fault
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errInvalid):
		return exitInvalid
	case errors.Is(err, hsm.ErrPIN):
		return exitPIN
	case errors.As(err, &marked), errors.As(err, &fault), errors.Is(err, registry.ErrNewer):
		return exitOperator
	}
	return exitFault
}
