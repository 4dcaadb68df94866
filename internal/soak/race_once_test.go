package soak_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/soak"
)

var contests = flag.Int("contests", 20, "rounds of the contest for each thing that is good once")

// A prize is a thing that is good once: each round makes one, and contends for
// it.
type prize struct {
	name  string
	saw   string // by the losers
	round func(c *fight)
}

// A fight is a town in which eight contend for one thing, half of them at each
// process.
type fight struct {
	*town
	judge   judge
	visitor *visitor
	prover  *prover
}

// prizes are all things that are good once. Whoever adds one to the server adds
// its line.
func prizes() []prize {
	return []prize{
		{"a pushed request, its interaction and its code", "a page that says so; 400 invalid_grant, and the winner's tokens are over", (*fight).theWay},
		{"a refresh token", "400 invalid_grant, and the login is over", (*fight).refreshToken},
		{"a client assertion", "401 invalid_client", (*fight).assertion},
		{"a signed request", "400 invalid_request_object", (*fight).signedRequest},
		{"a proof of possession, for a token and with it", "400 and 401 invalid_dpop_proof", (*fight).possession},
		{"an account token", "400 invalid_request", (*fight).accountToken},
		{"an initial access token", "401 invalid_token", (*fight).initialToken},
		{"a code of the authenticator", "400 invalid_authentication_data", (*fight).timeStep},
	}
}

// Two processes on one Redis and one PostgreSQL: whatever is good once has one
// winner of eight, whoever asks where.
func TestOneOfEightWins(t *testing.T) {
	c := &fight{town: settle(t, settling{signers: *contests + 1, profile: []string{"--scal", "1", "--multisign", "1"}})}
	c.visitor = c.town.visitor("contested")
	c.prover = c.town.prover("Prover", "--redirect-uri", home)
	c.account(c.visitor, "account of old")
	for _, p := range prizes() {
		t.Run(p.name, func(t *testing.T) {
			outer := c.t
			c.t, c.visitor.t, c.prover.t = t, t, t
			defer func() { c.t, c.visitor.t, c.prover.t = outer, outer, outer }()
			for n := 0; n < *contests && !t.Failed(); n++ {
				p.round(c)
			}
		})
		record(t, soak.Row{
			Group: "race", Fault: "8 contend for " + p.name + ", over two processes", Tries: *contests,
			Saw: "200 for one; " + p.saw, Lost: "nothing",
		})
	}
	if v := c.judge.read(t, c.town); v.excess != 0 {
		t.Errorf("%d signatures too many", v.excess)
	}
	c.close()
}

// contend has eight do the same at once, at the one process or the other, and
// demands one winner.
func (c *fight) contend(what string, try func(n int, p *process) bool) (winner int) {
	c.t.Helper()
	winner = -1
	var won atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	start := make(chan struct{})
	for n := range contenders {
		all.Go(func() {
			<-start
			if try(n, c.two[n%2]) {
				won.Add(1)
				mu.Lock()
				winner = n
				mu.Unlock()
			}
		})
	}
	close(start)
	all.Wait()
	if got := won.Load(); got != 1 {
		c.t.Fatalf("%s: %d of %d won", what, got, contenders)
	}
	return winner
}

// lost demands that an error is this refusal, or that there were too many of it.
func (c *fight) lost(what string, err error, status int, code csc.Code) bool {
	var told *client.Error
	switch {
	case err == nil:
		return false
	case errors.As(err, &told) && told.Status == http.StatusTooManyRequests:
	case !errors.As(err, &told) || told.Status != status || told.Code != code:
		c.t.Errorf("%s: a loser saw %v", what, err)
	}
	return true
}

// theWay contends for each step of a signer's way that counts once: eight
// browsers open one request, eight windows of one browser finish it, and eight
// times the code is redeemed.
func (c *fight) theWay() {
	v, ctx := c.visitor, c.t.Context()
	address := v.address(v.push(c.two[0], v.toSee()))
	at := func(p *process) func() *http.Client { return browser.Always(p.api.HTTP) }
	var browsers [contenders]*browser.Browser
	var pages [contenders]*browser.Page
	winner := c.contend("a pushed request", func(n int, p *process) bool {
		browsers[n] = browser.New(home, at(p))
		var err error
		if pages[n], err = browsers[n].Open(ctx, address); err != nil {
			c.t.Errorf("a browser: %v", err)
			return false
		}
		won := pages[n].Fields.Has("password")
		if !won && pages[n].Status != http.StatusBadRequest {
			c.t.Errorf("a loser's browser saw %d", pages[n].Status)
		}
		return won
	})
	b, login := browsers[winner], pages[winner]
	login.Fields.Set("email", v.email)
	login.Fields.Set("password", v.password)
	resp, err := b.Do(ctx, http.MethodPost, login.At.String(), login.Fields)
	fine(c.t, err)
	next, err := resp.Location()
	fine(c.t, errors.Join(err, resp.Body.Close()))
	codes := [contenders]string{}
	winner = c.contend("an interaction", func(n int, p *process) bool {
		page, err := b.By(at(p)).Open(ctx, next.String())
		if err != nil {
			c.t.Errorf("a window: %v", err)
			return false
		}
		codes[n] = page.Back.Get("code")
		return codes[n] != ""
	})
	var got [contenders]tokens
	won := c.contend("a code", func(n int, p *process) bool {
		var err error
		got[n], err = v.redeem(p, codes[winner])
		return !c.lost("a code", err, http.StatusBadRequest, csc.InvalidGrant)
	})
	c.dead("replays of the code", got[won])
}

