package conformance

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// tokenCases are the requirements of oauth2/token that client_credentials
// shows (v2.0.0.2 §8.4.4).
var tokenCases = []Case{
	{ID: "token/expires-in", Check: "CSC-TOK-003", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "expires_in, where it is given, is a number of seconds greater than zero",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstToken(ctx)
			o, err := a.WantOK()
			if n, ok := o.integer("expires_in"); err == nil && o.has("expires_in") && (!ok || n <= 0) {
				return a.unlike("expires_in to be a number above zero")
			}
			return err
		}},
	{ID: "token/form-encoded", Check: "CSC-TOK-004", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "a request encoded as a form is enough to get a token",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstToken(ctx)
			o, err := a.WantOK()
			if token, _ := o.str("access_token"); err == nil && token == "" {
				return a.unlike("an access_token")
			}
			return err
		}},
	{ID: "token/client-id-missing", Check: "CSC-TOK-005", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "a request that does not say which client asks is refused",
		Run: tokenRefused(func(f url.Values, c ClientKey) {
			f.Del("client_id")
			f.Set("client_secret", c.Secret)
		}, bad("Missing parameter client_id"))},
	{ID: "token/grant-type-missing", Check: "CSC-TOK-006", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "a request without grant_type is refused",
		Run: tokenRefused(func(f url.Values, c ClientKey) {
			f.Del("grant_type")
			f.Set("client_secret", c.Secret)
		}, bad("Missing parameter grant_type"))},
	{ID: "token/grant-type-unknown", Check: "CSC-TOK-007", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "a grant_type nobody defined is refused",
		Run: tokenRefused(func(f url.Values, c ClientKey) {
			f.Set("grant_type", "foo")
			f.Set("client_secret", c.Secret)
		}, refusal{status: []int{400}, code: []string{"invalid_request"}, text: "Invalid parameter grant_type",
			or: []refusal{{status: []int{400}, code: []string{"unsupported_grant_type"}}}})},
	{ID: "token/password-grant", Check: "CSC-TOK-008", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "the password grant does not exist",
		Run: tokenRefused(func(f url.Values, c ClientKey) {
			f.Set("grant_type", "password")
			f.Set("username", "nobody")
			f.Set("password", "nothing")
			f.Set("client_secret", c.Secret)
		}, refused())},
	{ID: "token/client-unproven", Check: "CSC-TOK-018", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "a client that has a secret and does not show it gets no token",
		Run: tokenRefused(func(url.Values, ClientKey) {},
			refusal{status: []int{400, 401}, code: []string{"invalid_request"}, text: "Client authorization required",
				or: []refusal{{status: []int{400, 401}, code: []string{"invalid_client"}}}})},
	{ID: "token/wrong-secret", Check: "CSC-TOK-019", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "a wrong client_secret in the body gets no token",
		Run: tokenRefused(func(f url.Values, c ClientKey) {
			f.Set("client_secret", flip(c.Secret))
		}, refusal{status: []int{400}, code: []string{"invalid_request"}, text: "Invalid parameter client_secret",
			or: []refusal{{status: []int{401}, code: []string{"invalid_client"}}}})},
	{ID: "token/basic", Check: "CSC-TOK-020", Ref: refTo(methodToken), Level: Optional, Needs: []Feature{Client},
		Says: "a client may prove itself by HTTP Basic",
		Run: func(ctx context.Context, t *Target) error {
			if t.Fixtures.ClientAuth == "post" {
				return unprovided("the fixtures say that the client uses its secret in the body")
			}
			_, err := t.tokenCall(ctx, t.Fixtures.Client, nil).WantOK()
			return err
		}},
	{ID: "token/client-credentials", Check: "CSC-TOK-023", Ref: refTo(methodToken), Level: Optional, Needs: []Feature{Client},
		Says: "client_credentials gives a bearer token that opens the API",
		Run:  tokenOpens},
	{ID: "token/credential-scope", Check: "CSC-TOK-024", Ref: refTo(methodToken), Level: Must, Needs: []Feature{Client},
		Says: "client_credentials never gives a token that can authorize signatures",
		Run: tokenRefused(func(f url.Values, c ClientKey) {
			f.Set("scope", "credential")
			f.Set("client_secret", c.Secret)
		}, refusal{status: []int{400}, code: []string{"invalid_scope"}, or: []refusal{{}}})},
	{ID: "token/not-cached", Check: "CSC-TOK-035", Ref: refTo(methodToken), Level: Doubt, Needs: []Feature{Client},
		Says: "an answer with a token says that nobody may keep it: Cache-Control: no-store",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstToken(ctx)
			_, err := a.WantOK()
			if err == nil && !strings.Contains(strings.ToLower(a.Header.Get("Cache-Control")), "no-store") {
				return unmet("%s: want Cache-Control: no-store, got %q", a.request, a.Header.Get("Cache-Control"))
			}
			return err
		}},
}

