package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
)

// asksAbout is what a case needs that introspects.
func asksAbout(more ...Feature) []Feature { return append(more, Introspection, Client) }

func introspectRef(section string) Ref { return Ref{methodIntrospect, "RFC 7662 §" + section} }

// introspectCases are the requirements of RFC 7662 where the metadata name an
// introspection_endpoint.
var introspectCases = []Case{
	{ID: "introspect/active", Check: "RFC7662-2.2", Ref: introspectRef("2.2"), Level: Must, Needs: asksAbout(),
		Says: "a client's own token is active",
		Run: func(ctx context.Context, t *Target) error {
			a := t.introspected(ctx)
			o, err := a.WantOK()
			if err == nil && o["active"] != true {
				return a.unlike("active to be true")
			}
			return err
		}},
	{ID: "introspect/describes", Check: "RFC7662-2.2", Ref: introspectRef("2.2"), Level: Optional, Needs: asksAbout(),
		Says: "what is told of it is right: its client, its scope, when it ends",
		Run:  introspectionDescribes},
	{ID: "introspect/unknown", Check: "RFC7662-2.2", Ref: introspectRef("2.2"), Level: Must, Needs: asksAbout(),
		Says: "a token the server did not make is not active, which is no error",
		Run: func(ctx context.Context, t *Target) error {
			return inactive(t.introspect(ctx, t.Fixtures.Client, rand.Text(), nil))
		}},
	{ID: "introspect/inactive-alone", Check: "RFC7662-2.2", Ref: introspectRef("2.2"), Level: Should, Needs: asksAbout(),
		Says: "of what is not active nothing else is told",
		Run: func(ctx context.Context, t *Target) error {
			a := t.introspect(ctx, t.Fixtures.Client, rand.Text(), nil)
			o, err := a.WantOK()
			if err == nil && len(o) != 1 {
				return a.unlike("active and nothing else")
			}
			return err
		}},
	{ID: "introspect/revoked", Check: "RFC7662-2.2", Ref: introspectRef("2.2"), Level: Must, Needs: asksAbout(),
		Says: "a revoked token is not active",
		Run: func(ctx context.Context, t *Target) error {
			c := t.Fixtures.Client
			token, _, err := t.stock.freshToken(ctx, c)
			if err != nil {
				return err
			}
			if err := t.stock.t.revoke(ctx, c, token, nil).WantStatus(200, 204); err != nil {
				return err
			}
			return inactive(t.introspect(ctx, c, token, nil))
		}},
	{ID: "introspect/unproven", Check: "RFC7662-2.1", Ref: introspectRef("2.1"), Level: Must, Needs: asksAbout(),
		Says: "nobody asks without proving who he is",
		Run: introspectRefused(func(f url.Values, h http.Header) {
			f.Del("client_secret")
			h.Del("Authorization")
		}, http.StatusBadRequest, http.StatusUnauthorized)},
	{ID: "introspect/token-missing", Check: "RFC7662-2.1", Ref: introspectRef("2.1"), Level: Must, Needs: asksAbout(),
		Says: "a request without a token is refused",
		Run:  introspectRefused(func(f url.Values, _ http.Header) { f.Del("token") }, http.StatusBadRequest)},
	{ID: "introspect/of-another-client", Check: "RFC7662-4", Ref: introspectRef("4"), Level: Doubt, Needs: asksAbout(OtherClient),
		Says: "another client's token is not active for a client that is no resource server",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.token(ctx)
			if err != nil {
				return err
			}
			return inactive(t.introspect(ctx, t.Fixtures.OtherClient, token, nil))
		}},
	{ID: "introspect/bound-to-key", Check: "RFC9449-6.2", Ref: Ref{methodIntrospect, "RFC 9449 §6.2"}, Level: Must, Needs: bound(Introspection),
		Says: "a token that is bound to a key is told with it: cnf.jkt",
		Run: func(ctx context.Context, t *Target) error {
			b, err := t.stock.boundToken(ctx)
			if err != nil {
				return err
			}
			a := t.introspect(ctx, t.Fixtures.DPoPClient, b.value, nil)
			o, err := a.WantOK()
			if jkt, _ := o.object("cnf").str("jkt"); err == nil && jkt != b.key.thumbprint() {
				return a.unlike("cnf.jkt %s", b.key.thumbprint())
			}
			return err
		}},
}

// introspect asks what a token is good for; alter, if not nil, spoils the
// request.
func (t *Target) introspect(ctx context.Context, c ClientKey, token string, alter func(url.Values, http.Header)) *Answer {
	return t.clientCall(ctx, methodIntrospect, c, url.Values{"token": {token}}, alter)
}

// introspected is what is told of the suite's own token.
func (t *Target) introspected(ctx context.Context) *Answer {
	token, err := t.token(ctx)
	if err != nil {
		return &Answer{request: "POST " + methodIntrospect, err: err}
	}
	return t.introspect(ctx, t.Fixtures.Client, token, nil)
}

func introspectionDescribes(ctx context.Context, t *Target) error {
	a := t.introspected(ctx)
	o, err := a.WantOK()
	if err != nil {
		return err
	}
	if id, _ := o.str("client_id"); o.has("client_id") && id != t.Fixtures.Client.ID {
		return a.unlike("client_id %s", t.Fixtures.Client.ID)
	}
	scope, _ := o.str("scope")
	if o.has("scope") && !contains(strings.Fields(scope), "service") {
		return a.unlike("scope service")
	}
	if end, ok := o.integer("exp"); o.has("exp") && (!ok || end <= t.Now().Unix()) {
		return a.unlike("exp to be a time that is yet to come")
	}
	return nil
}

// inactive is nil if the answer is that a token is not active.
func inactive(a *Answer) error {
	o, err := a.WantOK()
	if err == nil && o["active"] != false {
		return a.unlike("active to be false")
	}
	return err
}

func introspectRefused(alter func(url.Values, http.Header), statuses ...int) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		return t.introspect(ctx, t.Fixtures.Client, rand.Text(), alter).want(refusal{status: statuses})
	}
}
