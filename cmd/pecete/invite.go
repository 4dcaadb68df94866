package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
)

// inviteFlags say what clients that register themselves may be.
type inviteFlags struct {
	allows oauth.Allowance
	uses   int
	valid  time.Duration
	note   string
}

func (f *inviteFlags) bind(flags *pflag.FlagSet) {
	flags.StringVar(&f.allows.Profile, "profile", oauth.ProfileCSC, "`RULES` they keep: csc, fapi2, or csc-v1")
	flags.StringArrayVar(&f.allows.Grants, "grant", []string{"authorization_code", "refresh_token"}, "`GRANT` they may use; can be given several times")
	flags.StringArrayVar(&f.allows.Scopes, "scope", []string{csc.ScopeService, csc.ScopeCredential}, "`SCOPE` they may ask; can be given several times")
	flags.IntVar(&f.uses, "uses", 1, "so `MANY` clients may register")
	flags.DurationVar(&f.valid, "valid", oauth.DefaultInvitationLife, "`TIME` the invitation is open")
	flags.StringVar(&f.note, "note", "", "`TEXT` for yourself: whom it is for")
}

func clientInviteCommand() *cobra.Command {
	var flags inviteFlags
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Let client applications register themselves",
		Long: `Make an invitation: an initial access token with which as many clients as --uses
says may register themselves (RFC 7591). It is printed this once. No client can
be more than the invitation allows, then or later.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				made, err := h.invite(ctx, &flags)
				if err != nil {
					return err
				}
				return print(cmd, made, func(w io.Writer) error { return printInvitation(w, made) })
			})
		},
	}
	flags.bind(cmd.Flags())
	addOutputFlag(cmd)
	cmd.AddCommand(inviteListCommand(), inviteRevokeCommand())
	return cmd
}

// A madeInvitation is what client invite answers. The token is told this once.
type madeInvitation struct {
	Token    string `json:"initial_access_token"`
	Endpoint string `json:"registration_endpoint"`
	listedInvitation
}

// A listedInvitation is a line of client invite list.
type listedInvitation struct {
	ID      string    `json:"invitation_id"`
	Status  string    `json:"status"` // open, used up, over or revoked
	Profile string    `json:"profile"`
	Grants  []string  `json:"grant_types"`
	Scopes  []string  `json:"scopes"`
	Uses    int       `json:"uses"`
	Used    int       `json:"used"`
	Expires time.Time `json:"expires"`
	Note    string    `json:"note,omitempty"`
}

func listInvitation(i oauth.Invitation, now time.Time) listedInvitation {
	status := "open"
	switch {
	case i.Revoked:
		status = audit.Revoked
	case i.Used >= i.Uses:
		status = "used up"
	case !i.Open(now):
		status = "over"
	}
	return listedInvitation{i.ID, status, i.Allows.Profile, i.Allows.Grants, i.Allows.Scopes, i.Uses, i.Used, i.Expires, i.Note}
}

func (h *house) invite(ctx context.Context, flags *inviteFlags) (madeInvitation, error) {
	now := time.Now().UTC().Truncate(time.Second)
	token, i, err := oauth.Invite(oauth.Invitation{Allows: flags.allows, Uses: flags.uses, Note: flags.note, Expires: now.Add(flags.valid)}, now)
	if err != nil {
		return madeInvitation{}, usageError{err}
	}
	what := fmt.Sprintf("%s: profile %s, %s, scopes %s, %d uses until %s", i.ID, i.Allows.Profile,
		strings.Join(i.Allows.Grants, " "), strings.Join(i.Allows.Scopes, " "), i.Uses, i.Expires.Format(time.RFC3339))
	if err := h.log.Append(ctx, audit.Entry{Event: audit.ClientInvited, Reason: what}); err != nil {
		return madeInvitation{}, err
	}
	if err := h.registry.AddInvitation(ctx, i); err != nil {
		return madeInvitation{}, err
	}
	return madeInvitation{string(token), h.config.URL + oauth.RegisterPath, listInvitation(i, now)}, nil
}

func printInvitation(w io.Writer, i madeInvitation) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "invitation_id\t%s\n", i.ID)
	fmt.Fprintf(table, "initial_access_token\t%s\n", i.Token)
	fmt.Fprintf(table, "registration_endpoint\t%s\n", i.Endpoint)
	fmt.Fprintf(table, "uses\t%d\n", i.Uses)
	fmt.Fprintf(table, "expires\t%s\n", i.Expires.Format(time.RFC3339))
	return table.Flush()
}

func inviteListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List invitations, also those that let in nobody any more",
		Args:  exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRegistry(cmd, func(cmd *cobra.Command, r *registry.Registry) error {
				all, err := r.Invitations(cmd.Context())
				if err != nil {
					return err
				}
				list := []listedInvitation{}
				for _, i := range all {
					list = append(list, listInvitation(i, time.Now()))
				}
				return print(cmd, list, func(w io.Writer) error {
					table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					for _, i := range list {
						fmt.Fprintf(table, "%s\t%s\t%s\t%d/%d\t%s\t%s\n", i.ID, i.Status, i.Profile, i.Used, i.Uses, i.Expires.Format(time.RFC3339), i.Note)
					}
					return table.Flush()
				})
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func inviteRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke INVITATION",
		Short: "Let in nobody any more; who is in stays",
		Args:  exactArgs("INVITATION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				all, err := h.registry.Invitations(ctx)
				if err != nil {
					return err
				}
				for _, i := range all {
					if i.ID == args[0] {
						return h.uninvite(ctx, i.ID)
					}
				}
				return oauth.ErrUnknownInvitation
			})
		},
	}
}

func (h *house) uninvite(ctx context.Context, id string) error {
	if err := h.log.Append(ctx, audit.Entry{Event: audit.ClientUninvited, Reason: id}); err != nil {
		return err
	}
	return h.registry.RevokeInvitation(ctx, id)
}
