package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Types of authorization_details for signatures.
const (
	detailType     = "credential"
	detailType2025 = "https://cloudsignatureconsortium.org/2025/credential"
)

// detailed is what a case needs that asks by authorization_details.
func detailed(more ...Feature) []Feature { return web(append(more, RAR)...) }

// detailsCases are the requirements of oauth2/authorize, and of what comes
// after, on authorization_details (v2.0.0.2 §8.4.2, RFC 9396).
var detailsCases = []Case{
	{ID: "oauth/details", Check: "CSC-OAZ-032", Ref: refTo(methodOAuth), Level: Optional, Needs: detailed(methodSignHash),
		Says: "what authorization_details ask for can be signed with the token",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitDetailed(newDigests(2))
			if err != nil {
				return err
			}
			g, err := t.grantOf(ctx, v, t.agree(ctx, v))
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.post(ctx, methodSignHash, g.sad, g.bearer()), plainSHA256())
		}},
	{ID: "oauth/details-2025", Check: "CSC-OAZ-033", Ref: refTo(methodOAuth), Level: Doubt, Needs: detailed(),
		Says: "they may have the type that v2.2 gives them",
		Run:  detailsTaken(nil, []change{with("type", detailType2025), with("numSignatures", 1)})},
	{ID: "oauth/details-type-unknown", Check: "CSC-OAZ-034", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "a type nobody defined is refused",
		Run:  detailsRefused([]string{"invalid_authorization_details", "invalid_request"}, with("type", "x"))},
	{ID: "oauth/details-digests-missing", Check: "CSC-OAZ-035", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "an element without documentDigests is refused",
		Run:  detailsRefused(nil, without("documentDigests"))},
	{ID: "oauth/details-hash-oid-missing", Check: "CSC-OAZ-036", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "an element without hashAlgorithmOID is refused",
		Run:  detailsRefused(nil, without("hashAlgorithmOID"))},
	{ID: "oauth/details-credential-missing", Check: "CSC-OAZ-037", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "an element with neither credentialID nor signatureQualifier is refused",
		Run:  detailsRefused(nil, without("credentialID"))},
	{ID: "oauth/details-hash-not-base64", Check: "CSC-OAZ-038", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "a hash that is not Base64 is refused",
		Run:  detailsRefused(nil, with("documentDigests", []any{Object{"hash": "***", "label": "x"}}))},
	{ID: "oauth/details-object", Check: "CSC-OAZ-039", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "authorization_details that are an object are refused",
		Run:  askRefused(nil, notWanting("scope"), wanting("authorization_details", "{}"))},
	{ID: "oauth/details-text", Check: "CSC-OAZ-039", Ref: refTo(methodOAuth), Level: Must, Needs: detailed(),
		Says: "so are some that are no JSON",
		Run:  askRefused(nil, notWanting("scope"), wanting("authorization_details", "text"))},
	{ID: "oauth/details-beside-scope", Check: "CSC-OAZ-030", Ref: refTo(methodOAuth), Level: Doubt, Needs: detailed(),
		Says: "scope credential beside authorization_details, which the text forbids and clients send, is refused as such or overlooked",
		Run:  detailsTaken(invalidRequest, nil, wanting("scope", "credential"))},
	{ID: "oauth/details-beside-parameters", Check: "CSC-OAZ-031", Ref: refTo(methodOAuth), Level: Should, Needs: detailed(),
		Says: "credentialID beside authorization_details is refused",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitDetailed(newDigests(1))
			if err != nil {
				return err
			}
			v.query.Set("credentialID", v.Credential.ID)
			return t.enter(ctx, v).wantTold("invalid_request")
		}},
	{ID: "oauth/details-labels", Check: "CSC-OAZ-040", Ref: refTo(methodOAuth), Level: Should, Needs: detailed(),
		Says: "the signer is shown the labels, as the text that they are",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitDetailed(newDigests(1))
			if err != nil {
				return err
			}
			return t.enter(ctx, v).wantLabel(v.label)
		}},
	{ID: "push/details", Check: "CSC-PAR-009", Ref: refTo(methodPush), Level: Must, Needs: detailed(),
		Says: "authorization_details can be pushed, and the signer sees what they ask for",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitDetailed(newDigests(1))
			if err != nil {
				return err
			}
			if _, err := t.pushVisit(ctx, v); err != nil {
				return err
			}
			return t.enter(ctx, v).wantLabel(v.label)
		}},
	{ID: "oauth/qualifier", Check: "CSC-OAZ-028", Ref: refTo(methodOAuth), Level: Optional, Needs: web(Qualified),
		Says: "a signatureQualifier may stand for the credential",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.visitQualified(ctx, newDigests(1))
			if err != nil {
				return err
			}
			return t.enter(ctx, v).wantForm()
		}},
	{ID: "token/qualifier", Check: "CSC-TOK-033", Ref: refTo(methodToken), Level: Optional, Needs: web(Qualified),
		Says: "then the token comes with the credentialID",
		Run: func(ctx context.Context, t *Target) error {
			v, err := t.stock.t.visitQualified(ctx, newDigests(1))
			if err != nil {
				return err
			}
			o, a, err := t.permitted(ctx, v, t.stock.t.agree(ctx, v))
			if id, _ := o.str("credentialID"); err == nil && id != v.Credential.ID {
				return a.unlike("credentialID %s", v.Credential.ID)
			}
			return err
		}},
	{ID: "token/details", Check: "CSC-TOK-034", Ref: refTo(methodToken), Level: Optional, Needs: detailed(Qualified),
		Says: "authorization_details come back with the token, with the credentialID where a signatureQualifier stood for it",
		Run:  detailsEchoed},
	{ID: "token/details-missing", Check: "CSC-TOK-031", Ref: refTo(methodToken), Level: Must, Needs: detailed(),
		Says: "a code of a request with authorization_details is refused without them",
		Run:  redetailedRefused(func(f url.Values) { f.Del("authorization_details") })},
	{ID: "token/details-widened", Check: "CSC-TOK-032", Ref: Ref{methodToken, "8.4.4"}, Level: Must, Needs: detailed(),
		Says: "so is one with a hash more than the signer agreed to",
		Run: redetailedRefused(func(f url.Values) {
			var elements []Object
			_ = json.Unmarshal([]byte(f.Get("authorization_details")), &elements) // the suite's own
			list, _ := elements[0]["documentDigests"].([]any)
			elements[0]["documentDigests"] = append(list, Object{"hash": encode(newDigests(1)...)[0], "label": "one more"})
			f.Set("authorization_details", detailsOf(elements...))
		})},
}

