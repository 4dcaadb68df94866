package conformance

import (
	"context"
	"crypto"
	"crypto/rsa"
	"slices"
	"sync"
)

// signatures reads a good answer with n signatures.
func signatures(a *Answer, n int) ([][]byte, error) {
	o, err := a.WantOK()
	if err != nil {
		return nil, err
	}
	texts, ok := o.strings("signatures")
	if !ok || len(texts) != n {
		return nil, a.unlike("an array signatures of %d strings", n)
	}
	all := make([][]byte, n)
	for i, text := range texts {
		if all[i], err = decode(text); err != nil {
			return nil, unmet("signatures[%d]: %v", i, err)
		}
	}
	return all, nil
}

// verified is nil if a has the signatures of all digests of g, in order.
func (t *Target) verified(ctx context.Context, g *grant, a *Answer, s scheme) error {
	all, err := signatures(a, len(g.digests))
	if err != nil {
		return err
	}
	key, err := t.stock.publicKey(ctx, g.Credential.ID)
	if err != nil {
		return err
	}
	for i, signature := range all {
		if err := s.verify(key, g.digests[i], signature); err != nil {
			return unmet("signatures[%d] is not the key's signature over hashes[%d]: %v", i, i, err)
		}
	}
	return nil
}

// publicKey is the key in a credential's certificate.
func (s *stock) publicKey(ctx context.Context, id string) (crypto.PublicKey, error) {
	o, err := s.describe(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := certificates(o)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, unmet("there is no certificate to verify with")
	}
	return all[0].PublicKey, nil
}

// refusesSpare signs with an authorization that is good, a body that is not,
// and wants w. A server may let a SAD die with the call it refuses; then the
// call is made again with a fresh one.
func (t *Target) refusesSpare(ctx context.Context, role string, body func(*grant) Object, w refusal) error {
	return t.refusesSpareOf(ctx, methodSignHash, role, body, w)
}

// refusesSpareOf is refusesSpare for another method.
func (t *Target) refusesSpareOf(ctx context.Context, method, role string, body func(*grant) Object, w refusal) error {
	if role == "" {
		role = signerRole(t)
	}
	for last := false; ; last = true {
		g, err := t.stock.spare(ctx, role)
		if err != nil {
			return err
		}
		a := t.ask(ctx, method, body(g))
		o, _ := a.Object()
		words, _ := o.str("error_description")
		dead := words != w.text && (words == wordsBadSAD || words == wordsExpiredSAD)
		if !dead || last {
			return a.want(w)
		}
		t.stock.drop(g)
	}
}

// signRefused is refusesSpare for a right body with changes.
func signRefused(role string, w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		return t.refusesSpare(ctx, role, func(g *grant) Object {
			one := *g
			one.digests = g.digests[:1]
			return one.body().but(changes...)
		}, w)
	}
}

// signs asks for one signature and verifies it.
func signs(role func(*Target) string, s scheme, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		g, err := t.stock.voucher(ctx, role(t))
		if err != nil {
			return err
		}
		return t.verified(ctx, g, t.ask(ctx, methodSignHash, g.body().but(changes...)), s)
	}
}

// A pair is an authorization and what the server made of it.
type pair struct {
	grant  *grant
	answer *Answer
	err    error
}

// signed is one good signature, which several cases look at.
func (t *Target) signed(ctx context.Context) (*grant, *Answer, error) {
	p := see(ctx, t, methodSignHash, func() pair {
		g, err := t.stock.voucher(ctx, signerRole(t))
		if err != nil {
			return pair{err: err}
		}
		return pair{grant: g, answer: t.ask(ctx, methodSignHash, g.body())}
	})
	return p.grant, p.answer, p.err
}

// otherCredential uses a SAD with another credential that can sign.
func otherCredential(which func(*grant, holding) bool, w refusal) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		g, err := t.stock.spare(ctx, signerRole(t))
		if err != nil {
			return err
		}
		others := slices.Concat(t.Fixtures.holders(roleEC), t.Fixtures.holders(roleRSA))
		i := slices.IndexFunc(others, func(h holding) bool { return h.Credential.ID != g.Credential.ID && which(g, h) })
		if i < 0 {
			return unprovided("the fixtures lack a second credential with role ec or rsa for this")
		}
		algo, err := t.stock.algorithm(ctx, others[i].Credential.ID)
		if err != nil {
			return err
		}
		return t.refusesSpare(ctx, g.role, func(g *grant) Object {
			return g.body().but(with("credentialID", others[i].Credential.ID), with("signAlgo", algo))
		}, w)
	}
}

