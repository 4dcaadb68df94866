package oauth_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
)

type proofRow struct {
	Says string
	proofOf
	Status int    // at our endpoints
	API    string // the code at the API, if another than at our endpoints
	Error  string
	Why    string
}

func (r *proofRow) UnmarshalJSON(text []byte) error {
	var flat struct {
		Says, Header, Claims, Key, API, Error, Why string
		Form                                       *string
		Status                                     int
	}
	err := json.Unmarshal(text, &flat)
	*r = proofRow{flat.Says, proofOf{flat.Header, flat.Claims, flat.Key, flat.Form}, flat.Status, flat.API, flat.Error, flat.Why}
	return err
}

// Everything a proof can be, at the token endpoint, where requests are pushed,
// and at the API: what is not one of its key, for this request and of now,
// proves nothing.
func TestProofs(t *testing.T) {
	all := rows[proofRow](t, "proofs.jsonl")
	if len(all) < 200 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change, func(h *house) { h.provider.MutualURL = mutual })
		// A key for each of the three: the same proof is no other because it goes
		// elsewhere.
		pushing, asking, calling := newApplication(t, w.clock.Now), newApplication(t, w.clock.Now), newApplication(t, w.clock.Now)
		w.clock.move(time.Hour) // the store has run for longer than anything that is good
		tokens := map[string]csc.Secret{}
		for _, alg := range []string{"ES256", "PS256", "EdDSA"} {
			got := w.post("/oauth2/token", w.good(), header("DPoP", calling.prove(proofOf{Key: alg}, issuer+"/oauth2/token", "")))
			tokens[alg] = csc.Secret(got.is("access_token"))
		}
		for _, row := range all {
			got := w.post("/oauth2/token", w.good(), header("DPoP", asking.prove(row.proofOf, issuer+"/oauth2/token", "")))
			row.judges(t, got, 200)
			if got.status == 200 && got.is("token_type") != "DPoP" {
				t.Errorf("%s: a token that is not bound: %s", row.Says, got.text)
			}
			const push = "/oauth2/pushed_authorize"
			row.judges(t, w.post(push, w.pushedForm(w.asking()), header("DPoP", pushing.prove(row.proofOf, issuer+push, ""))), 201)

			token, ok := tokens[row.Key]
			if !ok {
				token = tokens["ES256"]
			}
			r := at(csc.MethodList)
			r.Header.Set("DPoP", calling.prove(row.proofOf, r.URL.String(), token))
			row.judgesCall(t, w.provider, r, token)
		}
	})
}

func (r proofRow) judges(t *testing.T, got answer, good int) {
	t.Helper()
	if r.Status == 200 {
		if got.status != good {
			t.Errorf("%s: got %d %s", r.Says, got.status, got.text)
		}
		return
	}
	why, _ := got.body["error_description"].(string)
	if got.status != r.Status || got.body["error"] != r.Error || !strings.Contains(why, r.Why) {
		t.Errorf("%s: got %d %s, want %d %s: %s", r.Says, got.status, got.text, r.Status, r.Error, r.Why)
	}
}

func (r proofRow) judgesCall(t *testing.T, p *oauth.Provider, call *http.Request, token csc.Secret) {
	t.Helper()
	_, err := p.Caller(call, token, true)
	if r.Error == "" && r.API == "" {
		if err != nil {
			t.Errorf("at the API: %s: %v", r.Says, err)
		}
		return
	}
	said := (*csc.Error)(nil)
	if !errors.As(err, &said) || string(said.Code) != r.Error+r.API || !strings.Contains(said.Description, r.Why) {
		t.Errorf("at the API: %s: got %v, want %s%s: %s", r.Says, err, r.Error, r.API, r.Why)
	}
}

// A proof is the header's only value, and it is none in a form.
func TestProofStandsAlone(t *testing.T) {
	h := newHouse(t)
	a := newApplication(t, h.clock.Now)
	const path = "/oauth2/token"
	proof := func() string { return a.prove(proofOf{}, issuer+path, "") }
	got := h.post(path, h.good(), header("DPoP", proof()), header("DPoP", proof()))
	got.want(t, 400, "invalid_dpop_proof", "Invalid DPoP proof: there is more than one")
	h.post(path, h.good(), header("DPoP", "")).want(t, 400, "invalid_dpop_proof", "Invalid DPoP proof: it is no signed JWT of type dpop+jwt with ES256, PS256 or EdDSA")
	if got := h.post(path, with(h.good(), "DPoP", proof())); got.is("token_type") != "Bearer" {
		t.Errorf("got %d %s", got.status, got.text)
	}
	if got := h.post(path, h.good(), header("dpop", proof())); got.is("token_type") != "DPoP" {
		t.Errorf("in small letters: %d %s", got.status, got.text)
	}
}

