package soak

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
)

// A sight is one call and what came of it.
type sight struct {
	deed         string
	begun, ended time.Time
	status       int // 0: no answer
	words        string
	retry        bool // Retry-After was said
	err          error
}

// The deeds of the watch.
const (
	signs2     = "signHash, SCAL 2"
	signs1     = "signHash, SCAL 1"
	authorizes = "credentials/authorize"
	tokens     = "oauth2/token"
	lists      = "credentials/list"
)

// saysWrong is how credentials/authorize refuses what is no code at all: it is
// not counted as a try, and goes by way of all stores, the device and the log.
const saysWrong = "The authentication data is invalid"

// good reports whether the answer is that of a healthy server.
func (s sight) good() bool {
	return s.status == http.StatusOK || s.deed == authorizes && s.status == http.StatusBadRequest && s.words == saysWrong
}

// passes reports whether the answer says no more than "not now".
func (s sight) passes() bool { return s.status == http.StatusServiceUnavailable && s.retry }

// over reports whether the answer says that a grant or a token is not known any
// more, which is right when a store has lost it.
func (s sight) over() bool {
	return s.status == http.StatusUnauthorized || s.status == http.StatusBadRequest && s.words == "Invalid parameter SAD"
}

// A signing is a digest that somebody wanted signed.
type signing struct {
	signer   *signer
	digest   csc.Digest
	sad      csc.Secret
	bound    bool // the grant names it
	tries    int  // to have it signed
	signed   bool // with a signature that verifies
	refused  bool // by an answer, so that it was not
	unproved bool // what came does not verify
}

// A watch calls the server in every way all the time.
type watch struct {
	w    *town
	stop chan struct{}
	all  sync.WaitGroup

	mu       sync.Mutex
	sights   []sight
	signings []*signing
	token    csc.Secret
}

// calm lies between two calls of one caller, slow between two that cost a part
// of a grant.
const (
	calm = 25 * time.Millisecond
	slow = 75 * time.Millisecond
)

// look begins a watch and waits until all is well once.
func (w *town) look() *watch {
	w.t.Helper()
	v := &watch{w: w, stop: make(chan struct{})}
	v.renew()
	each := func(pause time.Duration, deed func()) {
		v.all.Go(func() {
			for !v.over() {
				deed()
				time.Sleep(pause)
			}
		})
	}
	for _, deed := range []string{signs1, signs1, signs2, signs2} {
		g := &granted{deed: deed}
		each(slow, func() { v.sign(g) })
	}
	each(calm, v.list)
	each(calm, v.ask)
	each(calm, v.authorize)
	if _, well := v.well(time.Now()); !well {
		w.t.Fatalf("the server is not well before: %v", v.complaints(time.Time{}))
	}
	return v
}

func (v *watch) over() bool {
	select {
	case <-v.stop:
		return true
	default:
		return false
	}
}

// end ends the watch.
func (v *watch) end() {
	close(v.stop)
	v.all.Wait()
}

// note keeps a sight.
func (v *watch) note(deed string, begun time.Time, err error) sight {
	s := sight{deed: deed, begun: begun, ended: time.Now(), err: err}
	switch e := told(err); {
	case err == nil:
		s.status = http.StatusOK
	case e != nil:
		s.status, s.words, s.retry = e.Status, e.Description, e.RetryAfter > 0
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sights = append(v.sights, s)
	return s
}

// api is the application with the watch's token, which is not renewed behind
// the watch's back.
func (v *watch) api() *client.Client {
	return &client.Client{BaseURL: v.w.URL + csc.BasePath, HTTP: v.w.web, Token: func(context.Context) (csc.Secret, error) {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.token, nil
	}}
}

// renew gets a new token; whoever cannot tries again later.
func (v *watch) renew() {
	token, err := v.w.serviceToken()
	if err != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.token = token
}

func (v *watch) list() {
	begun := time.Now()
	_, err := v.api().List(context.Background(), csc.ListRequest{UserID: v.w.signers[0].user})
	if s := v.note(lists, begun, err); s.status == http.StatusUnauthorized {
		v.renew()
	}
}

// ask asks for a token.
func (v *watch) ask() {
	begun := time.Now()
	_, err := v.w.serviceToken()
	v.note(tokens, begun, err)
}

func (v *watch) authorize() {
	begun := time.Now()
	s := v.w.signers[len(v.w.signers)-1]
	digest := sha256.Sum256([]byte("nothing"))
	_, err := v.api().Authorize(context.Background(), csc.AuthorizeRequest{
		CredentialID: s.credential, NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: "no code"}},
	})
	v.note(authorizes, begun, err)
}