// detailsOf is authorization_details as they are sent.
func detailsOf(elements ...Object) string {
	text, err := json.Marshal(elements)
	if err != nil {
		panic(err) // they are made of texts and numbers
	}
	return string(text)
}

// visitDetailed makes a right request by authorization_details, with changes to
// their one element, by the signer who can agree soonest.
func (t *Target) visitDetailed(digests [][]byte, changes ...change) (*visit, error) {
	h, err := t.stock.pick(roleCode)
	if err != nil {
		return nil, err
	}
	return t.visitDetailedOf(h, digests, changes...)
}

func (t *Target) visitDetailedOf(h holding, digests [][]byte, changes ...change) (*visit, error) {
	label := "Contract <i>" + rand.Text() + "</i> & \"more\""
	var documents []any
	for _, hash := range encode(digests...) {
		documents = append(documents, Object{"hash": hash, "label": label})
	}
	element := Object{"type": detailType, "credentialID": h.Credential.ID, "documentDigests": documents, "hashAlgorithmOID": oidSHA256}
	details := detailsOf(element.but(changes...))
	v, err := t.visitOf(h, notWanting("scope"), wanting("authorization_details", details))
	if err == nil {
		v.digests, v.details, v.label = digests, details, label
	}
	return v, err
}

// detailsRefused asks with a changed element and wants the application to be
// told one of the errors; none: any. A server may refuse before it knows the
// signer or after that.
func detailsRefused(codes []string, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visitDetailed(newDigests(1), changes...)
		if err != nil {
			return err
		}
		return t.enter(ctx, v).wantTold(codes...)
	}
}

