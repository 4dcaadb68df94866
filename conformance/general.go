package conformance

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// refGeneral is a clause that concerns all methods.
func refGeneral(clause string) Ref { return Ref{General, clause} }

// viaList, viaSign are what a case needs that tries a general rule on
// credentials/list or on signatures/signHash.
var (
	viaList = []Feature{methodList, Client, Signer}
	viaSign = []Feature{methodAuthorize, methodSignHash, Client, Signer}
)

// generalCases are the requirements on transport, format and errors (v2.0.0.2
// §5.2, §7, §8.1, §10).
var generalCases = []Case{
	{ID: "general/post-json", Check: "CSC-GEN-001", Ref: refGeneral("7.1"), Level: Must,
		Says: "a method is a POST with JSON in and JSON out",
		Run: func(ctx context.Context, t *Target) error {
			a := t.info(ctx)
			if _, err := a.WantOK(); err != nil {
				return err
			}
			return wantJSON(a)
		}},
	{ID: "general/not-json", Check: "CSC-GEN-002", Ref: refGeneral("7.1"), Level: Doubt, Needs: viaList,
		Says: "a body said to be plain text is not processed",
		Run: func(ctx context.Context, t *Target) error {
			return sendTyped(ctx, t, "text/plain").want(refusal{})
		}},
	{ID: "general/json-charset", Check: "CSC-GEN-003", Ref: refGeneral("7.1"), Level: Doubt, Needs: viaList,
		Says: "a charset behind the media type changes nothing",
		Run: func(ctx context.Context, t *Target) error {
			_, err := sendTyped(ctx, t, "application/json;charset=UTF-8").WantOK()
			return err
		}},
	{ID: "general/base-uri", Check: "CSC-GEN-004", Ref: refGeneral("7.2"), Level: Must,
		Says: "the base URI ends in /csc/v2",
		Run: func(_ context.Context, t *Target) error {
			if !strings.HasSuffix(t.Base, "/csc/v2") {
				return unmet("the base URI is %s", t.Base)
			}
			return nil
		}},
	{ID: "general/wrong-verb", Check: "CSC-GEN-005", Ref: refGeneral("7.1"), Level: Doubt,
		Says: "GET is not a way to call a method",
		Run: func(ctx context.Context, t *Target) error {
			return t.do(ctx, call{verb: http.MethodGet, method: methodInfo}).WantStatus(405, 404, 501)
		}},
	{ID: "general/tls12", Check: "CSC-GEN-006", Ref: refGeneral("7.3"), Level: Must, Needs: []Feature{OverTLS},
		Says: "TLS 1.2 is offered",
		Run:  offers(tls.VersionTLS12)},
	{ID: "general/tls13", Check: "CSC-GEN-007", Ref: refGeneral("7.3"), Level: Doubt, Needs: []Feature{OverTLS},
		Says: "TLS 1.3 is offered",
		Run:  offers(tls.VersionTLS13)},
	{ID: "general/tls10", Check: "CSC-GEN-008", Ref: refGeneral("7.3"), Level: Should, Needs: []Feature{OverTLS},
		Says: "TLS 1.0 is not offered",
		Run:  offersNot(tls.VersionTLS10)},
	{ID: "general/tls11", Check: "CSC-GEN-009", Ref: refGeneral("7.3"), Level: Doubt, Needs: []Feature{OverTLS},
		Says: "TLS 1.1, permitted but weak, is not offered",
		Run:  offersNot(tls.VersionTLS11)},
	{ID: "general/ssl3", Check: "CSC-GEN-010", Ref: refGeneral("7.3"), Level: Must, Needs: []Feature{OverTLS},
		Says: "SSL 3.0 is refused",
		Run:  offersNoSSL},
	{ID: "general/http11", Check: "CSC-GEN-011", Ref: refGeneral("7.1"), Level: Must,
		Says: "HTTP/1.1 is enough",
		Run: func(ctx context.Context, t *Target) error {
			a := t.do(ctx, call{method: methodInfo, header: headers(""), body: []byte("{}"), http1: true})
			if _, err := a.WantOK(); err != nil {
				return err
			}
			if a.Proto != "HTTP/1.1" {
				return unmet("asked in HTTP/1.1, the server answers in %s", a.Proto)
			}
			return nil
		}},
	{ID: "general/error-body", Check: "CSC-GEN-012", Ref: refGeneral("10.1"), Level: Must, Needs: viaList,
		Says: "an error is a JSON object with the string error at top level, sent as application/json",
		Run: func(ctx context.Context, t *Target) error {
			a := malformed(ctx, t, methodList)
			return worst(a.want(refusal{}), wantJSON(a))
		}},
	{ID: "general/error-description", Check: "CSC-GEN-013", Ref: refGeneral("10.1"), Level: Should, Needs: viaList,
		Says: "an error has an error_description",
		Run: func(ctx context.Context, t *Target) error {
			a := malformed(ctx, t, methodList)
			o, err := a.Object()
			if text, _ := o.str("error_description"); err == nil && text == "" {
				return a.unlike("an error_description")
			}
			return err
		}},
	{ID: "general/broken-json", Check: "CSC-GEN-014", Ref: refGeneral("10"), Level: Must, Needs: viaList,
		Says: "a body that breaks off is refused",
		Run:  bodyRefused(`{"credentialID":`)},
	{ID: "general/not-an-object", Check: "CSC-GEN-015", Ref: refGeneral("10"), Level: Must, Needs: viaList,
		Says: "a body that is JSON but no object is refused",
		Run: func(ctx context.Context, t *Target) error {
			return worst(bodyRefused(`[]`)(ctx, t), bodyRefused(`"x"`)(ctx, t))
		}},
	{ID: "general/duplicate-member", Check: "CSC-GEN-016", Ref: refGeneral("10"), Level: Doubt, Needs: viaList,
		Says: "a body that gives a parameter twice is refused",
		Run:  duplicateRefused},
	{ID: "general/unimplemented", Check: "CSC-GEN-017", Ref: refGeneral("10"), Level: Must, Needs: viaList,
		Says: "a method the server does not have is answered 501, in JSON",
		Run:  unimplemented},
	{ID: "general/malformed-header", Check: "CSC-GEN-018", Ref: refGeneral("11.4"), Level: Must, Needs: viaList,
		Says: "an Authorization header of another form than Bearer and a token is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodList).want(malformedHeader())
		}},
	{ID: "general/no-token-in-header", Check: "CSC-GEN-019", Ref: refGeneral("11.4"), Level: Must, Needs: viaList,
		Says: "Bearer with nothing behind it is refused",
		Run: func(ctx context.Context, t *Target) error {
			return listWith(ctx, t, "Bearer ").want(refusal{status: []int{400}, code: []string{"invalid_request"}})
		}},
	{ID: "general/no-header", Check: "CSC-GEN-020", Ref: refGeneral("8.1"), Level: Must, Needs: viaList,
		Says: "without an Authorization header nothing is told",
		Run: func(ctx context.Context, t *Target) error {
			a := listWith(ctx, t, "")
			if o, _ := a.Object(); o.has("credentialIDs") {
				return a.unlike("nobody's credentials")
			}
			return a.want(refusal{status: []int{400, 401}})
		}},
	{ID: "general/unknown-token", Check: "CSC-GEN-021", Ref: refGeneral("10"), Level: Must, Needs: viaList,
		Says: "a token the server did not make is refused",
		Run: func(ctx context.Context, t *Target) error {
			return listWith(ctx, t, "Bearer "+rand.Text()).want(refusal{status: []int{401},
				code: []string{"invalid_token"}, or: []refusal{{status: []int{401}}}})
		}},
	{ID: "general/bearer-case", Check: "CSC-GEN-024", Ref: refGeneral("11.4"), Level: Doubt, Needs: viaList,
		Says: "the name of the scheme, bearer, may be in any case",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.token(ctx)
			if err != nil {
				return err
			}
			_, err = listWith(ctx, t, "bearer "+token).WantOK()
			return err
		}},
	{ID: "general/base64-out", Check: "CSC-GEN-025", Ref: refGeneral("5.2"), Level: Must, Needs: viaSign,
		Says: "Base64 comes in the standard alphabet, padded, without line breaks",
		Run:  base64Out},
	{ID: "general/base64-line-breaks", Check: "CSC-GEN-026", Ref: refGeneral("5.2"), Level: Doubt, Needs: viaSign,
		Says: "Base64 with a line break in it is refused",
		Run: hashTextRefused(func(text string) string {
			return text[:20] + "\n" + text[20:]
		})},
	{ID: "general/base64url", Check: "CSC-GEN-027", Ref: refGeneral("5.2"), Level: Doubt, Needs: viaSign,
		Says: "the alphabet for URLs is refused where the standard one is prescribed",
		Run:  hashTextRefused(strings.NewReplacer("+", "-", "/", "_").Replace)},
	{ID: "general/unknown-member", Check: "CSC-GEN-028", Ref: refGeneral("7.1"), Level: Doubt, Needs: viaList,
		Says: "members the API does not know break nothing",
		Run: func(ctx context.Context, t *Target) error {
			_, first := t.post(ctx, methodInfo, "", Object{"x-test": 1}).WantOK()
			_, second := t.list(ctx, with("x-test", 1)).WantOK()
			return worst(first, second)
		}},
	{ID: "general/null-member", Check: "CSC-GEN-029", Ref: refGeneral("7.1"), Level: Doubt,
		Says: "a member that is null is as good as left out",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.post(ctx, methodInfo, "", Object{"lang": nil}).WantOK()
			return err
		}},
	{ID: "general/client-data", Check: "CSC-GEN-030", Ref: refGeneral("7.5"), Level: Must, Needs: viaList,
		Says: "clientData may be any string and changes nothing",
		Run:  clientDataIgnored},
	{ID: "general/foreign-user", Check: "CSC-GEN-032", Ref: refGeneral("8"), Level: Doubt,
		Needs: []Feature{methodList, methodCredentialInfo, methodAuthorize, methodSignHash, Client, Stranger},
		Says:  "a signer the client may not act for is out of reach in every method",
		Run:   strangerOutOfReach},
	{ID: "general/expired-token", Check: "CSC-GEN-022", Ref: refGeneral("10"), Level: Must, Needs: append([]Feature{Patience}, viaList...),
		Says: "a token is refused once it has expired",
		Run:  expiredToken},
}

