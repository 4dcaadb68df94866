package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

func credentialCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "credential", Short: "Add, change, disable, suspend and revoke credentials, and find lost keys"}
	cmd.AddCommand(credentialAddCommand(), credentialFactorsCommand(), credentialExtendCommand(), credentialOrphansCommand(),
		credentialSuspendCommand(), credentialResumeCommand(), credentialRevokeCommand(),
		credentialSwitchCommand("disable", audit.Disabled, "Stop the use of a credential, and tell nobody else", true),
		credentialSwitchCommand("enable", audit.Enabled, "Let a disabled credential be used again", false))
	return cmd
}

// An addedCredential is what credential add answers.
type addedCredential struct {
	ID     string `json:"credentialID"`
	Signer string `json:"signer"`
}

func credentialAddCommand() *cobra.Command {
	profile := newProfileFlags()
	use := useSigning
	cmd := &cobra.Command{
		Use:   "add SIGNER",
		Short: "Make a key and a certificate for a signer",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				user, err := h.registry.User(ctx, args[0])
				if err != nil {
					return err
				}
				p, err := profile.profile(time.Now(), user.Organization != "")
				if err == nil {
					p.Login, err = forLogins(use)
				}
				if err == nil {
					err = p.Check(user.Organization != "")
				}
				if err != nil {
					return usageError{err}
				}
				c, err := h.enroll(ctx, user, p)
				if err != nil {
					return err
				}
				return print(cmd, addedCredential{c.ID, user.ID}, func(w io.Writer) error {
					_, err := fmt.Fprintln(w, c.ID)
					return err
				})
			})
		},
	}
	profile.bind(cmd.Flags())
	cmd.Flags().StringVar(&use, "for", useSigning, "`USE`: signing, or login to sites where the configuration has ca.logins")
	addOutputFlag(cmd)
	return cmd
}

// What a credential can be for.
const (
	useSigning = "signing"
	useLogin   = "login"
)

func forLogins(use string) (bool, error) {
	if use != useSigning && use != useLogin {
		return false, fmt.Errorf("--for is %q, not %s or %s", use, useSigning, useLogin)
	}
	return use == useLogin, nil
}

func credentialFactorsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "factors CREDENTIAL EXPRESSION",
		Short: "Say what authorizes a credential of mode explicit",
		Long: fmt.Sprintf(`Say what authorizes a credential of mode explicit: %s. An
expression is made of these with AND, OR, XOR and brackets, such as
"PIN AND OTP"; clients are told it as it is. Of a list such as PIN,OTP all are
needed, and clients are told no expression. With %q nothing is asked for: then
only clients that act for themselves, for signers they are linked to, may
authorize it, as for seals.`, strings.Join(credentials.Objects(), ", "), credentials.NoFactors),
		Args: exactArgs("CREDENTIAL", "EXPRESSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			factors, err := credentials.Factors(args[1]).Check()
			if err != nil {
				return usageError{err}
			}
			return withHouse(cmd, func(ctx context.Context, h *house) error { return h.setFactors(ctx, args[0], factors) })
		},
	}
}

func (h *house) setFactors(ctx context.Context, id string, factors credentials.Factors) error {
	c, err := h.registry.Credential(ctx, id)
	if err != nil {
		return err
	}
	if c.Mode != csc.Explicit {
		return fmt.Errorf("credential %s is of mode %s: its signer agrees on the pages", c.ID, c.Mode)
	}
	owner, err := h.registry.User(ctx, c.UserID)
	switch {
	case c.ForLogins() && !factors.Typed():
		return credentials.ErrTyped
	case err != nil:
		return err
	case owner.Organization != "" && !factors.Mechanical():
		return credentials.ErrSealed
	}
	if err := h.reaches(owner, factors); err != nil {
		return err
	}
	err = h.log.Append(ctx, audit.Entry{
		Event: audit.CredentialChanged, User: c.UserID, Credential: c.ID, Factor: string(factors),
		Reason: audit.FactorsSet, Kept: []string{audit.Mark([]byte(factors))},
	})
	if err != nil {
		return err
	}
	return h.registry.SetCredentialFactors(ctx, c.ID, factors)
}

func credentialSwitchCommand(name, done, short string, disabled bool) *cobra.Command {
	return &cobra.Command{
		Use:   name + " CREDENTIAL",
		Short: short,
		Args:  exactArgs("CREDENTIAL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				c, err := h.registry.Credential(ctx, args[0])
				if err != nil {
					return err
				}
				err = h.log.Append(ctx, audit.Entry{
					Event: audit.CredentialChanged, User: c.UserID, Credential: c.ID, Reason: done,
				})
				if err != nil {
					return err
				}
				return h.registry.SetCredentialDisabled(ctx, c.ID, disabled)
			})
		},
	}
}
