package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// stock is what cases need to have before they begin: access tokens, what is
// known of the credentials, authorizations. All of it is got through t, on
// demand, and kept as long as it lives.
type stock struct {
	t     *Target
	codes *codes

	mu      sync.Mutex
	tokens  map[string]held
	known   map[string]Object // credentials/info by credentialID
	spares  map[string]*grant // by role
	batches map[string]*grant // by role
	several *bool             // one SAD serves several calls
	texts   map[string][]byte // documents by their SHA-256
	expired *grant            // for the expired credential; nil if it gets none
	tried   bool              // to get that

	ofSigner held // an access token of a signer's, and whose
	signer   holding

	nonces        map[string]string // newest for DPoP proofs, by origin
	bound         boundToken
	ofCertificate held
}

// held is a token and when the suite stops using it.
type held struct {
	value string
	until time.Time
}

func newStock(t *Target) *stock {
	return &stock{
		t:       t,
		codes:   t.Fixtures.codes,
		tokens:  map[string]held{},
		known:   map[string]Object{},
		spares:  map[string]*grant{},
		batches: map[string]*grant{},
		nonces:  map[string]string{},
		texts:   map[string][]byte{},
	}
}

// A grant is an authorization in the suite's hands and the digests it covers.
type grant struct {
	holding
	role    string
	sad     string
	algo    string // a signAlgo that fixes SHA-256
	digests [][]byte
	life    int64     // seconds
	until   time.Time // when the suite stops using it
}

// body is a right signatures/signHash for all digests.
func (g *grant) body() Object {
	return Object{
		"credentialID": g.Credential.ID, "SAD": g.sad,
		"hashes": encode(g.digests...), "signAlgo": g.algo,
	}
}

// usable is a life given in seconds less a fifth, ten seconds at the most.
func usable(now time.Time, seconds int64) time.Time {
	life := time.Duration(seconds) * time.Second
	return now.Add(life - min(life/5, 10*time.Second))
}

// token is a living access token of scope service for the client.
func (s *stock) token(ctx context.Context, c ClientKey) (string, error) {
	s.mu.Lock()
	h, ok := s.tokens[c.ID]
	s.mu.Unlock()
	if ok && s.t.Now().Before(h.until) {
		return h.value, nil
	}
	value, life, err := s.freshToken(ctx, c)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.tokens[c.ID] = held{value, usable(s.t.Now(), life)}
	s.mu.Unlock()
	return value, nil
}

// freshToken is a new token nobody else holds, and its life in seconds.
func (s *stock) freshToken(ctx context.Context, c ClientKey) (value string, life int64, err error) {
	if c.Token != "" {
		return c.Token, 24 * 3600, nil
	}
	o, err := s.t.tokenCall(ctx, c, nil).WantOK()
	if err != nil {
		return "", 0, fmt.Errorf("no access token: %w", err)
	}
	value, _ = o.str("access_token")
	if value == "" {
		return "", 0, unmet("no access token: the answer of oauth2/token has no access_token")
	}
	life, ok := o.integer("expires_in")
	if !ok {
		life = 3600 // what §8.4.4 lets a client assume
	}
	return value, life, nil
}

// describe is what credentials/info says of a credential.
func (s *stock) describe(ctx context.Context, id string) (Object, error) {
	s.mu.Lock()
	o, ok := s.known[id]
	s.mu.Unlock()
	if ok {
		return o, nil
	}
	o, err := s.t.ask(ctx, methodCredentialInfo, everythingOf(id)).WantOK()
	if err != nil { // a server that cannot tell everything may tell enough
		o, err = s.t.ask(ctx, methodCredentialInfo, Object{"credentialID": id}).WantOK()
	}
	if err != nil {
		return nil, fmt.Errorf("no description of the credential: %w", err)
	}
	s.mu.Lock()
	s.known[id] = o
	s.mu.Unlock()
	return o, nil
}

