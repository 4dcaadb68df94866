package oauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

const demoPolicy = "1.3.6.1.4.1.32473.1"

// newChanging is a town in which credentials may be made and deleted, and whose
// client may ask for both.
func newChanging(t *testing.T) *town {
	w := newTown(t, func(h *house) { h.provider.Changing = &oauth.Changing{Policy: demoPolicy} })
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = csc.Scopes() })
	return w
}

// permitting is a request with these authorization_details.
func (w *town) permitting(details string) url.Values {
	return with(w.asking(), "authorization_details", details)
}

// permit plays the consent page of a change.
func (b *browser) permit(v view) view {
	b.w.t.Helper()
	i := b.picture(b.step(v, "/consent"))
	next, err := b.w.provider.Permitted(context.Background(), i, digest("page"), 5)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.open(next)
}

// permitted is the answer to the code of a change the signer agreed to.
func (w *town) permitted(form url.Values) answer {
	w.t.Helper()
	b := w.browser()
	code := b.permit(b.login(b.authorize(form), signer)).told(w.t).Get("code")
	return w.post("/oauth2/token", with(w.redeeming(code), "authorization_details", form["authorization_details"]...))
}

const (
	makeOne   = `[{"type":"https://cloudsignatureconsortium.org/2025/credential-creation","credentialCreationRequest":{"certificatePolicy":"1.3.6.1.4.1.32473.1"}}]`
	deleteOne = `[{"type":"https://cloudsignatureconsortium.org/2025/credential-deletion","credentialID":"c_1"}]`
)

// A permit is for just what the signer agreed to; it is told as it was sent, is on
// record with the code's step before its token leaves, and comes without a refresh
// token.
func TestChangeWay(t *testing.T) {
	for _, row := range []struct {
		name, scope string
		form        func(w *town) url.Values
		details     string
		want        credentials.Permit
		record      string
	}{
		{"a creation", csc.ScopeCreation, func(w *town) url.Values { return w.permitting(makeOne) }, makeOne,
			credentials.Permit{Creation: &csc.CreationRequest{CertificatePolicy: demoPolicy}}, "make a credential"},
		{"a creation by its scope", csc.ScopeCreation, func(w *town) url.Values { return with(w.asking(), "scope", csc.ScopeCreation) }, "",
			credentials.Permit{Creation: &csc.CreationRequest{}}, "make a credential"},
		{"a deletion", csc.ScopeDeletion, func(w *town) url.Values { return w.permitting(deleteOne) }, deleteOne,
			credentials.Permit{CredentialID: "c_1"}, "delete a credential"},
		{"a deletion, its scope beside it", csc.ScopeDeletion, func(w *town) url.Values { return with(w.permitting(deleteOne), "scope", csc.ScopeDeletion) }, deleteOne,
			credentials.Permit{CredentialID: "c_1"}, "delete a credential"},
		{"a deletion by its scope", csc.ScopeDeletion, func(w *town) url.Values {
			return with(with(w.asking(), "scope", csc.ScopeDeletion), "credentialID", "c_1")
		}, "", credentials.Permit{CredentialID: "c_1"}, "delete a credential"},
		{"a deletion, pushed", csc.ScopeDeletion, func(w *town) url.Values {
			form := w.atPushed(w.push(w.permitting(deleteOne)))
			form["authorization_details"] = []string{deleteOne} // for the token request
			return form
		}, deleteOne, credentials.Permit{CredentialID: "c_1"}, "delete a credential"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newChanging(t)
			a := w.permitted(row.form(w))
			token := csc.Secret(a.is("access_token"))
			if a.status != http.StatusOK || a.is("scope") != row.scope || a.is("token_type") != "Bearer" || a.body["expires_in"] != 300.0 || a.is("refresh_token") != "" {
				t.Fatalf("%d %s", a.status, a.text)
			}
			if told, _ := json.Marshal(a.body["authorization_details"]); row.details != "" && !sameJSON(t, string(told), row.details) || row.details == "" && string(told) != "null" {
				t.Errorf("told %s", told)
			}
			who, err := w.provider.Bearer(t.Context(), token)
			row.want.ID = sad.ID(token)
			if diff := cmp.Diff(credentials.Caller{ClientID: w.id, UserID: signer, Scope: row.scope, Permit: &row.want}, who); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			want := audit.Entry{
				Event: audit.PermitIssued, Client: w.id, User: signer, Credential: row.want.CredentialID, Grant: row.want.ID,
				Factor: "OTP", Step: 5, Reason: row.record + ", shown " + digest("page").String(),
			}
			if diff := cmp.Diff([]audit.Entry{want}, w.record.of(audit.PermitIssued)); diff != "" {
				t.Error(diff)
			}
			if _, err := w.grants.Get(t.Context(), sad.ID(token)); err == nil {
				t.Error("a permit is a grant")
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatal(err)
	}
	return cmp.Equal(x, y)
}

// What cannot be permitted is told to the client, before the login or after it.
func TestChangeRefusals(t *testing.T) {
	const invalidDetails = "invalid_authorization_details"
	w := newChanging(t)
	for _, row := range []struct {
		name       string
		form       url.Values
		code, says string
	}{
		{"another policy", w.permitting(strings.Replace(makeOne, demoPolicy, "1.2.3", 1)), invalidDetails, "Invalid parameter authorization_details[0].credentialCreationRequest.certificatePolicy"},
		{"a deletion of nothing", with(w.asking(), "scope", csc.ScopeDeletion), "invalid_request", "Missing parameter credentialID"},
		{"a parameter beside the details", with(w.permitting(deleteOne), "credentialID", "c_1"), "invalid_request", "The parameter credentialID cannot stand beside authorization_details"},
		{"another scope beside the details", with(w.permitting(deleteOne), "scope", csc.ScopeCreation), "invalid_scope", tableInvalidScope},
		{"both scopes", with(w.asking(), "scope", csc.ScopeCreation+" "+csc.ScopeDeletion), "invalid_scope", tableInvalidScope},
	} {
		told := w.browser().authorize(row.form).told(t)
		if told.Get("error") != row.code || told.Get("error_description") != row.says {
			t.Errorf("%s: %v", row.name, told)
		}
	}
	for _, id := range []string{"c_strange", "c_none"} { // another signer's, and nobody's
		b := w.browser()
		told := b.login(b.authorize(w.permitting(strings.Replace(deleteOne, "c_1", id, 1))), signer).told(t)
		if told.Get("error") != "invalid_request" || told.Get("error_description") != "Invalid parameter credentialID" {
			t.Errorf("%s: %v", id, told)
		}
	}
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = []string{"service", "credential"} })
	for _, details := range []string{makeOne, deleteOne} {
		if told := w.browser().authorize(w.permitting(details)).told(t); told.Get("error") != "unauthorized_client" {
			t.Errorf("a client that may not: %v", told)
		}
	}
	w.provider.Changing = nil
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = csc.Scopes() })
	if told := w.browser().authorize(w.permitting(makeOne)).told(t); told.Get("error") != invalidDetails {
		t.Errorf("where nothing is made: %v", told)
	}
	if told := w.browser().authorize(with(w.asking(), "scope", csc.ScopeCreation)).told(t); told.Get("error") != "invalid_scope" {
		t.Errorf("where nothing is made: %v", told)
	}
}

