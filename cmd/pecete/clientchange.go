package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pecete/pecete/oauth"
)

func clientChangeCommand() *cobra.Command {
	var flags clientFlags
	var name string
	cmd := &cobra.Command{
		Use:   "change CLIENT",
		Short: "Change what a client is registered with",
		Long: `Change what a client is registered with: whatever is given replaces what there
was, and all else stays. Secrets, keys and status have commands of their own.`,
		Args: exactArgs("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, err := flags.change(cmd.Flags(), name)
			if err != nil {
				return usageError{err}
			}
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				c, err := h.client(ctx, args[0])
				if err != nil {
					return err
				}
				change(&c)
				if err := c.Check(); err != nil {
					return usageError{err}
				}
				return h.changeClient(ctx, args[0], "changed: "+c.Described(), change)
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` signers see")
	flags.bindWays(cmd.Flags())
	return cmd
}

// change is what the flags that were given change.
func (f *clientFlags) change(given *pflag.FlagSet, name string) (func(*oauth.Client), error) {
	var changes []func(*oauth.Client)
	scopes, err := mayScopes(f.may)
	if err != nil {
		return nil, err
	}
	for flag, set := range map[string]func(*oauth.Client){
		"name":            func(c *oauth.Client) { c.Name = name },
		"redirect-uri":    f.redirect,
		"response-uri":    func(c *oauth.Client) { c.ResponseURIs = f.responses },
		"logo":            func(c *oauth.Client) { c.Logo = f.logo },
		"require-par":     func(c *oauth.Client) { c.RequirePAR = f.requirePAR },
		"require-jar":     func(c *oauth.Client) { c.RequireJAR = f.requireJAR },
		"resource-server": func(c *oauth.Client) { c.ResourceServer = f.resourceServer },
		"may":             func(c *oauth.Client) { c.Scopes = scopes; grant(c) },
		"bound":           func(c *oauth.Client) { c.Bound = f.bound },
	} {
		if given.Changed(flag) {
			changes = append(changes, set)
		}
	}
	if len(changes) == 0 {
		return nil, errors.New("nothing to change was given")
	}
	return func(c *oauth.Client) {
		for _, change := range changes {
			change(c)
		}
	}, nil
}

// redirect sends signers elsewhere; to a client that sent none before, with what
// it takes.
func (f *clientFlags) redirect(c *oauth.Client) {
	first := len(c.RedirectURIs) == 0
	if c.RedirectURIs = f.redirects; first {
		grant(c)
	}
}

// A managedClient is what client rotate-token answers.
type managedClient struct {
	ID    string `json:"client_id"`
	Token string `json:"registration_access_token"`
	URI   string `json:"registration_client_uri"`
}

func clientTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate-token CLIENT",
		Short: "Give a client that registered itself a new registration access token",
		Long: `Give a client that registered itself a new registration access token in place of
the one it has, or has lost. It is printed this once.`,
		Args: exactArgs("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				made, err := h.rotateToken(ctx, args[0])
				if err != nil {
					return err
				}
				return print(cmd, made, func(w io.Writer) error {
					_, err := fmt.Fprintf(w, "client_id                  %s\nregistration_access_token  %s\nregistration_client_uri    %s\n", made.ID, made.Token, made.URI)
					return err
				})
			})
		},
	}
	addOutputFlag(cmd)
	return cmd
}

func (h *house) rotateToken(ctx context.Context, id string) (managedClient, error) {
	c, err := h.client(ctx, id)
	if err != nil {
		return managedClient{}, err
	}
	if c.Managed == nil {
		return managedClient{}, usageError{fmt.Errorf("client %s did not register itself", id)}
	}
	made := managedClient{ID: id, URI: h.config.URL + oauth.RegisterPath + "/" + id}
	token, hash := oauth.NewToken()
	made.Token = string(token)
	return made, h.changeClient(ctx, id, "registration access token replaced", func(c *oauth.Client) {
		if c.Managed != nil {
			managed := *c.Managed
			managed.Hash, c.Managed = hash, &managed
		}
	})
}
