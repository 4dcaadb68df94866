package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
)

// A shownClient is what client show answers. Of its secrets only their number
// is known.
type shownClient struct {
	ID           string   `json:"client_id"`
	Name         string   `json:"name"`
	Profile      string   `json:"profile"`
	Method       string   `json:"token_endpoint_auth_method"`
	Keys         []string `json:"kids,omitempty"`
	Certificate  string   `json:"certificate,omitempty"` // the name it is known by
	RequirePAR   bool     `json:"require_pushed_authorization_requests"`
	RequireJAR   bool     `json:"require_signed_request_object"`
	Bound        string   `json:"bound,omitempty"`
	Introspects  bool     `json:"resource_server,omitempty"`
	Logo         string   `json:"logo_uri,omitempty"`
	RedirectURIs []string `json:"redirect_uris"`
	Grants       []string `json:"grant_types"`
	Scopes       []string `json:"scopes"`
	Invitation   string   `json:"invitation,omitempty"` // it registered itself with
	Secrets      int      `json:"secrets"`
	// Accounts are the signers that it names by accounts of its own.
	Accounts map[string]string `json:"accounts,omitempty"`
	Disabled bool              `json:"disabled"`
	Created  time.Time         `json:"created"`
}

func clientShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show CLIENT",
		Short: "Show a client application",
		Args:  exactArgs("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRegistry(cmd, func(cmd *cobra.Command, r *registry.Registry) error {
				c, err := r.Client(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("client %s: %w", args[0], err)
				}
				shown := show(c)
				if shown.Accounts, err = r.Accounts(cmd.Context(), c.ID); err != nil {
					return err
				}
				return print(cmd, shown, func(w io.Writer) error { return printClient(w, shown) })
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func show(c oauth.Client) shownClient {
	return shownClient{
		ID: c.ID, Name: c.Name, Profile: cmp.Or(c.Profile, oauth.ProfileCSC), Method: c.Method(), Keys: c.KeyIDs(),
		Certificate: c.TLS.String(), RequirePAR: c.RequirePAR, RequireJAR: c.RequireJAR, Bound: c.Bound, Introspects: c.ResourceServer, Logo: c.Logo,
		RedirectURIs: append([]string{}, c.RedirectURIs...), Grants: c.Grants,
		Scopes: c.Scopes, Secrets: len(c.Verifiers), Disabled: c.Disabled, Created: c.Created, Invitation: invitationOf(c),
	}
}

// invitationOf is the invitation a client registered itself with, "" if an
// operator added it.
func invitationOf(c oauth.Client) string {
	if c.Managed == nil {
		return ""
	}
	return c.Managed.Invitation
}

func printClient(w io.Writer, c shownClient) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "client_id\t%s\n", c.ID)
	fmt.Fprintf(table, "name\t%s\n", c.Name)
	fmt.Fprintf(table, "profile\t%s\n", c.Profile)
	fmt.Fprintf(table, "method\t%s\n", c.Method)
	fmt.Fprintf(table, "kids\t%s\n", strings.Join(c.Keys, " "))
	fmt.Fprintf(table, "certificate\t%s\n", c.Certificate)
	fmt.Fprintf(table, "require_par\t%t\n", c.RequirePAR)
	fmt.Fprintf(table, "require_jar\t%t\n", c.RequireJAR)
	fmt.Fprintf(table, "bound\t%s\n", c.Bound)
	fmt.Fprintf(table, "resource_server\t%t\n", c.Introspects)
	fmt.Fprintf(table, "logo\t%s\n", c.Logo)
	fmt.Fprintf(table, "redirect_uris\t%s\n", strings.Join(c.RedirectURIs, " "))
	fmt.Fprintf(table, "grant_types\t%s\n", strings.Join(c.Grants, " "))
	fmt.Fprintf(table, "scopes\t%s\n", strings.Join(c.Scopes, " "))
	fmt.Fprintf(table, "invitation\t%s\n", c.Invitation)
	fmt.Fprintf(table, "secrets\t%d\n", c.Secrets)
	for _, account := range slices.Sorted(maps.Keys(c.Accounts)) {
		fmt.Fprintf(table, "account\t%s %s\n", account, c.Accounts[account])
	}
	fmt.Fprintf(table, "status\t%s\n", switched(c.Disabled))
	fmt.Fprintf(table, "created\t%s\n", c.Created.Format(time.RFC3339))
	return table.Flush()
}

