package main

import (
	"context"
	"fmt"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// direct wires auth/login; nil if it is not configured. What its client must be is
// asked now, so that the operator hears of it, and again at each login.
func (h *house) direct(ctx context.Context, prover *users.Prover, failures *quota.Shared) (*oauth.Direct, error) {
	id := h.config.AuthLogin.Client
	if id == "" {
		return nil, nil
	}
	c, err := h.registry.Client(ctx, id)
	if err == nil {
		err = c.CheckDirect()
	}
	if err != nil {
		return nil, forOperator(fmt.Errorf("auth_login.client %s: %w", id, err))
	}
	return &oauth.Direct{
		Client: id, Prover: prover, Failures: failures, Barred: h.barred(csc.BasePath + "/" + string(csc.MethodAuthLogin)),
	}, nil
}
