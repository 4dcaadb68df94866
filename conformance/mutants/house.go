// Package mutants proves the conformance suite: on a good server all cases pass,
// and on one that is wrong in one way exactly those notice that are named for it.
//
// The servers that are wrong are those of package faults, which stand before the
// good one.
package mutants

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

// variantPatience is how long a case may wait for something to expire at a variant
// or a mutant: what expires there does so in haste.
const variantPatience = 10 * time.Second

// variants are the conformant servers of another kind that some cases are tried
// on: those cases have nothing to say to every server.
var variants = map[string]func() faults.Fault{
	"info/oauth2-issuer":     faults.Issuer,
	"info/servers":           faults.Servers,
	"info/servers-cover":     faults.Servers,
	"info/servers-rar":       faults.Servers,
	"signHash/several-calls": faults.Renewing,
	"signHash/sad-expired":   faults.Hasty,
	"signDoc/sad-expired":    faults.Hasty,
	"general/expired-token":  faults.Hasty,
	"push/expired":           faults.Hasty,
	"oauth/code-expired":     faults.Hasty,
	"token/refresh-expired":  faults.Hasty,
	"login/expired":          faults.Hasty,
	"extend/expired":         faults.Hasty,
	"v1/sad-expired":         faults.Hasty,
	"general/rate-limit":     faults.Limited,
	"challenge/flood":        faults.Sparing,

	"signHash/mode-a-unsupported": faults.Synchronous,

	"poll/over":               func() faults.Fault { return faults.Fault{} }, // as it is, but with patience
	"revoke/type-unsupported": faults.RefreshOnly,
	"account/missing":         faults.Restricted,
}

// OfVariant reports whether the case is tried on a variant.
func OfVariant(id string) bool { return variants[id] != nil }

// A House is a good server of one version, and whatever stands before it.
type House struct {
	good  *conformance.Target
	named names

	mu       sync.Mutex
	variants map[string]*conformance.Target // by case
	passing  map[string][]passed            // by method, or by case
	failing  map[string]string              // what was seen, by case
	doors    []*faults.Proxy
}

// Open makes a house of a good server.
func Open(good *conformance.Target) *House {
	h := &House{good: good, named: readNames(), variants: map[string]*conformance.Target{}, passing: map[string][]passed{}, failing: map[string]string{}}
	f := &good.Fixtures
	origin := strings.TrimSuffix(strings.TrimSuffix(good.Base, "/csc/v2"), "/csc/v1")
	f.Origin = cmp.Or(f.Origin, origin) // which clients know it by, also behind a proxy
	f.AssertionClient.Audience = cmp.Or(f.AssertionClient.Audience, origin)
	return h
}

// Close ends what stands before the server.
func (h *House) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	for _, d := range h.doors {
		err = errors.Join(err, d.Close())
	}
	h.doors = nil
	return err
}

// Faults are those whose cases are of the house's version.
func (h *House) Faults() []faults.Fault {
	if h.good.V1 {
		return faults.V1()
	}
	return faults.All()
}

// Target is the good server that a case is tried on: the house's, or a variant.
func (h *House) Target(id string) (*conformance.Target, error) {
	variant, ok := variants[id]
	if !ok {
		return h.good, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.variants[id]; t != nil {
		return t, nil
	}
	t, door, err := before(h.good, variant())
	if err != nil {
		return nil, err
	}
	t.Fixtures.RateLimit = faults.MostBadTokens
	t.Fixtures.CodeLife, t.Fixtures.RefreshLife = faults.HastyLife, faults.HastyLife
	t.Fixtures.AccountRequired = id == "account/missing"
	h.variants[id], h.doors = t, append(h.doors, door)
	return t, nil
}

// Mutant is the server that commits f. What cases need beforehand is got around
// it. The caller closes the proxy.
func (h *House) Mutant(f faults.Fault) (*conformance.Target, *faults.Proxy, error) {
	good, err := h.Target(f.Case)
	if err != nil {
		return nil, nil, err
	}
	t, door, err := before(good, f)
	if err != nil {
		return nil, nil, err
	}
	t.Setup = good
	return t, door, nil
}

// before stands a fault before a target.
func before(good *conformance.Target, f faults.Fault) (*conformance.Target, *faults.Proxy, error) {
	var with []faults.Mutual
	if c := good.Fixtures.MutualClient; c.ID != "" {
		pair, err := c.Pair()
		if err != nil {
			return nil, nil, err
		}
		with = append(with, faults.Mutual{Base: c.Base, Certificates: []tls.Certificate{pair}})
	}
	p, err := faults.Start(good.Base, good.CA, f, with...)
	if err != nil {
		return nil, nil, fmt.Errorf("start a server that %s: %w", f.Says, err)
	}
	t := &conformance.Target{Base: p.URL, V1: good.V1, CA: p.CA, Fixtures: good.Fixtures, Patience: variantPatience}
	t.Fixtures.MutualClient.Base = p.URL
	return t, p, nil
}

// A passed case is one that passes on the good server, and all that it said there.
type passed struct {
	id   string
	said []faults.Exchange
}

// passingWith are the cases that a fault of c may meet: those of its method that
// wait for nothing, or c alone if it needs a variant.
func (h *House) passingWith(ctx context.Context, c conformance.Case) ([]passed, error) {
	what, ids := c.Ref.Method, h.quick(c.Ref.Method)
	if OfVariant(c.ID) {
		what, ids = c.ID, []string{c.ID}
	}
	h.mu.Lock()
	known, ok := h.passing[what]
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	var all []passed
	for _, id := range ids {
		said, r, err := h.watch(ctx, id)
		if err != nil {
			return nil, err
		}
		if r.Outcome == conformance.Pass {
			all = append(all, passed{id, said})
		} else {
			h.fails(id, r)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passing[what] = all
	return all, nil
}

func (h *House) fails(id string, r conformance.Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing[id] = fmt.Sprintf("%s: %s", r.Outcome, r.Detail)
}

// Failing is how a case ended that did not pass on the good server.
func (h *House) Failing(id string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failing[id]
}

// watch tries a case on the good server and hears all that it says.
func (h *House) watch(ctx context.Context, id string) (said []faults.Exchange, r conformance.Result, err error) {
	watching := faults.Watching(func(e faults.Exchange) { said = append(said, e) })
	watching.Case = id
	t, door, err := h.Mutant(watching)
	if err != nil {
		return nil, r, err
	}
	results, err := try(ctx, t, id)
	return said, results[id], errors.Join(err, door.Close())
}

// try is how the cases end on a target.
func try(ctx context.Context, t *conformance.Target, ids ...string) (map[string]conformance.Result, error) {
	r, err := conformance.Run(ctx, t, conformance.Options{Only: ids})
	all := map[string]conformance.Result{}
	for _, one := range r.Results {
		all[one.ID] = one
	}
	return all, err
}

// quick are the cases of a method that wait for nothing and leave enough for
// others.
func (h *House) quick(method string) []string {
	all := conformance.Cases()
	if h.good.V1 {
		all = conformance.CasesV1()
	}
	var ids []string
	for _, c := range all {
		if c.Ref.Method == method && !OfVariant(c.ID) &&
			!slices.Contains(c.Needs, conformance.Patience) && !slices.Contains(c.Needs, conformance.RateLimit) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
