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
	"path"
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
       cscheck serve-faults [flags]

Tries the requirements of the CSC API v2 on a server, or those of v1.0.4.0 on one
whose base URI ends in /csc/v1: those of the methods named ("signatures/signHash";
"general" for what concerns all) or of a profile (--profile scal2), or of all that
the server claims. The report goes to standard output.

What it does to a server: it signs random hashes with the credentials of the
fixtures, authorizes, revokes tokens of its own, and, if a credential has role
lockable, disposable or disabled, locks, ends or disables that one. It changes
nothing else, and needs no account that anybody works with.

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
	config, ca, json, junit, html, badge string
	explain                              string
	only, profiles                       words
	strict, list, listProfiles, quiet    bool
	complete, mutants, browser           bool
	patience, timeout, interval          time.Duration
	base                                 string
	methods                              []string
}

// words is a flag that can be given several times.
type words []string

// String is what the flag has so far.
func (w *words) String() string { return strings.Join(*w, ",") }

// Set adds a word.
func (w *words) Set(word string) error { *w = append(*w, word); return nil }

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) > 0 && args[0] == "serve-faults" {
		return serveFaults(ctx, args[1:], out, errs)
	}
	o, err := parse(args, errs)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitConformant
	case err != nil:
		fmt.Fprintln(errs, "cscheck:", err)
		return exitUsage
	case o.list:
		return listCases(out, o)
	case o.listProfiles:
		return listProfiles(out)
	case o.explain != "":
		return explain(out, o.explain)
	}
	target, err := o.target()
	if o.browser && err == nil {
		target.Person = person(os.Stdin, errs)
	}
	if err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
		return exitUsage
	}
	if o.mutants {
		return prove(ctx, target, o, out, errs)
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
	f.StringVar(&o.html, "html", "", "write the report as a page with all requests and answers to `FILE`")
	f.StringVar(&o.badge, "badge", "", "write a badge for a README (SVG) to `FILE`")
	f.BoolVar(&o.quiet, "quiet", false, "print what did not pass, and the sums")
	f.Var(&o.profiles, "profile", "try the cases of profile `NAME` only; may be repeated; --list-profiles has them all")
	f.StringVar(&o.explain, "explain", "", "explain the case or check `ID`")
	f.Var(&o.only, "only", "try the case or check `ID` only; may be repeated")
	f.BoolVar(&o.strict, "strict", false, "recommendations and prescribed error descriptions count")
	f.BoolVar(&o.complete, "complete", false, "a case skipped for want of fixtures or patience counts as failed")
	f.BoolVar(&o.list, "list", false, "list the cases")
	f.BoolVar(&o.listProfiles, "list-profiles", false, "list the profiles")
	f.BoolVar(&o.browser, "browser", false, "have a person drive the server's pages: addresses to open are told, where they end is asked for")
	f.BoolVar(&o.mutants, "mutants", false, "try each case on the server made wrong on purpose: does it notice?")
	f.DurationVar(&o.patience, "patience", 30*time.Second, "how long a case may wait for something to expire")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long an answer may take")
	f.DurationVar(&o.interval, "interval", 0, "the least time between two requests, to spare a server that others work with")
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
	for _, name := range o.profiles {
		p, known := conformance.FindProfile(name)
		switch {
		case !known:
			return fmt.Errorf("there is no profile %s; --list-profiles has them all", name)
		case o.base != "" && p.V1 != o.v1():
			return fmt.Errorf("profile %s is not of the version whose base URI ends in %s", name, path.Base(o.base))
		}
	}
	if o.list || o.listProfiles || o.explain != "" {
		return nil
	}
	if !strings.HasPrefix(o.base, "https://") && !strings.HasPrefix(o.base, "http://") {
		return errors.New("where is the server? cscheck [flags] https://host/csc/v2 [method…]")
	}
	return nil
}

func (o options) v1() bool { return strings.HasSuffix(o.base, "/csc/v1") }

// asked is what the suite is asked to do.
func (o options) asked(errs io.Writer) conformance.Options {
	asked := conformance.Options{Methods: o.methods, Profiles: o.profiles, Only: o.only, Strict: o.strict, Parallel: !o.browser}
	if terminal(errs) {
		asked.Progress = func(done, all int, r conformance.Result) {
			fmt.Fprintf(errs, "\r\x1b[K%d of %d  %s", done, all, r.ID)
			if done == all {
				fmt.Fprint(errs, "\r\x1b[K")
			}
		}
	}
	return asked
}

// target is the server with what there is for it.
func (o options) target() (*conformance.Target, error) {
	t := &conformance.Target{Base: o.base, V1: o.v1(), Patience: o.patience, Timeout: o.timeout, Interval: o.interval}
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
	report, err := conformance.Run(ctx, t, o.asked(errs))
	if err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
	}
	if errors.Is(err, conformance.ErrUnreachable) {
		return exitUnreachable
	}
	written := errors.Join(
		report.WriteText(out, style(out), o.quiet),
		toFile(o.json, report.WriteJSON),
		toFile(o.junit, report.WriteJUnit),
		toFile(o.html, report.WriteHTML),
		toFile(o.badge, report.WriteBadge),
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
	if terminal(out) && os.Getenv("NO_COLOR") == "" {
		return conformance.Colour
	}
	return conformance.Plain
}

// terminal reports whether people look at what is written.
func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
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
