package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/users"
)

func (h *house) registrar(ctx context.Context) (users.Registrar, error) {
	seal, err := h.sealer(ctx)
	if err != nil {
		return users.Registrar{}, err
	}
	hasher, err := users.NewHasher(users.DefaultCost())
	if err != nil {
		return users.Registrar{}, err
	}
	return users.Registrar{
		Store: h.registry, Sealer: seal, Audit: h.log, Now: time.Now, Issuer: h.config.About.Name, Passwords: hasher,
	}, nil
}

// withRegistrar runs an operator's deed on signers' factors.
func withRegistrar(cmd *cobra.Command, deed func(context.Context, users.Registrar) error) error {
	return withHouse(cmd, func(ctx context.Context, h *house) error {
		registrar, err := h.registrar(ctx)
		if err != nil {
			return err
		}
		return deed(ctx, registrar)
	})
}

// withRecovery runs a deed that gives a signer a factor. If it takes the place of one
// that he has, he is told, and signs later, unless his identity was proven.
func withRecovery(cmd *cobra.Command, signer, factor string, value csc.Secret, deed func(context.Context, users.Registrar) error) error {
	proven, err := cmd.Flags().GetBool(flagProven)
	if err == nil {
		err = users.Valid(factor, value)
	}
	if err != nil {
		return err
	}
	return withOffice(cmd, func(ctx context.Context, o *enrolment.Office) error {
		from, err := o.Replace(ctx, signer, factor, proven)
		if err != nil {
			return err
		}
		if !from.IsZero() {
			fmt.Fprintf(cmd.ErrOrStderr(), "the signer signs again from %s; if he is before you: --%s\n", from.Format(time.RFC3339), flagProven)
		}
		return deed(ctx, o.Registrar)
	})
}

// flagProven says that the operator had the signer before him.
const flagProven = "identity-proven"

func addProvenFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool(flagProven, false, "the signer's identity was proven anew in person: he signs at once")
	return cmd
}

func signerPasswordCommand() *cobra.Command {
	return addProvenFlag(&cobra.Command{
		Use:   "password SIGNER",
		Short: "Set a signer's password, asked for or read from a pipe",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readSecret(cmd, "password")
			if err != nil {
				return err
			}
			return withRecovery(cmd, args[0], users.FactorPassword, password, func(ctx context.Context, r users.Registrar) error {
				return r.SetPassword(ctx, args[0], password)
			})
		},
	})
}

// readSecret asks twice on a terminal, and reads one line elsewhere.
func readSecret(cmd *cobra.Command, what string) (csc.Secret, error) {
	file, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read %s: %w", what, err)
		}
		return csc.Secret(strings.TrimRight(line, "\r\n")), nil
	}
	var asked [2]string
	for i, prompt := range []string{"The " + what + ": ", "Again: "} {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		text, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read %s: %w", what, err)
		}
		asked[i] = string(text)
	}
	if asked[0] != asked[1] {
		return "", errors.New("the two differ")
	}
	return csc.Secret(asked[0]), nil
}

func signerPINCommand() *cobra.Command {
	return addProvenFlag(&cobra.Command{
		Use:   "pin SIGNER",
		Short: "Set the PIN a signer signs with, asked for or read from a pipe",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pin, err := readSecret(cmd, "PIN")
			if err != nil {
				return err
			}
			return withRecovery(cmd, args[0], users.FactorPIN, pin, func(ctx context.Context, r users.Registrar) error {
				return r.SetPIN(ctx, args[0], pin)
			})
		},
	})
}

func signerPhoneCommand() *cobra.Command {
	return addProvenFlag(&cobra.Command{
		Use:   "phone SIGNER NUMBER",
		Short: "Set the number that a signer's messages go to, in E.164; none with \"\"",
		Args:  exactArgs("SIGNER", "NUMBER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			factor := users.FactorSMS
			if args[1] == "" { // which is nobody's way in
				factor = ""
			}
			return withRecovery(cmd, args[0], factor, csc.Secret(args[1]), func(ctx context.Context, r users.Registrar) error {
				return r.SetPhone(ctx, args[0], args[1])
			})
		},
	})
}

func signerPairCommand() *cobra.Command {
	return addProvenFlag(&cobra.Command{
		Use:   "pair SIGNER",
		Short: "Give a signer a new authenticator in place of the old one",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRecovery(cmd, args[0], users.FactorCode, "", func(ctx context.Context, r users.Registrar) error {
				uri, err := r.Pair(ctx, args[0])
				if err != nil {
					return err
				}
				if err := printQR(cmd.OutOrStdout(), uri); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n", uri)
				return err
			})
		},
	})
}

func signerStopRecoveryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stop-recovery SIGNER",
		Short: "Stop that a signer is given another way in, which he did not ask for",
		Long: `Stop the recovery of a signer who says that he did not ask for it. An invitation is
taken back, and as long as nothing was paired by it, he signs with what he has as
before. If something took the place of that already, it counts no more: he signs with
nothing until you have identified and invited him anew ("signer invite --again").`,
		Args: exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOffice(cmd, func(ctx context.Context, o *enrolment.Office) error {
				asBefore, err := o.Stop(ctx, args[0])
				if errors.Is(err, enrolment.ErrNothing) {
					return errors.New("the signer is not recovering: signer lock ends everything")
				}
				if err != nil {
					return err
				}
				says := "stopped: the signer signs with nothing now; identify him, and signer invite --again"
				if asBefore {
					says = "stopped: the signer signs as before"
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), says)
				return err
			})
		},
	}
}

func signerLockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lock SIGNER",
		Short: "Lock a signer's codes and password, and end what he gave",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRegistrar(cmd, func(ctx context.Context, r users.Registrar) error {
				return errors.Join(r.Lock(ctx, args[0], users.FactorCode), r.Lock(ctx, args[0], users.FactorPassword))
			})
		},
	}
}

func signerLogOutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout SIGNER",
		Short: "End a signer's sessions, tokens and open authorizations",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRegistrar(cmd, func(ctx context.Context, r users.Registrar) error {
				return r.End(ctx, args[0])
			})
		},
	}
}

func signerUnlockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unlock SIGNER",
		Short: "Forget a signer's failed proofs, and with them locks and pauses",
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error { return h.unlock(ctx, args[0]) })
		},
	}
}

// unlock forgets the failures of all factors of a signer, and of his
// credentials.
func (h *house) unlock(ctx context.Context, signer string) error {
	registrar, err := h.registrar(ctx)
	if err != nil {
		return err
	}
	owned, err := h.registry.CredentialsOf(ctx, signer)
	if err != nil {
		return err
	}
	counted := users.Factors()
	for _, c := range owned {
		counted = append(counted, c.ID)
	}
	for _, factor := range counted {
		if err := registrar.Unlock(ctx, signer, factor); err != nil {
			return err
		}
	}
	return nil
}
