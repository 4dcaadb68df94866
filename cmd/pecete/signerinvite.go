package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/registry"
)

// withOffice runs an operator's deed on invitations.
func withOffice(cmd *cobra.Command, deed func(context.Context, *enrolment.Office) error) error {
	return withHouse(cmd, func(ctx context.Context, h *house) error {
		registrar, err := h.registrar(ctx)
		if err != nil {
			return err
		}
		office, err := h.office(ctx, registrar)
		if err != nil {
			return err
		}
		return deed(ctx, office)
	})
}

// A listedEnrolment is a line of signer invitations, and what the commands that
// change one answer.
type listedEnrolment struct {
	ID           string    `json:"enrolmentID"`
	Signer       string    `json:"signer"`
	State        string    `json:"state"`
	Name         string    `json:"name"`
	Email        string    `json:"email"`
	Profile      string    `json:"profile"`
	Reference    string    `json:"reference,omitempty"`
	Inviter      string    `json:"client_id,omitempty"` // none if an operator invited
	CredentialID string    `json:"credentialID,omitempty"`
	Created      time.Time `json:"created"`
	Changed      time.Time `json:"changed"`
	Expires      time.Time `json:"expires"` // of the link that is next
}

func listEnrolment(e enrolment.Enrolment) listedEnrolment {
	return listedEnrolment{
		ID: e.ID, Signer: e.UserID, State: string(e.State), Name: e.Identity.GivenName + " " + e.Identity.FamilyName,
		Email: e.Identity.Email, Profile: e.Identity.Profile, Reference: e.Identity.Reference, Inviter: e.Inviter,
		CredentialID: e.CredentialID, Created: e.Created, Changed: e.Changed, Expires: e.Next(),
	}
}

// printEnrolment answers with what came of an enrolment, also if a mail did not
// leave.
func printEnrolment(cmd *cobra.Command, e enrolment.Enrolment, did string, err error) error {
	if err != nil && !errors.Is(err, enrolment.ErrUnsent) {
		return err
	}
	if err != nil {
		err = fmt.Errorf("%w; when mails leave again: pecete signer resend %s", err, e.ID)
	}
	line := listEnrolment(e)
	return errors.Join(print(cmd, line, func(w io.Writer) error {
		if err != nil {
			did = "to be sent again"
		}
		_, err := fmt.Fprintf(w, "enrolment  %s\nsigner     %s\n%s  %s\n", line.ID, line.Signer, did, line.Email)
		return err
	}), err)
}

func signerInviteCommand() *cobra.Command {
	var i enrolment.Invitation
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Invite a person whose identity you have verified to become a signer",
		Long: `Invite a person whose identity you have verified. Two mails go out: the first one's
link pairs an authenticator app; the second one's confirms the phone, sets the
password and accepts the terms. The certificate is made at the first login after
that. Until then "signer invitations" says how far it is.

With --again the person may be a signer already, who has lost what he proves
himself with: verify his identity anew. He is told at once, can sign with nothing
until he has paired another authenticator, and then only after recovery.delay, unless
you proved his identity in person (--identity-proven). Only numbers that you or he
named before are sent codes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if i.Proven && !i.Again {
				return usageError{fmt.Errorf("--%s is of who was a signer before: --again", flagProven)}
			}
			return withOffice(cmd, func(ctx context.Context, o *enrolment.Office) error {
				e, err := o.Invite(ctx, i)
				return printEnrolment(cmd, e, "mails sent", err)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&i.Identity.Email, "email", "", "e-mail `ADDRESS` that both mails go to")
	flags.StringVar(&i.Identity.GivenName, "given-name", "", "given `NAME`, as in the certificate")
	flags.StringVar(&i.Identity.FamilyName, "family-name", "", "family `NAME`, as in the certificate")
	flags.StringVar(&i.Identity.Country, "country", "RO", "`COUNTRY` of two capital letters")
	flags.StringVar(&i.Identity.Locale, "locale", "en", "`LANGUAGE` the person reads")
	flags.StringVar(&i.Identity.Phone, "phone", "", "`NUMBER` in E.164; the person may correct it")
	flags.StringVar(&i.Identity.Identifier, "identifier", "", "`IDENTIFIER` of the person, such as PNORO-1234567890123 (EN 319 412-1)")
	flags.StringVar(&i.Identity.Profile, "profile", enrolment.DefaultProfile, "`NAME` of the credential's profile in the configuration")
	flags.StringVar(&i.Identity.Reference, "reference", "", "`TEXT` by which you find the proof of the identity")
	flags.BoolVar(&i.Again, "again", false, "the person may be a signer already, and was identified anew")
	flags.BoolVar(&i.Proven, flagProven, false, "with --again: that was done in person, and he signs as soon as another authenticator is paired")
	addOutputFlag(cmd)
	return cmd
}

func signerInvitationsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "invitations",
		Short: "List the people who were invited, and how far they are",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRegistry(cmd, func(cmd *cobra.Command, r *registry.Registry) error {
				all, err := r.Enrolments(cmd.Context())
				if err != nil {
					return err
				}
				list := []listedEnrolment{}
				for _, e := range all {
					list = append(list, listEnrolment(e))
				}
				return print(cmd, list, func(w io.Writer) error {
					table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					for _, e := range list {
						fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.State, e.Name, e.Email, e.Profile, e.Created.Format(time.RFC3339), e.CredentialID)
					}
					return table.Flush()
				})
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func signerResendCommand() *cobra.Command {
	var link string
	cmd := &cobra.Command{
		Use:   "resend ENROLMENT",
		Short: "Send mails with new links, which end the ones before",
		Args:  exactArgs("ENROLMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOffice(cmd, func(ctx context.Context, o *enrolment.Office) error {
				e, err := o.Get(ctx, args[0])
				if err != nil {
					return err
				}
				links, known := map[string][]enrolment.Link{"pair": {enrolment.LinkPair}, "activate": {enrolment.LinkActivate}, "": e.Wanted()}[link]
				switch {
				case !known:
					return usageError{fmt.Errorf("--link %q is neither pair nor activate", link)}
				case len(links) == 0:
					return fmt.Errorf("%w: %s is %s, and no link is wanted", enrolment.ErrState, e.ID, e.State)
				}
				for _, l := range links {
					if e, err = o.Resend(ctx, args[0], l); err != nil {
						break
					}
				}
				return printEnrolment(cmd, e, "mail sent", err)
			})
		},
	}
	cmd.Flags().StringVar(&link, "link", "", "`WHICH`: pair or activate (default all that are still wanted)")
	addOutputFlag(cmd)
	return cmd
}

func signerCancelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel ENROLMENT",
		Short: "Take an invitation back: its links are dead at once",
		Args:  exactArgs("ENROLMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOffice(cmd, func(ctx context.Context, o *enrolment.Office) error {
				e, err := o.Cancel(ctx, args[0])
				return printEnrolment(cmd, e, "cancelled", err)
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}
