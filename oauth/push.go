package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
)

const (
	pushedLife  = 90 * time.Second
	pushedStart = "urn:ietf:params:oauth:request_uri:"
)

// A pushed is the record of a pushed request. It lives until its code is made:
// whoever takes it may make one.
type pushed struct {
	Version     int       `json:"v"`
	Request     request   `json:"request"`
	Expires     time.Time `json:"expires"`               // of the first load
	Interaction string    `json:"interaction,omitempty"` // opened by it

	key string
	raw []byte
}

// A pushedAnswer is the answer of oauth2/pushed_authorize (RFC 9126 §2.2).
type pushedAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// push implements oauth2/pushed_authorize (v2.0.0.2 §8.4.3). The client the
// request is kept for is the one that proved itself, and what is kept was read
// and judged here: nothing of the query of oauth2/authorize can change it.
func (e *endpoints) push(r *http.Request, form url.Values) (any, error) {
	c, err := e.proven(r.Context(), r, form)
	if err != nil {
		return nil, err
	}
	if form.Has("request_uri") {
		return nil, csc.Invalid("request_uri")
	}
	object, err := e.requestObject(c, form)
	if err != nil {
		return nil, err
	}
	if object != nil {
		form = object.form
	}
	if c.profile() == ProfileFAPI2 && !form.Has("redirect_uri") { // FAPI 2.0 §5.3.2.2
		return nil, missing("redirect_uri")
	}
	key, err := e.keyToPush(r, c)
	if err != nil {
		return nil, err
	}
	redirect, err := e.redirectFor(c, form.Get("redirect_uri"))
	if err != nil {
		said := csc.Invalid("redirect_uri")
		said.Cause = err
		return nil, said
	}
	q := request{Client: c.ID, RedirectURI: redirect, Given: form.Has("redirect_uri"), Key: key}
	if err := q.fill(c, form, nil); err != nil {
		return nil, err
	}
	if err := e.possible(q); err != nil {
		return nil, err
	}
	if err := e.bind(r.Context(), c, &q, form.Get("account_token")); err != nil {
		return nil, err
	}
	if err := e.spendObject(r.Context(), c, object); err != nil {
		return nil, err
	}
	return e.keepPushed(r.Context(), q)
}

// keyToPush is keyOf, and the event log is told if it is not shown.
func (e *endpoints) keyToPush(r *http.Request, c Client) (string, error) {
	key, err := e.keyOf(r, c)
	e.unheld(r, c.ID, err)
	return key, err
}

func (e *endpoints) keepPushed(ctx context.Context, q request) (any, error) {
	value, err := json.Marshal(pushed{Version: recordVersion, Request: q, Expires: e.Now().Add(pushedLife)})
	if err != nil {
		return nil, fmt.Errorf("encode pushed request: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(random(32))
	if err := e.Tokens.Put(ctx, "pushed:"+signatureOf(secret), value, pushedLife); err != nil {
		return nil, fmt.Errorf("keep pushed request: %w", err)
	}
	return pushedAnswer{RequestURI: pushedStart + secret, ExpiresIn: int64(pushedLife / time.Second)}, nil
}

// pushedRequest returns what stands behind a request_uri; ErrInteraction if
// nothing does.
func (e *endpoints) pushedRequest(ctx context.Context, uri string) (*pushed, error) {
	secret, ours := strings.CutPrefix(uri, pushedStart)
	signature := signatureOf(secret)
	if !ours || signature == "" {
		return nil, ErrInteraction
	}
	k := &pushed{key: "pushed:" + signature}
	value, err := e.Tokens.Get(ctx, k.key)
	if errors.Is(err, onetime.ErrUnknown) {
		return nil, ErrInteraction
	}
	if err != nil {
		return nil, fmt.Errorf("look up pushed request: %w", err)
	}
	if err := json.Unmarshal(value, k); err != nil {
		return nil, fmt.Errorf("decode pushed request: %w", err)
	}
	if k.raw = value; k.Version != recordVersion {
		return nil, ErrInteraction
	}
	return k, nil
}

// loaded is the interaction of a pushed request: a new one at the first load,
// the same one when its browser loads it again. Of any number of first loads
// one opens an interaction.
func (e *endpoints) loaded(r *http.Request, k *pushed, browser string) (*saved, error) {
	if k.Interaction != "" {
		return e.find(r, k.Interaction)
	}
	if e.over(k.Expires, pushedLife) {
		return nil, ErrInteraction
	}
	s := &saved{Request: k.Request, Browser: browser, Pushed: k.key}
	if err := e.open(r.Context(), s); err != nil {
		return nil, err
	}
	next := *k
	next.Interaction = s.id
	value, err := json.Marshal(next)
	if err != nil {
		return nil, fmt.Errorf("encode pushed request: %w", err)
	}
	swapped, err := e.Tokens.Swap(r.Context(), k.key, k.raw, value, interactionLife)
	if err != nil {
		return nil, fmt.Errorf("open pushed request: %w", err)
	}
	if swapped {
		return s, nil
	}
	if _, err := e.Tokens.Take(r.Context(), interactionKey(s.id)); err != nil && !errors.Is(err, onetime.ErrUnknown) {
		return nil, fmt.Errorf("forget interaction: %w", err)
	}
	return nil, ErrInteraction // somebody else was quicker; who was, finds it by loading again
}
