package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pecete/pecete/oauth"
)

const (
	objectHeader = `{"alg":"$ALG","kid":"$KID","typ":"oauth-authz-req+jwt"}`
	objectClaims = `{"iss":"$CLIENT","client_id":"$CLIENT","aud":"$ISSUER","exp":$NOW+60,"iat":$NOW,"nbf":$NOW,"jti":"$JTI",$REST}`
	// What $REST stands for: the parameters of a request of either scope.
	objectService = `"response_type":"code","redirect_uri":"` + callback + `","state":"a b&c=ț",` +
		`"code_challenge":"` + challenge + `","code_challenge_method":"S256"`
)

// A signing is what a signed request is made of; "" is what a good one has.
type signing struct {
	assertion
	Rest string // service if "", credential, or bare: none
}

// sign writes a request object. What claims say before $REST stands for the same
// members in it.
func (a *application) signRequest(o signing) string {
	rest := map[string]string{
		"": objectService, "bare": `"x":1`,
		"credential": objectService + `,"scope":"credential","credentialID":"c_1","hashAlgorithmOID":"2.16.840.1.101.3.4.2.1",` +
			`"hashes":"` + urlHash("one") + "," + urlHash("two") + `"`,
	}[o.Rest]
	if o.Header == "" {
		o.Header = objectHeader
	}
	if o.Claims == "" {
		o.Claims = objectClaims
	}
	o.Claims = strings.Replace(o.Claims, "$REST", unsaid(rest, o.Claims), 1)
	return a.assert(o.assertion)
}

// unsaid is those of the members that claims have not.
func unsaid(members, claims string) string {
	var kept []string
	for _, member := range strings.Split(members, `,"`) {
		name, _, _ := strings.Cut(strings.TrimPrefix(member, `"`), `"`)
		if !strings.Contains(claims, `"`+name+`":`) {
			kept = append(kept, `"`+strings.TrimPrefix(member, `"`))
		}
	}
	return strings.Join(append(kept, `"end":1`), ",")
}

// pushSigned pushes a request object of a client that proves itself by an
// assertion; change may spoil the form.
func (w *town) pushSigned(a *application, o signing, change ...func(url.Values)) answer {
	w.t.Helper()
	form := a.proving(url.Values{"request": {a.signRequest(o)}}, assertion{})
	for _, f := range change {
		f(form)
	}
	return w.post("/oauth2/pushed_authorize", form)
}

type requestRow struct {
	Says   string
	object signing
	beside string
	Status int
	Error  string
}

func (r *requestRow) UnmarshalJSON(text []byte) error {
	var flat struct {
		Says, Header, Claims, Key, Rest, Beside, Error string
		Form                                           *string
		Status                                         int
	}
	err := json.Unmarshal(text, &flat)
	*r = requestRow{flat.Says, signing{assertion{flat.Header, flat.Claims, flat.Key, flat.Form}, flat.Rest}, flat.Beside, flat.Status, flat.Error}
	return err
}

// Everything a signed request can be: what is not one of the client for us and
// for now asks for nothing, and what is says all that is asked.
func TestRequestObjects(t *testing.T) {
	all := rows[requestRow](t, "requests.jsonl")
	if len(all) < 200 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change)
		a := w.application(oauth.PrivateKeyJWT)
		w.clock.move(time.Hour) // the store has run for longer than anything that is good
		for _, row := range all {
			form := a.proving(url.Values{"request": {a.signRequest(row.object)}}, assertion{})
			got := w.send("/oauth2/pushed_authorize", strings.TrimSuffix(form.Encode()+"&"+row.beside, "&"))
			if got.status != row.Status || row.Error != "" && got.body["error"] != row.Error {
				t.Errorf("%s: got %d %s, want %d %s", row.Says, got.status, got.text, row.Status, row.Error)
			}
			if row.Error == "invalid_request_object" {
				got.want(t, 400, row.Error, "Invalid parameter request")
			}
		}
	})
}

