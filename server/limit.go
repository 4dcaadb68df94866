package server

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/quota"
)

// Limits bounds what strangers may ask. The zero value has good ones.
type Limits struct {
	Body int64 // bytes of a request's body, beside documents; 1 MiB if zero
	// Documents is how many bytes the body of a request with documents in it may
	// have, which are a third more than those of the documents; 24 MiB if zero.
	Documents int64
	Timeout   time.Duration // of a request; 30 s if zero
	// Uploads are the paths whose requests may be larger, with as many bytes, and
	// may take UploadTime: they are of who is logged in, and read as they come.
	Uploads map[string]int64
	// Approval is how long a request of v1 waits for its signer to approve; 55 s if
	// zero, which is most of what the connection gives it.
	Approval time.Duration
	// Anonymous are calls a second that one network may make without a token or
	// with a bad one, with Burst at once; 20 and 200 if zero. Calls with a good
	// token are not limited here.
	Anonymous float64
	Burst     int
	// Signing is how many requests for signatures are worked on at once, 128 if
	// zero; an eighth of them as long as others are turned away.
	Signing int
	// Bodies is how many bytes the bodies of all requests take together; 64 MiB if
	// zero.
	Bodies int64
}

const (
	defaultBody      = 1 << 20
	defaultDocuments = 24 << 20
	defaultTimeout   = 30 * time.Second
	// UploadTime is how long a request of Limits.Uploads may take.
	UploadTime       = 15 * time.Minute
	defaultApproval  = 55 * time.Second
	defaultAnonymous = 20
	defaultBurst     = 200
	// mostNetworks is how many networks are told apart: the memory an attacker
	// with many addresses can make us use.
	mostNetworks = 65536
)

// bounds are how many bytes the body of a request may have, and its time.
func (l Limits) bounds(r *http.Request) (body int64, long time.Duration) {
	if most, large := l.Uploads[r.URL.Path]; large && r.Method == http.MethodPost {
		return most, UploadTime
	}
	body, long = orDefault(l.Body, defaultBody), orDefault(l.Timeout, defaultTimeout)
	switch r.URL.Path {
	case csc.BasePath + "/" + string(csc.MethodSignDoc):
		body = orDefault(l.Documents, defaultDocuments)
	case v1.BasePath + "/" + string(csc.MethodAuthorize):
		long = max(long, orDefault(l.Approval, defaultApproval))
	}
	return body, long
}

// buckets hold the calls each network has left.
type buckets struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

// anonymous counts a call without a good token and reports whether it may go
// on.
func (s *Server) anonymous(r *http.Request) bool {
	perSecond := rate.Limit(orDefault(s.Limits.Anonymous, defaultAnonymous))
	burst := orDefault(s.Limits.Burst, defaultBurst)
	return s.strangers.take(quota.Network(r.RemoteAddr), perSecond, burst)
}

func (b *buckets) take(network string, perSecond rate.Limit, burst int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = make(map[string]*rate.Limiter)
	}
	if _, known := b.of[network]; !known && len(b.of) >= mostNetworks {
		network = "" // all who come now share one
	}
	bucket, ok := b.of[network]
	if !ok {
		bucket = rate.NewLimiter(perSecond, burst)
		b.of[network] = bucket
	}
	return bucket.Allow()
}

func tooMany() error { return refuse(http.StatusTooManyRequests, nil, sayStranger) }

func orDefault[T int | int64 | float64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
