package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// A proof is how a client says who it is: as one client, by at most one method
// (RFC 6749 §2.3).
type proof struct {
	id     string
	secret csc.Secret // "" if none was given
	header bool       // by HTTP Basic
}

var (
	errTwoMethods = errors.New("two methods of client authentication")
	errNoSecret   = errors.New("no client secret")
)

// present reads the proof of a request. Where both the header and the form
// name the client, they must name the same one.
func present(header http.Header, form url.Values) (proof, error) {
	p := proof{id: form.Get("client_id"), secret: csc.Secret(form.Get("client_secret"))}
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		return p, errMethodOfClient()
	}
	values := header.Values("Authorization")
	if len(values) == 0 {
		if p.id == "" {
			return p, missing("client_id")
		}
		return p, nil
	}
	id, secret, ok := parseBasic(values[0])
	switch {
	case len(values) > 1 || !ok:
		return p, errHeader()
	case p.secret != "":
		return p, csc.Malformed(errTwoMethods)
	case p.id != "" && p.id != id:
		return p, csc.Invalid("client_id")
	}
	return proof{id: id, secret: secret, header: true}, nil
}

// parseBasic reads a header of RFC 7617 whose two parts are form-encoded (RFC
// 6749 §2.3.1).
func parseBasic(header string) (id string, secret csc.Secret, ok bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	encoded = strings.TrimLeft(encoded, " ")
	if !strings.EqualFold(scheme, "Basic") || len(encoded) > 1024 {
		return "", "", false
	}
	decoded, err := csc.DecodeBase64(encoded)
	if err != nil {
		return "", "", false
	}
	user, password, colon := strings.Cut(string(decoded), ":")
	id, idOK := decodeText(user)
	plain, secretOK := decodeText(password)
	if !colon || !idOK || !secretOK || id == "" {
		return "", "", false
	}
	return id, csc.Secret(plain), true
}

// authenticate finds the client that makes a request and judges its proof. It
// is fosite's strategy; the secret does not go on to fosite.
func (e *endpoints) authenticate(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	p, err := e.presented(r, form)
	form.Del("client_secret")
	if err != nil {
		return nil, err
	}
	c, err := e.storage().client(ctx, p.id)
	switch {
	case errors.Is(err, ErrUnknownClient):
		return nil, e.failed(r, "", p.refusal("client_id", err))
	case err != nil:
		return nil, fmt.Errorf("look up client: %w", err)
	case !c.confidential() && p.secret == "" && !p.header:
		return registered{c}, nil // a public client has nothing to prove
	case p.secret == "" && !p.header:
		return nil, e.failed(r, c.ID, csc.Refused("Client authorization required", errNoSecret))
	case !c.verifies(e.Pepper, p.secret):
		return nil, e.failed(r, c.ID, p.refusal("client_secret", nil))
	}
	return registered{c}, nil
}

// presented is present for a request; a proof that cannot be one counts as a
// failure.
func (e *endpoints) presented(r *http.Request, form url.Values) (proof, error) {
	p, err := present(r.Header, form)
	if said := (*csc.Error)(nil); errors.As(err, &said) && said.Code == csc.InvalidClient {
		return p, e.failed(r, "", said)
	}
	return p, err
}

// refusal words what is wrong with p: as §8.4.4 does if it came in the form, as
// RFC 6749 §5.2 demands if it came in the header.
func (p proof) refusal(parameter string, cause error) *csc.Error {
	said := csc.Invalid(parameter)
	said.Cause = cause
	if p.header {
		said.Code = csc.InvalidClient
	}
	return said
}

// failed counts a failed authentication of a client, "" if it is not known to
// be one, and is the answer to it: said, or that there were too many.
func (e *endpoints) failed(r *http.Request, clientID string, said *csc.Error) error {
	from := quota.Network(r.RemoteAddr)
	if wait := e.failures.Count(clientID + " " + from); wait > 0 {
		return errTooOften(wait)
	}
	e.log.LogAttrs(r.Context(), slog.LevelWarn, "client authentication refused",
		slog.String("client", clientID), slog.String("from", from), slog.String("why", said.Description))
	return said
}
