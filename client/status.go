package client

import (
	"encoding/json"

	"github.com/pecete/pecete/csc"
)

// nothing is the answer of a method that has none, and says so with 204.
type nothing struct{}

func expectsNothing(answer any) bool {
	_, yes := answer.(*nothing)
	return yes
}

// A createdAnswer is one that says with 201 that something was made.
type createdAnswer struct{ into any }

// UnmarshalJSON reads what was made.
func (a *createdAnswer) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, a.into) }

func expectsCreated(answer any) bool {
	switch answer.(type) {
	case *csc.CreateResponse, *createdAnswer:
		return true
	}
	return false
}
