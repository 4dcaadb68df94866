package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
)

func clientCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "client", Short: "Add, invite, list, show, change, link and remove client applications"}
	cmd.AddCommand(clientAddCommand(), clientInviteCommand(), clientListCommand(), clientShowCommand(), clientChangeCommand(),
		clientRotateCommand(), clientTokenCommand(), clientKeysCommand(), clientAccountCommand(),
		clientLinkCommand(audit.Linked, "Let a client act for a signer", (*registry.Registry).Link),
		clientLinkCommand(audit.Unlinked, "End that a client acts for a signer", (*registry.Registry).Unlink),
		clientSwitchCommand("disable", "Refuse a client and its tokens", true),
		clientSwitchCommand("enable", "Let a disabled client in again", false),
		clientRemoveCommand())
	return cmd
}

// An addedClient is what client add answers. The secret is told this once.
type addedClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret,omitempty"` // "" if it has none
	Name   string `json:"name"`
}

func clientAddCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Register a client application; its secret is printed this once",
		Long: `Register a client application. With --redirect-uri it sends signers to this
server's pages, and they agree there; with --signer it acts for signers who give
it their codes. Its secret, if it proves itself by one, is printed this once; else
it has keys (--jwks) or a certificate with a name (--tls-…).`,
		Args: exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				added, err := h.addClient(ctx, args[0], &flags)
				if err != nil {
					return err
				}
				return printSecret(cmd, added)
			})
		},
	}
	flags.bind(cmd.Flags())
	addOutputFlag(cmd)
	return cmd
}

func printSecret(cmd *cobra.Command, added addedClient) error {
	return print(cmd, added, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "client_id      %s\n", added.ID)
		if added.Secret != "" {
			_, err = fmt.Fprintf(w, "client_secret  %s\n", added.Secret)
		}
		return err
	})
}

func (h *house) addClient(ctx context.Context, name string, flags *clientFlags) (addedClient, error) {
	client, err := flags.client(name, time.Now())
	if err != nil {
		return addedClient{}, usageError{err}
	}
	added := addedClient{ID: client.ID, Name: name}
	if client.HasSecret() {
		pepper, err := h.config.key(h.config.Pepper)
		if err != nil {
			return addedClient{}, err
		}
		secret, verifier := oauth.NewSecret(pepper)
		added.Secret, client.Verifiers = string(secret), [][]byte{verifier}
	}
	if err := client.Check(); err != nil {
		return addedClient{}, usageError{err}
	}
	err = h.keepClient(ctx, client, flags.signers)
	if err == nil && added.Secret != "" {
		err = h.keepAccountKeys(ctx, client.ID, csc.Secret(added.Secret), client.Verifiers[0])
	}
	return added, err
}

// keepClient registers a client that was checked, and links it to signers.
func (h *house) keepClient(ctx context.Context, client oauth.Client, signers []string) error {
	for _, signer := range signers {
		if _, err := h.registry.User(ctx, signer); err != nil {
			return fmt.Errorf("signer %s: %w", signer, err)
		}
	}
	record := audit.Entry{Event: audit.ClientAdded, Client: client.ID, Kept: client.Marks(), Reason: client.Described()}
	if err := h.log.Append(ctx, record); err != nil {
		return err
	}
	if err := h.registry.AddClient(ctx, client); err != nil {
		return err
	}
	for _, signer := range signers {
		if err := h.link(ctx, client.ID, signer, audit.Linked, h.registry.Link); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) link(ctx context.Context, client, signer, what string, change func(ctx context.Context, client, signer string) error) error {
	if _, err := h.client(ctx, client); err != nil {
		return err
	}
	if _, err := h.registry.User(ctx, signer); err != nil {
		return fmt.Errorf("signer %s: %w", signer, err)
	}
	err := h.log.Append(ctx, audit.Entry{Event: audit.ClientChanged, Client: client, User: signer, Reason: what})
	if err != nil {
		return err
	}
	return change(ctx, client, signer)
}

func clientLinkCommand(name, short string, change func(*registry.Registry, context.Context, string, string) error) *cobra.Command {
	return &cobra.Command{
		Use:   name + " CLIENT SIGNER",
		Short: short,
		Args:  exactArgs("CLIENT", "SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				return h.link(ctx, args[0], args[1], name, func(ctx context.Context, client, signer string) error {
					return change(h.registry, ctx, client, signer)
				})
			})
		},
	}
}

func clientSwitchCommand(name, short string, disabled bool) *cobra.Command {
	return &cobra.Command{
		Use:   name + " CLIENT",
		Short: short,
		Args:  exactArgs("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				return h.switchClient(ctx, args[0], disabled)
			})
		},
	}
}

// switchClient disables a client or ends that. The tokens it had do not come back
// with it.
func (h *house) switchClient(ctx context.Context, id string, disabled bool) error {
	return h.changeClient(ctx, id, switched(disabled), func(c *oauth.Client) {
		if c.Disabled = disabled; disabled {
			c.TokensAfter = time.Now().UTC().Truncate(time.Microsecond)
		}
	})
}

func clientRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove CLIENT",
		Short: "Forget a client; its tokens are dead at once",
		Args:  exactArgs("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				if _, err := h.client(ctx, args[0]); err != nil {
					return err
				}
				if err := h.log.Append(ctx, audit.Entry{Event: audit.ClientRemoved, Client: args[0]}); err != nil {
					return err
				}
				return h.registry.RemoveClient(ctx, args[0])
			})
		},
	}
}

// A listedClient is a line of client list.
type listedClient struct {
	ID       string `json:"client_id"`
	Name     string `json:"name"`
	Profile  string `json:"profile"`
	Disabled bool   `json:"disabled"`
}

func clientListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List client applications",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRegistry(cmd, func(cmd *cobra.Command, r *registry.Registry) error {
				clients, err := r.Clients(cmd.Context())
				if err != nil {
					return err
				}
				list := []listedClient{}
				for _, c := range clients {
					list = append(list, listedClient{c.ID, c.Name, cmp.Or(c.Profile, oauth.ProfileCSC), c.Disabled})
				}
				return print(cmd, list, func(w io.Writer) error {
					table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					for _, c := range list {
						fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.ID, c.Name, c.Profile, switched(c.Disabled))
					}
					return table.Flush()
				})
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}
