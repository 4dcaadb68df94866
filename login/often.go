package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
)

// One network may fail to log in so often in an hour: whatever users it tried,
// and whether there are any of these names. It may send as many wrong codes.
const (
	mostFailures = 100
	failuresIn   = time.Hour
)

// NewFailures is the Quota of failed logins.
func NewFailures(counter quota.Counter, now func() time.Time) *quota.Shared {
	return quota.NewShared(counter, "failed logins", mostFailures, failuresIn, now)
}

var (
	errOften   = errors.New("login: too many failures of this network")
	errCodes   = errors.New("login: too many wrong codes of this network")
	errGuesses = errors.New("login: too many requests of this network led nowhere")
)

// barred tells of a request of a network that failed too often.
func (p *Pages) barred(path string) {
	if p.Barred != nil {
		p.Barred(path)
	}
}

// guessed counts err if it is what who guesses is told: that an interaction or a
// link is none or not this browser's, or a form none of ours. Too many are told
// 429. What is to be guessed has 256 bits, so that whoever has it is let through
// whatever else comes from the same network.
func (p *Pages) guessed(v visit, err error) error {
	if !errors.Is(err, oauth.ErrInteraction) && !errors.Is(err, page.ErrStale) && !errors.Is(err, page.ErrForeign) && !errors.Is(err, page.ErrForm) {
		return err
	}
	wait, uncounted := p.Guesses.Count(v.r.Context(), quota.Network(v.r.RemoteAddr))
	switch {
	case uncounted != nil:
		return uncounted
	case wait == 0:
		return err
	}
	p.barred(v.path)
	return &page.Fault{Status: http.StatusTooManyRequests, Kind: "guessed", Wait: wait, Cause: errors.Join(errGuesses, err)}
}

// coded asks judge about a code, unless too many from its network were wrong: a
// code can be guessed, so that none is judged then, nor counts against its
// signer. Wrong codes and failed logins are counted apart.
func (p *Pages) coded(v visit, judge func() error) error {
	from := "code " + quota.Network(v.r.RemoteAddr)
	wait, err := p.Failures.Over(v.r.Context(), from)
	switch {
	case err != nil:
		return err
	case wait > 0:
		p.barred(v.path)
		return &page.Fault{Status: http.StatusTooManyRequests, Kind: "codes", Wait: wait, Cause: errCodes}
	}
	err = judge()
	if refused(err).Kind != "" {
		if _, uncounted := p.Failures.Count(v.r.Context(), from); uncounted != nil {
			return uncounted
		}
	}
	return err
}