// limitCases exceed limits, so they come when all else is done.
var limitCases = []Case{
	{ID: "general/rate-limit", Check: "CSC-GEN-031", Ref: refGeneral("10"), Level: Must, Needs: []Feature{RateLimit, methodList, Signer},
		Says: "too many calls are answered 429, in JSON",
		Run: func(ctx context.Context, t *Target) error {
			var a *Answer
			for range t.Fixtures.RateLimit + 1 {
				h := headers(rand.Text())
				a = t.do(ctx, call{method: methodList, header: h, body: []byte("{}"), tired: true})
				if a.err != nil || a.Status != http.StatusUnauthorized {
					break
				}
			}
			return worst(a.want(refusal{status: []int{429}}), wantJSON(a))
		}},
}

func wantJSON(a *Answer) error {
	if media := a.contentType(); media != "application/json" {
		return unmet("%s: want Content-Type application/json, got %q", a.request, a.Header.Get("Content-Type"))
	}
	return nil
}

// malformed calls a method with a header of another scheme; the answer is
// remembered, several cases look at it.
func malformed(ctx context.Context, t *Target, method string) *Answer {
	return see(ctx, t, "malformed "+method, func() *Answer {
		h := headers("")
		h.Set("Authorization", "Foo abc")
		return t.do(ctx, call{method: method, header: h, body: []byte("{}")})
	})
}