// detailsTaken asks with a changed element, in a changed request, and wants the
// signer to be asked to agree, or one of the errors.
func detailsTaken(codes []string, element []change, request ...asks) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		v, err := t.visitDetailed(newDigests(1), element...)
		if err != nil {
			return err
		}
		for _, change := range request {
			change(v.query)
		}
		p := t.enter(ctx, v)
		if len(codes) == 0 {
			return p.wantForm()
		}
		return p.wantTaken(codes)
	}
}

var markup = regexp.MustCompile(`<[^>]*>`)

// wantLabel is nil if the page shows the label, and has no markup of it.
func (p *page) wantLabel(label string) error {
	if err := p.wantForm(); err != nil {
		return err
	}
	if bytes.Contains(p.Body, []byte(label)) {
		return unmet("%s: the label %q is on the page as markup", p.request, label)
	}
	if shown := html.UnescapeString(markup.ReplaceAllString(string(p.Body), "")); !strings.Contains(shown, label) {
		return unmet("%s: the label %q is not on the page", p.request, label)
	}
	return nil
}

// visitQualified makes a right request with a qualifier in place of the
// credential.
func (t *Target) visitQualified(ctx context.Context, digests [][]byte) (*visit, error) {
	h, q, err := t.stock.pickQualified(ctx)
	if err != nil {
		return nil, err
	}
	v, err := t.visitToSign(digests, notWanting("credentialID"), wanting("signatureQualifier", q))
	if err == nil {
		v.holding = h
	}
	return v, err
}

// pickQualified is the holder of a credential with a qualifier that no other of
// the signer has, who can agree soonest.
func (s *stock) pickQualified(ctx context.Context) (holding, string, error) {
	h, err := s.pick(roleQualified)
	if err != nil {
		return holding{}, "", err
	}
	o, err := s.describe(ctx, h.Credential.ID)
	if err != nil {
		return holding{}, "", err
	}
	q, _ := o.str("signatureQualifier")
	if q == "" {
		return holding{}, "", unprovided("a credential with role qualified has no signatureQualifier")
	}
	return h, q, nil
}

func detailsEchoed(ctx context.Context, t *Target) error {
	around := t.stock.t
	h, q, err := around.stock.pickQualified(ctx)
	if err != nil {
		return err
	}
	v, err := around.visitDetailedOf(h, newDigests(1), without("credentialID"), with("signatureQualifier", q))
	if err != nil {
		return err
	}
	o, a, err := t.permitted(ctx, v, around.agree(ctx, v))
	if err != nil {
		return err
	}
	told, _ := o.objects("authorization_details")
	if len(told) != 1 {
		return a.unlike("the one element of authorization_details")
	}
	kind, _ := told[0].str("type")
	id, _ := told[0].str("credentialID")
	digests, _ := told[0].objects("documentDigests")
	if kind != detailType || id != h.Credential.ID || len(digests) != 1 {
		return a.unlike("authorization_details with credentialID %s", h.Credential.ID)
	}
	if hash, _ := digests[0].str("hash"); hash != encode(v.digests...)[0] {
		return a.unlike("the hash that was asked for")
	}
	return nil
}

// redetailedRefused redeems a good code of a request with authorization_details
// in a request whose own are not good, and wants it refused.
func redetailedRefused(alter func(url.Values)) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		around := t.stock.t
		v, err := around.visitDetailed(newDigests(1))
		if err != nil {
			return err
		}
		code, err := around.agree(ctx, v).wantCode()
		if err != nil {
			return err
		}
		return t.exchange(ctx, v, code, func(f url.Values, _ http.Header) { alter(f) }).want(refused())
	}
}