// A proof is good once, wherever it is for and as long as it would still be good.
// Another key's jti is in nobody's way.
func TestProofIsGoodOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change)
		a, b := newApplication(t, h.clock.Now), newApplication(t, h.clock.Now)
		one := proofOf{Claims: strings.Replace(goodProofClaims, "$JTI", "one", 1)}
		const path = "/oauth2/token"
		again := func(proof string) {
			t.Helper()
			h.post(path, h.good(), header("DPoP", proof)).want(t, 400, "invalid_dpop_proof", "Invalid DPoP proof: it was used before")
		}
		proof := a.prove(one, issuer+path, "")
		got := h.post(path, h.good(), header("DPoP", proof))
		if got.status != 200 {
			t.Fatalf("got %d %s", got.status, got.text)
		}
		again(proof)
		again(a.prove(one, issuer+path, "")) // signed again, with the jti of before
		token := csc.Secret(got.is("access_token"))
		r := at(csc.MethodList)
		r.Header.Set("DPoP", a.prove(one, r.URL.String(), token))
		_, err := h.provider.Caller(r, token, true)
		wantProof(t, err, csc.InvalidDPoPProof, "it was used before")
		if got := h.post(path, h.good(), header("DPoP", b.prove(one, issuer+path, ""))); got.status != 200 {
			t.Errorf("another key with the same jti: %d %s", got.status, got.text)
		}
		r = at(csc.MethodList, a.with(token))
		if _, err := h.provider.Caller(r, token, true); err != nil {
			t.Error(err)
		}
		_, err = h.provider.Caller(r, token, true)
		wantProof(t, err, csc.InvalidDPoPProof, "it was used before")
		h.clock.move(59 * time.Second)
		again(proof)
	})
}

// A proof that is refused for another fault is not used up, and one that is of no
// use to its token is none of the store's.
func TestProofIsUsedLast(t *testing.T) {
	spied := &spy{}
	h := newHouse(t, func(h *house) { spied.Store = h.tokens; h.provider.Tokens = spied })
	a, b := newApplication(t, h.clock.Now), newApplication(t, h.clock.Now)
	const path = "/oauth2/token"
	proof := header("DPoP", a.prove(proofOf{}, issuer+path, ""))
	for _, spoilt := range []string{"grant_type", "client_secret", "client_id", "scope"} {
		if got := h.post(path, with(h.good(), spoilt, "x"), proof); got.status == 200 {
			t.Fatal("a spoilt request passed")
		}
	}
	got := h.post(path, h.good(), proof)
	if got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	token, before := csc.Secret(got.is("access_token")), len(spied.seen)
	if _, err := h.provider.Caller(at(csc.MethodList, b.with(token)), token, true); err == nil {
		t.Fatal("another key passed")
	}
	if len(spied.seen) != before {
		t.Errorf("another key's proof is kept: %q", spied.seen[before:])
	}
}

// Two servers on one Redis: of any number of uses of one proof one passes, at
// the token endpoint and at the API. What was made before a restart passes
// nowhere after it, and without Redis nothing does.
func TestRaceForProof(t *testing.T) {
	server := proctest.Redis(t, "--appendfsync", "no")
	var two [2]*house
	for i := range two {
		store := openRedis(t, server)
		two[i] = newHouse(t, func(h *house) {
			h.tokens, h.provider.Tokens = store, store
			h.clock.now = time.Now().Add(2 * time.Second)
			if i > 0 {
				h.clock, h.provider.Now = two[0].clock, two[0].clock.Now
				h.clients, h.provider.Clients = two[0].clients, two[0].clients
			}
		})
	}
	a := newApplication(t, two[0].clock.Now)
	const path = "/oauth2/token"
	ask := func(i int, proof string) answer { return two[i%2].post(path, two[0].good(), header("DPoP", proof)) }
	var token csc.Secret
	for round := range rounds {
		proof, tokens := a.prove(proofOf{}, issuer+path, ""), make([]string, contenders)
		if won := atOnce(func(i int) bool {
			tokens[i] = ask(i, proof).is("access_token")
			return tokens[i] != ""
		}); won != 1 {
			t.Fatalf("round %d: one proof gave %d tokens", round, won)
		}
		token = csc.Secret(strings.Join(tokens, ""))
		call := at(csc.MethodList, a.with(token)).Header.Get("DPoP")
		if won := atOnce(func(i int) bool {
			_, err := two[i%2].provider.Caller(at(csc.MethodList, setHeader("DPoP", call)), token, true)
			return err == nil
		}); won != 1 {
			t.Fatalf("round %d: one proof passed %d times at the API", round, won)
		}
	}
	used, unused := a.prove(proofOf{}, issuer+path, ""), a.prove(proofOf{}, issuer+path, "")
	if got := ask(0, used); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	for time.Now().Before(two[0].clock.Now()) { // the restart is after what was made
		time.Sleep(10 * time.Millisecond)
	}
	server.Restart()
	for i := range two {
		for says, proof := range map[string]string{"used": used, "unused": unused} {
			if got := ask(i, proof); got.status != 400 || got.body["error"] != "invalid_dpop_proof" {
				t.Errorf("server %d, %s before the restart: %d %s", i, says, got.status, got.text)
			}
		}
	}
	server.Kill9()
	ask(0, a.prove(proofOf{}, issuer+path, "")).wantUnavailable(t)
	if _, err := two[1].provider.Caller(at(csc.MethodList, a.with(token)), token, true); !unavailable(err) {
		t.Errorf("without Redis: %v", err)
	}
}

