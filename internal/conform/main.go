// Command conform raises a fresh server, gives it what the conformance suite
// asks for, and runs cscheck against it, as a server of v2 and as one of v1. With
// -mutants it proves the suite: see package mutants.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pecete/pecete/internal/stage"
)

func main() {
	program := flag.String("pecete", "bin/pecete", "the server's `PROGRAM`")
	suite := flag.String("cscheck", "bin/cscheck", "the suite's `PROGRAM`")
	out := flag.String("out", "build/conformance", "`FOLDER` for the server and the reports")
	examples := flag.String("examples", "", "write what was asked and answered of each case to `FILE`, for cscheck --explain")
	mutate := flag.Bool("mutants", false, "try the suite on servers that are made wrong; an argument says what their cases begin with")
	names := flag.String("names", "", "with -mutants, write to `FILE` which other cases notice each")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := do(ctx, *program, *suite, *out, *examples, *mutate, *names); err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(1)
	}
}

func do(ctx context.Context, program, suite, out, examples string, mutate bool, names string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	if mutate {
		return prove(ctx, program, out, flag.Arg(0), names)
	}
	err = run(ctx, program, suite, out, flag.Args())
	if err == nil && examples != "" {
		err = writeExamples(examples, filepath.Join(out, "report-v1.json"), filepath.Join(out, "report.json"))
	}
	return err
}

func run(ctx context.Context, program, suite, out string, args []string) (err error) {
	data := filepath.Join(out, "data")
	if err := errors.Join(os.RemoveAll(data), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	s, err := stage.Raise(ctx, program, data)
	if err != nil {
		return err
	}
	fixtures, err := s.Fixtures(ctx)
	if err != nil {
		return err
	}
	config, err := hastened(s)
	if err != nil {
		return err
	}
	all := visits
	if len(args) > 0 {
		all = visits[:1]
	}
	for _, v := range all {
		v.args = append(slices.Clone(v.args), "--config", fixtures, "--ca", filepath.Join(data, "tls.crt"))
		for flag, kind := range kinds {
			v.args = append(v.args, flag, filepath.Join(out, v.report+kind))
		}
		v.args = append(v.args, s.URL+"/csc/"+v.version)
		v.args = append(v.args, args...)
		if e := v.pay(ctx, s, suite, config); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", v.report, e))
		}
	}
	return err
}

// A visit is a run of the suite at the server with a configuration of its own.
type visit struct {
	version, report string
	announce        string // how info says where the authorization server is, if not by oauth2
	args            []string
}

// kinds are what is written of a visit, by the flag for it.
var kinds = map[string]string{"--json": ".json", "--junit": ".xml", "--html": ".html", "--badge": ".svg"}

// visits are those that together try every case of level must.
var visits = []visit{
	{version: "v2", report: "report", args: []string{"--patience", "2m"}},
	{version: "v2", report: "report-issuer", announce: "oauth2Issuer", args: []string{"--only", "info/oauth2-issuer", "--only", "info/one-locator"}},
	{version: "v2", report: "report-servers", announce: "oauth2Servers", args: []string{"--only", "info/servers", "--only", "info/servers-cover", "--only", "info/servers-rar", "--only", "info/one-locator"}},
	{version: "v1", report: "report-v1", args: []string{"--patience", "2m"}},
}

// pay starts the server, runs the suite against it, and stops it.
func (v visit) pay(ctx context.Context, s *stage.Stage, suite, config string) (err error) {
	if v.announce != "" {
		config = strings.Replace(config, "\noauth2:\n", "\noauth2:\n  announce: "+v.announce+"\n", 1)
	}
	if err := os.WriteFile(s.Config(), []byte(config), 0o600); err != nil {
		return err
	}
	if err := s.Serve(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	check := exec.CommandContext(ctx, suite, append([]string{"--strict", "--quiet"}, v.args...)...)
	check.Stdout, check.Stderr = os.Stdout, os.Stderr
	return check.Run()
}

// hastened is the configuration with authorizations and tokens that expire soon
// enough for the suite to wait for it.
func hastened(s *stage.Stage) (string, error) {
	text, err := os.ReadFile(s.Config())
	return strings.NewReplacer("sad_life: 300s", "sad_life: 20s", "token_life: 10m", "token_life: 25s").Replace(string(text)), err
}