// firstToken is the answer to one good request, which several cases look at.
func (t *Target) firstToken(ctx context.Context) *Answer {
	return see(ctx, t, methodToken, func() *Answer { return t.tokenCall(ctx, t.Fixtures.Client, nil) })
}

// tokenOpens uses a token of its own, not the suite's.
func tokenOpens(ctx context.Context, t *Target) error {
	a := t.tokenCall(ctx, t.Fixtures.Client, nil)
	o, err := a.WantOK()
	if err != nil {
		return err
	}
	token, _ := o.str("access_token")
	if kind, _ := o.str("token_type"); token == "" || !strings.EqualFold(kind, "Bearer") {
		return a.unlike("an access_token of token_type Bearer")
	}
	if t.lacksMethod(ctx, methodCredentialInfo) != nil {
		return nil
	}
	return t.post(ctx, methodCredentialInfo, token, Object{}).WantStatus(400)
}

// tokenRefused sends a form without any proof of the client but what alter
// puts in, and wants w.
func tokenRefused(alter func(url.Values, ClientKey), w refusal) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		c := t.Fixtures.Client
		a := t.tokenCall(ctx, c, func(form url.Values, h http.Header) {
			form.Del("client_secret")
			h.Del("Authorization")
			alter(form, c)
		})
		if o, _ := a.Object(); o.has("access_token") {
			return a.unlike("no access_token")
		}
		return a.want(w)
	}
}

// tokenCall asks for a token of scope service, in the way the fixtures say;
// alter, if not nil, spoils the request.
func (t *Target) tokenCall(ctx context.Context, c ClientKey, alter func(url.Values, http.Header)) *Answer {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"service"}}
	return t.clientCall(ctx, methodToken, c, form, alter)
}

// clientCall sends the form as the client, which proves itself in the way the
// fixtures say; alter, if not nil, spoils the request.
func (t *Target) clientCall(ctx context.Context, method string, c ClientKey, form url.Values, alter func(url.Values, http.Header)) *Answer {
	t.ready()
	endpoint, err := t.oauthURL(ctx, method)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	form.Set("client_id", c.ID)
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	if t.Fixtures.ClientAuth == "post" {
		form.Set("client_secret", c.Secret)
	} else {
		pair := url.QueryEscape(c.ID) + ":" + url.QueryEscape(c.Secret) // RFC 6749 §2.3.1
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	if alter != nil {
		alter(form, h)
	}
	return t.do(ctx, call{method: method, url: endpoint, header: h, body: []byte(form.Encode())})
}

// members are what the metadata of an authorization server calls the methods
// (RFC 8414 §2, RFC 9126 §5).
var members = map[string]string{
	methodOAuth: "authorization_endpoint", methodPush: "pushed_authorization_request_endpoint",
	methodToken: "token_endpoint", methodRevoke: "revocation_endpoint", methodIntrospect: "introspection_endpoint",
}

// oauthURL is where info says a method of OAuth is to be had (§11.1).
func (t *Target) oauthURL(ctx context.Context, method string) (string, error) {
	o, err := t.info(ctx).WantOK()
	if err != nil {
		return "", err
	}
	base, _ := o.str("oauth2")
	issuer, _ := o.str("oauth2Issuer")
	servers, _ := o.objects("oauth2Servers")
	for _, s := range servers {
		if types, _ := s.strings("authType"); base == "" && issuer == "" && contains(types, "oauth2client") {
			base, _ = s.str("baseUri")
			issuer, _ = s.str("issuerIdentifier")
		}
	}
	switch {
	case base != "":
		return strings.TrimSuffix(base, "/") + "/" + method, nil
	case issuer != "":
		m, err := t.metadata(ctx, issuer)
		endpoint, _ := m.str(members[method])
		return endpoint, err
	}
	return "", unmet("info does not say where tokens are had: neither oauth2 nor oauth2Issuer nor oauth2Servers")
}

// metadata is the document of an authorization server (RFC 8414 §3.1).
func (t *Target) metadata(ctx context.Context, issuer string) (Object, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return nil, unmet("the issuer %q is not a URL", issuer)
	}
	u.Path = "/.well-known/oauth-authorization-server" + strings.TrimSuffix(u.Path, "/")
	return t.do(ctx, call{verb: http.MethodGet, method: "the issuer's metadata", url: u.String()}).WantOK()
}

// flip is secret with the character in its middle exchanged.
func flip(secret string) string {
	middle, other := len(secret)/2, "A"
	if strings.HasPrefix(secret[middle:], other) {
		other = "B"
	}
	return secret[:middle] + other + secret[min(middle+1, len(secret)):]
}