// Where the store of proofs cannot be asked, nothing passes, and nothing is said
// of the proof.
func TestOutageOfProofs(t *testing.T) {
	w, tokens, _ := fragileTown(t)
	a := newApplication(t, w.clock.Now)
	token := csc.Secret(w.bound(a))
	good := w.redeeming(w.code(w.asking()))
	tokens.verb = "Put"
	w.post("/oauth2/token", good, a.with("")).wantUnavailable(t)
	w.post("/oauth2/pushed_authorize", w.pushedForm(w.asking()), a.with("")).wantUnavailable(t)
	if _, err := w.provider.Caller(at(csc.MethodList, a.with(token)), token, true); !unavailable(err) {
		t.Errorf("at the API: %v", err)
	}
	tokens.verb = ""
	if got := w.post("/oauth2/token", good, a.with("")); got.status != 200 { // the code was not spent
		t.Errorf("after the outage: %d %s", got.status, got.text)
	}
}

// What a bound token is, in the record and where it is used.
func TestBoundToken(t *testing.T) {
	w := newTown(t)
	a := newApplication(t, w.clock.Now)
	got := w.post("/oauth2/token", w.redeeming(w.code(w.agreeing())), a.with(""))
	if got.status != 200 || got.is("token_type") != "DPoP" {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	who, err := w.calls(a, got.is("access_token"))
	holder := "jkt " + a.thumbprint()
	want := credentials.Caller{ClientID: w.id, UserID: signer, Scope: "credential", GrantID: who.GrantID, CredentialIDs: []string{"c_1"}, Holder: holder}
	if diff := cmp.Diff(want, who); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if g, err := w.grants.Get(t.Context(), who.GrantID); err != nil || g.Holder != holder {
		t.Errorf("the grant is held by %q, %v", g.Holder, err)
	}
	wantAudit := []audit.Entry{{Event: audit.TokenIssued, Client: w.id, User: signer, Reason: "scope credential, bound to " + holder}}
	if diff := cmp.Diff(wantAudit, w.record.of(audit.TokenIssued)); diff != "" {
		t.Error(diff)
	}
}

// A bound token is no bearer token, one that is not bound is not for DPoP, and of
// two keys only one has it.
func TestSchemesAreNotMixed(t *testing.T) {
	h := newHouse(t)
	a, b := newApplication(t, h.clock.Now), newApplication(t, h.clock.Now)
	bound, free := csc.Secret(h.bound(a)), h.issue()
	_, err := h.provider.Bearer(t.Context(), bound)
	wantProof(t, err, csc.InvalidToken, "bound to a key")
	_, err = h.provider.Caller(at(csc.MethodList, a.with(bound)), bound, false) // a proof beside Bearer
	wantProof(t, err, csc.InvalidToken, "bound to a key")
	_, err = h.provider.Caller(at(csc.MethodList), bound, true)
	wantProof(t, err, csc.InvalidDPoPProof, "it is missing")
	_, err = h.provider.Caller(at(csc.MethodList, a.with(free)), free, true)
	wantProof(t, err, csc.InvalidToken, "bound to no key")
	_, err = h.provider.Caller(at(csc.MethodList, b.with(bound)), bound, true)
	wantProof(t, err, csc.InvalidToken, "another key")
	_, err = h.provider.Caller(at(csc.MethodSignHash, setHeader("DPoP", at(csc.MethodList, a.with(bound)).Header.Get("DPoP"))), bound, true)
	wantProof(t, err, csc.InvalidDPoPProof, "its htu")
	if _, err := h.calls(a, string(bound)); err != nil {
		t.Error(err)
	}
	if _, err := h.provider.Bearer(t.Context(), free); err != nil {
		t.Error(err)
	}
	_, err = h.provider.Caller(at(csc.MethodList, a.with("x")), "x", true)
	if !errors.Is(err, oauth.ErrTokenUnknown) {
		t.Errorf("a token of nobody: %v", err)
	}
}

// The address is the one that clients are told, whatever the request says of the
// host it came to.
func TestHostOfRequestDoesNotCount(t *testing.T) {
	h := newHouse(t)
	a := newApplication(t, h.clock.Now)
	evil := func(r *http.Request) {
		r.Host, r.URL.Host = "evil.example", "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
	}
	for uri, want := range map[string]int{"https://evil.example/oauth2/token": 400, issuer + "/oauth2/token": 200} {
		if got := h.post("/oauth2/token", h.good(), header("DPoP", a.prove(proofOf{}, uri, "")), evil); got.status != want {
			t.Errorf("%s: %d %s", uri, got.status, got.text)
		}
	}
}