// A granted is what a signer agreed to, and how far it was spent.
type granted struct {
	signer *signer
	deed   string
	sad    csc.Secret
	left   []*signing
}

// sign spends one signature of the grant, after another was agreed to if it is
// gone.
func (v *watch) sign(g *granted) {
	if len(g.left) == 0 && !v.agree(g) {
		return
	}
	one := g.left[0]
	g.left = g.left[1:]
	if s := v.try(g.deed, one); s.over() {
		g.left = nil
	}
}

// try has one digest signed.
func (v *watch) try(deed string, one *signing) sight {
	begun := time.Now()
	one.tries++
	got, err := v.api().SignHash(context.Background(), csc.SignHashRequest{
		CredentialID: one.signer.credential, SAD: one.sad, Hashes: []csc.Digest{one.digest}, SignAlgo: ecdsaSHA256,
	})
	s := v.note(deed, begun, err)
	if err == nil {
		one.signed = ecdsa.VerifyASN1(one.signer.public, one.digest, got.Signatures[0])
		one.unproved = !one.signed
	}
	one.refused = s.status/100 == 4
	return s
}

// agree has the signer agree to a hundred signatures.
func (v *watch) agree(g *granted) bool {
	code := v.turn(g)
	if code == "" {
		return false
	}
	req := csc.AuthorizeRequest{
		CredentialID: g.signer.credential, NumSignatures: perGrant, AuthData: []csc.AuthData{{ID: "OTP", Value: code}},
	}
	var all []*signing
	for i := range perGrant {
		digest := sha256.Sum256(fmt.Append(nil, code, g.signer.credential, i, time.Now().UnixNano()))
		all = append(all, &signing{signer: g.signer, digest: digest[:], bound: g.deed == signs2})
		if g.deed == signs2 {
			req.Hashes = append(req.Hashes, digest[:])
		}
	}
	if g.deed == signs2 {
		req.HashAlgorithmOID = csc.OIDSHA256
	}
	begun := time.Now()
	got, err := v.api().Authorize(context.Background(), req)
	if s := v.note(authorizes, begun, err); s.status == http.StatusUnauthorized {
		v.renew()
	}
	if err != nil {
		return false
	}
	for _, one := range all {
		one.sad = got.SAD
	}
	g.sad, g.left = got.SAD, all
	v.mu.Lock()
	v.signings = append(v.signings, all...)
	v.mu.Unlock()
	return true
}

// turn finds a signer who can agree now, and shows his code; "" if the watch
// ends before.
func (v *watch) turn(g *granted) csc.Secret {
	for !v.over() {
		for _, s := range v.w.signers {
			if s.scal != g.deed[len(g.deed)-1:] {
				continue
			}
			if code := s.code(); code != "" {
				g.signer = s
				return code
			}
		}
		time.Sleep(calm)
	}
	return ""
}

// since are the sights of calls that began after a time.
func (v *watch) since(t time.Time) []sight {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []sight
	for _, s := range v.sights {
		if s.begun.After(t) {
			all = append(all, s)
		}
	}
	return all
}

// well waits until every deed succeeds several times in a row, and returns when
// the last answer came that was not good; since if there was none.
func (v *watch) well(since time.Time) (bad time.Time, ok bool) {
	v.w.t.Helper()
	const enough = 5
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(calm) {
		bad = since
		row := map[string]int{}
		for _, s := range v.since(since) {
			if row[s.deed]++; !s.good() {
				row[s.deed] = 0
				if s.ended.After(bad) {
					bad = s.ended
				}
			}
		}
		ok = true
		for _, deed := range []string{signs1, signs2, authorizes, tokens, lists} {
			ok = ok && row[deed] >= enough
		}
		if ok {
			return bad, true
		}
	}
	return bad, false
}

// cannotAgree has a signer agree to a signature, who is told "not now".
func (w *town) cannotAgree() {
	w.t.Helper()
	v := &watch{w: w, stop: make(chan struct{})}
	v.renew()
	v.agree(&granted{deed: signs2})
	s := v.sights[len(v.sights)-1]
	if !s.passes() {
		w.t.Errorf("a signer who agrees meanwhile is told %d %s %v", s.status, s.words, s.err)
	}
}
