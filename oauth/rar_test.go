package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// An object is one in JSON.
type object = map[string]any

// element asks for signatures over the hashes of texts, which are the labels.
func element(credentialID string, texts ...string) object {
	var digests []any
	for _, text := range texts {
		digests = append(digests, object{"hash": base64.StdEncoding.EncodeToString(digest(text)), "label": text})
	}
	return object{"type": "credential", "credentialID": credentialID, "documentDigests": digests, "hashAlgorithmOID": csc.OIDSHA256}
}

// but is o with a member changed, or taken away for nil.
func but(o object, name string, value any) object {
	changed := object{}
	for k, v := range o {
		changed[k] = v
	}
	if changed[name] = value; value == nil {
		delete(changed, name)
	}
	return changed
}

func inJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// detailing is a request with authorization_details.
func (w *town) detailing(elements ...object) url.Values {
	return with(w.asking(), "authorization_details", inJSON(elements))
}

// repeating is a token request for its code.
func (w *town) repeating(code string, elements ...object) url.Values {
	return with(w.redeeming(code), "authorization_details", inJSON(elements))
}

// detailed goes the whole way of elements, agreed to with these credentials.
func (w *town) detailed(elements []object, credentialIDs ...string) answer {
	w.t.Helper()
	b := w.browser()
	v := b.agree(b.login(b.authorize(w.detailing(elements...)), signer), credentialIDs...)
	return w.post("/oauth2/token", w.repeating(v.told(w.t).Get("code"), elements...))
}

func TestDetailedWay(t *testing.T) {
	w := newTown(t)
	type want struct {
		elements []object
		agreed   []string
		told     []any
	}
	one := element("c_1", "one", "two")
	newer := object{
		"type": csc.DetailCredential2025, "credentialID": "c_1", "numSignatures": 1, "hashAlgorithmOID": csc.OIDSHA256, "locations": []any{"https://a.example"},
		"documentDigests": []any{object{"hash": base64.StdEncoding.EncodeToString(digest("one")), "label": "Contract ș", "hashType": "DTBSR"}},
	}
	qualified := but(but(element("", "one"), "credentialID", nil), "signatureQualifier", "eu_eidas_aes")
	both := but(element("c_1", "one"), "signatureQualifier", "eu_eidas_aes")
	for name, way := range map[string]want{
		"of v2.0":                 {[]object{one}, []string{"c_1"}, []any{but(one, "numSignatures", 2)}},
		"of v2.2":                 {[]object{newer}, []string{"c_1"}, []any{newer}},
		"by a qualifier":          {[]object{qualified}, []string{"c_scal1"}, []any{but(but(element("c_scal1", "one"), "signatureQualifier", nil), "numSignatures", 1)}},
		"by both":                 {[]object{both}, []string{"c_1"}, []any{but(both, "numSignatures", 1)}},
		"of two elements":         {[]object{one, element("c_2", "three")}, []string{"c_1", "c_2"}, []any{but(one, "numSignatures", 2), but(element("c_2", "three"), "numSignatures", 1)}},
		"of a name and a kind":    {[]object{element("c_1", "one"), qualified}, []string{"c_1", "c_scal1"}, []any{but(element("c_1", "one"), "numSignatures", 1), but(element("c_scal1", "one"), "numSignatures", 1)}},
		"of the same hash in two": {[]object{element("c_1", "one"), element("c_2", "one")}, []string{"c_1", "c_2"}, []any{but(element("c_1", "one"), "numSignatures", 1), but(element("c_2", "one"), "numSignatures", 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, form := range map[string]url.Values{
				"by the query": w.detailing(way.elements...), "with scope credential": with(w.detailing(way.elements...), "scope", "credential"),
				"beside empty parameters": with(with(w.detailing(way.elements...), "hashes", ""), "credentialID", ""),
				"pushed":                  w.atPushed(w.push(w.detailing(way.elements...))),
			} {
				b := w.browser()
				v := b.agree(b.login(b.authorize(form), signer), way.agreed...)
				a := w.post("/oauth2/token", w.repeating(v.told(t).Get("code"), way.elements...))
				if a.status != 200 || a.is("scope") != "credential" || a.is("token_type") != "Bearer" || len(a.body) != 5 {
					t.Fatalf("%s: %d %s", how, a.status, a.text)
				}
				var want any
				if err := json.Unmarshal([]byte(inJSON(way.told)), &want); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, a.body["authorization_details"]); diff != "" {
					t.Errorf("%s: %s", how, diff)
				}
				w.checkGrants(t, csc.Secret(a.is("access_token")), way.agreed)
			}
		})
	}
}

