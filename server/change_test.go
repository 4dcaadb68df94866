package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

const demoPolicy = "1.3.6.1.4.1.32473.1"

// changers make and delete credentials with the house's parts.
func (h *house) changers() (*credentials.Creator, *credentials.Deleter) {
	return &credentials.Creator{
		Enroller: credentials.Enroller{Device: h.keys, Issuer: h.keys, Store: h.registry, Audit: h.auditLog, Now: h.clock.Now},
		Register: h.register, Policy: demoPolicy, Most: 3, Permits: credentials.Permits{Store: h.tickets, Now: h.clock.Now},
		Profile: func(now time.Time) credentials.Profile {
			return credentials.Profile{
				Description: "Made by an application", Key: csc.P256, SCAL: csc.SCAL2, Multisign: 10, Mode: csc.OAuth2Code, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0),
			}
		},
	}, &credentials.Deleter{Register: h.register, Device: h.keys, Audit: h.auditLog}
}

// newChanging is a house in which credentials may be made and deleted, with an
// application that may ask for both.
func newChanging(t *testing.T, change ...func(*house)) (*house, app) {
	h := newHouse(t, append(change, func(h *house) { h.changes = true })...)
	return h, h.mayChange(h.addWebApp("Web"))
}

func (h *house) mayChange(a app) app {
	h.t.Helper()
	c, err := h.registry.Client(h.t.Context(), a.id)
	must(h.t, err)
	c.Scopes = csc.Scopes()
	must(h.t, h.registry.UpdateClient(h.t.Context(), c))
	return a
}

// permit is a token for a change that the signer agreed to.
func (h *house) permit(a app, scope, details string) string {
	h.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	v := &visit{house: h}
	at := v.open("/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {callback}, "authorization_details": {details}, "scope": {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	for at.Host == "" {
		r := httptest.NewRequest(http.MethodGet, at.String(), nil)
		r.AddCookie(v.cookie)
		i, err := h.provider.Interaction(r)
		must(h.t, err)
		next := ""
		if at.Path == "/login" {
			next, err = h.provider.LoggedIn(h.t.Context(), i, h.user(h.signer.ID))
		} else {
			next, err = h.provider.Permitted(h.t.Context(), i, sum[:], 1)
		}
		must(h.t, err)
		at = v.open(next)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {a.id}, "client_secret": {a.secret}, "code": {at.Query().Get("code")},
		"redirect_uri": {callback}, "code_verifier": {verifier}, "authorization_details": {details},
	}
	got := h.send(http.MethodPost, "/oauth2/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded", "Authorization: ")
	var answer struct {
		Access string `json:"access_token"`
	}
	must(h.t, json.Unmarshal([]byte(got.body), &answer))
	if answer.Access == "" {
		h.t.Fatalf("no token: %d %s", got.status, got.body)
	}
	return answer.Access
}

func (h *house) mayCreate(a app) string {
	h.t.Helper()
	return h.permit(a, csc.ScopeCreation, `[{"type":"`+csc.DetailCreation2025+`"}]`)
}

func (h *house) mayDelete(a app, id string) string {
	h.t.Helper()
	return h.permit(a, csc.ScopeDeletion, `[{"type":"`+csc.DetailDeletion2025+`","credentialID":"`+id+`"}]`)
}

func (h *house) create(token, body string) answer {
	h.t.Helper()
	return h.call(csc.MethodCreate, body, "Authorization: Bearer "+token)
}

func (h *house) remove(token, id string, more ...string) answer {
	h.t.Helper()
	return h.call(csc.MethodDelete, fmt.Sprintf(`{"credentialDeletionRequest":{"credentialID":%q%s}}`, id, strings.Join(more, "")), "Authorization: Bearer "+token)
}

func made(t *testing.T, a answer) (resp csc.CreateResponse) {
	t.Helper()
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	must(t, json.Unmarshal([]byte(a.body), &resp))
	return resp
}

