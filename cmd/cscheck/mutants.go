package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
	"github.com/pecete/pecete/conformance/mutants"
)

// prove proves the suite on a server: its cases are tried again on the same server
// made wrong, in each of the ways that one of them is to notice.
func prove(ctx context.Context, good *conformance.Target, o options, out, errs io.Writer) int {
	house := mutants.Open(good)
	asked := o.asked(errs)
	all := slices.DeleteFunc(house.Faults(), func(f faults.Fault) bool {
		return !slices.ContainsFunc(conformance.Find(f.Case), asked.Wants)
	})
	proof, err := mutants.Prove(ctx, []*mutants.House{house}, all, nil)
	if err = errors.Join(err, house.Close()); err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
		if errors.Is(err, conformance.ErrUnreachable) {
			return exitUnreachable
		}
		return exitNot
	}
	if err := proof.WriteText(out); err != nil {
		fmt.Fprintln(errs, "cscheck:", err)
		return exitUsage
	}
	if proof.Survived() > 0 || len(proof.Verdicts) == 0 {
		return exitNot
	}
	return exitConformant
}
