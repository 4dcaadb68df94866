package main

import (
	"errors"
	"fmt"
	"io"
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
			state := ""
			if s.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.ID, s.Name, s.Email, state)
			for _, c := range s.Credentials {
				fmt.Fprintf(table, "  %s\t%s\t%s %s\t%s\n", c.ID, c.Key, c.Mode, c.Factors, c.Status)
			}
		}
		return table.Flush()
	})
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
