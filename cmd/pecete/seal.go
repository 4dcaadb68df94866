package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

func sealCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "seal", Short: "Add organizations with seals"}
	cmd.AddCommand(sealAddCommand())
	return cmd
}

// An addedSeal is what seal add answers.
type addedSeal struct {
	Organization string `json:"organization"` // its id
	CredentialID string `json:"credentialID"`
}

func sealAddCommand() *cobra.Command {
	var owner users.Organization
	var clients []string
	profile := newProfileFlags()
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add an organization with a seal that its applications use",
		Long: fmt.Sprintf(`Add an organization with a seal: a key and a certificate that names it, for
applications that act for it with client_credentials and nobody before them. With
--factors %s, the default, they give its PIN, which is asked for or read from a
pipe; with --factors %s their token is enough. One authorization may be for up to
%d signatures. More seals of the same organization are made with credential
add, more applications let in with client link.`, credentials.FactorPIN, credentials.NoFactors, credentials.MaxSealed),
		Args: exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			owner.Name = args[0]
			return addSeal(cmd, owner, profile, clients)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&owner.Identifier, "identifier", "", "`IDENTIFIER` of the organization, as EN 319 412-1 writes one: VATRO-12345678")
	flags.StringVar(&owner.Email, "email", "", "e-mail `ADDRESS` of who answers for it, which must be new")
	flags.StringVar(&owner.Country, "country", "RO", "`COUNTRY` of two capital letters")
	flags.StringVar(&owner.Locale, "locale", "en", "`LANGUAGE` of its people")
	flags.StringArrayVar(&clients, "client", nil, "`CLIENT` that may seal; can be given several times")
	profile.bind(flags)
	asSeal(flags)
	addOutputFlag(cmd)
	return cmd
}

func addSeal(cmd *cobra.Command, owner users.Organization, profile *profileFlags, clients []string) error {
	p, err := profile.profile(time.Now(), true)
	if err != nil {
		return usageError{err}
	}
	pin := csc.Secret("")
	if p.Factors == credentials.FactorPIN {
		if pin, err = readSecret(cmd, "PIN"); err == nil {
			err = users.CheckPIN(pin)
		}
		if err != nil {
			return err
		}
	}
	return withHouse(cmd, func(ctx context.Context, h *house) error {
		added, err := h.addSeal(ctx, owner, pin, p, clients)
		if err != nil {
			return err
		}
		return print(cmd, added, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "organization  %s\ncredential    %s\n", added.Organization, added.CredentialID)
			return err
		})
	})
}

// addSeal makes the organization, lets its clients in, and makes the seal last: as
// long as anything failed there is none.
func (h *house) addSeal(ctx context.Context, owner users.Organization, pin csc.Secret, p credentials.Profile, clients []string) (addedSeal, error) {
	for _, client := range clients {
		if _, err := h.client(ctx, client); err != nil {
			return addedSeal{}, err
		}
	}
	registrar, err := h.registrar(ctx)
	if err != nil {
		return addedSeal{}, err
	}
	user, err := registrar.Found(ctx, owner)
	if err != nil {
		return addedSeal{}, err
	}
	c, err := h.makeSeal(ctx, registrar, user, pin, p, clients)
	if err != nil {
		return addedSeal{}, fmt.Errorf("organization %s is added and has no seal: signer pin, client link and credential add go on from there: %w", user.ID, err)
	}
	return addedSeal{user.ID, c.ID}, nil
}

func (h *house) makeSeal(ctx context.Context, registrar users.Registrar, user users.User, pin csc.Secret, p credentials.Profile, clients []string) (credentials.Credential, error) {
	if pin != "" {
		if err := registrar.SetPIN(ctx, user.ID, pin); err != nil {
			return credentials.Credential{}, err
		}
		var err error
		if user, err = h.registry.User(ctx, user.ID); err != nil {
			return credentials.Credential{}, err
		}
	}
	for _, client := range clients {
		if err := h.link(ctx, client, user.ID, audit.Linked, h.registry.Link); err != nil {
			return credentials.Credential{}, err
		}
	}
	return h.enroll(ctx, user, p)
}
