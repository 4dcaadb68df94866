// Command cscheck asks a remote signing server whether it keeps the CSC API v2, or
// v1.0.4.0 where its base URI ends in /csc/v1.
//
// It knows nothing of the server but its base URI and what the operator tells
// it in a fixtures file; package conformance describes that file.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/pecete/pecete/conformance"
)

// What cscheck ends with.
const (
	exitConformant  = 0
	exitNot         = 1
	exitUsage       = 2
	exitUnreachable = 3
)

const usage = `usage: cscheck [flags] https://host/csc/v2 [method…]

Tries the requirements of the CSC API v2 on a server, or those of v1.0.4.0 on one
whose base URI ends in /csc/v1: those of the methods
named ("signatures/signHash"; "general" for what concerns all), or of all that
the server claims. The report goes to standard output.

Ends with 0 if the server conforms, 1 if it does not, 2 for wrong usage and 3 if
the server cannot be reached.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line says.
type options struct {
	config, ca, json, junit, explain string
	only                             words
	strict, list, complete, mutants  bool
	patience                         time.Duration
	base                             string
	methods                          []string
}

// words is a flag that can be given several times.
type words []string

// String is what the flag has so far.
func (w *words) String() string { return strings.Join(*w, ",") }

// Set adds a word.
func (w *words) Set(word string) error { *w = append(*w, word); return nil }

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	o, err := parse(args, errs)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitConformant
	case err != nil:
		fmt.Fprintln(errs, "cscheck:", err)
		return exitUsage
	case o.list:
		return listCases(out, o)
	case o.explain != "":
		return explain(out, o.explain)
	}
	target, err := o.target()
	if err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
		return exitUsage
	}
	if o.mutants {
		return mutants(ctx, target, o, out, errs)
	}
	return check(ctx, target, o, out, errs)
}

// parse reads the command line; what flag itself finds wrong it has said.
func parse(args []string, errs io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("cscheck", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.config, "config", "", "fixtures `FILE`: clients, signers, credentials")
	f.StringVar(&o.ca, "ca", "", "PEM `FILE` with the authorities that vouch for the server, beside the system's")
	f.StringVar(&o.json, "json", "", "write the report as JSON to `FILE`")
	f.StringVar(&o.junit, "junit", "", "write the report as JUnit XML to `FILE`")
	f.StringVar(&o.explain, "explain", "", "explain the case or check `ID`")
	f.Var(&o.only, "only", "try the case or check `ID` only; may be repeated")
	f.BoolVar(&o.strict, "strict", false, "recommendations and prescribed error descriptions count")
	f.BoolVar(&o.complete, "complete", false, "a case skipped for want of fixtures or patience counts as failed")
	f.BoolVar(&o.list, "list", false, "list the cases")
	f.BoolVar(&o.mutants, "mutants", false, "try each case on the server made wrong on purpose: does it notice?")
	f.DurationVar(&o.patience, "patience", 30*time.Second, "how long a case may wait for something to expire")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(errs, usage, "Flags:\n")
		f.SetOutput(errs)
		f.PrintDefaults()
	}
	if err != nil {
		return o, err
	}
	if rest := f.Args(); len(rest) > 0 {
		o.base, o.methods = strings.TrimSuffix(rest[0], "/"), rest[1:]
	}
	return o, o.check()
}

func (o options) check() error {
	for _, id := range o.only {
		if len(conformance.Find(id)) == 0 {
			return fmt.Errorf("there is no case or check %s; --list has them all", id)
		}
	}
	known := map[string]bool{}
	for _, c := range conformance.All() {
		known[c.Ref.Method] = true
	}
	for _, m := range o.methods {
		if !known[m] {
			return fmt.Errorf("there is no case about the method %s; --list has them all", m)
		}
	}
	if o.list || o.explain != "" {
		return nil
	}
	if !strings.HasPrefix(o.base, "https://") && !strings.HasPrefix(o.base, "http://") {
		return errors.New("where is the server? cscheck [flags] https://host/csc/v2 [method…]")
	}
	return nil
}

// target is the server with what there is for it.
func (o options) target() (*conformance.Target, error) {
	t := &conformance.Target{Base: o.base, V1: strings.HasSuffix(o.base, "/csc/v1"), Patience: o.patience}
	if o.config != "" {
		f, err := conformance.ReadFixtures(o.config)
		if err != nil {
			return nil, err
		}
		t.Fixtures = f
	}
	if o.ca != "" {
		text, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, fmt.Errorf("read authorities: %w", err)
		}
		if t.CA, err = x509.SystemCertPool(); err != nil {
			t.CA = x509.NewCertPool()
		}
		if !t.CA.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate in it", o.ca)
		}
	}
	return t, nil
}

// check runs the suite and writes the reports.
func check(ctx context.Context, t *conformance.Target, o options, out, errs io.Writer) int {
	report, err := conformance.Run(ctx, t, conformance.Options{Methods: o.methods, Only: o.only, Strict: o.strict})
	if err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
	}
	if errors.Is(err, conformance.ErrUnreachable) {
		return exitUnreachable
	}
	written := errors.Join(
		report.WriteText(out, style(out)),
		toFile(o.json, report.WriteJSON),
		toFile(o.junit, report.WriteJUnit),
	)
	if written != nil {
		fmt.Fprintln(errs, "cscheck:", written)
		return exitUsage
	}
	if err != nil || !report.Conformant || o.complete && !report.Complete {
		return exitNot
	}
	return exitConformant
}

// style colours what people look at.
func style(out io.Writer) conformance.Style {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return conformance.Plain
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return conformance.Plain
	}
	return conformance.Colour
}

func toFile(path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
