package conformance

import (
	"context"
	"crypto/rand"
	"net/http"
)

// challengeCases are the requirements of credentials/getChallenge (v2.0.0.2
// §11.8).
var challengeCases = []Case{
	{ID: "challenge/shown", Check: "CSC-CHAL-001", Ref: refTo(methodGetChallenge), Level: Optional, Needs: viaRole(RoleMatch),
		Says: "a challenge that the client shows comes as the string challenge",
		Run: func(ctx context.Context, t *Target) error {
			answer, err := t.challengeOf(ctx, roleMatch)
			if err != nil {
				return err
			}
			o, err := answer.WantOK()
			if text, _ := o.str("challenge"); err == nil && text == "" {
				return answer.unlike("a challenge")
			}
			return err
		}},
	{ID: "challenge/sent", Check: "CSC-CHAL-002", Ref: refTo(methodGetChallenge), Level: Optional, Needs: viaRole(RoleChallenge),
		Says: "where the signer is sent it the answer is 204 without a body",
		Run: func(ctx context.Context, t *Target) error {
			answer, err := t.challengeOf(ctx, roleChallenge)
			if err != nil {
				return err
			}
			if answer.err == nil && answer.Status == http.StatusCreated { // §8.3.1.5
				return warning("%s: want 204, got %s", answer.request, answer)
			}
			if err := answer.WantStatus(http.StatusNoContent); err != nil {
				return err
			}
			if len(answer.Body) > 0 {
				return answer.unlike("no body")
			}
			return nil
		}},
	{ID: "challenge/credential-unknown", Check: "CSC-CHAL-003", Ref: refTo(methodGetChallenge), Level: Must, Needs: []Feature{Client},
		Says: "a credentialID that is nobody's is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.challenge(ctx, holding{Credential: Credential{ID: rand.Text()}}, "OTP").want(bad("Invalid parameter credentialID"))
		}},
	{ID: "challenge/object-unknown", Check: "CSC-CHAL-004", Ref: refTo(methodGetChallenge), Level: Must, Needs: viaSigner,
		Says: "an object that the credential does not have is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.challenge(ctx, t.Fixtures.holders(signerRole(t))[0], rand.Text()).want(badObject())
		}},
	{ID: "challenge/object-without", Check: "CSC-CHAL-005", Ref: refTo(methodGetChallenge), Level: Doubt, Needs: viaSigner,
		Says: "an object that needs no challenge has none",
		Run: func(ctx context.Context, t *Target) error {
			answer, err := t.challengeOf(ctx, signerRole(t))
			if err != nil {
				return err
			}
			return answer.want(badObject())
		}},
	{ID: "challenge/fresh", Check: "CSC-CHAL-006", Ref: Ref{methodGetChallenge, "8.3.1.5"}, Level: Doubt, Needs: viaRole(RoleMatch),
		Says: "each challenge is another",
		Run: func(ctx context.Context, t *Target) error {
			seen := map[any]bool{}
			for range 4 {
				answer, err := t.challengeOf(ctx, roleMatch)
				if err != nil {
					return err
				}
				o, err := answer.WantOK()
				if err != nil {
					return err
				}
				seen[o["challenge"]] = true
			}
			if len(seen) < 2 {
				return unmet("four challenges are the same")
			}
			return nil
		}},
	{ID: "challenge/answered", Check: "CSC-CHAL-007", Ref: Ref{methodGetChallenge, "8.3.1.5"}, Level: Optional, Needs: viaMessage(),
		Says: "the code that the signer was sent authorizes",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.asking(ctx, roleChallenge, newDigests(1)...)
			if err != nil {
				return err
			}
			_, err = t.authorize(ctx, a).WantOK()
			return err
		}},
	{ID: "challenge/once", Check: "CSC-CHAL-007", Ref: Ref{methodGetChallenge, "8.3.1.5"}, Level: Doubt, Needs: viaMessage(),
		Says: "it authorizes once",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.asking(ctx, roleChallenge, newDigests(1)...)
			if err != nil {
				return err
			}
			if _, err := t.stock.t.authorize(ctx, a).WantOK(); err != nil {
				return err
			}
			a.failing = true
			return t.authorize(ctx, a).want(refused())
		}},
	{ID: "challenge/unasked", Check: "CSC-CHAL-008", Ref: Ref{methodGetChallenge, "8.3.1.5"}, Level: Doubt, Needs: viaMessage(),
		Says: "an answer to a challenge nobody asked for is refused",
		Run: func(ctx context.Context, t *Target) error {
			a, err := t.asking(ctx, roleChallenge, newDigests(1)...)
			if err != nil {
				return err
			}
			if _, err := t.stock.t.authorize(ctx, a).WantOK(); err != nil { // which uses up the one there is
				return err
			}
			a.failing = true
			guess := alterProof(func(p []Object) []Object { return []Object{p[0].but(with("value", t.wrong(a.User)))} })
			return t.authorize(ctx, a, guess).want(refused())
		}},
	{ID: "challenge/malformed-header", Check: "CSC-CHAL-009", Ref: refTo(methodGetChallenge), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodGetChallenge).want(malformedHeader())
		}},
	{ID: "challenge/replaced", Check: "CSC-CHAL-010", Ref: Ref{methodGetChallenge, "8.3.1.5"}, Level: Doubt, Needs: viaMessage(),
		Says: "a new challenge takes the place of the one before",
		Run:  replaced},
	{ID: "challenge/flood", Check: "CSC-CHAL-011", Ref: Ref{methodGetChallenge, "10"}, Level: Doubt, Needs: viaRole(RoleChallenge),
		Says: "a signer is not sent messages without end",
		Run: func(ctx context.Context, t *Target) error {
			for range mostMessages {
				answer, err := t.challengeOf(ctx, roleChallenge)
				if err != nil {
					return err
				}
				if answer.err != nil || answer.Status >= 400 {
					return answer.want(refusal{status: []int{http.StatusTooManyRequests, http.StatusBadRequest}})
				}
			}
			return unmet("%d messages were sent to one signer", mostMessages)
		}},
}

// viaMessage is what a case needs whose signer is sent a code.
func viaMessage() []Feature { return append(viaRole(RoleChallenge), SentCodes, methodAuthorize) }

// mostMessages is how many messages the suite has a signer sent before it says
// that there is no end to them.
const mostMessages = 30

func badObject() refusal { return bad("Invalid parameter authObjectID") }

// challengeOf asks for a challenge of the first object of a role.
func (t *Target) challengeOf(ctx context.Context, role string) (*Answer, error) {
	h := t.Fixtures.holders(role)[0]
	o, err := t.stock.describe(ctx, h.Credential.ID)
	if err != nil {
		return nil, err
	}
	objects, _ := o.object("auth").objects("objects")
	if len(objects) == 0 {
		return nil, unprovided("the credential with role " + role + " has no objects")
	}
	id, _ := objects[0].str("id")
	return t.tiredly(ctx, methodGetChallenge, Object{"credentialID": h.Credential.ID, "authObjectID": id}), nil
}

// replaced gives the answer to a challenge after another was asked for.
func replaced(ctx context.Context, t *Target) error {
	first, err := t.asking(ctx, roleChallenge, newDigests(1)...)
	if err != nil {
		return err
	}
	second, err := t.askingOf(ctx, &asking{holding: first.holding, role: roleChallenge, digests: newDigests(1)}, "")
	if err != nil {
		return err
	}
	first.failing = true
	if err := t.authorize(ctx, first).want(refused()); err != nil {
		return err
	}
	_, err = t.stock.t.authorize(ctx, second).WantOK()
	return err
}