// Where nobody turned it on there is neither method.
func TestNoChangesUnlessConfigured(t *testing.T) {
	h := newHouse(t)
	for _, m := range []csc.Method{csc.MethodCreate, csc.MethodDelete} {
		if got := h.call(m, `{}`); got.status != http.StatusNotImplemented || slices.Contains(h.methods(), m) {
			t.Errorf("%s: %d %s", m, got.status, got.body)
		}
	}
}

// A permit makes one credential, however often and with whatever it is asked, and the
// signer can sign with it; everything is on record.
func TestCreate(t *testing.T) {
	h, web := newChanging(t)
	token := h.mayCreate(web)
	first := made(t, h.create(token, `{}`))
	if diff := cmp.Diff(csc.CreateResponse{CredentialID: first.CredentialID}, first); diff != "" {
		t.Errorf("told without being asked: %s", diff)
	}
	again := made(t, h.create(token, `{"credentialInfo":true,"certificates":"chain","certInfo":true,"authInfo":true,"lang":"ro"}`))
	if again.CredentialID != first.CredentialID || again.Key.Len != 256 || len(again.Cert.Certificates) != 2 || again.SCAL != csc.SCAL2 || again.Lang != "ro" {
		t.Errorf("the second answer is %+v", again)
	}
	service, _ := h.tokens(web, h.signer.ID, nil)
	list := decode[csc.ListResponse](t, h.call(csc.MethodList, `{}`, "Authorization: Bearer "+service))
	if diff := cmp.Diff([]string{first.CredentialID}, list.CredentialIDs); diff != "" {
		t.Errorf("the signer has %s", diff)
	}
	c, err := h.registry.Credential(t.Context(), first.CredentialID)
	must(t, err)
	toSign, _ := h.tokens(web, h.signer.ID, agreeing(c.ID, hash("a")))
	decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, "", hash("a")), "Authorization: Bearer "+toSign))
	var events []audit.Event
	for _, r := range h.records() {
		if r.Client == web.id && (r.Credential == c.ID || r.Event == audit.PermitIssued) {
			events = append(events, r.Event)
		}
	}
	want := []audit.Event{audit.PermitIssued, audit.KeyGenerated, audit.CertificateIssued, audit.CredentialAdded, audit.GrantIssued, audit.SignIntent, audit.SignDone}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("recorded: %s", diff)
	}
}

// Each scope opens its own methods and no others: nothing but credentials/create makes
// a credential, and nothing but credentials/delete deletes one.
func TestWhichTokenOpensWhat(t *testing.T) {
	h, web := newChanging(t)
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.Mode = csc.OAuth2Code })
	service, _ := h.tokens(web, h.signer.ID, nil)
	toSign, _ := h.tokens(web, h.signer.ID, agreeing(c.ID, hash("a")))
	keys := len(h.keys.keys)
	opened := map[string][]csc.Method{}
	tokens := map[string]string{"service": service, "client": h.token(web), "credential": toSign, "creation": h.mayCreate(web), "deletion": h.mayDelete(web, c.ID)}
	for name, token := range tokens {
		for _, m := range h.methods() {
			got := h.call(m, `{"token":5,"certificates":5,"credentialDeletionRequest":5,"credentialInfo":5}`, "Authorization: Bearer "+token)
			if m != csc.MethodInfo && got.status != http.StatusForbidden {
				opened[name] = append(opened[name], m)
			}
		}
	}
	three := []csc.Method{csc.MethodCredentialInfo, csc.MethodSignHash, csc.MethodSignDoc}
	all := slices.DeleteFunc(h.methods(), func(m csc.Method) bool {
		return m == csc.MethodInfo || m == csc.MethodCreate || m == csc.MethodDelete
	})
	want := map[string][]csc.Method{"service": all, "client": all, "credential": three, "creation": {csc.MethodCreate}, "deletion": {csc.MethodDelete}}
	if diff := cmp.Diff(want, opened); diff != "" {
		t.Errorf("what opens what: %s", diff)
	}
	if len(h.keys.keys) != keys {
		t.Error("the calls made or destroyed keys")
	}
}

