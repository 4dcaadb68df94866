package conformance

import (
	"context"
	"crypto/rand"
)

// extendCases are the requirements of credentials/extendTransaction (v2.0.0.2
// §11.9).
var extendCases = []Case{
	{ID: "extend/one", Check: "CSC-EXT-001", Ref: refTo(methodExtend), Level: Optional, Needs: extending(),
		Says: "what is left of an authorization goes on under another SAD",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			_, err = sadIn(s.first)
			return err
		}},
	{ID: "extend/new", Check: "CSC-EXT-002", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "which differs from the one before",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			if sad, err := sadIn(s.first); err != nil || sad == s.before {
				return worst(err, s.first.unlike("another SAD"))
			}
			return nil
		}},
	{ID: "extend/signs", Check: "CSC-EXT-003", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "and signs, also the last of what is left, when nothing but the SAD was changed",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			_, err = s.last.WantOK()
			return err
		}},
	{ID: "extend/old-sad", Check: "CSC-EXT-004", Ref: refTo(methodExtend), Level: Doubt, Needs: extending(),
		Says: "the SAD before signs no more",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			return s.oldSAD.want(refused())
		}},
	{ID: "extend/expired", Check: "CSC-EXT-005", Ref: refTo(methodExtend), Level: Must, Needs: append([]Feature{Patience}, extending()...),
		Says: "a SAD that has expired is not extended",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.obtain(ctx, roleExtendable, newDigests(1)...)
			if err != nil {
				return err
			}
			if err := t.outlast(ctx, "a SAD", g.life); err != nil {
				return err
			}
			return t.extend(ctx, g, g.sad).want(refused())
		}},
	{ID: "extend/used-up", Check: "CSC-EXT-006", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "nor is one that is spent",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			return s.usedUp.want(refused())
		}},
	{ID: "extend/scal2-without-hashes", Check: "CSC-EXT-007", Ref: refTo(methodExtend), Level: Must, Needs: []Feature{Client, Signer},
		Says: "at SCAL 2 no authorization is extended without hashes",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.spare(ctx, signerRole(t))
			if err != nil {
				return err
			}
			return t.extend(ctx, g, g.sad).want(refused())
		}},
	{ID: "extend/new-hash", Check: "CSC-EXT-008", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "the hashes it was extended to can be signed",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			_, err = s.newHash.WantOK()
			return err
		}},
	{ID: "extend/old-hash", Check: "CSC-EXT-009", Ref: refTo(methodExtend), Level: Doubt, Needs: extending(),
		Says: "and those before no more",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			return s.oldHash.want(refused())
		}},
	{ID: "extend/count", Check: "CSC-EXT-010", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "there are no more signatures than were authorized at first",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			return s.tooMany.want(refused())
		}},
	{ID: "extend/another-credential", Check: "CSC-EXT-011", Ref: refTo(methodExtend), Level: Must, Needs: append(extending(), Signer),
		Says: "the SAD of another credential is refused",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.spare(ctx, signerRole(t))
			if err != nil {
				return err
			}
			other := *g
			other.holding = t.Fixtures.holders(roleExtendable)[0]
			return t.extend(ctx, &other, g.sad).want(refused())
		}},
	{ID: "extend/sad-unknown", Check: "CSC-EXT-012", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "a SAD the server did not make is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.extend(ctx, t.extendable(), rand.Text()).want(refused())
		}},
	{ID: "extend/no-hash-algorithm", Check: "CSC-EXT-013", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "hashes without hashAlgorithmOID are refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodExtend, Object{
				"credentialID": t.extendable().Credential.ID, "SAD": rand.Text(), "hashes": encode(newDigests(1)...),
			}).want(refused())
		}},
	{ID: "extend/expires-in", Check: "CSC-EXT-014", Ref: refTo(methodExtend), Level: Must, Needs: extending(),
		Says: "expiresIn, where it is given, is a number of seconds greater than zero",
		Run: func(ctx context.Context, t *Target) error {
			s, err := t.extension(ctx)
			if err != nil {
				return err
			}
			o, err := s.first.WantOK()
			if n, ok := o.integer("expiresIn"); err == nil && o.has("expiresIn") && (!ok || n <= 0) {
				return s.first.unlike("expiresIn to be a number above zero")
			}
			return err
		}},
	{ID: "extend/malformed-header", Check: "CSC-EXT-015", Ref: refTo(methodExtend), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodExtend).want(malformedHeader())
		}},
}

func extending() []Feature {
	return []Feature{Client, RoleExtendable, methodAuthorize, methodSignHash, methodCredentialInfo}
}

// extendable is a credential whose authorizations can be extended, and no
// authorization of it.
func (t *Target) extendable() *grant {
	return &grant{holding: t.Fixtures.holders(roleExtendable)[0]}
}

// extend asks for another SAD in the place of one, for the digests if there are
// any.
func (t *Target) extend(ctx context.Context, g *grant, sad string, digests ...[]byte) *Answer {
	body := Object{"credentialID": g.Credential.ID, "SAD": sad}
	if len(digests) > 0 {
		body["hashes"], body["hashAlgorithmOID"] = encode(digests...), oidSHA256
	}
	return t.ask(ctx, methodExtend, body)
}

// sadIn is the SAD of a good answer.
func sadIn(a *Answer) (string, error) {
	o, err := a.WantOK()
	sad, _ := o.str("SAD")
	if err == nil && sad == "" {
		err = a.unlike("a SAD")
	}
	return sad, err
}

// An extension is what came of an authorization of three signatures: one is made,
// then it is extended to two other hashes, one of these is made, it is extended
// as it is, the last is made, and one too many is asked for.
type extension struct {
	before string // the first SAD
	first  *Answer
	oldSAD, oldHash, newHash,
	last, tooMany, usedUp *Answer
	err error
}

// extension is one of these, which several cases look at.
func (t *Target) extension(ctx context.Context) (extension, error) {
	s := see(ctx, t, methodExtend, func() extension { return t.extendTwice(ctx) })
	return s, s.err
}

func (t *Target) extendTwice(ctx context.Context) extension {
	t.ready()
	g, err := t.stock.t.obtain(ctx, roleExtendable, newDigests(3)...)
	if err != nil {
		return extension{err: err}
	}
	sign := func(sad string, d []byte) *Answer {
		return t.ask(ctx, methodSignHash, g.body().but(with("SAD", sad), with("hashes", encode(d))))
	}
	if _, err := t.stock.t.ask(ctx, methodSignHash, g.body().but(with("hashes", encode(g.digests[0])))).WantOK(); err != nil {
		return extension{err: err}
	}
	others := newDigests(2)
	s := extension{before: g.sad, first: t.extend(ctx, g, g.sad, others...)}
	second, _ := sadIn(s.first)
	s.oldSAD, s.oldHash, s.newHash = sign(g.sad, g.digests[1]), sign(second, g.digests[1]), sign(second, others[0])
	third, _ := sadIn(t.extend(ctx, g, second))
	s.last, s.tooMany, s.usedUp = sign(third, others[1]), sign(third, others[1]), t.extend(ctx, g, third)
	return s
}
