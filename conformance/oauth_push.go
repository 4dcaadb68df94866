package conformance

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// pushCases are the requirements of oauth2/pushed_authorize (v2.0.0.2 §8.4.3).
var pushCases = []Case{
	{ID: "push/answer", Check: "CSC-PAR-001", Ref: refTo(methodPush), Level: Optional, Needs: web(),
		Says: "a pushed request is answered by 201 with a request_uri and expires_in",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstPush(ctx)
			o, err := a.Object()
			if err != nil {
				return err
			}
			uri, _ := o.str("request_uri")
			if n, ok := o.integer("expires_in"); a.Status != http.StatusCreated || uri == "" || !ok || n <= 0 {
				return a.unlike("201 with a request_uri and expires_in above zero")
			}
			return nil
		}},
	{ID: "push/used", Check: "CSC-PAR-002", Ref: refTo(methodPush), Level: Must, Needs: web(),
		Says: "client_id and the request_uri are enough to send a signer with",
		Run: func(ctx context.Context, t *Target) error {
			p, err := t.pushedEntrance(ctx)
			if err != nil {
				return err
			}
			if _, err = p.page.wantCode(); err != nil {
				return err
			}
			if p.page.back.Get("state") != p.state {
				return p.page.told("the state that was pushed")
			}
			return nil
		}},
	{ID: "push/client-unproven", Check: "CSC-PAR-003", Ref: refTo(methodPush), Level: Must, Needs: web(),
		Says: "a client that does not prove itself pushes nothing",
		Run: pushRefused(refusal{status: []int{400, 401}}, func(f url.Values, h http.Header) {
			f.Del("client_secret")
			h.Del("Authorization")
		})},
	{ID: "push/request-uri", Check: "CSC-PAR-004", Ref: refTo(methodPush), Level: Must, Needs: web(),
		Says: "a request_uri cannot be pushed",
		Run: pushRefused(refusal{status: []int{400}, code: invalidRequest}, func(f url.Values, _ http.Header) {
			f.Set("request_uri", "urn:ietf:params:oauth:request_uri:"+rand.Text())
		})},
	{ID: "push/replayed", Check: "CSC-PAR-005", Ref: refTo(methodPush), Level: Doubt, Needs: web(),
		Says: "a request_uri is refused after it led to a code",
		Run: func(ctx context.Context, t *Target) error {
			p, err := t.pushedEntrance(ctx)
			if err != nil {
				return err
			}
			if _, err := p.page.wantCode(); err != nil {
				return err
			}
			return t.begin(ctx, p.visit).wantNowhere()
		}},
	{ID: "push/expired", Check: "CSC-PAR-006", Ref: refTo(methodPush), Level: Must, Needs: web(Patience),
		Says: "a request_uri is refused once it has expired",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visit()
			if err != nil {
				return err
			}
			life, err := t.pushVisit(ctx, v)
			if err != nil {
				return err
			}
			if err := t.outlast(ctx, "a request_uri", life); err != nil {
				return err
			}
			return t.begin(ctx, v).wantNowhere()
		}},
	{ID: "push/another-client", Check: "CSC-PAR-007", Ref: refTo(methodPush), Level: Must, Needs: web(OtherWeb),
		Says: "a request_uri is good for the client that pushed it alone",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visit()
			if err != nil {
				return err
			}
			if _, err := t.pushVisit(ctx, v); err != nil {
				return err
			}
			v.query.Set("client_id", t.Fixtures.OtherWebClient.ID)
			return t.begin(ctx, v).wantNowhere()
		}},
	{ID: "push/challenge-missing", Check: "CSC-PAR-008", Ref: refTo(methodPush), Level: Must, Needs: web(),
		Says: "what is wrong with a request is said when it is pushed",
		Run: pushRefused(refusal{status: []int{400}, code: invalidRequest}, func(f url.Values, _ http.Header) {
			f.Del("code_challenge")
			f.Del("code_challenge_method")
		})},
	{ID: "push/get", Check: "CSC-PAR-010", Ref: refTo(methodPush), Level: Doubt, Needs: web(),
		Says: "nothing is pushed by GET",
		Run: func(ctx context.Context, t *Target) error {
			endpoint, err := t.oauthURL(ctx, methodPush)
			if err != nil {
				return err
			}
			return t.do(ctx, call{verb: http.MethodGet, method: methodPush, url: endpoint}).WantStatus(http.StatusMethodNotAllowed)
		}},
	{ID: "push/not-cached", Check: "CSC-PAR-011", Ref: refTo(methodPush), Level: Doubt, Needs: web(),
		Says: "an answer with a request_uri says that nobody may keep it",
		Run: func(ctx context.Context, t *Target) error {
			a := t.firstPush(ctx)
			if kept := a.Header.Get("Cache-Control"); a.err == nil && !strings.Contains(strings.ToLower(kept), "no-store") {
				return unmet("%s: want Cache-Control: no-store, got %q", a.request, kept)
			}
			return a.err
		}},
	{ID: "push/json", Check: "CSC-PAR-012", Ref: refTo(methodPush), Level: Doubt, Needs: web(),
		Says: "a request in JSON is refused",
		Run:  pushJSON},
	{ID: "oauth/request-uri-alone", Check: "CSC-OAZ-042", Ref: refTo(methodOAuth), Level: Must, Needs: web(Pushing),
		Says: "what is beside request_uri and client_id is refused or ignored",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visit()
			if err != nil {
				return err
			}
			if _, err := t.pushVisit(ctx, v); err != nil {
				return err
			}
			v.query.Set("state", "another")
			p := t.enter(ctx, v)
			if p.err == nil && p.back.Has("code") && p.back.Get("state") == "another" {
				return p.told("the state that was pushed, or an error")
			}
			if p.back == nil {
				return p.wantPage()
			}
			return nil
		}},
}