func TestCreateRefusals(t *testing.T) {
	h, web := newChanging(t)
	token := h.permit(web, csc.ScopeCreation, `[{"type":"credential_creation","credentialCreationRequest":{"certificatePolicy":"`+demoPolicy+`","subjectData":{"given_name":"Demo"}}}]`)
	for _, row := range []struct{ name, body, says string }{
		{"another policy", `{"credentialCreationRequest":{"certificatePolicy":"1.2.3"}}`, "Invalid parameter certificatePolicy"},
		{"a policy of another type", `{"credentialCreationRequest":{"certificatePolicy":5}}`, "Invalid parameter certificatePolicy"},
		{"another subject", `{"credentialCreationRequest":{"subjectData":{"given_name":"Other"}}}`, "Invalid parameter subjectData"},
		{"more of the subject", `{"credentialCreationRequest":{"subjectData":{"given_name":"Demo","gender":"x"}}}`, "Invalid parameter subjectData"},
		{"no object", `{"credentialCreationRequest":"x"}`, "Invalid parameter credentialCreationRequest"},
		{"unknown certificates", `{"credentialInfo":true,"certificates":"all"}`, "Invalid parameter certificates"},
	} {
		wantRefusal(t, h.create(token, row.body), 400, "invalid_request", row.says)
	}
	if n := len(h.keys.keys); n != 0 {
		t.Errorf("%d keys were made", n)
	}
	made(t, h.create(token, `{"credentialCreationRequest":{"certificatePolicy":"`+demoPolicy+`","subjectData":{"given_name":"Demo"}}}`))
	for range 2 {
		made(t, h.create(h.mayCreate(web), `{}`))
	}
	wantRefusal(t, h.create(h.mayCreate(web), `{}`), 400, "invalid_request", "The signer has as many credentials as there may be")
}

// Many call with one permit at once, in memory and on Redis: one credential and one
// key come of it, and all are told of it.
func TestCreateAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		h, web := newChanging(t, change)
		token := h.mayCreate(web)
		var all sync.WaitGroup
		ids := make(chan string, 10)
		for range cap(ids) {
			all.Go(func() {
				got := h.create(token, `{}`)
				var told csc.CreateResponse
				if err := json.Unmarshal([]byte(got.body), &told); err != nil || got.status != http.StatusCreated {
					t.Errorf("%d %s", got.status, got.body)
				}
				ids <- told.CredentialID
			})
		}
		all.Wait()
		close(ids)
		first := <-ids
		for id := range ids {
			if id != first || id == "" {
				t.Errorf("%q and %q", first, id)
			}
		}
		if n := len(h.keys.keys); n != 1 {
			t.Errorf("%d keys", n)
		}
	})
}

// A deletion takes the credential, its key and what was agreed to with it, and says
// the same again; nothing more can be made with the permit it came of.
func TestDelete(t *testing.T) {
	h, web := newChanging(t)
	makes := h.mayCreate(web)
	id := made(t, h.create(makes, `{}`)).CredentialID
	c, err := h.registry.Credential(t.Context(), id)
	must(t, err)
	toSign, _ := h.tokens(web, h.signer.ID, agreeing(id, hash("a")))
	service, _ := h.tokens(web, h.signer.ID, nil)
	token := h.mayDelete(web, id)
	for range 2 {
		if got := h.remove(token, id, `,"revoke":true,"revocationReason":5`); got.status != http.StatusNoContent || got.body != "" {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, "", hash("a")), "Authorization: Bearer "+toSign), 400, "invalid_request", "Invalid parameter credentialID")
	wantRefusal(t, h.call(csc.MethodCredentialInfo, `{"credentialID":"`+id+`"}`, "Authorization: Bearer "+service), 400, "invalid_request", "Invalid parameter credentialID")
	if list := decode[csc.ListResponse](t, h.call(csc.MethodList, `{}`, "Authorization: Bearer "+service)); len(list.CredentialIDs) != 0 {
		t.Errorf("the signer has %v", list.CredentialIDs)
	}
	wantRefusal(t, h.create(makes, `{}`), 400, "access_denied", "")
	gone, err := h.registry.Gone(t.Context(), id, web.id)
	if err != nil || !gone.Revoked || len(h.keys.keys) != 0 || h.keys.count() != 0 {
		t.Errorf("%v, %d keys, %d signatures", err, len(h.keys.keys), h.keys.count())
	}
}