// checkGrants: the token stands for the credentials, each with a grant of its
// own, recorded as such.
func (w *town) checkGrants(t *testing.T, token csc.Secret, agreed []string) {
	t.Helper()
	who, err := w.provider.Bearer(t.Context(), token)
	want := credentials.Caller{ClientID: w.id, UserID: signer, Scope: "credential", GrantID: sad.ID(token), CredentialIDs: agreed}
	if diff := cmp.Diff(want, who); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	issued := w.record.of(audit.GrantIssued)
	for n, id := range sad.Parts(sad.ID(token), agreed) {
		g, err := w.grants.Get(t.Context(), id)
		if err != nil || g.CredentialID != agreed[n] || g.Left != len(g.Hashes) || g.ID != id {
			t.Errorf("grant %d: %+v, %v", n, g, err)
		}
		e := issued[len(issued)-len(agreed)+n]
		if e.Grant != id || e.Credential != agreed[n] || e.Step != 5 || e.Reason != "shown "+digest("page").String() || e.Count != g.Count {
			t.Errorf("record %d: %+v", n, e)
		}
	}
}

// What the pages of the login are given.
func TestDetailedInteraction(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	form := w.detailing(element("c_1", "one"), but(but(element("", "two"), "credentialID", nil), "signatureQualifier", "eu_eidas_aes"))
	for name, value := range map[string]string{"description": "Rent", "clientData": "order 7", "lang": "ro"} {
		form.Set(name, value)
	}
	v := b.authorize(form)
	i := b.picture(b.step(v, "/login"))
	want := []oauth.Detail{
		{Type: "credential", CredentialID: "c_1", Count: 1, HashOID: csc.OIDSHA256, Digests: []oauth.DocumentDigest{{Digest: digest("one"), Label: "one"}}},
		{Type: "credential", Qualifier: "eu_eidas_aes", Count: 1, HashOID: csc.OIDSHA256, Digests: []oauth.DocumentDigest{{Digest: digest("two"), Label: "two"}}},
	}
	if diff := cmp.Diff(want, i.Details, cmpopts.EquateEmpty()); diff != "" || i.Description != "Rent" || i.ClientData != "order 7" || i.Lang != "ro" || i.Scope != "credential" {
		t.Errorf("%+v %s", i, diff)
	}
	v = b.login(v, signer)
	i = b.picture(b.step(v, "/consent"))
	fit, err := w.provider.Choices(t.Context(), i)
	if err != nil || len(fit) != 2 || len(fit[0]) != 1 || len(fit[1]) != 2 {
		t.Errorf("choices %v, %v", fit, err)
	}
	for _, agreed := range [][]string{nil, {"c_1"}, {"c_1", "c_1"}, {"c_scal1", "c_1"}, {"c_1", "c_qes"}, {"c_1", "c_strange"}, {"c_1", ""}, {"c_1", "c_scal1", "c_2"}} {
		if next, err := w.provider.Agreed(t.Context(), i, agreed, digest("page"), 5); err == nil {
			t.Errorf("agreed with %q: %s", agreed, next)
		}
	}
	if b.agree(v, "c_1", "c_scal1").told(t).Get("code") == "" {
		t.Error("no code")
	}
}

