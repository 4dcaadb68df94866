package server_test

import (
	"bufio"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/users"
)

// A safe is a stand with an authorization of every kind and state, and who can
// come with one.
type safe struct {
	*stand
	watched *watched
	other   users.User
	second  credentials.Credential // the signer's
	loose   credentials.Credential // of SCAL 1, up to 10 at a time
	paged   credentials.Credential // authorized on the pages
	sads    map[string]string
	bearers map[string]string
}

func newSafe(t *testing.T, change func(*house)) *safe {
	s := &safe{watched: &watched{}, sads: map[string]string{}, bearers: map[string]string{}}
	s.stand = newStand(t, change, func(h *house) { s.watched.Store, h.tickets = h.tickets, s.watched })
	var err error
	s.other, err = s.registry.User(t.Context(), s.strangers.UserID)
	must(t, err)
	s.second = s.credential(s.signer, csc.P256, nil)
	s.loose = s.credential(s.signer, csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	s.paged = s.credential(s.signer, csc.P256, func(p *credentials.Profile) { p.Mode = csc.OAuth2Code })
	s.lend()
	s.come()
	return s
}

// lend makes the grants: as they would be kept, in the store they are kept in.
func (s *safe) lend() {
	a, b := digest("a"), digest("b")
	now := s.clock.Now()
	for name, change := range map[string]func(*sad.Grant){
		"ONE":   func(g *sad.Grant) { bind(g, a) },
		"PAIR":  func(g *sad.Grant) { bind(g, a, b) },
		"TWICE": func(g *sad.Grant) { bind(g, a, a) },
		"ANY":   func(g *sad.Grant) { g.CredentialID, g.Count, g.Left = s.loose.ID, 2, 2 },
		"HALF":  func(g *sad.Grant) { bind(g, a, b); g.Left, g.Hashes = 1, g.Hashes[1:] },
		"OVER":  func(g *sad.Grant) { bind(g, a); g.Issued, g.Expires = now.Add(-5*time.Minute), now },
		"LONGOVER": func(g *sad.Grant) {
			bind(g, a)
			g.Issued, g.Expires = now.Add(-10*time.Minute), now.Add(-5*time.Minute)
		},
		"FUTURE":   func(g *sad.Grant) { bind(g, a); g.Issued, g.Expires = now.Add(time.Hour), now.Add(65*time.Minute) },
		"OTHERAPP": func(g *sad.Grant) { bind(g, a); g.ClientID = "app_0123456789abcdef0123456789abcdef" },
		"OTHERUSER": func(g *sad.Grant) {
			bind(g, a)
			g.UserID, g.CredentialID, g.Standing = s.other.ID, s.strangers.ID, s.other.Stamp
		},
		"SECOND":   func(g *sad.Grant) { bind(g, a); g.CredentialID = s.second.ID },
		"DISABLED": func(g *sad.Grant) { bind(g, a); g.CredentialID = s.disabled.ID },
		"DOCUMENT": func(g *sad.Grant) { bind(g, a); g.Hashes[0].Kind = csc.SDR },
		"LONGHASH": func(g *sad.Grant) { bind(g, long512("a")); g.HashOID = csc.OIDSHA512; g.CredentialID = s.rsa.ID },
		"RSA":      func(g *sad.Grant) { bind(g, a); g.CredentialID = s.rsa.ID },
		"OIDALONE": func(g *sad.Grant) { g.CredentialID, g.Count, g.Left = s.rsa.ID, 1, 1 },
	} {
		value, id := sad.New()
		g := sad.Grant{
			ID: id, UserID: s.signer.ID, ClientID: s.app.id, CredentialID: s.ec.ID,
			Issued: now, Expires: now.Add(sad.DefaultLife), HashOID: csc.OIDSHA256, Standing: s.signer.Stamp,
		}
		change(&g)
		must(s.t, s.api.Signer.Grants.Put(s.t.Context(), g))
		s.sads[name] = string(value)
	}
	s.sads["SPENT"] = s.sad // which the API itself gave
	decode[csc.SignHashResponse](s.t, s.call(csc.MethodSignHash, signBody(s.ec, s.sad, hash("a"))))
	nobodys, _ := sad.New()
	s.sads["NOBODYS"] = string(nobodys)
}

// bind lists the hashes of a grant.
func bind(g *sad.Grant, digests ...csc.Digest) {
	g.Bound, g.Count, g.Left = true, len(digests), len(digests)
	for _, d := range digests {
		g.Hashes = append(g.Hashes, sad.Agreed{Digest: d})
	}
}

func digest(text string) csc.Digest {
	d, _ := csc.DecodeBase64(hash(text))
	return d
}

func long512(text string) csc.Digest {
	sum := sha512.Sum512([]byte(text))
	return sum[:]
}

// come makes who asks: each is a bearer of a token of its own.
func (s *safe) come() {
	web := s.addWebApp("Web Application")
	urls := func(texts ...string) (all []string) {
		for _, text := range texts {
			all = append(all, base64.RawURLEncoding.EncodeToString(digest(text)))
		}
		return all
	}
	credential := func(texts ...string) string {
		token, _ := s.tokens(web, s.signer.ID, agreeing(s.paged.ID, urls(texts...)...))
		return token
	}
	signer, refresh := s.tokens(web, s.signer.ID, nil)
	stranger, _ := s.tokens(web, s.other.ID, nil)
	s.bearers = map[string]string{
		"the application": s.app.token, "another application": s.addApp("Other Application", s.signer.ID).token,
		"a stranger's application": s.addApp("Unlinked Application").token, "the signer": signer, "another signer": stranger,
		"a credential token": credential("a"), "a spent credential token": credential("a"), "a revoked credential token": credential("a"),
		"a refresh token": refresh, "a SAD": s.sads["ONE"], "a SAD of nobody": s.sads["NOBODYS"],
	}
	s.sads["TOKEN"], s.sads["SERVICE"], s.sads["REFRESH"] = s.bearers["a credential token"], s.app.token, refresh
	spend := fmt.Sprintf(`{"credentialID":%q,"hashes":[%q],"signAlgo":"1.2.840.10045.4.3.2"}`, s.paged.ID, hash("a"))
	decode[csc.SignHashResponse](s.t, s.call(csc.MethodSignHash, spend, "Authorization: Bearer "+s.bearers["a spent credential token"]))
	form := fmt.Sprintf("client_id=%s&client_secret=%s&token=%s", web.id, web.secret, s.bearers["a revoked credential token"])
	if got := s.send("POST", "/oauth2/revoke", form, "Content-Type: application/x-www-form-urlencoded", "Authorization: "); got.status != 204 {
		s.t.Fatalf("revoke: %d %s", got.status, got.body)
	}
}

// An activation is a row of testdata/activation.jsonl.
type activation struct {
	Says    string   `json:"says"`
	Method  string   `json:"method"`
	As      string   `json:"as"` // "" is the application
	Body    string   `json:"body"`
	Status  int      `json:"status"` // 400 if none
	Error   string   `json:"error"`  // invalid_request if none
	Text    string   `json:"text"`
	Records []string `json:"records"`
}

func activations(t *testing.T) (all []activation) {
	t.Helper()
	file, err := os.Open("testdata/activation.jsonl")
	must(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		row := activation{Status: 400, Error: "invalid_request"}
		must(t, json.Unmarshal(lines.Bytes(), &row))
		all = append(all, row)
	}
	must(t, lines.Err())
	return all
}

// write puts what a row names into its body: credentials, SADs (in parts and
// spoilt), hashes, and long texts.
func (s *safe) write(body string) string {
	var words []string
	for name, value := range s.sads {
		words = append(words, "$"+name, value, "$cut"+name, value[1:], "$more"+name, value+"A")
	}
	pairs := sortedPairs(append(words,
		"$EC", s.ec.ID, "$LOOSE", s.loose.ID, "$PAGED", s.paged.ID, "$EARLYC", s.early.ID, "$EXPIREDC", s.expired.ID, "$DISABLEDC", s.disabled.ID,
		"$SECONDC", s.second.ID, "$STRANGERC", s.strangers.ID, "$RSAC", s.rsa.ID,
		"$HA", hash("a"), "$HB", hash("b"), "$HC", hash("c"), "$H512", base64.StdEncoding.EncodeToString(long512("a")),
		"$UA", base64.RawURLEncoding.EncodeToString(digest("a")), "$CODE", s.code(), "$LONG", strings.Repeat("x", 4000),
		"$P256", "1.2.840.10045.4.3.2", "$SHA256", csc.OIDSHA256, "$SHA384", csc.OIDSHA384, "$SHA512", csc.OIDSHA512, "$RSAALG", csc.OIDRSAEncryption))
	return strings.NewReplacer(pairs...).Replace(body)
}

// sortedPairs puts the longest names first, so that none is taken for the
// beginning of another.
func sortedPairs(words []string) (all []string) {
	type pair struct{ name, value string }
	var pairs []pair
	for i := 0; i+1 < len(words); i += 2 {
		pairs = append(pairs, pair{words[i], words[i+1]})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return len(b.name) - len(a.name) })
	for _, p := range pairs {
		all = append(all, p.name, p.value)
	}
	return all
}

