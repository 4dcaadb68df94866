package main

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/verify"
)

// verifications is how many files each network may have verified in a minute.
const verifications = 20

// verifier verifies the files of whoever comes to the page for it. It has a child
// of its own, one at a time, so that no stranger takes the turn of a document that
// is to be signed. What became of a certificate of ours it knows from the list that
// everybody is given.
func (h *house) verifier(ctx context.Context) (portal.Verifier, error) {
	lists, err := h.revocations(ctx)
	if err != nil {
		return nil, err
	}
	program, err := self()
	if err != nil {
		return nil, err
	}
	box := &sandbox.Box{
		Program: program, Args: []string{"sandbox"}, Children: 1,
		Limits: sandbox.Limits{CPU: 5 * time.Second, Wall: 10 * time.Second},
	}
	fresh := func(ctx context.Context) (*x509.RevocationList, error) {
		list, err := lists.Current(ctx)
		if err != nil {
			return nil, err
		}
		return x509.ParseRevocationList(list.DER)
	}
	return verify.Inspector{Documents: box, Roots: []*x509.Certificate{lists.Authority.Certificate}, Fresh: fresh, Now: now}, nil
}

// uploads are the pages that take files, and how many bytes a form with one may
// have.
func uploads() map[string]int64 {
	return map[string]int64{portal.VerifyPath: portal.MostVerified + portal.VerifyForm}
}
