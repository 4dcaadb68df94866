package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// How much more often than one client from one network may fail one network
// with any clients, and one client from any networks.
const (
	networkFailures = 5
	clientFailures  = 10
)

// A limits is who may do what how often in a minute. Failures are counted after
// they are one: whoever has the right proof is never refused for them.
type limits struct {
	failures  *quota.Shared // by client and network
	ofNetwork *quota.Shared // failures, by network
	ofClient  *quota.Shared // failures, by client
	loads     *quota.Shared // what asks for no proof, by network
	calls     *quota.Shared // what was proven, by client; nil for no limit
	signers   *quota.Shared // codes, by signer
}

func newLimits(p *Provider) limits {
	inMinute := func(what string, most int) *quota.Shared {
		return quota.NewShared(p.Counter, "oauth "+what, most, time.Minute, p.Now)
	}
	most := either(p.Failures, defaultFailures)
	l := limits{
		failures:  inMinute("failures", most),
		ofNetwork: inMinute("failures of network", networkFailures*most),
		ofClient:  inMinute("failures of client", clientFailures*most),
		loads:     inMinute("loads", either(p.Loads, DefaultLoads)).OrHere(),
		signers:   inMinute("codes of signer", either(p.Signers, defaultSigners)),
	}
	if p.Calls > 0 {
		l.calls = inMinute("calls of client", p.Calls)
	}
	return l
}

// failedTooOften counts a failure and returns how long to wait after it. One
// that one count turned away is in no other.
func (l limits) failedTooOften(ctx context.Context, clientID, from string) (wait time.Duration, err error) {
	wait, err = l.failures.Count(ctx, clientID+" "+from)
	if wait == 0 && err == nil {
		wait, err = l.ofNetwork.Count(ctx, from)
	}
	if wait == 0 && err == nil && clientID != "" {
		wait, err = l.ofClient.Count(ctx, clientID)
	}
	return wait, err
}

// often counts a call of a client that was proven, or that had nothing to prove.
func (l limits) often(r *http.Request, c Client) error {
	switch {
	case !c.confidential():
		return tooMany(l.loads.Count(r.Context(), "public "+quota.Network(r.RemoteAddr)))
	case l.calls != nil:
		return tooMany(l.calls.Count(r.Context(), c.ID))
	}
	return nil
}

// tooMany is the answer to a client that has to wait; nil if it need not.
func tooMany(wait time.Duration, err error) error {
	if err == nil && wait > 0 {
		err = &refusal{status: http.StatusTooManyRequests, says: csc.Refused("Too many requests", nil), retry: wait}
	}
	return err
}

// begun counts a request of a browser that begins or is lost, and is the page instead
// of an answer if there were too many of its network.
func (l limits) begun(r *http.Request) error {
	wait, err := l.loads.Count(r.Context(), quota.Network(r.RemoteAddr))
	if err == nil && wait > 0 {
		err = &fault{status: http.StatusTooManyRequests, says: saysOften, wait: wait}
	}
	return err
}

// coded counts a code that is about to be made for a signer, and is the page instead
// of it if there were too many.
func (l limits) coded(ctx context.Context, userID string) error {
	wait, err := l.signers.Count(ctx, userID)
	if err == nil && wait > 0 {
		err = &fault{status: http.StatusTooManyRequests, says: saysSigner, wait: wait}
	}
	return err
}