func TestDetailsBesideOthers(t *testing.T) {
	w := newTown(t)
	good := w.detailing(element("c_1", "one"))
	beside := func(name string) string {
		return "The parameter " + name + " cannot stand beside authorization_details"
	}
	narrow, narrowSecret := w.addClient(func(c *oauth.Client) {
		c.RedirectURIs, c.Grants, c.Scopes = []string{callback}, []string{"authorization_code"}, []string{"service"}
	})
	for _, row := range []struct {
		name        string
		form        url.Values
		code        string
		description string
	}{
		{"credentialID", with(good, "credentialID", "c_1"), "invalid_request", beside("credentialID")},
		{"signatureQualifier", with(good, "signatureQualifier", "eu_eidas_aes"), "invalid_request", beside("signatureQualifier")},
		{"numSignatures", with(good, "numSignatures", "1"), "invalid_request", beside("numSignatures")},
		{"hashes", with(good, "hashes", urlHash("one")), "invalid_request", beside("hashes")},
		{"hashAlgorithmOID", with(good, "hashAlgorithmOID", csc.OIDSHA256), "invalid_request", beside("hashAlgorithmOID")},
		{"scope service", with(good, "scope", "service"), "invalid_scope", tableInvalidScope},
		{"both scopes", with(good, "scope", "service credential"), "invalid_scope", tableInvalidScope},
		{"an unknown scope", with(good, "scope", "foo"), "invalid_scope", tableInvalidScope},
		{"a description of 501 characters", with(good, "description", strings.Repeat("ș", 501)), "invalid_request", "Invalid parameter description"},
		{"a client without scope credential", with(good, "client_id", narrow), "unauthorized_client", tableUnauthorized},
		{"an unknown type", with(good, "authorization_details", `[{"type":"x"}]`), "invalid_authorization_details", "Invalid parameter authorization_details[0].type"},
		{"longer than 48 KiB", with(good, "authorization_details", strings.Repeat(" ", 48<<10)+"[]"), "invalid_request", "Invalid parameter authorization_details"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if len(row.form.Encode()) < 16<<10 {
				told := w.browser().authorize(row.form).told(t)
				if told.Get("error") != row.code || told.Get("error_description") != row.description || told.Get("state") == "" || told.Has("code") {
					t.Errorf("told %v", told)
				}
			}
			secret := w.secret
			if row.form.Get("client_id") == narrow {
				secret = narrowSecret
			}
			w.post("/oauth2/pushed_authorize", with(row.form, "client_secret", string(secret))).want(t, 400, row.code, row.description)
		})
	}
}

// What depends on the signer is told to the application after the login.
func TestDetailsThatDoNotFit(t *testing.T) {
	w := newTown(t)
	qualified := func(q string) object {
		return but(but(element("", "one"), "credentialID", nil), "signatureQualifier", q)
	}
	var eleven []string
	for range 11 {
		eleven = append(eleven, "one")
	}
	for name, row := range map[string]struct {
		element object
		says    string
	}{
		"a credential there is not":     {element("c_none", "one"), "Invalid parameter credentialID"},
		"a stranger's":                  {element("c_strange", "one"), "Invalid parameter credentialID"},
		"another qualifier":             {but(element("c_1", "one"), "signatureQualifier", "eu_eidas_qes"), "Invalid parameter signatureQualifier"},
		"a qualifier nobody has":        {qualified("eu_eidas_qeseal"), "Invalid parameter signatureQualifier"},
		"a credential of the other way": {element("c_explicit", "one"), "The credential identified by credentialID is not authorized with OAuth 2.0"},
		"an expired one":                {element("c_expired", "one"), "The credential identified by credentialID cannot sign now"},
		"more than multisign":           {element("c_1", eleven...), "Numbers of signatures is too high"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, elements := range [][]object{{row.element}, {element("c_2", "two"), row.element}, {row.element, element("c_2", "two")}} {
				b := w.browser()
				told := b.login(b.authorize(w.detailing(elements...)), signer).told(t)
				if told.Get("error") != "invalid_request" || told.Get("error_description") != row.says {
					t.Errorf("told %v", told)
				}
			}
		})
	}
}

