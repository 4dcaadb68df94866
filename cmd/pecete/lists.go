package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/registry"
)

func listSigners(cmd *cobra.Command, r *registry.Registry) error {
	all, err := r.Users(cmd.Context())
	if err != nil {
		return err
	}
	list := []listedSigner{}
	for _, user := range all {
		owned, err := r.CredentialsOf(cmd.Context(), user.ID)
		if err != nil {
			return err
		}
		signer := listedSigner{
			ID: user.ID, Email: user.Email, Name: user.Name(),
			Disabled: user.Disabled, Credentials: []listedCredential{},
		}
		if user.Recovers(time.Now()) {
			signer.SignsFrom = user.SignsFrom
		}
		for _, c := range owned {
			one := listedCredential{ID: c.ID, Key: c.Key, Mode: c.Mode, Status: status(c)}
			if c.Mode == csc.Explicit {
				one.Factors = c.Factors
			}
			signer.Credentials = append(signer.Credentials, one)
		}
		list = append(list, signer)
	}
	return print(cmd, list, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, s := range list {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.ID, s.Name, s.Email, s.state())
			for _, c := range s.Credentials {
				fmt.Fprintf(table, "  %s\t%s\t%s %s\t%s\n", c.ID, c.Key, c.Mode, c.Factors, c.Status)
			}
		}
		return table.Flush()
	})
}

// state is what keeps a signer from signing, in words; "" if nothing does.
func (s listedSigner) state() string {
	var words []string
	if s.Disabled {
		words = append(words, "disabled")
	}
	if !s.SignsFrom.IsZero() {
		words = append(words, "signs from "+s.SignsFrom.Format(time.RFC3339))
	}
	return strings.Join(words, ", ")
}

func status(c credentials.Credential) string {
	err := c.Usable(time.Now())
	var refused *csc.Error
	switch {
	case err == nil:
		return "usable"
	case errors.As(err, &refused):
		return refused.Description
	}
	return err.Error()
}

func switched(disabled bool) string {
	if disabled {
		return audit.Disabled
	}
	return audit.Enabled
}
