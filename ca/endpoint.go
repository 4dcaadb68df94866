package ca

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pecete/pecete/quota"
)

// An Endpoint tells everybody what became of the authority's certificates, in
// plain HTTP, as is the custom: what it says is signed, and who had to check a
// TLS certificate first to check a certificate would come to no end (RFC 5280
// §8). There is nothing else behind it.
type Endpoint struct {
	Lists     *Lists
	Responder *Responder
	// Fresh counts the answers that were signed for a network; nil counts none.
	Fresh  *quota.Quota
	Logger *slog.Logger
}

const (
	crlType         = "application/pkix-crl"
	certificateType = "application/pkix-cert"
	ocspQueryType   = "application/ocsp-request"
	ocspReplyType   = "application/ocsp-response"
	// crlKept is how long others may hand the list on without asking.
	crlKept = 5 * time.Minute
)

// ServeHTTP looks at the path as it was written: a request in a path may have two
// slashes in a row, of which a mux would make one.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	path := r.URL.EscapedPath()
	query, inPath := strings.CutPrefix(path, ocspPath+"/")
	switch {
	case path == crlPath:
		e.reads(w, r, e.crl)
	case path == certificatePath:
		e.reads(w, r, e.certificate)
	case inPath:
		e.reads(w, r, func(w http.ResponseWriter, r *http.Request) { e.asked(w, r, query) })
	case path == ocspPath:
		e.posted(w, r)
	default:
		tell(w, http.StatusNotFound)
	}
}

// reads is for what is fetched.
func (e *Endpoint) reads(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		tell(w, http.StatusMethodNotAllowed)
		return
	}
	answer(w, r)
}

// crl hands out the list.
func (e *Endpoint) crl(w http.ResponseWriter, r *http.Request) {
	crl, err := e.Lists.Current(r.Context())
	if err != nil {
		status := http.StatusInternalServerError
		if passing(err) {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "2")
		}
		e.failed(r.Context(), "CRL", err)
		w.Header().Set("Cache-Control", "no-store")
		tell(w, status)
		return
	}
	w.Header().Set("Content-Type", crlType)
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d, must-revalidate", int(crlKept.Seconds())))
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, crl.Number))
	http.ServeContent(w, r, "", crl.ThisUpdate, bytes.NewReader(crl.DER))
}

// certificate hands out the authority's own.
func (e *Endpoint) certificate(w http.ResponseWriter, r *http.Request) {
	own := e.Lists.Authority.Certificate
	w.Header().Set("Content-Type", certificateType)
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.ServeContent(w, r, "", own.NotBefore, bytes.NewReader(own.Raw))
}

// asked answers a request in the path (RFC 6960 Appendix A.1).
func (e *Endpoint) asked(w http.ResponseWriter, r *http.Request, query string) {
	text, err := url.PathUnescape(query)
	if err != nil || len(text) > base64.StdEncoding.EncodedLen(maxOCSPRequest) {
		e.reply(w, r, Reply{}, errMalformed)
		return
	}
	request, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		e.reply(w, r, Reply{}, errMalformed)
		return
	}
	e.answer(w, r, request)
}

// posted answers a request in the body.
func (e *Endpoint) posted(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		tell(w, http.StatusMethodNotAllowed)
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != ocspQueryType {
		tell(w, http.StatusUnsupportedMediaType)
		return
	}
	request, err := io.ReadAll(io.LimitReader(r.Body, maxOCSPRequest+1))
	switch {
	case err != nil:
		tell(w, http.StatusBadRequest)
	case len(request) > maxOCSPRequest:
		e.reply(w, r, Reply{}, errMalformed)
	default:
		e.answer(w, r, request)
	}
}

// An overError says how long a network has to wait.
type overError struct{ wait time.Duration }

func (e *overError) Error() string { return fmt.Sprintf("too many answers, wait %v", e.wait) }

func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, request []byte) {
	reply, err := e.Responder.Answer(r.Context(), request, func() error {
		if e.Fresh == nil {
			return nil
		}
		if wait := e.Fresh.Count(quota.Network(r.RemoteAddr)); wait > 0 {
			return &overError{wait}
		}
		return nil
	})
	e.reply(w, r, reply, err)
}

// reply says it in the protocol, with status 200, but for who asks too often.
func (e *Endpoint) reply(w http.ResponseWriter, r *http.Request, reply Reply, err error) {
	var over *overError
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case err == nil:
		e.cacheable(w, r, reply)
	case errors.As(err, &over):
		w.Header().Set("Retry-After", strconv.Itoa(int((over.wait+time.Second-1)/time.Second)))
		tell(w, http.StatusTooManyRequests)
		return
	case errors.Is(err, errMalformed):
		reply.DER = ocspFailure(ocspMalformed)
	case passing(err):
		e.failed(r.Context(), "OCSP", err)
		reply.DER = ocspFailure(ocspTryLater)
	default:
		e.failed(r.Context(), "OCSP", err)
		reply.DER = ocspFailure(ocspInternal)
	}
	w.Header().Set("Content-Type", ocspReplyType)
	w.Header().Set("Content-Length", strconv.Itoa(len(reply.DER)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(reply.DER) // a client that hung up
}

// cacheable says how long a proxy may hand an answer on: as long as we would, and
// none to a POST.
func (e *Endpoint) cacheable(w http.ResponseWriter, r *http.Request, reply Reply) {
	left := int(reply.Until.Sub(e.Lists.Authority.Now()).Seconds())
	if reply.Until.IsZero() || left <= 0 || r.Method == http.MethodPost {
		return
	}
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d, no-transform, must-revalidate", left))
	w.Header().Set("Expires", reply.Until.UTC().Format(http.TimeFormat))
}

func (e *Endpoint) failed(ctx context.Context, what string, err error) {
	e.Logger.LogAttrs(ctx, slog.LevelError, "no answer about certificates", slog.String("of", what), slog.String("cause", err.Error()))
}

// passing reports whether it makes sense to ask again.
func passing(err error) bool {
	var away interface{ Unavailable() bool }
	return errors.As(err, &away) && away.Unavailable() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func tell(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, http.StatusText(status)) // a client that hung up
}