func clientRotateCommand() *cobra.Command {
	var end bool
	cmd := &cobra.Command{
		Use:   "rotate-secret CLIENT",
		Short: "Give a client a second secret, or end the first",
		Long: `Give a client a new secret beside the one it has, so that it can change over.
With --end no new one is made, and only the newest stays. Of two the older ends
at the next rotation.`,
		Args: exactArgs("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				if end {
					return h.endSecret(ctx, args[0])
				}
				added, err := h.rotateSecret(ctx, args[0])
				if err != nil {
					return err
				}
				return printSecret(cmd, added)
			})
		},
	}
	cmd.Flags().BoolVar(&end, "end", false, "end all secrets but the newest")
	addOutputFlag(cmd)
	return cmd
}

func (h *house) rotateSecret(ctx context.Context, id string) (addedClient, error) {
	pepper, err := h.config.key(h.config.Pepper)
	if err != nil {
		return addedClient{}, err
	}
	if c, err := h.client(ctx, id); err != nil || !c.HasSecret() {
		return addedClient{}, cmp.Or(err, error(usageError{fmt.Errorf("client %s has no secret but %s", id, c.AuthMethod)}))
	}
	secret, verifier := oauth.NewSecret(pepper)
	name := ""
	err = h.changeClient(ctx, id, "secret added", func(c *oauth.Client) {
		name = c.Name
		c.Verifiers = append([][]byte{verifier}, c.Verifiers...)
		c.Verifiers = c.Verifiers[:min(2, len(c.Verifiers))]
	})
	if err == nil {
		err = h.keepAccountKeys(ctx, id, secret, verifier)
	}
	return addedClient{ID: id, Secret: string(secret), Name: name}, err
}

func (h *house) endSecret(ctx context.Context, id string) error {
	return h.changeClient(ctx, id, "old secret ended", func(c *oauth.Client) {
		c.Verifiers = c.Verifiers[:min(1, len(c.Verifiers))]
	})
}

func clientKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "keys CLIENT FILE",
		Short: "Replace a client's public keys by those of a JWK set",
		Args:  exactArgs("CLIENT", "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				keys, err := os.ReadFile(args[1])
				if err != nil {
					return err
				}
				c, err := h.client(ctx, args[0])
				if err != nil {
					return err
				}
				c.Keys = keys
				if err := c.Check(); err != nil {
					return usageError{err}
				}
				return h.changeClient(ctx, args[0], "keys replaced", func(c *oauth.Client) { c.Keys = keys })
			})
		},
	}
}

// client is the client id; an error names it.
func (h *house) client(ctx context.Context, id string) (oauth.Client, error) {
	c, err := h.registry.Client(ctx, id)
	if err != nil {
		return c, fmt.Errorf("client %s: %w", id, err)
	}
	return c, nil
}

// changeClient changes a client as it stands, again if somebody else changed it
// meanwhile.
func (h *house) changeClient(ctx context.Context, id, what string, change func(*oauth.Client)) (err error) {
	for range 5 {
		var client oauth.Client
		if client, err = h.client(ctx, id); err != nil {
			return err
		}
		change(&client)
		record := audit.Entry{Event: audit.ClientChanged, Client: id, Reason: what, Kept: client.Marks()}
		if err := h.log.Append(ctx, record); err != nil {
			return err
		}
		if err = h.registry.UpdateClient(ctx, client); !errors.Is(err, oauth.ErrClientChanged) {
			return err
		}
	}
	return err
}
