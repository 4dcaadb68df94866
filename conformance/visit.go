package conformance

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A visit is an authorization request and the signer who is sent along with it.
type visit struct {
	holding
	client   WebClient
	query    url.Values
	verifier string // PKCE's (RFC 7636 §4.1)
	details  string // authorization_details, "" if it has none
	label    string // of the documents in them
	digests  [][]byte
	browser  *browser
}

// asks changes a request, usually into one that must be refused.
type asks func(url.Values)

func wanting(name, value string) asks { return func(q url.Values) { q.Set(name, value) } }

func notWanting(name string) asks { return func(q url.Values) { q.Del(name) } }

// visit makes a right request for scope service, with changes.
func (t *Target) visit(changes ...asks) (*visit, error) {
	h, err := t.stock.pickVisitor()
	if err != nil {
		return nil, err
	}
	return t.visitOf(h, changes...)
}

func (t *Target) visitOf(h holding, changes ...asks) (*visit, error) {
	c := t.Fixtures.WebClient
	v := &visit{holding: h, client: c, verifier: rand.Text() + rand.Text()}
	challenge := sha256.Sum256([]byte(v.verifier))
	v.query = url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.RedirectURI}, "scope": {"service"}, "state": {rand.Text()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if t.Fixtures.AccountRequired && h.named() {
		token := accountToken{}.written(c.ClientKey, h.User.Account, t.Now())
		t.secrets.keep(token)
		v.query.Set("account_token", token)
	}
	for _, change := range changes {
		change(v.query)
	}
	var err error
	v.browser, err = t.browser(c.RedirectURI)
	return v, err
}

// visitToSign makes a right request for scope credential, for the digests and
// by the signer who can agree soonest.
func (t *Target) visitToSign(digests [][]byte, changes ...asks) (*visit, error) {
	h, err := t.stock.pick(roleCode)
	if err != nil {
		return nil, err
	}
	values := make([]string, len(digests))
	for i, d := range digests {
		values[i] = base64.RawURLEncoding.EncodeToString(d)
	}
	v, err := t.visitOf(h, append([]asks{
		wanting("scope", "credential"), wanting("credentialID", h.Credential.ID),
		wanting("numSignatures", strconv.Itoa(len(digests))), wanting("hashes", strings.Join(values, ",")),
		wanting("hashAlgorithmOID", oidSHA256),
	}, changes...)...)
	if err == nil {
		v.digests = digests
	}
	return v, err
}

// pickVisitor is the one of those with role code who was asked least.
func (s *stock) pickVisitor() (holding, error) {
	return s.least(roleCode, func(h holding) [3]int64 {
		used, _ := s.codes.load(h.User.ID)
		return [3]int64{int64(used)}
	})
}

// begin sends the signer to the server: what is shown is the login page, if the
// request is good.
func (t *Target) begin(ctx context.Context, v *visit) *page {
	endpoint, err := t.oauthURL(ctx, methodOAuth)
	if err != nil {
		return &page{Answer: &Answer{err: err}}
	}
	return v.browser.open(ctx, endpoint+"?"+v.query.Encode())
}

// enter has the signer log in, if asked to: what comes then is the way back,
// or the consent page.
func (t *Target) enter(ctx context.Context, v *visit) *page {
	if t.Person != nil {
		return t.handOver(ctx, v, "log in, and let the application list the certificates if the server asks")
	}
	p := t.begin(ctx, v)
	l := t.Fixtures.Login.orUsual()
	if p.err != nil || p.back != nil || !p.offers(l.Name, l.Password) {
		return p
	}
	p = v.browser.submit(ctx, p, map[string]string{l.Name: v.User.Login, l.Password: v.User.Password})
	if v.query.Get("scope") != "credential" && p.back == nil && p.offers(l.Decision+"="+l.Agree) && !p.offers(l.Code) {
		// There are servers that ask whether the application may see what there is.
		return v.browser.submit(ctx, p, map[string]string{l.Decision: l.Agree})
	}
	return p
}

