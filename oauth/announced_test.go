package oauth_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/oauth"
)

const mutual = "https://mtls.sign.example.test:8443"

// A fair is a town where everything is offered, and what its metadata says.
type fair struct {
	*town
	authority *authority
	told      map[string]any
}

func newFair(t *testing.T) *fair {
	f := &fair{}
	f.town = newTown(t, func(h *house) {
		f.authority = newAuthority(t, h.clock.now, "clients")
		h.provider.MutualURL, h.provider.ClientCAs = mutual, x509.NewCertPool()
		h.provider.ClientCAs.AddCert(f.authority.certificate)
	})
	f.told = f.post("/.well-known/oauth-authorization-server", nil, get).body
	return f
}

func (f *fair) list(t *testing.T, member string) (all []string) {
	t.Helper()
	for _, one := range f.told[member].([]any) {
		all = append(all, one.(string))
	}
	if len(all) == 0 {
		t.Errorf("%s is empty", member)
	}
	return all
}

// byMethod is a client of a method with the grants of the house's, and its
// proof, which it puts into a request anew each time.
func (f *fair) byMethod(t *testing.T, method, alg string) (id string, prove func(url.Values) (url.Values, []func(*http.Request))) {
	t.Helper()
	own, err := f.clients.Client(t.Context(), f.id)
	if err != nil {
		t.Fatal(err)
	}
	a := newApplication(t, f.clock.Now)
	certificate := f.authority.of(a.ec)
	self := f.authority.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "self"}}, nil, a.ec.Public(), a.ec)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "a", Key: a.ec.Public(), Certificates: []*x509.Certificate{self}}}})
	if err != nil {
		t.Fatal(err)
	}
	id, secret := f.addClient(func(c *oauth.Client) {
		c.AuthMethod, c.RedirectURIs, c.Grants, c.Scopes = method, own.RedirectURIs, own.Grants, own.Scopes
		switch method {
		case oauth.NoAuth:
			c.Verifiers, c.Grants = nil, []string{"authorization_code", "refresh_token"}
		case oauth.PrivateKeyJWT:
			c.Verifiers, c.Keys = nil, a.keys()
		case oauth.TLSAuth:
			c.Verifiers, c.TLS = nil, oauth.TLSName{SANURI: "urn:app:1"}
		case oauth.SelfSignedTLS:
			c.Verifiers, c.Keys = nil, jwks
		}
		if err := c.Check(); err != nil {
			t.Errorf("%s cannot be registered: %v", method, err)
		}
	})
	a.id = id
	return id, func(form url.Values) (url.Values, []func(*http.Request)) {
		form = with(with(form, "client_id", id), "client_secret")
		switch method {
		case oauth.SecretBasic:
			return form, []func(*http.Request){basic(id, string(secret))}
		case oauth.SecretPost:
			return with(form, "client_secret", string(secret)), nil
		case oauth.PrivateKeyJWT:
			return a.proving(form, assertion{Key: alg}), nil
		case oauth.TLSAuth:
			return form, []func(*http.Request){over(certificate)}
		case oauth.SelfSignedTLS:
			return form, []func(*http.Request){over(self)}
		}
		return form, nil
	}
}

// works goes the way of a code with pushing, redeeming and revoking by a method.
func (f *fair) works(t *testing.T, method, alg string) {
	t.Helper()
	id, prove := f.byMethod(t, method, alg)
	form, change := prove(f.asking())
	uri, _ := f.post("/oauth2/pushed_authorize", form, change...).body["request_uri"].(string)
	if uri == "" {
		t.Fatalf("%s %s: not pushed", method, alg)
	}
	code := f.browser().walk(url.Values{"client_id": {id}, "request_uri": {uri}}).told(t).Get("code")
	form, change = prove(f.redeeming(code))
	a := f.post("/oauth2/token", form, change...)
	if a.status != 200 {
		t.Fatalf("%s %s: %d %s", method, alg, a.status, a.text)
	}
	form, change = prove(url.Values{"token": {a.is("access_token")}})
	if a := f.post("/oauth2/revoke", form, change...); a.status != http.StatusNoContent {
		t.Errorf("%s %s: %d %s", method, alg, a.status, a.text)
	}
}