// application is a client of the town with keys, and the grants of the house's.
func (w *town) application(method string, change ...func(*oauth.Client)) *application {
	w.t.Helper()
	own, err := w.clients.Client(w.t.Context(), w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	a := newApplication(w.t, w.clock.Now)
	a.register(w.house, method, append([]func(*oauth.Client){func(c *oauth.Client) {
		c.RedirectURIs, c.Grants, c.Scopes = own.RedirectURIs, own.Grants, own.Scopes
	}}, change...)...)
	return a
}

// A signed request asks the signer for the same as one that was not signed, and
// what stands in the front channel beside it changes nothing.
func TestSignedRequestIsTheRequest(t *testing.T) {
	w := newTown(t)
	a := w.application(oauth.PrivateKeyJWT)
	claims := strings.Replace(objectClaims, "$REST", `"numSignatures":2,"description":"Contract","clientData":"order 7",$REST`, 1)
	got := w.pushSigned(a, signing{assertion: assertion{Claims: claims}, Rest: "credential"})
	if got.status != http.StatusCreated {
		t.Fatalf("not pushed: %d %s", got.status, got.text)
	}
	form := url.Values{"client_id": {a.id}, "request_uri": {got.is("request_uri")}, "numSignatures": {"9"}, "state": {"evil"}}
	b, plain := w.browser(), w.browser()
	v := b.authorize(form)
	signed := b.picture(b.step(v, "/login"))
	want := plain.picture(plain.step(plain.authorize(with(w.agreeing(), "client_id", w.id)), "/login"))
	if diff := cmp.Diff(want, signed, cmpopts.IgnoreUnexported(oauth.Interaction{}), cmpopts.IgnoreFields(oauth.Interaction{}, "ID", "Client")); diff != "" {
		t.Errorf("plain (-) and signed (+):\n%s", diff)
	}
	if told := b.agree(b.login(v, signer), "c_1").told(t); told.Get("code") == "" || told.Get("state") != "a b&c=ț" {
		t.Errorf("told %v", told)
	}
}

// A request object that names itself is good once, also signed again; another
// client's names are in nobody's way; one that was refused for another fault is
// not spent.
func TestRequestObjectReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change)
		a, b := w.application(oauth.PrivateKeyJWT), w.application(oauth.PrivateKeyJWT)
		one := signing{assertion: assertion{Claims: strings.NewReplacer("$NOW+60", "$NOW+600", "$JTI", "one").Replace(objectClaims)}}
		spoilt := one
		spoilt.Claims = strings.Replace(spoilt.Claims, "$REST", `"response_mode":"fragment",$REST`, 1)
		w.pushSigned(a, spoilt).want(t, 400, "invalid_request", "Invalid parameter response_mode")
		w.pushSigned(a, one, func(form url.Values) { form.Set("state", "x") }).want(t, 400, "invalid_request", tableInvalidRequest)
		text := a.signRequest(one)
		again := func() answer {
			return w.post("/oauth2/pushed_authorize", a.proving(url.Values{"request": {text}}, assertion{}))
		}
		if got := again(); got.status != http.StatusCreated {
			t.Fatalf("got %d %s", got.status, got.text)
		}
		again().want(t, 400, "invalid_request_object", "Invalid parameter request")
		w.pushSigned(a, one).want(t, 400, "invalid_request_object", "Invalid parameter request")
		if got := w.pushSigned(b, one); got.status != http.StatusCreated {
			t.Errorf("another client with the same jti: %d %s", got.status, got.text)
		}
		w.clock.move(599 * time.Second)
		again().want(t, 400, "invalid_request_object", "Invalid parameter request")
		w.clock.move(time.Second)
		again().want(t, 400, "invalid_request_object", "Invalid parameter request")
	})
}

// Of parallel pushes of one request object one is taken.
func TestRaceForRequestObject(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change)
		a := w.application(oauth.PrivateKeyJWT)
		for round := range rounds / 4 {
			text := a.signRequest(signing{})
			proofs := make([]url.Values, contenders)
			for i := range proofs {
				proofs[i] = a.proving(url.Values{"request": {text}}, assertion{})
			}
			if won := atOnce(func(i int) bool { return w.post("/oauth2/pushed_authorize", proofs[i]).status == http.StatusCreated }); won != 1 {
				t.Fatalf("round %d: one request object passed %d times", round, won)
			}
		}
	})
}

// A client that must sign its requests has no other way, and one without keys
// cannot sign any.
func TestSignedRequestsAreDemanded(t *testing.T) {
	w := newTown(t)
	a := w.application(oauth.PrivateKeyJWT, func(c *oauth.Client) { c.RequireJAR = true })
	if got := w.pushSigned(a, signing{}); got.status != http.StatusCreated {
		t.Errorf("signed: %d %s", got.status, got.text)
	}
	w.post("/oauth2/pushed_authorize", a.proving(w.asking(), assertion{})).want(t, 400, "invalid_request", "The request must be signed")
	told := w.browser().authorize(with(w.asking(), "client_id", a.id)).told(t)
	if told.Get("error") != "invalid_request" || told.Get("error_description") != "The request must be pushed" {
		t.Errorf("told %v", told)
	}
	text := a.signRequest(signing{assertion: assertion{Claims: strings.ReplaceAll(objectClaims, "$CLIENT", w.id)}})
	form := url.Values{"client_id": {w.id}, "client_secret": {string(w.secret)}, "request": {text}}
	w.post("/oauth2/pushed_authorize", form).want(t, 400, "invalid_request_object", "Invalid parameter request")
}

// In the browser a request object is refused, whoever signed it, and answered to
// the client.
func TestRequestObjectAtAuthorize(t *testing.T) {
	w := newTown(t)
	a := w.application(oauth.PrivateKeyJWT)
	told := w.browser().authorize(with(with(w.asking(), "client_id", a.id), "request", a.signRequest(signing{}))).told(t)
	if told.Get("error") != "request_not_supported" || told.Has("code") || told.Get("state") != "a b&c=ț" {
		t.Errorf("told %v", told)
	}
}

// What a client signed for one purpose is good for no other.
func TestSignedThingsAreNotMixedUp(t *testing.T) {
	w := newTown(t)
	a := w.application(oauth.PrivateKeyJWT)
	form := with(a.proving(w.good(), assertion{}), "client_assertion", a.signRequest(signing{assertion: assertion{Claims: strings.Replace(objectClaims, "{", `{"sub":"$CLIENT",`, 1)}}))
	w.post("/oauth2/token", form).want(t, 401, "invalid_client", "Invalid parameter client_assertion")
	claims := strings.Replace(objectClaims, "{", `{"sub":"$CLIENT",`, 1)
	w.pushSigned(a, signing{assertion: assertion{Header: goodHeader, Claims: claims}}).want(t, 400, "invalid_request_object", "Invalid parameter request")
}