// agree has the signer log in and agree.
func (t *Target) agree(ctx context.Context, v *visit) *page {
	if t.Person != nil {
		return t.handOver(ctx, v, "log in, and agree to sign")
	}
	p := t.enter(ctx, v)
	l := t.Fixtures.Login.orUsual()
	for p.err == nil && p.back == nil && p.offers(l.Code, l.Decision+"="+l.Agree) {
		a := &asking{holding: v.holding}
		code, err := t.value(ctx, a, "")
		if err != nil {
			return &page{Answer: &Answer{request: p.request, err: err}}
		}
		t.secrets.keep(code)
		doubtful := t.stock.codes.doubtful(v.User.ID)
		p = v.browser.submit(ctx, p, map[string]string{l.Code: code, l.Decision: l.Agree})
		t.stock.codes.spend(v.User.ID, a.step)
		if p.back == nil && !doubtful {
			break
		}
		if p.back == nil {
			t.stock.codes.skip(v.User.ID, t.Fixtures.window(), t.Now())
		}
	}
	return p
}

// decline has the signer log in and refuse.
func (t *Target) decline(ctx context.Context, v *visit) *page {
	if t.Person != nil {
		return t.handOver(ctx, v, "log in, and decline to sign")
	}
	p := t.enter(ctx, v)
	l := t.Fixtures.Login.orUsual()
	if p.err != nil || p.back != nil || !p.offers(l.Decision+"="+l.Decline) {
		return p
	}
	return v.browser.submit(ctx, p, map[string]string{l.Decision: l.Decline})
}

// handOver sends a person's browser, whatever the pages there look like, and goes
// on with the address it ends at.
func (t *Target) handOver(ctx context.Context, v *visit, deed string) *page {
	none := func(err error) *page { return &page{Answer: &Answer{request: "GET " + methodOAuth, err: err}} }
	endpoint, err := t.oauthURL(ctx, methodOAuth)
	if err != nil {
		return none(err)
	}
	end, err := t.Person(ctx, v.User.Login, deed, endpoint+"?"+v.query.Encode())
	if err != nil {
		return none(err)
	}
	at, err := url.Parse(strings.TrimSpace(end))
	if err != nil || !strings.HasPrefix(at.String(), v.client.RedirectURI) {
		return none(unmet("the person's browser ended elsewhere than at the application"))
	}
	t.secrets.keep(at.Query().Get("code"))
	return &page{Answer: &Answer{request: "GET " + methodOAuth, Status: http.StatusFound}, at: at, back: at.Query()}
}

// exchange gives a code for a token (§8.4.4); alter, if not nil, spoils the
// request.
func (t *Target) exchange(ctx context.Context, v *visit, code string, alter func(url.Values, http.Header)) *Answer {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {v.client.RedirectURI}, "code_verifier": {v.verifier},
	}
	if v.details != "" {
		form.Set("authorization_details", v.details)
	}
	return t.clientCall(ctx, methodToken, v.client.ClientKey, form, alter)
}

// permitted is what the signer of v gave: a code, exchanged for a token.
func (t *Target) permitted(ctx context.Context, v *visit, p *page) (Object, *Answer, error) {
	code, err := p.wantCode()
	if err != nil {
		return nil, nil, err
	}
	a := t.exchange(ctx, v, code, nil)
	o, err := a.WantOK()
	if token, _ := o.str("access_token"); err == nil && token == "" {
		err = a.unlike("an access_token")
	}
	return o, a, err
}

// tokenToSign is a token of scope credential for the digests, as an
// authorization: what is its SAD is also a bearer token.
func (t *Target) tokenToSign(ctx context.Context, digests ...[]byte) (*grant, error) {
	v, err := t.visitToSign(digests)
	if err != nil {
		return nil, err
	}
	return t.grantOf(ctx, v, t.agree(ctx, v))
}

func (t *Target) grantOf(ctx context.Context, v *visit, p *page) (*grant, error) {
	o, _, err := t.permitted(ctx, v, p)
	if err != nil {
		return nil, err
	}
	token, _ := o.str("access_token")
	life, ok := o.integer("expires_in")
	if !ok {
		life = 3600 // §8.4.4
	}
	algo, err := t.stock.algorithm(ctx, v.Credential.ID)
	return &grant{v.holding, roleCode, token, algo, v.digests, life, usable(t.Now(), life)}, err
}

// bearer is the body of signHash for a token in the header.
func (g *grant) bearer() Object { return g.body().but(without("SAD")) }