// listWith calls credentials/list with an Authorization header, or none.
func listWith(ctx context.Context, t *Target, authorization string) *Answer {
	h := headers("")
	if authorization != "" {
		h.Set("Authorization", authorization)
	}
	return t.do(ctx, call{method: methodList, header: h, body: t.listBody()})
}

// sendTyped calls credentials/list rightly but for the media type.
func sendTyped(ctx context.Context, t *Target, media string) *Answer {
	token, err := t.token(ctx)
	if err != nil {
		return &Answer{err: err}
	}
	h := headers(token)
	h.Set("Content-Type", media)
	return t.do(ctx, call{method: methodList, header: h, body: t.listBody()})
}

func bodyRefused(body string) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		token, err := t.token(ctx)
		if err != nil {
			return err
		}
		return t.send(ctx, methodList, token, []byte(body)).
			want(refusal{status: []int{400}, code: []string{"invalid_request"}})
	}
}

// duplicateRefused repeats a right parameter, so that nothing but its being
// there twice is wrong.
func duplicateRefused(ctx context.Context, t *Target) error {
	token, err := t.token(ctx)
	if err != nil {
		return err
	}
	body := strings.TrimSuffix(string(t.listBody()), "}") + `,"lang":"en","lang":"en"}`
	return t.send(ctx, methodList, token, []byte(body)).
		want(refusal{status: []int{400}, code: []string{"invalid_request"}})
}