// push sends the request of v around the browser; alter, if not nil, spoils it.
func (t *Target) push(ctx context.Context, v *visit, alter func(url.Values, http.Header)) *Answer {
	return t.clientCall(ctx, methodPush, v.client.ClientKey, maps.Clone(v.query), alter)
}

// pushVisit pushes the request of v and leaves in its place what a browser is
// sent with. It returns how long that is good, in seconds.
func (t *Target) pushVisit(ctx context.Context, v *visit) (int64, error) {
	a := t.push(ctx, v, nil)
	o, err := a.Object()
	if err != nil {
		return 0, err
	}
	uri, _ := o.str("request_uri")
	life, _ := o.integer("expires_in")
	if uri == "" {
		return 0, a.unlike("a request_uri")
	}
	v.query = url.Values{"client_id": {v.client.ID}, "request_uri": {uri}}
	return life, nil
}

// firstPush is the answer to one good push, which several cases look at.
func (t *Target) firstPush(ctx context.Context) *Answer {
	return see(ctx, t, methodPush, func() *Answer {
		v, err := t.visit()
		if err != nil {
			return &Answer{err: err}
		}
		return t.push(ctx, v, nil)
	})
}

// pushedArrival is where a pushed request led.
type pushedArrival struct {
	arrival
	state string
	err   error
}

func (t *Target) pushedEntrance(ctx context.Context) (pushedArrival, error) {
	p := see(ctx, t, "a pushed "+methodOAuth, func() pushedArrival {
		v, err := t.visit()
		if err != nil {
			return pushedArrival{err: err}
		}
		state := v.query.Get("state")
		if _, err := t.pushVisit(ctx, v); err != nil {
			return pushedArrival{err: err}
		}
		return pushedArrival{arrival{v, t.enter(ctx, v)}, state, nil}
	})
	return p, p.err
}

func pushRefused(w refusal, alter func(url.Values, http.Header)) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visit()
		if err != nil {
			return err
		}
		return t.push(ctx, v, alter).want(w)
	}
}

func pushJSON(ctx context.Context, t *Target) error {
	v, err := t.visit()
	if err != nil {
		return err
	}
	endpoint, err := t.oauthURL(ctx, methodPush)
	if err != nil {
		return err
	}
	flat := Object{"client_secret": v.client.Secret}
	for name := range v.query {
		flat[name] = v.query.Get(name)
	}
	body, err := json.Marshal(flat)
	if err != nil {
		return err
	}
	h := http.Header{"Content-Type": {"application/json"}}
	return t.do(ctx, call{method: methodPush, url: endpoint, header: h, body: body}).WantStatus(400, 415)
}

// wantNowhere is nil if the page leads to no login and no code: it says that
// something is wrong, or the application is told.
func (p *page) wantNowhere() error {
	if p.err == nil && p.back != nil {
		return p.wantTold()
	}
	return p.wantPage()
}
