package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/verify"
)

// errInvalid says that something that was verified is not good.
var errInvalid = errors.New("not every file is valid")

// A verification is what verify is asked for.
type verification struct {
	trust, lists []string
	content      string
}

// A verified is what there is to say of a file.
type verified struct {
	File string `json:"file"`
	*verify.Facts
	Unreadable verify.Reason `json:"unreadable,omitempty"`
	Why        string        `json:"why,omitempty"`
}

func verifyCommand() *cobra.Command {
	v := verification{}
	cmd := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Say who signed a PDF, when, what was changed since, and whether it is valid",
		Long: `Verify says of each signature of each PDF who made it, when, what was changed
since, whom the certificate leads to, and what speaks against it. With --content
the one FILE is a detached CMS signature, in DER, over another file.

Each file is read in a process of its own. Nothing is asked of anybody: revoked
certificates are known from the lists that --crl names alone. It is a technical
check and no legal validation: whether an authority is qualified, and what a
signature means in law, is for others to say.

The exit code is 0 if all files are valid, and 5 if one is not or cannot be read.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("want a FILE to verify")
			}
			if v.content != "" && len(args) > 1 {
				return fmt.Errorf("want one FILE with --content, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd, args) },
	}
	cmd.Flags().StringArrayVar(&v.trust, "trust", nil, "PEM `FILE` of an authority that is trusted, also several times (default: the configuration's ca.certificate)")
	cmd.Flags().StringArrayVar(&v.lists, "crl", nil, "`FILE` with a revocation list, PEM or DER, also several times")
	cmd.Flags().StringVar(&v.content, "content", "", "`FILE` that a detached CMS signature is over")
	addOutputFlag(cmd)
	return cmd
}

func (v verification) run(cmd *cobra.Command, files []string) error {
	inspector, err := v.inspector(cmd)
	if err != nil {
		return err
	}
	all, good := []verified{}, true
	for _, file := range files {
		one, err := v.judge(cmd.Context(), inspector, file)
		if err != nil {
			return err
		}
		all, good = append(all, one), good && one.Facts != nil && one.Valid
	}
	err = print(cmd, all, func(w io.Writer) error {
		for _, one := range all {
			one.tell(w)
		}
		_, err := fmt.Fprintln(w, "This is a technical check, and no legal validation.")
		return err
	})
	if err == nil && !good {
		err = errInvalid
	}
	return err
}

// judge says what there is to say of a file. One that cannot be read is no error: it
// may be one of many.
func (v verification) judge(ctx context.Context, i verify.Inspector, file string) (verified, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return verified{File: file, Why: err.Error()}, nil
	}
	var facts verify.Facts
	if v.content == "" {
		facts, err = i.PDF(ctx, text)
	} else {
		content, unread := os.ReadFile(v.content)
		if unread != nil {
			return verified{}, forOperator(unread)
		}
		facts, err = i.CMS(ctx, text, content)
	}
	var unreadable *verify.UnreadableError
	if errors.As(err, &unreadable) {
		return verified{File: file, Unreadable: unreadable.Why, Why: unreadable.Error()}, nil
	}
	return verified{File: file, Facts: &facts}, err
}

func (v verification) inspector(cmd *cobra.Command) (verify.Inspector, error) {
	i := verify.Inspector{Now: now}
	program, err := self()
	if err != nil {
		return i, err
	}
	i.Documents = &sandbox.Box{Program: program, Args: []string{"sandbox"}}
	if len(v.trust) == 0 {
		config, err := configOf(cmd)
		if err != nil {
			return i, fmt.Errorf("whom to trust, if not --trust: %w", err)
		}
		v.trust = []string{config.path(config.CA.Certificate)}
	}
	for _, file := range v.trust {
		roots, err := certificates(file, file)
		if err != nil {
			return i, err
		}
		i.Roots = append(i.Roots, roots...)
	}
	for _, file := range v.lists {
		list, err := readList(file)
		if err != nil {
			return i, forOperator(err)
		}
		i.CRLs = append(i.CRLs, list)
	}
	return i, nil
}

// readList reads a revocation list.
func readList(file string) (*x509.RevocationList, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	list, err := x509.ParseRevocationList(text)
	if err != nil {
		return nil, fmt.Errorf("revocation list %s: %w", file, err)
	}
	return list, nil
}

// tell writes what there is to say for people.
func (v verified) tell(w io.Writer) {
	switch {
	case v.Facts == nil:
		fmt.Fprintf(w, "%s: %s\n\n", v.File, v.Why)
		return
	case len(v.Signatures) == 0:
		fmt.Fprintf(w, "%s: not signed\n", v.File)
	case v.Valid:
		fmt.Fprintf(w, "%s: valid\n", v.File)
	default:
		fmt.Fprintf(w, "%s: NOT valid\n", v.File)
	}
	for _, p := range v.Problems {
		fmt.Fprintf(w, "  ! %s\n", said(english().Found(p.Finding)))
	}
	for n, s := range v.Signatures {
		tellSignature(w, n+1, s)
	}
	fmt.Fprintln(w)
}

func tellSignature(w io.Writer, n int, s verify.SignatureFacts) {
	who, state := "nobody that could be read", "NOT valid"
	if len(s.Chain) > 0 {
		who = printable(s.Chain[0].Name)
	}
	if s.Valid {
		state = "valid"
	}
	fmt.Fprintf(w, "  %d  %s: %s\n", n, who, state)
	const stamp = "2006-01-02 15:04:05 MST"
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "     %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	if !s.Claimed.IsZero() {
		row("claimed", "%s, by the clock of whoever signed", s.Claimed.UTC().Format(stamp))
	}
	if s.Stamp != nil {
		trusted := "not trusted"
		if s.Stamp.Trusted {
			trusted = "trusted"
		}
		row("time-stamp", "%s, by %s (%s)", s.Stamp.Time.UTC().Format(stamp), printable(s.Stamp.Authority.Name), trusted)
	}
	row("since then", "%s", said(english().Since(s)))
	for _, c := range s.Chain {
		row("certificate", "%s, no. %s, %s to %s", printable(c.Subject), c.Serial, c.NotBefore.UTC().Format("2006-01-02"), c.NotAfter.UTC().Format("2006-01-02"))
	}
	row("revocation", "%s", said(english().Revocation(s.Revocation)))
	for _, p := range s.Problems {
		fmt.Fprintf(w, "     ! %s\n", said(english().Found(p.Finding)))
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "     - %s\n", said(english().Found(note)))
	}
}

// english are the words that everybody is told in on the portal.
func english() portal.Words { return portal.WordsIn("en") }

// said is a sentence for a terminal, or that there is none.
func said(text string, err error) string {
	if err != nil {
		return err.Error()
	}
	return printable(text)
}

// printable is what a stranger wrote, without what would steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '?'
		}
		return r
	}, text)
}