// spare is an authorization of three digests for calls that ought to be
// refused. Cases share it as long as the server lets it live.
func (s *stock) spare(ctx context.Context, role string) (*grant, error) {
	s.mu.Lock()
	g := s.spares[role]
	s.mu.Unlock()
	if g != nil && s.t.Now().Before(g.until) {
		return g, nil
	}
	g, err := s.t.obtain(ctx, role, s.digests(3)...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.spares[role] = g
	s.mu.Unlock()
	return g, nil
}

// late is an authorization for the expired credential if the server gives one,
// else an ordinary spare. A server is asked for the former once.
func (s *stock) late(ctx context.Context) (*grant, error) {
	s.mu.Lock()
	tried, g := s.tried, s.expired
	s.mu.Unlock()
	if !tried {
		g, _ = s.t.obtain(ctx, roleExpired, newDigests(1)...) // refusing it is right, too
		s.mu.Lock()
		s.tried, s.expired = true, g
		s.mu.Unlock()
	}
	if g != nil && s.t.Now().Before(g.until) {
		return g, nil
	}
	return s.spare(ctx, signerRole(s.t))
}

// drop forgets a spare the server let die.
func (s *stock) drop(g *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spares[g.role] == g {
		delete(s.spares, g.role)
	}
}

// voucher is an authorization for one signature over one digest. Where the
// server lets one SAD serve several calls, several vouchers are of one.
func (s *stock) voucher(ctx context.Context, role string) (*grant, error) {
	severally, err := s.servesSeveral(ctx, role)
	if err != nil {
		return nil, err
	}
	if !severally {
		return s.t.obtain(ctx, role, newDigests(1)...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.batches[role]
	if b == nil || len(b.digests) == 0 || !s.t.Now().Before(b.until) {
		if b, err = s.batch(ctx, role); err != nil {
			return nil, err
		}
		s.batches[role] = b
	}
	one := *b
	one.digests, b.digests = b.digests[:1], b.digests[1:]
	return &one, nil
}

// batch is an authorization of as many digests as the suite may want to sign
// one by one. The caller holds mu.
func (s *stock) batch(ctx context.Context, role string) (*grant, error) {
	s.mu.Unlock()
	defer s.mu.Lock()
	a, answer, err := s.t.insist(ctx, role, func(h holding) ([][]byte, error) {
		n, err := s.multisign(ctx, h.Credential.ID)
		return s.digests(int(min(n, 10))), err
	})
	if err != nil {
		return nil, err
	}
	return s.t.granted(ctx, a, answer)
}

// multisign is how many signatures a credential lets authorize at once.
func (s *stock) multisign(ctx context.Context, id string) (int64, error) {
	o, err := s.describe(ctx, id)
	if err != nil {
		return 0, err
	}
	n, ok := o.integer("multisign")
	if !ok || n < 3 || n > 100 {
		return 0, unprovided(fmt.Sprintf("the multisign of a credential is %v, not 3 to 100", o["multisign"]))
	}
	return n, nil
}

// algorithm is a signAlgo of the credential that fixes the hash SHA-256.
func (s *stock) algorithm(ctx context.Context, id string) (string, error) {
	o, err := s.describe(ctx, id)
	if err != nil {
		return "", err
	}
	offered, _ := o.object("key").strings("algo")
	for _, algo := range []string{oidECSHA256, oidRSASHA256} {
		if contains(offered, algo) {
			return algo, nil
		}
	}
	return "", unprovided("a credential offers neither ecdsa-with-SHA256 nor sha256WithRSAEncryption")
}

// servesSeveral finds out, once, whether a SAD of two serves two calls. The
// text wants it renewed in between (§11.10) but does not order a refusal.
func (s *stock) servesSeveral(ctx context.Context, role string) (bool, error) {
	s.mu.Lock()
	known := s.several
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	g, err := s.t.obtain(ctx, role, newDigests(2)...)
	if err != nil {
		return false, err
	}
	several := true
	for _, d := range g.digests {
		if _, err := s.t.ask(ctx, methodSignHash, g.body().but(with("hashes", encode(d)))).WantOK(); err != nil {
			several = false
		}
	}
	s.mu.Lock()
	s.several = &several
	s.mu.Unlock()
	return several, nil
}

// newDigests are random SHA-256 values whose Base64 differs between the
// standard alphabet and the one for URLs.
func newDigests(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		for d := make([]byte, 32); all[i] == nil; {
			_, _ = rand.Read(d) // never fails
			if strings.ContainsAny(base64.StdEncoding.EncodeToString(d), "+/") {
				all[i] = bytes.Clone(d)
			}
		}
	}
	return all
}

// digests are like newDigests, and of documents that the suite has.
func (s *stock) digests(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		for all[i] == nil {
			text := []byte("A contract, " + rand.Text() + "\n")
			sum := sha256.Sum256(text)
			if strings.ContainsAny(base64.StdEncoding.EncodeToString(sum[:]), "+/") {
				all[i] = sum[:]
				s.mu.Lock()
				s.texts[string(all[i])] = text
				s.mu.Unlock()
			}
		}
	}
	return all
}

// document is the one that has the digest.
func (s *stock) document(digest []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[string(digest)]
}

// encode is digests as the API has them.
func encode(digests ...[]byte) []string {
	all := make([]string, len(digests))
	for i, d := range digests {
		all[i] = base64.StdEncoding.EncodeToString(d)
	}
	return all
}

// next is the user's next code and how long it takes to be one.
func (s *stock) next(u User) (step int64, wait time.Duration) {
	if u.TOTPSecret == "" {
		return 0, 0
	}
	return s.codes.next(u.ID, s.t.Fixtures.window(), s.t.Now())
}

// pick is the holder of the role who can authorize soonest; of equals the one
// with the fewest credentials, since those with many are wanted for rarer
// roles; of these the one who was asked least.
func (s *stock) pick(role string) (holding, error) {
	return s.least(role, func(h holding) [3]int64 {
		_, wait := s.next(h.User)
		used, _ := s.codes.load(h.User.ID)
		return [3]int64{int64(wait), int64(len(h.User.Credentials)), int64(used)}
	})
}

// enoughFailures is how many wrong proofs in a row the suite lets a signer give
// who may still be needed.
const enoughFailures = 3

// pickToFail is the holder who can prove soonest among those who did not fail
// often.
func (s *stock) pickToFail(role string) (holding, error) {
	return s.least(role, func(h holding) [3]int64 {
		_, wait := s.next(h.User)
		_, failed := s.codes.load(h.User.ID)
		return [3]int64{int64(max(failed-enoughFailures+1, 0)), int64(wait), int64(failed)}
	})
}

func (s *stock) least(role string, weigh func(holding) [3]int64) (holding, error) {
	all := s.t.Fixtures.holders(role)
	if len(all) == 0 {
		return holding{}, unprovided("the fixtures lack a credential with role " + role)
	}
	return slices.MinFunc(all, func(a, b holding) int {
		x, y := weigh(a), weigh(b)
		return slices.Compare(x[:], y[:])
	}), nil
}
