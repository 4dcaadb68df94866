package openapi

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// Decode reads what Check returned into a T, matching names exactly. It fails
// where the contract and T have drifted apart: a member T does not know, or one
// of another type. The error has the place in it and never the value.
func Decode[T any](body []byte) (T, error) {
	var v T
	err := json.Unmarshal(body, &v, json.RejectUnknownMembers(true))
	if err == nil {
		return v, nil
	}
	var zero T
	if place, ok := errors.AsType[*json.SemanticError](err); ok {
		return zero, fmt.Errorf("decode %T: no room for the JSON %v at %q", zero, place.JSONKind, place.JSONPointer)
	}
	return zero, fmt.Errorf("decode %T: %w", zero, errSyntax)
}