func TestDeleteRefusals(t *testing.T) {
	h, web := newChanging(t)
	c := h.credential(h.signer, csc.P256, nil)
	other := h.credential(h.signer, csc.P256, nil)
	strangers := h.credential(h.stranger(), csc.P256, nil)
	token := h.mayDelete(web, c.ID)
	for _, row := range []struct{ name, id, more, says string }{
		{"another credential of the signer", other.ID, "", "Invalid parameter credentialID"},
		{"a stranger's", strangers.ID, "", "Invalid parameter credentialID"},
		{"nobody's", "c_0", "", "Invalid parameter credentialID"},
		{"a revocation for no reason", c.ID, `,"revoke":true`, "Missing (or invalid type) integer parameter revocationReason"},
		{"for what is no reason", c.ID, `,"revoke":true,"revocationReason":7`, "Invalid parameter revocationReason"},
		{"beyond the reasons", c.ID, `,"revoke":true,"revocationReason":11`, "Invalid parameter revocationReason"},
		{"below them", c.ID, `,"revoke":true,"revocationReason":-1`, "Invalid parameter revocationReason"},
		{"a reason without a revocation", c.ID, `,"revocationReason":1`, "Invalid parameter revocationReason"},
		{"a reason of another type", c.ID, `,"revoke":true,"revocationReason":"1"`, "Missing (or invalid type) integer parameter revocationReason"},
	} {
		wantRefusal(t, h.remove(token, row.id, row.more), 400, "invalid_request", row.says)
	}
	wantRefusal(t, h.call(csc.MethodDelete, `{}`, "Authorization: Bearer "+token), 400, "invalid_request", "Missing (or invalid type) object parameter credentialDeletionRequest")
	wantRefusal(t, h.call(csc.MethodDelete, `{"credentialDeletionRequest":{}}`, "Authorization: Bearer "+token), 400, "invalid_request", "Missing (or invalid type) string parameter credentialID")
	if n := len(h.keys.keys); n != 3 {
		t.Errorf("%d keys are left", n)
	}
	if got := h.remove(token, c.ID); got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A client that acts for itself deletes for signers it is linked to, who are told, and
// for nobody else.
func TestDeleteUnasked(t *testing.T) {
	h, _ := newChanging(t)
	c, strangers := h.credential(h.signer, csc.P256, nil), h.credential(h.stranger(), csc.P256, nil)
	trusted := h.mayChange(h.addApp("Employer", h.signer.ID))
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {trusted.id}, "client_secret": {trusted.secret}, "scope": {csc.ScopeDeletion}}
	got := h.send(http.MethodPost, "/oauth2/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded", "Authorization: ")
	token := decode[struct {
		Access string `json:"access_token"`
	}](t, got).Access
	wantRefusal(t, h.remove(token, strangers.ID), 400, "invalid_request", "Invalid parameter credentialID")
	if got := h.remove(token, c.ID); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	due, err := h.registry.DueCredentialNotices(t.Context(), h.clock.Now(), 9)
	if err != nil || len(due) != 1 || due[0].CredentialID != c.ID || due[0].ClientID != trusted.id || due[0].Fate != credentials.FateDeleted {
		t.Errorf("to be told: %+v, %v", due, err)
	}
	if _, err := h.registry.Credential(context.WithoutCancel(t.Context()), strangers.ID); err != nil {
		t.Error(err)
	}
}
