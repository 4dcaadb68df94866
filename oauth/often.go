package oauth

import (
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
	failures  *quota.Quota // by client and network
	ofNetwork *quota.Quota // failures, by network
	ofClient  *quota.Quota // failures, by client
	loads     *quota.Quota // what asks for no proof, by network
	calls     *quota.Quota // what was proven, by client; nil for no limit
	signers   *quota.Quota // codes, by signer
}

func newLimits(p *Provider) limits {
	most := either(p.Failures, defaultFailures)
	l := limits{
		failures:  quota.New(most, time.Minute, p.Now),
		ofNetwork: quota.New(networkFailures*most, time.Minute, p.Now),
		ofClient:  quota.New(clientFailures*most, time.Minute, p.Now),
		loads:     quota.New(either(p.Loads, DefaultLoads), time.Minute, p.Now),
		signers:   quota.New(either(p.Signers, defaultSigners), time.Minute, p.Now),
	}
	if p.Calls > 0 {
		l.calls = quota.New(p.Calls, time.Minute, p.Now)
	}
	return l
}

// failedTooOften counts a failure and returns how long to wait after it. One
// that one count turned away is in no other.
func (l limits) failedTooOften(clientID, from string) time.Duration {
	wait := l.failures.Count(clientID + " " + from)
	if wait == 0 {
		wait = l.ofNetwork.Count(from)
	}
	if wait == 0 && clientID != "" {
		wait = l.ofClient.Count(clientID)
	}
	return wait
}

// often counts a call of a client that was proven, or that had nothing to prove.
func (l limits) often(r *http.Request, c Client) error {
	wait := time.Duration(0)
	switch {
	case !c.confidential():
		wait = l.loads.Count("public " + quota.Network(r.RemoteAddr))
	case l.calls != nil:
		wait = l.calls.Count(c.ID)
	}
	if wait > 0 {
		return &refusal{status: http.StatusTooManyRequests, says: csc.Refused("Too many requests", nil), retry: wait}
	}
	return nil
}

// codesTooOften counts a code that is about to be made and returns how long its
// signer has to wait before there is another. An error for the client makes none.
func (l limits) codesTooOften(err error, s *saved) time.Duration {
	if err != nil {
		return 0
	}
	return l.signers.Count(s.User)
}
