package soak_test

import (
	"fmt"
	"net/url"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// guest is a signer who agrees on the pages, and can do so now.
func (c *campaign) guest() *visitor {
	c.t.Helper()
	for _, v := range c.guests {
		if v.next(time.Now()) != 0 {
			return v
		}
	}
	v := c.visitor(fmt.Sprintf("guest%d", len(c.guests)))
	c.guests = append(c.guests, v)
	return v
}

// redeeming has a process die at a point of a code's redemption. The code is
// spent, and what came of it is dead: nobody has the token, and nobody can sign
// with it.
func redeeming(point string) func(*campaign, *process) {
	return func(c *campaign, p *process) {
		const over = "400 Authorization code is invalid or expired"
		t, v, digest := c.t, c.guest(), digestOf("%s %d %p", point, c.round, c)
		for _, params := range []url.Values{v.toSee(), v.toSign(digest)} {
			if point == failpoint.GrantRecorded && params.Get("scope") == csc.ScopeService {
				continue // no grant comes of it
			}
			c.judge.agree(v.signer, 0, digest)
			code := v.authorize(params, c.other(p))
			p.aimAt(t, point, 1)
			_, cut := v.redeem(p, code)
			if answered(cut) {
				t.Errorf("at %s the client was answered: %v", point, outcome(cut))
			}
			p.died(t, point)
			repeat := func(p *process) error {
				_, err := insist(t.Context(), func() (tokens, error) { return v.redeem(p, code) })
				if outcome(err) != over {
					t.Errorf("after %s, the same code again: %v, want %s", point, err, over)
				}
				return err
			}
			other := repeat(c.other(p))
			took := p.again(t)
			c.rows.note(took, "the code: the signer is asked again", then(cut, other, repeat(p)))
		}
	}
}

// refreshing has a process die when it has replaced a refresh token. The old one
// is used then: its second use ends what came of the login.
func (c *campaign) refreshing(p *process) {
	t, v := c.t, c.guest()
	const reused = "400 Invalid parameter refresh_token"
	got := v.seeing(c.other(p))
	p.aimAt(t, failpoint.RefreshSwapped, 1)
	_, cut := v.refresh(p, got.Refresh)
	if answered(cut) {
		t.Errorf("the client was answered: %v", outcome(cut))
	}
	p.died(t, failpoint.RefreshSwapped)
	repeat := func(p *process) error {
		_, err := insist(t.Context(), func() (tokens, error) { return v.refresh(p, got.Refresh) })
		if outcome(err) != reused {
			t.Errorf("the same token again: %v, want %s", err, reused)
		}
		return err
	}
	other := repeat(c.other(p))
	took := p.again(t)
	same := repeat(p)
	for _, p := range c.two {
		_, err := v.api(p, got.Access).List(t.Context(), csc.ListRequest{})
		refusedWith(t, err, 401, csc.InvalidToken.Description())
	}
	c.rows.note(took, "the login: the signer logs in again", then(cut, other, same))
}

// revoking has a process die between the record of a revocation and the deed.
// The repeat does it.
func (c *campaign) revoking(p *process) {
	t, v := c.t, c.guest()
	got := v.seeing(c.other(p))
	p.aimAt(t, failpoint.RevocationRecorded, 1)
	cut := v.revoke(p, got.Access)
	if answered(cut) {
		t.Errorf("the client was answered: %v", outcome(cut))
	}
	p.died(t, failpoint.RevocationRecorded)
	_, other := insist(t.Context(), func() (struct{}, error) { return struct{}{}, v.revoke(c.other(p), got.Access) })
	if other != nil {
		t.Errorf("the revocation again: %v", other)
	}
	took := p.again(t)
	for _, p := range c.two {
		_, err := v.api(p, got.Access).List(t.Context(), csc.ListRequest{})
		refusedWith(t, err, 401, csc.InvalidToken.Description())
	}
	c.rows.note(took, "nothing", then(cut, other))
}
