// Command conform raises a fresh server, gives it what the conformance suite
// asks for, and runs cscheck against it, as a server of v2 and as one of v1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pecete/pecete/internal/stage"
)

func main() {
	program := flag.String("pecete", "bin/pecete", "the server's `PROGRAM`")
	suite := flag.String("cscheck", "bin/cscheck", "the suite's `PROGRAM`")
	out := flag.String("out", "build/conform", "`FOLDER` for the server and the reports")
	examples := flag.String("examples", "", "write what was asked and answered of each case to `FILE`, for cscheck --explain")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	err := run(ctx, *program, *suite, *out, flag.Args())
	if err == nil && *examples != "" {
		err = writeExamples(*examples, filepath.Join(*out, "report-v1.json"), filepath.Join(*out, "report.json"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, suite, out string, args []string) (err error) {
	out, err = filepath.Abs(out)
	if err != nil {
		return err
	}
	data := filepath.Join(out, "data")
	if err := errors.Join(os.RemoveAll(data), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	absolute, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	s, err := stage.Raise(ctx, absolute, data)
	if err != nil {
		return err
	}
	if err := hasten(s); err != nil {
		return err
	}
	fixtures, err := s.Fixtures(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.Serve(ctx); err != nil {
		return err
	}
	check := func(version, report string) error {
		args := append([]string{
			"--patience", "2m", "--config", fixtures, "--ca", filepath.Join(data, "tls.crt"), "--strict",
			"--json", filepath.Join(out, report+".json"), "--junit", filepath.Join(out, report+".xml"), "--html", filepath.Join(out, report+".html"),
		}, append(args, s.URL+"/csc/"+version)...)
		check := exec.CommandContext(ctx, suite, args...)
		check.Stdout, check.Stderr = os.Stdout, os.Stderr
		return check.Run()
	}
	err = check("v2", "report")
	if len(args) == 0 { // which say what of v2 is to be tried
		err = errors.Join(err, check("v1", "report-v1"))
	}
	return err
}

// hasten has authorizations and tokens expire soon enough for the suite to wait
// for it.
func hasten(s *stage.Stage) error {
	text, err := os.ReadFile(s.Config())
	if err != nil {
		return err
	}
	quick := strings.NewReplacer("sad_life: 300s", "sad_life: 20s", "token_life: 10m", "token_life: 25s").Replace(string(text))
	return os.WriteFile(s.Config(), []byte(quick), 0o600)
}
