package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// mutants proves the suite on a server: each case that passes there is tried
// again on the same server made wrong in just the way the case is to notice.
func mutants(ctx context.Context, good *conformance.Target, o options, out, errs io.Writer) int {
	report, err := conformance.Run(ctx, good, conformance.Options{Methods: o.methods, Only: o.only})
	if err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
		if errors.Is(err, conformance.ErrUnreachable) {
			return exitUnreachable
		}
		return exitNot
	}
	passed := map[string]bool{}
	for _, r := range report.Results {
		passed[r.ID] = r.Outcome == conformance.Pass
	}
	var killed, alive int
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		if !passed[f.Case] {
			continue
		}
		seen, err := notices(ctx, good, f)
		if err != nil {
			fmt.Fprintln(errs, "cscheck:", err)
			return exitNot
		}
		if killed++; !seen {
			killed, alive = killed-1, alive+1
			fmt.Fprintf(out, "alive  %s: a server that %s\n", f.Case, f.Says)
		}
	}
	fmt.Fprintf(out, "%d mutants killed, %d alive; cases that do not pass here have none\n", killed, alive)
	if alive > 0 || killed == 0 {
		return exitNot
	}
	return exitConformant
}

// notices reports whether the fault's case sees it.
func notices(ctx context.Context, good *conformance.Target, f faults.Fault) (seen bool, err error) {
	var with []faults.Mutual
	if c := good.Fixtures.MutualClient; c.ID != "" {
		pair, err := c.Pair()
		if err != nil {
			return false, err
		}
		with = append(with, faults.Mutual{Base: c.Base, Certificates: []tls.Certificate{pair}})
	}
	p, err := faults.Start(good.Base, good.CA, f, with...)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	target := &conformance.Target{Base: p.URL, V1: good.V1, CA: p.CA, Fixtures: good.Fixtures, Patience: good.Patience, Setup: good}
	target.Fixtures.MutualClient.Base = p.URL
	target.Fixtures.Origin = cmp.Or(good.Fixtures.Origin, strings.TrimSuffix(strings.TrimSuffix(good.Base, "/csc/v2"), "/csc/v1"))
	report, err := conformance.Run(ctx, target, conformance.Options{Only: []string{f.Case}})
	if err != nil {
		return false, err
	}
	for _, r := range report.Results {
		seen = seen || r.Outcome != conformance.Pass && r.Outcome != conformance.Skip
	}
	return seen, nil
}
