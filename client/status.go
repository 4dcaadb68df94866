package client

import "github.com/pecete/pecete/csc"

// nothing is the answer of a method that has none, and says so with 204.
type nothing struct{}

func expectsNothing(answer any) bool {
	_, yes := answer.(*nothing)
	return yes
}

func expectsCreated(answer any) bool {
	_, yes := answer.(*csc.CreateResponse)
	return yes
}