// proofs show of each member of the metadata that what it announces works, and
// of the lists that what stands in none of them does not.
var proofs = map[string]func(*testing.T, *fair){
	"issuer": func(t *testing.T, f *fair) {
		if f.told["issuer"] != issuer {
			t.Error(f.told["issuer"])
		}
	},
	"authorization_endpoint": func(t *testing.T, f *fair) { f.signersGo(t) },
	"token_endpoint":         endpoint("token_endpoint"), "revocation_endpoint": endpoint("revocation_endpoint"),
	"introspection_endpoint":                endpoint("introspection_endpoint"),
	"pushed_authorization_request_endpoint": endpoint("pushed_authorization_request_endpoint"),
	"token_endpoint_auth_methods_supported": func(t *testing.T, f *fair) {
		all := f.list(t, "token_endpoint_auth_methods_supported")
		for _, method := range all {
			f.works(t, method, "ES256")
		}
		if len(all) != 6 {
			t.Errorf("methods %q", all)
		}
	},
	"revocation_endpoint_auth_methods_supported": func(t *testing.T, f *fair) {
		if !slices.Equal(f.list(t, "revocation_endpoint_auth_methods_supported"), f.list(t, "token_endpoint_auth_methods_supported")) {
			t.Error("other methods than at the token endpoint") // where all were tried at both
		}
	},
	"token_endpoint_auth_signing_alg_values_supported": func(t *testing.T, f *fair) {
		for _, alg := range f.list(t, "token_endpoint_auth_signing_alg_values_supported") {
			f.works(t, oauth.PrivateKeyJWT, alg)
		}
	},
	"revocation_endpoint_auth_signing_alg_values_supported": func(t *testing.T, f *fair) {
		if !slices.Equal(f.list(t, "revocation_endpoint_auth_signing_alg_values_supported"), f.list(t, "token_endpoint_auth_signing_alg_values_supported")) {
			t.Error("other algorithms than at the token endpoint")
		}
	},
	"introspection_endpoint_auth_methods_supported": func(t *testing.T, f *fair) {
		announced := f.list(t, "introspection_endpoint_auth_methods_supported")
		for _, method := range f.list(t, "token_endpoint_auth_methods_supported") {
			_, prove := f.byMethod(t, method, "ES256")
			form, change := prove(url.Values{"token": {challenge}})
			if got := f.post("/oauth2/introspect", form, change...); (got.status == 200) != slices.Contains(announced, method) {
				t.Errorf("%s: %d %s", method, got.status, got.text)
			}
		}
	},
	"introspection_endpoint_auth_signing_alg_values_supported": func(t *testing.T, f *fair) {
		for _, alg := range f.list(t, "introspection_endpoint_auth_signing_alg_values_supported") {
			_, prove := f.byMethod(t, oauth.PrivateKeyJWT, alg)
			form, _ := prove(url.Values{"token": {challenge}})
			f.post("/oauth2/introspect", form).inactive(t, alg)
		}
	},
	"dpop_signing_alg_values_supported": func(t *testing.T, f *fair) {
		a := newApplication(t, f.clock.Now)
		all := f.list(t, "dpop_signing_alg_values_supported")
		for _, alg := range all {
			got := f.post("/oauth2/token", f.good(), header("DPoP", a.prove(proofOf{Key: alg}, issuer+"/oauth2/token", "")))
			if got.is("token_type") != "DPoP" {
				t.Errorf("%s: %d %s", alg, got.status, got.text)
			}
		}
		if !slices.Equal(all, oauth.ProofAlgorithms()) {
			t.Errorf("the API says %q", oauth.ProofAlgorithms())
		}
	},
	"tls_client_certificate_bound_access_tokens": func(t *testing.T, f *fair) {
		f.changeClient(f.id, func(c *oauth.Client) { c.Bound = oauth.BoundMTLS })
		got := f.post("/oauth2/token", f.good(), over(f.authority.of(newKey(t))))
		if f.told["tls_client_certificate_bound_access_tokens"] != true || got.status != 200 || f.alive(got.is("access_token")) {
			t.Errorf("got %d %s", got.status, got.text)
		}
	},
	"mtls_endpoint_aliases": func(t *testing.T, f *fair) {
		aliases := f.told["mtls_endpoint_aliases"].(map[string]any)
		for name, uri := range f.told {
			if uri, ok := uri.(string); ok && strings.HasSuffix(name, "_endpoint") && name != "authorization_endpoint" && name != "registration_endpoint" &&
				aliases[name] != strings.Replace(uri, issuer, mutual, 1) {
				t.Errorf("%s is %v", name, aliases[name])
			}
		}
		if aliases["authorization_endpoint"] != nil || aliases["registration_endpoint"] != nil {
			t.Error("who proves nothing by a certificate is sent to where one is asked for")
		}
		f.works(t, oauth.TLSAuth, "")
	},
	"grant_types_supported": func(t *testing.T, f *fair) {
		forms := map[string]url.Values{
			"client_credentials": f.good(), "authorization_code": f.redeeming(f.code(f.asking())),
			"refresh_token": f.refreshing(f.redeem(f.code(f.asking())).is("refresh_token")),
		}
		for _, grant := range f.list(t, "grant_types_supported") {
			if a := f.post("/oauth2/token", forms[grant]); a.status != 200 {
				t.Errorf("%s: %d %s", grant, a.status, a.text)
			}
		}
	},
	"scopes_supported": func(t *testing.T, f *fair) {
		for _, scope := range f.list(t, "scopes_supported") {
			if a := f.redeem(f.code(with(f.agreeing(), "scope", scope))); a.is("scope") != scope {
				t.Errorf("%s: %s", scope, a.text)
			}
		}
	},
	"response_types_supported": func(t *testing.T, f *fair) {
		for _, kind := range f.list(t, "response_types_supported") {
			f.code(with(f.asking(), "response_type", kind))
		}
	},
	"response_modes_supported": func(t *testing.T, f *fair) {
		for _, mode := range f.list(t, "response_modes_supported") {
			f.code(with(f.asking(), "response_mode", mode))
		}
		if told := f.browser().authorize(with(f.asking(), "response_mode", "fragment")).told(t); told.Get("error") == "" {
			t.Error("a mode that is not announced works")
		}
	},
	"code_challenge_methods_supported": func(t *testing.T, f *fair) {
		for _, method := range f.list(t, "code_challenge_methods_supported") {
			if a := f.redeem(f.code(with(f.asking(), "code_challenge_method", method))); a.status != 200 {
				t.Errorf("%s: %s", method, a.text)
			}
		}
		if told := f.browser().authorize(with(f.asking(), "code_challenge_method", "plain")).told(t); told.Get("error") == "" {
			t.Error("a method that is not announced works")
		}
	},
	"authorization_response_iss_parameter_supported": func(t *testing.T, f *fair) {
		f.browser().walk(f.asking()).told(t) // which looks for iss
		if told := f.browser().authorize(with(f.asking(), "scope", "x")).told(t); told.Get("error") != "invalid_scope" {
			t.Errorf("told %v", told)
		}
	},
	"require_pushed_authorization_requests": func(t *testing.T, f *fair) {
		if f.told["require_pushed_authorization_requests"] != false {
			t.Error("announced")
		}
		f.code(f.asking())
	},
	"authorization_details_types_supported": func(t *testing.T, f *fair) {
		for _, kind := range f.list(t, "authorization_details_types_supported") {
			if a := f.detailed([]object{but(element("c_1", "one"), "type", kind)}, "c_1"); a.status != 200 {
				t.Errorf("%s: %s", kind, a.text)
			}
		}
		told := f.browser().authorize(f.detailing(but(element("c_1", "one"), "type", "other"))).told(t)
		if told.Get("error") != "invalid_authorization_details" {
			t.Errorf("a type that is not announced: %v", told)
		}
	},
	"registration_endpoint": func(t *testing.T, f *fair) {
		at, _ := f.told["registration_endpoint"].(string)
		a := f.sendJSON(http.MethodPost, strings.TrimPrefix(at, issuer), string(f.invite(everything, 1)), leastRegistration)
		if a.status != http.StatusCreated {
			t.Errorf("%s: %d %s", at, a.status, a.text)
		}
	},
	"request_object_signing_alg_values_supported": func(t *testing.T, f *fair) {
		w, a := newFAPI(t)
		for _, alg := range f.list(t, "request_object_signing_alg_values_supported") {
			if got := w.pushSigned(a, signing{assertion: assertion{Key: alg}}); got.status != http.StatusCreated {
				t.Errorf("%s: %d %s", alg, got.status, got.text)
			}
		}
	},
	"require_signed_request_object": func(t *testing.T, f *fair) {
		if f.told["require_signed_request_object"] != false {
			t.Error("announced")
		}
		f.push(f.asking())
	},
	"ui_locales_supported": func(t *testing.T, f *fair) {
		for _, lang := range f.list(t, "ui_locales_supported") {
			v := f.browser().open("/oauth2/authorize?client_id=x&lang=" + lang)
			if !strings.Contains(v.text, `<html lang="`+lang+`">`) {
				t.Errorf("%s: %s", lang, v.text)
			}
		}
	},
}

