package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

func credentialExtendCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "extend CREDENTIAL allow|forbid",
		Short: "Let authorizations of a credential be extended, or end that",
		Long: `Let an application extend an authorization of a credential of SCAL 1, with
credentials/extendTransaction: sign other hashes than those that the signer was
shown, though no more of them. The configuration must have extend_transaction too.`,
		Args: exactArgs("CREDENTIAL", "allow|forbid"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "allow" && args[1] != "forbid" {
				return usageError{fmt.Errorf("%q is neither allow nor forbid", args[1])}
			}
			return withHouse(cmd, func(ctx context.Context, h *house) error { return h.setExtendable(ctx, args[0], args[1] == "allow") })
		},
	}
}

var errSCAL2 = errors.New("at SCAL 2 an authorization names its hashes: it is not extended")

func (h *house) setExtendable(ctx context.Context, id string, allow bool) error {
	c, err := h.registry.Credential(ctx, id)
	if err != nil {
		return err
	}
	record := audit.Entry{Event: audit.CredentialChanged, User: c.UserID, Credential: c.ID, Reason: audit.ExtendForbidden}
	if allow {
		if c.SCAL != csc.SCAL1 {
			return fmt.Errorf("credential %s: %w", c.ID, errSCAL2)
		}
		record.Reason = audit.ExtendAllowed
	}
	if err := h.log.Append(ctx, record); err != nil {
		return err
	}
	return h.registry.SetCredentialExtendable(ctx, c.ID, allow)
}
