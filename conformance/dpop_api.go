package conformance

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

func boundList() []Feature { return bound(methodList, Signer) }

// dpopAPICases are the requirements of RFC 9449 on whoever takes bound tokens,
// which is every method of the API; credentials/list stands for all.
var dpopAPICases = []Case{
	{ID: "dpop/api", Check: "RFC9449-7.1", Ref: dpopRef(General, "7.1"), Level: Must, Needs: boundList(),
		Says: "a bound token with a proof opens the API",
		Run:  showingJudged(func(*showing) {}, func(a *Answer) error { _, err := a.WantOK(); return err })},
	{ID: "dpop/api-bearer", Check: "RFC9449-7.2", Ref: dpopRef(General, "7.2"), Level: Must, Needs: boundList(),
		Says: "a bound token is no bearer token",
		Run:  showingRefused(func(s *showing) { s.scheme, s.proof.none = "Bearer", true })},
	{ID: "dpop/api-bearer-proven", Check: "RFC9449-7.2", Ref: dpopRef(General, "7.2"), Level: Must, Needs: boundList(),
		Says: "nor is it one beside a proof",
		Run:  showingRefused(func(s *showing) { s.scheme = "Bearer" })},
	{ID: "dpop/api-unproven", Check: "RFC9449-7.1", Ref: dpopRef(General, "7.1"), Level: Must, Needs: boundList(),
		Says: "a bound token without a proof is refused",
		Run:  showingRefused(func(s *showing) { s.proof.none = true })},
	{ID: "dpop/api-ath-missing", Check: "RFC9449-4.3", Ref: dpopRef(General, "4.3"), Level: Must, Needs: boundList(),
		Says: "a proof that is of no token is refused",
		Run:  showingRefused(func(s *showing) { s.proof.claims = without("ath") })},
	{ID: "dpop/api-ath-other", Check: "RFC9449-4.3", Ref: dpopRef(General, "4.3"), Level: Must, Needs: boundList(),
		Says: "so is one of another token",
		Run:  showingRefused(func(s *showing) { s.proof.claims = with("ath", hashOf("another token")) })},
	{ID: "dpop/api-another-key", Check: "RFC9449-4.3", Ref: dpopRef(General, "4.3"), Level: Must, Needs: boundList(),
		Says: "and one by another key",
		Run:  showingRefused(func(s *showing) { s.proof.key = newProofKey() })},
	{ID: "dpop/api-htm", Check: "RFC9449-4.3", Ref: dpopRef(General, "4.3"), Level: Must, Needs: boundList(),
		Says: "and one for another HTTP method",
		Run:  showingRefused(func(s *showing) { s.proof.claims = with("htm", http.MethodGet) })},
	{ID: "dpop/api-htu", Check: "RFC9449-4.3", Ref: dpopRef(General, "4.3"), Level: Must, Needs: boundList(),
		Says: "and one for another method of the API",
		Run: showingRefused(func(s *showing) {
			s.proof.claims = func(o Object) {
				at, _ := o.str("htu")
				o["htu"] = strings.Replace(at, methodList, methodCredentialInfo, 1)
			}
		})},
	{ID: "dpop/api-replayed", Check: "RFC9449-11.1", Ref: dpopRef(General, "11.1"), Level: Should, Needs: boundList(),
		Says: "a proof opens the API once",
		Run:  showingReplayed},
	{ID: "dpop/api-unbound", Check: "RFC9449-7.1", Ref: dpopRef(General, "7.1"), Level: Must, Needs: append(boundList(), Client),
		Says: "a token that is bound to nothing is no token for DPoP",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.token(ctx)
			if err != nil {
				return err
			}
			return showingRefused(func(s *showing) { s.token = token })(ctx, t)
		}},
	{ID: "dpop/api-challenge", Check: "RFC9449-7.1", Ref: dpopRef(General, "7.1"), Level: Must, Needs: boundList(),
		Says: "a refusal has a challenge of the scheme DPoP",
		Run: showingJudged(func(s *showing) { s.proof.none = true }, func(a *Answer) error {
			if err := a.WantStatus(http.StatusUnauthorized); err != nil {
				return err
			}
			dpop := func(v string) bool { return strings.HasPrefix(strings.ToLower(v), "dpop") }
			if told := a.Header.Values("WWW-Authenticate"); !slices.ContainsFunc(told, dpop) {
				return unmet("%s: want WWW-Authenticate: DPoP, got %q", a.request, told)
			}
			return nil
		})},
}

// showingJudged shows a bound token, spoilt, to credentials/list.
func showingJudged(spoil func(*showing), judge func(*Answer) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		b, err := t.stock.boundToken(ctx)
		if err != nil {
			return err
		}
		s := showing{scheme: "DPoP", token: b.value, proof: proof{key: b.key}}
		spoil(&s)
		return judge(t.shown(ctx, methodList, Object{"userID": t.lister().ID}, s))
	}
}

func showingRefused(spoil func(*showing)) func(context.Context, *Target) error {
	return showingJudged(spoil, func(a *Answer) error { return a.WantStatus(http.StatusUnauthorized) })
}

// showingReplayed shows one proof twice.
func showingReplayed(ctx context.Context, t *Target) error {
	b, err := t.stock.boundToken(ctx)
	if err != nil {
		return err
	}
	text, err := t.written(proof{key: b.key}, http.MethodPost, t.Base+"/"+methodList, b.value)
	if err != nil {
		return err
	}
	again := func(s *showing) { s.proof.text = text }
	if err := showingJudged(again, func(a *Answer) error { return a.WantStatus(http.StatusOK) })(ctx, t); err != nil {
		return err
	}
	return showingRefused(again)(ctx, t)
}