func (f *fair) signersGo(t *testing.T) {
	at, _ := f.told["authorization_endpoint"].(string)
	v := f.browser().open(strings.TrimPrefix(at, issuer) + "?" + f.asking().Encode())
	if v.status != http.StatusSeeOther {
		t.Errorf("%s: %d", at, v.status)
	}
}

// endpoint shows that somebody answers there who knows the client.
func endpoint(member string) func(*testing.T, *fair) {
	return func(t *testing.T, f *fair) {
		at, _ := f.told[member].(string)
		if a := f.post(strings.TrimPrefix(at, issuer), with(f.good(), "client_secret", "x")); a.body["error_description"] != "Invalid parameter client_secret" &&
			a.body["error_description"] != "Missing parameter token" {
			t.Errorf("%s: %d %s", at, a.status, a.text)
		}
	}
}

func TestMetadataIsTrue(t *testing.T) {
	for member := range newFair(t).told {
		prove, ok := proofs[member]
		if !ok {
			t.Errorf("nothing shows that %s is true", member)
			continue
		}
		t.Run(member, func(t *testing.T) { prove(t, newFair(t)) })
	}
}

// What is not offered is not announced, and does not work.
func TestMetadataHidesNothingThatWorks(t *testing.T) {
	f := newFair(t)
	f.provider.ClientCAs = nil
	id, prove := f.byMethod(t, oauth.TLSAuth, "")
	form, change := prove(with(f.good(), "client_id", id))
	f.post("/oauth2/token", form, change...).want(t, 401, "invalid_client", "Invalid client certificate")
	told := f.post("/.well-known/oauth-authorization-server", nil, get).body
	if slices.Contains(told["token_endpoint_auth_methods_supported"].([]any), any(oauth.TLSAuth)) {
		t.Error("tls_client_auth is announced without an authority")
	}
	f.provider.Invitations = nil
	mux := http.NewServeMux()
	f.provider.Mount(mux)
	f.handler = mux
	if told = f.post("/.well-known/oauth-authorization-server", nil, get).body; told["registration_endpoint"] != nil {
		t.Error("registration is announced where nobody can be invited")
	}
	if a := f.sendJSON(http.MethodPost, "/oauth2/register", "x", "{}"); a.status != http.StatusNotFound {
		t.Errorf("registration where nobody can be invited: %d", a.status)
	}
	f.provider.MutualURL = ""
	told = f.post("/.well-known/oauth-authorization-server", nil, get).body
	if told["mtls_endpoint_aliases"] != nil || told["tls_client_certificate_bound_access_tokens"] != false || slices.Contains(told["token_endpoint_auth_methods_supported"].([]any), any(oauth.SelfSignedTLS)) {
		t.Errorf("without a listener: %v", told)
	}
}
