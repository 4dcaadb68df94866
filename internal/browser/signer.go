package browser

import (
	"context"
	"fmt"
	"net/url"
)

// A Signer is what a person knows and has.
type Signer struct {
	Email, Password string
	// Code is what the authenticator shows now.
	Code func(ctx context.Context) (string, error)
}

// Agree goes to an address as the signer, who logs in and agrees to whatever is
// asked, and returns what the application is told in the end.
func (b *Browser) Agree(ctx context.Context, address string, s Signer) (url.Values, error) {
	p, err := b.Open(ctx, address)
	for range 3 { // the login, the consent, and the way back
		if err != nil {
			return nil, err
		}
		if p.Back != nil {
			return p.Back, nil
		}
		var fill url.Values
		if fill, err = s.answer(ctx, p); err == nil {
			p, err = b.Submit(ctx, p, fill)
		}
	}
	if err == nil {
		err = fmt.Errorf("the signer is not sent back from %s", p.At.Path)
	}
	return nil, err
}

// answer is what the signer writes into a page's form.
func (s Signer) answer(ctx context.Context, p *Page) (url.Values, error) {
	switch {
	case p.Fields.Has("password"):
		return url.Values{"email": {s.Email}, "password": {s.Password}}, nil
	case p.Fields.Has("code"):
		code, err := s.Code(ctx)
		return url.Values{"code": {code}, "decision": {"sign"}}, err
	}
	return nil, fmt.Errorf("%s is no page of a form that a signer knows", p.At.Path)
}
