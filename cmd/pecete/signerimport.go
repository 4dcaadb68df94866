package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/enrolment"
)

// An importedRow is a line of signer import.
type importedRow struct {
	Line  int    `json:"line"`
	Email string `json:"email"`
	ID    string `json:"enrolmentID,omitempty"`
	Did   string `json:"result"` // good, invited, unsent, or there already
}

func signerImportCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Invite all people of a table",
		Long: `Invite all people of a table, CSV in UTF-8. Its first row names the columns:
given_name, family_name, email, country, and as you like phone, identifier, locale,
profile, reference. All rows are checked before anybody is invited. Who has the same
invitation already is passed over, so that what broke off can be run again.`,
		Args: exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return usageError{err}
			}
			rows, err := enrolment.ReadTable(file)
			if err = errors.Join(err, file.Close()); err != nil {
				return usageError{fmt.Errorf("%s: %w", args[0], err)}
			}
			return withOffice(cmd, func(ctx context.Context, o *enrolment.Office) error {
				done, err := importRows(ctx, o, rows, dry)
				return errors.Join(print(cmd, done, func(w io.Writer) error {
					table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					for _, r := range done {
						fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", r.Line, r.Email, r.Did, r.ID)
					}
					return table.Flush()
				}), err)
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "check all rows, and invite nobody")
	addOutputFlag(cmd)
	return cmd
}

// importRows checks all rows, and then invites.
func importRows(ctx context.Context, o *enrolment.Office, rows []enrolment.Row, dry bool) ([]importedRow, error) {
	done := []importedRow{}
	there, err := invitedAlready(ctx, o)
	if err != nil {
		return done, err
	}
	var faults []error
	for _, row := range rows {
		line := importedRow{Line: row.Line, Email: row.Identity.Email, Did: "good"}
		if clean, err := o.Check(row.Identity); err == nil && there[clean] != "" {
			line.Did, line.ID = "there already", there[clean]
		} else if err := o.Admit(ctx, enrolment.Invitation{Identity: row.Identity}); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", row.Line, err))
		}
		done = append(done, line)
	}
	if len(faults) > 0 {
		return []importedRow{}, fmt.Errorf("nobody was invited:\n%w", errors.Join(faults...))
	}
	if dry {
		return done, nil
	}
	for i, row := range rows {
		if done[i].ID != "" {
			continue
		}
		e, err := o.Invite(ctx, enrolment.Invitation{Identity: row.Identity})
		done[i].Did, done[i].ID = "invited", e.ID
		if errors.Is(err, enrolment.ErrUnsent) {
			done[i].Did = "unsent"
			faults = append(faults, fmt.Errorf("line %d: %w; when mails leave again: pecete signer resend %s", row.Line, err, e.ID))
		} else if err != nil {
			return done[:i], errors.Join(append(faults, fmt.Errorf("line %d: %w", row.Line, err))...)
		}
	}
	return done, errors.Join(faults...)
}

// invitedAlready are the open invitations by whom they are for.
func invitedAlready(ctx context.Context, o *enrolment.Office) (map[enrolment.Identity]string, error) {
	all, err := o.List(ctx)
	there := map[enrolment.Identity]string{}
	for _, e := range all {
		if e.State.Open() && e.Inviter == "" {
			there[e.Identity] = e.ID
		}
	}
	return there, err
}