func otherClient(ctx context.Context, t *Target) error {
	g, err := t.stock.spare(ctx, signerRole(t))
	if err != nil {
		return err
	}
	token, err := t.stock.token(ctx, t.Fixtures.OtherClient)
	if err != nil {
		return err
	}
	return t.post(ctx, methodSignHash, token, g.body()).want(refused())
}

// spentSAD signs what it may and then the same again.
func spentSAD(ctx context.Context, t *Target) error {
	g, err := t.stock.t.obtain(ctx, signerRole(t), newDigests(1)...)
	if err != nil {
		return err
	}
	if _, err := t.ask(ctx, methodSignHash, g.body()).WantOK(); err != nil {
		return err
	}
	return t.ask(ctx, methodSignHash, g.body()).want(refused())
}

func severalCalls(ctx context.Context, t *Target) error {
	g, err := t.stock.t.obtain(ctx, signerRole(t), newDigests(2)...)
	if err != nil {
		return err
	}
	first := t.ask(ctx, methodSignHash, g.body().but(with("hashes", encode(g.digests[0]))))
	if _, err := first.WantOK(); err != nil {
		return err
	}
	return t.ask(ctx, methodSignHash, g.body().but(with("hashes", encode(g.digests[1])))).want(refused())
}

// rivals is how many calls want the one signature at once.
const rivals = 8

func atOnce(ctx context.Context, t *Target) error {
	g, err := t.stock.t.obtain(ctx, signerRole(t), newDigests(1)...)
	if err != nil {
		return err
	}
	answers := make([]*Answer, rivals)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = t.ask(ctx, methodSignHash, g.body()) })
	}
	all.Wait()
	var winners int
	var faults []error
	for _, a := range answers {
		if a.Status == 200 {
			winners++
			faults = append(faults, t.verified(ctx, g, a, plainSHA256()))
			continue
		}
		faults = append(faults, a.want(refused()))
	}
	if winners != 1 {
		return unmet("of %d calls at once with a SAD for one signature %d were answered with it", rivals, winners)
	}
	return worst(faults...)
}

// expiredCertificate signs with a SAD for the credential or, where the server
// gives none, with another's, which is not what the call is to fail for.
func expiredCertificate(ctx context.Context, t *Target) error {
	g, err := t.stock.late(ctx)
	if err != nil {
		return err
	}
	id := t.Fixtures.holders(roleExpired)[0].Credential.ID
	algo, err := t.stock.algorithm(ctx, id)
	if err != nil {
		return err
	}
	return t.ask(ctx, methodSignHash, g.body().but(with("credentialID", id), with("signAlgo", algo))).want(expiredKey())
}

func disabledSince(ctx context.Context, t *Target) (err error) {
	g, err := t.stock.spare(ctx, roleDisposable)
	if err != nil {
		return err
	}
	c := t.Fixtures.Commands
	if _, err := runCommand(ctx, c.Disable, g.Credential.ID); err != nil {
		return err
	}
	defer func() {
		_, e := runCommand(ctx, c.Enable, g.Credential.ID)
		err = worst(err, e)
	}()
	return t.ask(ctx, methodSignHash, g.body()).want(refused())
}

// contradicted says SHA-512 beside an algorithm that says SHA-256.
func contradicted(ctx context.Context, t *Target) error {
	g, err := t.stock.voucher(ctx, roleRSA)
	if err != nil {
		return err
	}
	a := t.ask(ctx, methodSignHash, g.body().but(with("signAlgo", oidRSASHA256), with("hashAlgorithmOID", oidSHA512)))
	if a.Status == 200 {
		return t.verified(ctx, g, a, plainSHA256())
	}
	return a.want(badHashOID())
}

// longestSalt asks for a salt of what the modulus leaves beside the hash and
// two bytes (RFC 8017 §9.1.1).
func longestSalt(ctx context.Context, t *Target) error {
	g, err := t.stock.voucher(ctx, roleRSA)
	if err != nil {
		return err
	}
	key, err := t.stock.publicKey(ctx, g.Credential.ID)
	if err != nil {
		return err
	}
	modulus, ok := key.(*rsa.PublicKey)
	if !ok {
		return unprovided("the credential with role rsa has another key")
	}
	salt := (modulus.N.BitLen()-1+7)/8 - 32 - 2
	body := g.body().but(pss(newPSS(oidSHA256, salt, true))...)
	return t.verified(ctx, g, t.ask(ctx, methodSignHash, body), scheme{crypto.SHA256, salt})
}