// dead demands that nothing of a login is alive at either process.
func (c *fight) dead(after string, got tokens) {
	c.t.Helper()
	for _, p := range c.two {
		_, err := c.visitor.api(p, got.Access).List(c.t.Context(), csc.ListRequest{})
		c.lost(after, alive(err), http.StatusUnauthorized, csc.InvalidToken)
		if got.Refresh != "" {
			_, err = c.visitor.refresh(p, got.Refresh)
			c.lost(after, alive(err), http.StatusBadRequest, csc.InvalidGrant)
		}
	}
}

var errAlive = errors.New("it is alive")

func alive(err error) error {
	if err == nil {
		return errAlive
	}
	return err
}

func (c *fight) refreshToken() {
	v := c.visitor
	first := v.seeing(c.two[0], c.two[1])
	var got [contenders]tokens
	won := c.contend("a refresh token", func(n int, p *process) bool {
		var err error
		got[n], err = v.refresh(p, first.Refresh)
		return !c.lost("a refresh token", err, http.StatusBadRequest, csc.InvalidGrant)
	})
	c.dead("reuse", got[won])
	c.dead("reuse", tokens{Access: first.Access})
}

func (c *fight) assertion() {
	form := c.prover.proving(url.Values{"grant_type": {"client_credentials"}})
	c.contend("an assertion", func(_ int, p *process) bool {
		return !c.lost("an assertion", p.post(c.t.Context(), "/oauth2/token", form, nil), http.StatusUnauthorized, csc.InvalidClient)
	})
}

// signedRequest is pushed by eight, each with an assertion of its own.
func (c *fight) signedRequest() {
	object := c.prover.request(c.visitor.asking(c.visitor.toSee()))
	var forms [contenders]url.Values
	for n := range forms {
		forms[n] = c.prover.proving(url.Values{"request": {object}})
	}
	c.contend("a signed request", func(n int, p *process) bool {
		return !c.lost("a signed request", p.post(c.t.Context(), "/oauth2/pushed_authorize", forms[n], nil), http.StatusBadRequest, csc.InvalidRequestObject)
	})
}

// possession is shown by eight with one proof, for a token and then with it.
func (c *fight) possession() {
	const path = "/oauth2/token"
	ctx, held := c.t.Context(), newHolder(c.t)
	proof := held.shows(c.two[0], path, "")
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.app.ID}}
	var got [contenders]tokens
	won := c.contend("a proof for a token", func(n int, p *process) bool {
		err := p.post(ctx, path, form, &got[n], proof, bySecret(c.app))
		return !c.lost("a proof for a token", err, http.StatusBadRequest, csc.InvalidDPoPProof)
	})
	proof = held.shows(c.two[0], listPath, got[won].Access)
	c.contend("a proof with a token", func(_ int, p *process) bool {
		return !c.lost("a proof with a token", p.lists(ctx, c.crowd.all[0].User, proof), http.StatusUnauthorized, csc.InvalidDPoPProof)
	})
}

func (c *fight) accountToken() {
	form := c.visitor.asking(c.visitor.toSee())
	form.Set("account_token", c.visitor.accountToken("account of old"))
	c.contend("an account token", func(_ int, p *process) bool {
		return !c.lost("an account token", c.visitor.post(p, "/oauth2/pushed_authorize", maps.Clone(form), nil), http.StatusBadRequest, csc.InvalidRequest)
	})
}

// initialToken lets one client register itself.
func (c *fight) initialToken() {
	token := c.invite()
	c.contend("an initial access token", func(n int, p *process) bool {
		err := p.register(c.t.Context(), token, fmt.Sprintf("Contender %d", n))
		return !c.lost("an initial access token", err, http.StatusUnauthorized, csc.InvalidToken)
	})
}

func (c *fight) timeStep() {
	s := c.crowd.take() // and never left: the losers count as failures of his
	if s == nil {
		c.t.Fatal("no signer can agree any more")
	}
	code := s.code(c.t)
	c.contend("a code of the authenticator", func(n int, p *process) bool {
		_, err := p.api.Authorize(c.t.Context(), csc.AuthorizeRequest{
			CredentialID: s.Credential, NumSignatures: 1, AuthData: []csc.AuthData{{ID: "OTP", Value: code}},
		})
		if err != nil && strings.Contains(err.Error(), "Credential locked") {
			return false // seven failures are more than are judged
		}
		return !c.lost("a code of the authenticator", err, http.StatusBadRequest, csc.InvalidAuthenticationData)
	})
}
