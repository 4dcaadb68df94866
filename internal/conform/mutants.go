package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
	"github.com/pecete/pecete/conformance/mutants"
	"github.com/pecete/pecete/internal/stage"
)

// houses is how many servers mutants are made of at a time: cases wait for codes
// more than for a processor.
const houses = 4

// visitors is how many signers of each server agree on its pages.
const visitors = 18

// errSurvived says that the suite is not proven.
var errSurvived = errors.New("a mutant survived or was not tried, or others than the named cases noticed one")

// prove tries the suite on every mutant whose case begins with only. It writes what
// is named beside their cases anew if names is the path of that file.
func prove(ctx context.Context, program, out, only, names string) (err error) {
	if !slices.ContainsFunc(slices.Concat(faults.All(), faults.V1()), func(f faults.Fault) bool { return strings.HasPrefix(f.Case, only) }) {
		return fmt.Errorf("no case with a mutant begins with %s", only)
	}
	stages, err := raise(ctx, program, out)
	defer func() {
		for _, s := range stages {
			err = errors.Join(err, s.Stop())
		}
	}()
	if err != nil {
		return err
	}
	whole := mutants.Proof{Unproven: map[string]string{}}
	for _, version := range []string{"v2", "v1"} {
		p, err := proveVersion(ctx, stages, version, only)
		if err != nil {
			return err
		}
		whole.Verdicts = append(whole.Verdicts, p.Verdicts...)
		maps.Copy(whole.Unproven, p.Unproven)
	}
	if names != "" {
		return errors.Join(whole.WriteText(os.Stdout), os.WriteFile(names, []byte(mutants.NamedAnew(whole.Verdicts)), 0o644))
	}
	if err := errors.Join(whole.WriteInexact(os.Stdout), whole.WriteText(os.Stdout)); err != nil {
		return err
	}
	if !whole.Holds() {
		return errSurvived
	}
	return nil
}

// raise starts the servers. Those that it returns run, also with an error.
func raise(ctx context.Context, program, out string) (all []*stage.Stage, err error) {
	errs := make([]error, houses)
	raised := make([]*stage.Stage, houses)
	var workers sync.WaitGroup
	for n := range houses {
		workers.Go(func() {
			data := filepath.Join(out, fmt.Sprint("data", n))
			if errs[n] = errors.Join(os.RemoveAll(data), os.MkdirAll(out, 0o755)); errs[n] == nil {
				raised[n], errs[n] = furnished(ctx, program, data)
			}
		})
	}
	workers.Wait()
	for _, s := range raised {
		if s != nil {
			all = append(all, s)
		}
	}
	return all, errors.Join(errs...)
}

// furnished is a running server with what the suite needs.
func furnished(ctx context.Context, program, data string) (*stage.Stage, error) {
	s, err := stage.Raise(ctx, program, data)
	if err != nil {
		return nil, err
	}
	if _, err := s.FixturesFor(ctx, visitors); err != nil {
		return nil, err
	}
	return s, s.Serve(ctx)
}

func proveVersion(ctx context.Context, stages []*stage.Stage, version, only string) (p mutants.Proof, err error) {
	var all []*mutants.House
	defer func() {
		for _, h := range all {
			err = errors.Join(err, h.Close())
		}
	}()
	for _, s := range stages {
		h, err := house(s, version)
		if err != nil {
			return p, err
		}
		all = append(all, h)
	}
	wanted := slices.DeleteFunc(all[0].Faults(), func(f faults.Fault) bool { return !strings.HasPrefix(f.Case, only) })
	tried := 0
	return mutants.Prove(ctx, all, wanted, func(v mutants.Verdict) {
		tried++
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s: %d of %d  %s", version, tried, len(wanted), v.Fault.Case)
		if tried == len(wanted) {
			fmt.Fprint(os.Stderr, "\r\x1b[K")
		}
	})
}

// house is a stage as a server of a version.
func house(s *stage.Stage, version string) (*mutants.House, error) {
	fixtures, err := conformance.ReadFixtures(filepath.Join(s.Folder, "fixtures.json"))
	if err != nil {
		return nil, err
	}
	fixtures.RateLimit = faults.MostBadTokens
	text, err := os.ReadFile(filepath.Join(s.Folder, "tls.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in tls.crt", s.Folder)
	}
	return mutants.Open(&conformance.Target{Base: s.URL + "/csc/" + version, V1: version == "v1", CA: pool, Fixtures: fixtures}), nil
}