// Every authorization that does not cover what is asked with it, and every
// request for one that cannot be: refused in these words, whoever comes with
// it; and nothing changes but for what the audit log says of it. What was good
// before is good afterwards.
func TestActivations(t *testing.T) {
	all := activations(t)
	if len(all) < 250 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		s := newSafe(t, change)
		before := s.state(s.watched)
		for _, row := range all {
			t.Run(row.Says, func(t *testing.T) {
				token, known := s.bearers[row.As]
				if row.As == "" {
					token, known = s.app.token, true
				}
				if !known {
					t.Fatalf("nobody is %q", row.As)
				}
				a := s.call(csc.Method(row.Method), s.write(row.Body), "Authorization: Bearer "+token)
				wantRefusal(t, a, row.Status, row.Error, row.Text)
				after := s.state(s.watched)
				onlyRecorded(t, before, after, row.Records)
				before = after
			})
		}
		s.stillSign(t)
	})
}

// stillSign spends what the rows did not: each authorization for what it is for,
// once.
func (s *safe) stillSign(t *testing.T) {
	t.Helper()
	for _, good := range []struct{ sad, credential, hashes string }{
		{"ONE", "EC", `"$HA"`}, {"PAIR", "EC", `"$HB","$HA"`}, {"TWICE", "EC", `"$HA","$HA"`}, {"ANY", "LOOSE", `"$HC","$HC"`},
		{"HALF", "EC", `"$HB"`}, {"SECOND", "SECONDC", `"$HA"`},
	} {
		body := s.write(`{"credentialID":"$` + good.credential + `","SAD":"$` + good.sad + `","hashes":[` + good.hashes + `],"signAlgo":"$P256"}`)
		decode[csc.SignHashResponse](t, s.call(csc.MethodSignHash, body))
		wantRefusal(t, s.call(csc.MethodSignHash, body), 400, "invalid_request", "Invalid parameter SAD")
	}
	body := s.write(`{"credentialID":"$PAGED","hashes":["$HA"],"signAlgo":"$P256"}`)
	decode[csc.SignHashResponse](t, s.call(csc.MethodSignHash, body, "Authorization: Bearer "+s.bearers["a credential token"]))
}

