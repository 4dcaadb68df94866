package oauth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// assertionType is the value of client_assertion_type (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// proofParams are the parameters a client proves itself with. None of them gets
// further than authenticate.
var proofParams = []string{"client_secret", "client_assertion", "client_assertion_type"}

// A proof is how a client says who it is: as one client, by at most one method
// (RFC 6749 §2.3).
type proof struct {
	id        string
	method    string     // SecretBasic, SecretPost, PrivateKeyJWT or, with nothing but the id and perhaps a certificate, NoAuth
	secret    csc.Secret // "" if none was given
	assertion string
	chain     []*x509.Certificate // of the connection, the client's own first
}

var (
	errTwoMethods = errors.New("two methods of client authentication")
	errNoProof    = errors.New("nothing but a client_id")
)

// present reads the proof of a request. Where several places name the client,
// they must name the same one.
func present(header http.Header, form url.Values) (proof, error) {
	p := proof{id: form.Get("client_id"), method: NoAuth}
	basic := header.Values("Authorization")
	asserts := form.Has("client_assertion") || form.Has("client_assertion_type")
	switch {
	case len(basic) > 1:
		return p, errHeader()
	case len(basic) == 1:
		return p.byHeader(basic[0], asserts || form.Has("client_secret"))
	case asserts && form.Has("client_secret"):
		return p, csc.Malformed(errTwoMethods)
	case asserts:
		return p.byAssertion(form)
	case form.Has("client_secret"):
		p.method, p.secret = SecretPost, csc.Secret(form.Get("client_secret"))
	}
	if p.id == "" {
		return p, missing("client_id")
	}
	return p, nil
}

func (p proof) byHeader(header string, another bool) (proof, error) {
	id, secret, ok := parseBasic(header)
	switch {
	case !ok:
		return p, errHeader()
	case another:
		return p, csc.Malformed(errTwoMethods)
	case p.id != "" && p.id != id:
		return p, csc.Invalid("client_id")
	}
	p.id, p.method, p.secret = id, SecretBasic, secret
	return p, nil
}

// byAssertion takes the client from the assertion if the form does not name it
// (RFC 7521 §4.2). Whether the assertion is the client's is judged later.
func (p proof) byAssertion(form url.Values) (proof, error) {
	switch kind := form.Get("client_assertion_type"); {
	case kind == "":
		return p, missing("client_assertion_type")
	case kind != assertionType:
		return p, csc.Invalid("client_assertion_type")
	case !form.Has("client_assertion"):
		return p, missing("client_assertion")
	}
	p.method, p.assertion = PrivateKeyJWT, form.Get("client_assertion")
	subject, err := subjectOf(p.assertion)
	switch {
	case err != nil:
		return p, errAssertion(err)
	case p.id != "" && p.id != subject:
		return p, errAssertion(errForeign)
	}
	p.id = subject
	return p, nil
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

// authenticate is proven as fosite's strategy.
func (e *endpoints) authenticate(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	c, err := e.proven(ctx, r, form)
	if err != nil {
		return nil, err
	}
	return registered{c}, nil
}

// proven finds the client that makes a request and judges its proof, which it
// takes out of the form. It is the one way for every endpoint, and counts: an
// assertion is good for one call of it.
func (e *endpoints) proven(ctx context.Context, r *http.Request, form url.Values) (Client, error) {
	p, err := e.presented(r, form)
	for _, name := range proofParams {
		form.Del(name)
	}
	if err != nil {
		return Client{}, err
	}
	c, err := e.storage().client(ctx, p.id)
	if errors.Is(err, ErrUnknownClient) {
		said := csc.Invalid("client_id")
		said.Cause = err
		return Client{}, e.failed(r, "", p.refusal(Client{}, said))
	}
	if err != nil {
		return Client{}, fmt.Errorf("look up client: %w", err)
	}
	err = e.judge(ctx, c, p)
	if said := (*csc.Error)(nil); errors.As(err, &said) {
		return Client{}, e.failed(r, c.ID, p.refusal(c, said))
	}
	if err != nil {
		return Client{}, err
	}
	return c, e.often(r, c)
}

// presented is present for a request; a proof that cannot be one counts as a
// failure.
func (e *endpoints) presented(r *http.Request, form url.Values) (proof, error) {
	p, err := present(r.Header, form)
	if said := (*csc.Error)(nil); errors.As(err, &said) && said.Code == csc.InvalidClient {
		return p, e.failed(r, "", said)
	}
	if r.TLS != nil { // the connection itself: what a header says of one counts nowhere
		p.chain = r.TLS.PeerCertificates
	}
	return p, err
}

// judge holds a proof against what the client is registered with. What it says
// as a *csc.Error is a refusal.
func (e *endpoints) judge(ctx context.Context, c Client, p proof) error {
	switch method := c.methodFor(p.method); {
	case method == "" && p.method == NoAuth:
		return csc.Refused("Client authorization required", errNoProof)
	case method == "" || c.profile() == ProfileFAPI2 && !slices.Contains(fapiMethods, method):
		return errMethodOfClient()
	case method == PrivateKeyJWT:
		return e.asserted(ctx, c, p.assertion)
	case method == TLSAuth:
		return e.certified(c, p.chain)
	case method == SelfSignedTLS:
		return e.selfSigned(c, p.chain)
	case method != NoAuth && !c.verifies(e.Pepper, p.secret):
		return csc.Invalid("client_secret")
	}
	return nil // a public client has nothing to prove
}

// methodFor is the method by which c is judged that used the one given, "" if it
// is not registered for it.
func (c Client) methodFor(used string) string {
	secret := used == SecretBasic || used == SecretPost
	switch {
	case c.AuthMethod == used:
		return used
	case used == NoAuth && (c.AuthMethod == TLSAuth || c.AuthMethod == SelfSignedTLS):
		return c.AuthMethod
	case c.AuthMethod == "" && (secret || used == NoAuth && !c.confidential()):
		return used
	}
	return ""
}

// refusal words what is wrong with p: as §8.4.4 does, but as RFC 6749 §5.2
// demands if it came in the header, and always for a client of FAPI 2.0.
func (p proof) refusal(c Client, said *csc.Error) *csc.Error {
	if p.method == SecretBasic || p.method == PrivateKeyJWT || c.profile() == ProfileFAPI2 {
		said.Code = csc.InvalidClient
	}
	return said
}

// failed counts a failed authentication of a client, "" if it is not known to
// be one, and is the answer to it: said, or that there were too many.
func (e *endpoints) failed(r *http.Request, clientID string, said *csc.Error) error {
	from := quota.Network(r.RemoteAddr)
	wait, err := e.failedTooOften(r.Context(), clientID, from)
	switch {
	case err != nil: // what was wrong is in no count, and is not told
		return err
	case wait > 0:
		return errTooOften(wait)
	}
	e.log.LogAttrs(r.Context(), slog.LevelWarn, "client authentication refused",
		slog.String("client", clientID), slog.String("from", from), slog.String("why", said.Error()))
	return said
}
