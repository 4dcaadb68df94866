package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

func clientAccountCommand() *cobra.Command {
	var end bool
	cmd := &cobra.Command{
		Use:   "account CLIENT ACCOUNT SIGNER",
		Short: "Say which signer an account of a client application is",
		Long: `Say which signer an application means by an account of its own that it names in an
account_token: only that signer can log in then. ACCOUNT is whatever the
application calls it, an e-mail address for instance. With --end, and without
SIGNER, the account is forgotten.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if end {
				return exactArgs("CLIENT", "ACCOUNT")(cmd, args)
			}
			return exactArgs("CLIENT", "ACCOUNT", "SIGNER")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				if end {
					return h.endAccount(ctx, args[0], args[1])
				}
				return h.setAccount(ctx, args[0], args[1], args[2])
			})
		},
	}
	cmd.Flags().BoolVar(&end, "end", false, "forget the account")
	return cmd
}

func (h *house) setAccount(ctx context.Context, client, account, signer string) error {
	if err := oauth.CheckAccount(account); err != nil {
		return usageError{err}
	}
	if _, err := h.client(ctx, client); err != nil {
		return err
	}
	if _, err := h.registry.User(ctx, signer); err != nil {
		return fmt.Errorf("signer %s: %w", signer, err)
	}
	if err := h.recordAccount(ctx, client, account, signer); err != nil {
		return err
	}
	return h.registry.SetAccount(ctx, client, account, signer)
}

func (h *house) endAccount(ctx context.Context, client, account string) error {
	if _, err := h.registry.Account(ctx, client, account); err != nil {
		return fmt.Errorf("client %s: %w", client, err)
	}
	if err := h.recordAccount(ctx, client, account, ""); err != nil {
		return err
	}
	return h.registry.RemoveAccount(ctx, client, account)
}

// recordAccount records whose an account is from now on, nobody's if signer is
// "". The log does not have its name, which may be somebody's address.
func (h *house) recordAccount(ctx context.Context, client, account, signer string) error {
	return h.log.Append(ctx, audit.Entry{
		Event: audit.ClientChanged, Client: client, User: signer, Reason: audit.Account + audit.Mark([]byte(account)),
	})
}

// keepAccountKeys keeps the key of account tokens that comes of a client's new
// secret, beside those of the secrets it still has.
func (h *house) keepAccountKeys(ctx context.Context, id string, secret csc.Secret, verifier []byte) error {
	seal, err := h.sealer(ctx)
	if err != nil {
		return err
	}
	added, err := oauth.NewAccountKey(ctx, seal, id, secret, verifier)
	if err != nil {
		return err
	}
	c, clientErr := h.registry.Client(ctx, id)
	keys, err := h.registry.AccountKeys(ctx, id)
	if err := errors.Join(clientErr, err); err != nil {
		return err
	}
	live := slices.DeleteFunc(keys, func(k oauth.AccountKey) bool {
		return !slices.ContainsFunc(c.Verifiers, func(v []byte) bool { return audit.Mark(v) == k.Verifier })
	})
	return h.registry.SetAccountKeys(ctx, id, append(live, added))
}