// A SAD is good to its last moment, and not at its end.
func TestTheEndOfASAD(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		h := newHouse(t, change)
		c := h.credential(h.signer, csc.P256, nil)
		last, late := h.authorize(c, 1, hash("a")), h.authorize(c, 1, hash("a"))
		h.clock.advance(sad.DefaultLife - 30*time.Second - 1) // the first is 30 s older
		decode[csc.SignHashResponse](t, h.call(csc.MethodSignHash, signBody(c, last, hash("a"))))
		h.clock.advance(30*time.Second + 1)
		wantRefusal(t, h.call(csc.MethodSignHash, signBody(c, late, hash("a"))), 400, "invalid_request", "SAD expired")
		if h.keys.count() != 1 {
			t.Errorf("the device signed %d times", h.keys.count())
		}
	})
}

// A Redis that begins anew has no authorization, also if its files bring them
// back; but a code that was used stays used.
func TestAnotherRunOfTheStore(t *testing.T) {
	server := proctest.Redis(t)
	h := newHouse(t, func(h *house) { h.tickets = openRedis(t, server) })
	c := h.credential(h.signer, csc.P256, nil)
	granted := h.authorize(c, 1, hash("a"))
	again := fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"hashes":[%q],"hashAlgorithmOID":%q,"authData":[{"id":"OTP","value":%q}]}`,
		c.ID, hash("a"), csc.OIDSHA256, h.code())
	wantRefusal(t, h.call(csc.MethodAuthorize, again), 400, "invalid_authentication_data", "The authentication data is invalid")
	server.Restart()
	body := signBody(c, granted, hash("a"))
	for h.call(csc.MethodSignHash, body).status == 503 { // until the new connection is there
		time.Sleep(10 * time.Millisecond)
	}
	wantRefusal(t, h.call(csc.MethodSignHash, body), 401, "invalid_token", "")
	h.app.token = h.token(h.app)
	wantRefusal(t, h.call(csc.MethodSignHash, body), 400, "invalid_request", "Invalid parameter SAD")
	wantRefusal(t, h.call(csc.MethodAuthorize, again), 400, "invalid_authentication_data", "The authentication data is invalid")
	if _, err := h.api.Signer.Grants.Get(context.WithoutCancel(t.Context()), sad.ID(csc.Secret(granted))); err != sad.ErrUnknown || h.keys.count() != 0 {
		t.Errorf("the grant: %v; the device signed %d times", err, h.keys.count())
	}
}
