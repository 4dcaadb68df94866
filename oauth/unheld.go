package oauth

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// unheld tells the event log of a client that did not show that it holds what
// its tokens are, or shall be, bound to: its proof is missing or not good, or the
// key or the certificate is another's. That a nonce is wanted first is no
// failure. Of the proof and the token nothing is told.
func (p *Provider) unheld(r *http.Request, clientID string, err error) {
	said := (*csc.Error)(nil)
	if p.Logger == nil || !errors.As(err, &said) {
		return
	}
	if said.Code != csc.InvalidDPoPProof && !errors.Is(err, errKeyOfOther) && !errors.Is(err, errCertificateMissing) {
		return
	}
	p.Logger.LogAttrs(r.Context(), slog.LevelWarn, "possession not shown",
		slog.String("client", clientID), slog.String("from", quota.Network(r.RemoteAddr)),
		slog.String("path", r.URL.Path), slog.String("why", said.Error()))
}
