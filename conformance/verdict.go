package conformance

import (
	"errors"
	"fmt"
)

// A verdict is an error that is more, or less, than a failure.
type verdict struct {
	kind verdictKind
	text string
}

type verdictKind int

const (
	failing verdictKind = iota
	warned              // met, but not in the prescribed way
	notClaimed
	notProvided
)

// Error is what was seen.
func (v *verdict) Error() string { return v.text }

// unmet says that the requirement is not kept, and what was seen instead.
func unmet(format string, args ...any) error {
	return &verdict{failing, fmt.Sprintf(format, args...)}
}

// warning says that it is kept in other words, or as another standard has it.
func warning(format string, args ...any) error {
	return &verdict{warned, fmt.Sprintf(format, args...)}
}

// unclaimed says that the server does not offer what the case is about.
func unclaimed(reason string) error { return &verdict{notClaimed, reason} }

// unprovided says that the suite was not given what the case needs.
func unprovided(reason string) error { return &verdict{notProvided, reason} }

// kindOf is the kind of err; an error of another type, such as a server that
// cannot be reached any more, is a failure.
func kindOf(err error) verdictKind {
	var v *verdict
	if errors.As(err, &v) {
		return v.kind
	}
	return failing
}

func isWarning(err error) bool { return err != nil && kindOf(err) == warned }

// worst is the gravest of errs, the first of equals.
func worst(errs ...error) error {
	var grave error
	for _, err := range errs {
		if err != nil && (grave == nil || kindOf(err) < kindOf(grave)) {
			grave = err
		}
	}
	return grave
}