// A token request says again what its code is for; one that does not costs
// nothing.
func TestDetailsAtRedemption(t *testing.T) {
	w := newTown(t)
	elements := []object{element("c_1", "one"), element("c_2", "two")}
	b := w.browser()
	code := b.agree(b.login(b.authorize(w.detailing(elements...)), signer), "c_1", "c_2").told(t).Get("code")
	const other = "authorization_details parameter does not match authorization_details parameter of authorization request"
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_request", "Missing parameter authorization_details")
	for _, again := range [][]object{
		{elements[0]}, {elements[1], elements[0]}, {element("c_1", "one", "two"), elements[1]}, {elements[0], element("c_2", "three")},
		{but(elements[0], "signatureQualifier", "eu_eidas_aes"), elements[1]},
	} {
		w.post("/oauth2/token", w.repeating(code, again...)).want(t, 400, "invalid_authorization_details", other)
	}
	w.post("/oauth2/token", with(w.redeeming(code), "authorization_details", "[]")).want(t, 400, "invalid_authorization_details", "Invalid parameter authorization_details")
	if a := w.post("/oauth2/token", w.repeating(code, elements...)); a.status != 200 {
		t.Errorf("after all these: %d %s", a.status, a.text)
	}
	flat := w.code(w.agreeing())
	w.post("/oauth2/token", w.repeating(flat, elements[0])).want(t, 400, "invalid_authorization_details", "Invalid parameter authorization_details")
}

// Whatever ends a token ends every grant of it.
func TestAllGrantsOfATokenEnd(t *testing.T) {
	w := newTown(t)
	elements := []object{element("c_1", "one"), element("c_2", "two")}
	agreed := []string{"c_1", "c_2"}
	ended := func(name string, token csc.Secret) {
		t.Helper()
		if w.alive(string(token)) {
			t.Errorf("%s: the token is alive", name)
		}
		for _, id := range sad.Parts(sad.ID(token), agreed) {
			if _, err := w.grants.Get(t.Context(), id); err != sad.ErrUnknown {
				t.Errorf("%s: grant %s: %v", name, id, err)
			}
		}
	}
	a := w.detailed(elements, agreed...)
	token := csc.Secret(a.is("access_token"))
	w.checkGrants(t, token, agreed)
	if a := w.post("/oauth2/revoke", with(w.good(), "token", string(token))); a.status != 204 {
		t.Errorf("revoke: %d %s", a.status, a.text)
	}
	ended("revoked", token)

	b := w.browser()
	form := w.repeating(b.agree(b.login(b.authorize(w.detailing(elements...)), signer), agreed...).told(t).Get("code"), elements...)
	a = w.post("/oauth2/token", form)
	w.post("/oauth2/token", form).want(t, 400, "invalid_grant", saysCodeOver)
	ended("its code used again", csc.Secret(a.is("access_token")))
}

// Grants of one token are spent each for itself: what is for one credential is
// not good for another.
func TestGrantsOfATokenAreApart(t *testing.T) {
	w := newTown(t)
	token := csc.Secret(w.detailed([]object{element("c_1", "one"), element("c_2", "two")}, "c_1", "c_2").is("access_token"))
	use := func(credentialID, text string) error {
		_, err := sad.Spend(t.Context(), w.grants, sad.ID(token), sad.Use{
			UserID: signer, ClientID: w.id, CredentialID: credentialID, Kind: csc.DTBSR, Hashes: []csc.Digest{digest(text)}, HashOID: csc.OIDSHA256, Standing: "one",
		}, w.clock.Now())
		return err
	}
	for _, row := range []struct {
		credential, text string
		want             error
	}{
		{"c_1", "two", sad.ErrHash}, {"c_2", "one", sad.ErrHash}, {"c_3", "one", sad.ErrUnknown}, {"", "one", sad.ErrUnknown},
		{"c_1", "one", nil}, {"c_1", "one", sad.ErrUnknown}, {"c_2", "two", nil}, {"c_2", "two", sad.ErrUnknown},
	} {
		if err := use(row.credential, row.text); err != row.want {
			t.Errorf("%s for %s: %v, want %v", row.credential, row.text, err, row.want)
		}
	}
}

// Nobody makes a SAD of the name that a grant has in a log.
func TestNameOfAGrantIsNoSAD(t *testing.T) {
	w := newTown(t)
	token := csc.Secret(w.detailed([]object{element("c_1", "one"), element("c_2", "two")}, "c_1", "c_2").is("access_token"))
	for _, name := range append(sad.Parts(sad.ID(token), []string{"c_1", "c_2"}), sad.ID(token)) {
		if _, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(name))); err != sad.ErrUnknown {
			t.Errorf("%s is a SAD: %v", name, err)
		}
		if w.alive(name) {
			t.Errorf("%s is a token", name)
		}
	}
}