// A code is for what was agreed to, and a second use of it ends the permit.
func TestChangeCode(t *testing.T) {
	w := newChanging(t)
	b := w.browser()
	code := b.permit(b.login(b.authorize(w.permitting(deleteOne)), signer)).told(t).Get("code")
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_request", "Missing parameter authorization_details")
	w.post("/oauth2/token", with(w.redeeming(code), "authorization_details", strings.Replace(deleteOne, "c_1", "c_2", 1))).
		want(t, 400, "invalid_authorization_details", "authorization_details parameter does not match authorization_details parameter of authorization request")
	good := with(w.redeeming(code), "authorization_details", deleteOne)
	first := w.post("/oauth2/token", good)
	if !w.alive(first.is("access_token")) {
		t.Fatalf("%d %s", first.status, first.text)
	}
	w.post("/oauth2/token", good).want(t, 400, "invalid_grant", "Authorization code is invalid or expired")
	if w.alive(first.is("access_token")) {
		t.Error("a permit outlives the second use of its code")
	}
}

// A signer's withdrawal, and a credential that is gone, end what was permitted.
func TestChangeEnds(t *testing.T) {
	w := newChanging(t)
	a := w.permitted(w.permitting(makeOne))
	if err := w.provider.Withdraw(t.Context(), signer, w.id); err != nil {
		t.Fatal(err)
	}
	if w.alive(a.is("access_token")) {
		t.Error("a permit outlives its withdrawal")
	}
	if entries := w.record.of(audit.PermitIssued); len(entries) != 1 {
		t.Errorf("%d permits recorded", len(entries))
	}
}

// A client that acts for itself gets a token to delete, of that scope alone, if it
// may; one to create nobody gets so.
func TestDeletionByClientCredentials(t *testing.T) {
	w := newChanging(t)
	for scope, want := range map[string]string{
		csc.ScopeDeletion: "", csc.ScopeCreation: "invalid_scope", csc.ScopeCredential: "invalid_scope", csc.ScopeService + " " + csc.ScopeDeletion: "invalid_scope",
	} {
		a := w.post("/oauth2/token", with(w.good(), "scope", scope))
		if want != "" && a.is("error") != want || want == "" && (a.is("scope") != scope || a.body["expires_in"] != 300.0) {
			t.Errorf("%s: %d %s", scope, a.status, a.text)
		}
		if want != "" {
			continue
		}
		who, err := w.provider.Bearer(t.Context(), csc.Secret(a.is("access_token")))
		if diff := cmp.Diff(credentials.Caller{ClientID: w.id, Scope: scope}, who); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	w.changeClient(w.id, func(c *oauth.Client) { c.Scopes = []string{"service"} })
	w.post("/oauth2/token", with(w.good(), "scope", csc.ScopeDeletion)).want(t, 400, "unauthorized_client", tableUnauthorized)
	w.provider.Changing = nil
	w.post("/oauth2/token", with(w.good(), "scope", csc.ScopeDeletion)).want(t, 400, "invalid_scope", tableInvalidScope)
}