// unimplemented calls a method of the API that info does not name or, should
// there be none, one nobody ever named.
func unimplemented(ctx context.Context, t *Target) error {
	methods, _ := t.claims(ctx).strings("methods")
	method := "signatures/none"
	for _, m := range knownMethods {
		if m != methodInfo && !strings.HasPrefix(m, "oauth2/") && !contains(methods, m) {
			method = m
		}
	}
	a := t.ask(ctx, method, Object{})
	return worst(a.want(refusal{status: []int{501}, or: []refusal{{status: []int{404}}}}), wantJSON(a))
}

func base64Out(ctx context.Context, t *Target) error {
	for _, o := range t.descriptions(ctx) {
		if _, err := certificates(o); err != nil {
			return err
		}
	}
	g, a, err := t.signed(ctx)
	if err != nil {
		return err
	}
	_, err = signatures(a, len(g.digests))
	return err
}

// hashTextRefused asks for the signature of a hash that is authorized but
// written in another way.
func hashTextRefused(rewrite func(string) string) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		return t.refusesSpare(ctx, "", func(g *grant) Object {
			text := base64.StdEncoding.EncodeToString(g.digests[0])
			return g.body().but(with("hashes", []string{rewrite(text)}))
		}, bad(""))
	}
}

func clientDataIgnored(ctx context.Context, t *Target) error {
	text := strings.Repeat("ăîșț — 签名 ✍ ", 40)
	plain, err := t.list(ctx).WantOK()
	if err != nil {
		return err
	}
	a := t.list(ctx, with("clientData", text))
	o, err := a.WantOK()
	if err == nil && !reflect.DeepEqual(o, plain) {
		return a.unlike("the same answer as without clientData")
	}
	return err
}

// strangerOutOfReach calls every method in the stranger's name.
func strangerOutOfReach(ctx context.Context, t *Target) error {
	s := t.Fixtures.Stranger
	own := Object{"credentialID": s.Credential}
	authorize := Object{"numSignatures": 1, "hashes": encode(newDigests(1)...), "hashAlgorithmOID": oidSHA256}
	sign := Object{"SAD": rand.Text(), "hashes": authorize["hashes"], "signAlgo": oidECSHA256}
	maps.Copy(authorize, own)
	maps.Copy(sign, own)
	return worst(
		t.ask(ctx, methodList, Object{"userID": s.User}).want(refusal{}),
		t.ask(ctx, methodCredentialInfo, own).want(refusal{}),
		t.ask(ctx, methodAuthorize, authorize).want(refusal{}),
		t.ask(ctx, methodSignHash, sign).want(refusal{}),
	)
}

func expiredToken(ctx context.Context, t *Target) error {
	token, life, err := t.stock.freshToken(ctx, t.Fixtures.Client)
	if err != nil {
		return err
	}
	if err := t.outlast(ctx, "an access token", life); err != nil {
		return err
	}
	return listWith(ctx, t, "Bearer "+token).
		want(refusal{status: []int{401}, code: []string{"expired_token", "invalid_token"}})
}

// outlast waits for something to expire, if there is the patience.
func (t *Target) outlast(ctx context.Context, what string, seconds int64) error {
	life := time.Duration(seconds)*time.Second + 2*time.Second
	if life > t.Patience {
		return unprovided("it takes " + life.String() + " for " + what + " to expire, and patience ends before")
	}
	return t.Sleep(ctx, life)
}

// offers is nil if the server shakes hands in the version.
func offers(version uint16) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if err := t.handshake(ctx, version); err != nil {
			return unmet("%s: %v", tls.VersionName(version), err)
		}
		return nil
	}
}

func offersNot(version uint16) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if t.handshake(ctx, version) == nil {
			return unmet("the server accepts %s", tls.VersionName(version))
		}
		return nil
	}
}

// anySuite is every cipher suite the suite can speak, bad ones included.
func anySuite() []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
}
