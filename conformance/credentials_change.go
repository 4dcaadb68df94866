package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
)

// The types of authorization_details that permit changes (v2.2).
const (
	typeCreation = "https://cloudsignatureconsortium.org/2025/credential-creation"
	typeDeletion = "https://cloudsignatureconsortium.org/2025/credential-deletion"
)

// createCases are the requirements of credentials/create (v2.2 §11.4), whose text
// the suite's author could not read: all are doubts.
var createCases = []Case{
	{ID: "create/one", Check: "CSC-CRE-001", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "a token that a signer gave for it makes a credential",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.creation(ctx).credential()
			return err
		}},
	{ID: "create/service-token", Check: "CSC-CRE-002", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "a token of scope service makes none",
		Run: func(ctx context.Context, t *Target) error {
			token, _, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			return t.post(ctx, methodCreate, token.value, Object{}).want(refusal{})
		}},
	{ID: "create/credential-token", Check: "CSC-CRE-003", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "nor does one of scope credential",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.spareToken(ctx)
			if err != nil {
				return err
			}
			return t.post(ctx, methodCreate, g.sad, Object{}).want(refusal{})
		}},
	{ID: "create/not-to-sign", Check: "CSC-CRE-004", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(methodSignHash),
		Says: "the token signs nothing",
		Run: func(ctx context.Context, t *Target) error {
			return t.creation(ctx).sign.want(refusal{})
		}},
	{ID: "create/listed", Check: "CSC-CRE-005", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(methodList),
		Says: "the new credential is in the signer's list",
		Run: func(ctx context.Context, t *Target) error {
			c := t.creation(ctx)
			id, err := c.credential()
			if err != nil {
				return err
			}
			o, err := c.list.WantOK()
			if ids, _ := o.strings("credentialIDs"); err == nil && !slices.Contains(ids, id) {
				return c.list.unlike("the new credential")
			}
			return err
		}},
	{ID: "create/described", Check: "CSC-CRE-006", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "with credentialInfo it is described",
		Run: func(ctx context.Context, t *Target) error {
			a := t.creation(ctx).described
			o, err := a.Object()
			if err == nil && !(o.has("key") && o.has("cert") && o.has("auth")) {
				return a.unlike("key, cert and auth")
			}
			return err
		}},
	{ID: "create/not-described", Check: "CSC-CRE-007", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "without it is not",
		Run: func(ctx context.Context, t *Target) error {
			a := t.creation(ctx).first
			o, err := a.Object()
			if err == nil && (o.has("key") || o.has("cert")) {
				return a.unlike("neither key nor cert")
			}
			return err
		}},
	{ID: "create/certificates", Check: "CSC-CRE-008", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "certificates says which of them are told",
		Run: func(ctx context.Context, t *Target) error {
			a := t.creation(ctx).described
			o, err := a.Object()
			if err != nil {
				return err
			}
			if all, err := certificates(o); err != nil || len(all) == 0 {
				return worst(err, a.unlike("a chain of certificates"))
			}
			return nil
		}},
	{ID: "create/policy-unknown", Check: "CSC-CRE-012", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "what was not permitted, such as another certificatePolicy, is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.creation(ctx).policy.want(refused())
		}},
	{ID: "create/once", Check: "CSC-CRE-013", Ref: refTo(methodCreate), Level: Doubt, Needs: changing(),
		Says: "a second call makes no second credential: it is refused, or answered with the same one",
		Run: func(ctx context.Context, t *Target) error {
			c := t.creation(ctx)
			id, err := c.credential()
			if err != nil {
				return err
			}
			o, err := c.described.Object()
			if again, _ := o.str("credentialID"); err == nil && again == id {
				return nil
			}
			return c.described.want(refused())
		}},
	{ID: "create/malformed-header", Check: "CSC-CRE-014", Ref: refTo(methodCreate), Level: Doubt,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodCreate).want(malformedHeader())
		}},
}

// deleteCases are the same of credentials/delete (v2.2 §11.5).
var deleteCases = []Case{
	{ID: "delete/one", Check: "CSC-DEL-001", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "a token that a signer gave for it deletes a credential, and the answer is 204",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).deleted.wantNothing()
		}},
	{ID: "delete/gone", Check: "CSC-DEL-002", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "the credential is gone then",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).info.want(bad("Invalid parameter credentialID"))
		}},
	{ID: "delete/service-token", Check: "CSC-DEL-004", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(),
		Says: "a token of scope service deletes none",
		Run: func(ctx context.Context, t *Target) error {
			token, h, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			return t.remove(ctx, token.value, Object{"credentialID": h.Credential.ID}).want(refusal{})
		}},
	{ID: "delete/another", Check: "CSC-DEL-005", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "another credential than was permitted is not deleted",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).another.want(refusal{})
		}},
	{ID: "delete/no-reason", Check: "CSC-DEL-006", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "revoke without revocationReason is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).noReason.want(refused())
		}},
	{ID: "delete/reason-unused", Check: "CSC-DEL-007", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "so is reason 7, which nobody uses",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).unused.want(refused())
		}},
	{ID: "delete/reason-beyond", Check: "CSC-DEL-008", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "so is reason 11, which there is not",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).beyond.want(refused())
		}},
	{ID: "delete/id-missing", Check: "CSC-DEL-009", Ref: refTo(methodDelete), Level: Doubt, Needs: changing(methodCreate),
		Says: "so is a request that names no credential",
		Run: func(ctx context.Context, t *Target) error {
			return t.deletion(ctx).unnamed.want(refused())
		}},
}

// changing is what a case needs whose signer permits a change on the pages.
func changing(more ...Feature) []Feature { return web(append(more, RAR)...) }

// visitToChange makes a right request for a change by the signer who can agree
// soonest, or by one who is given.
func (t *Target) visitToChange(h *holding, detail Object) (*visit, error) {
	if h == nil {
		one, err := t.stock.pick(roleCode)
		if err != nil {
			return nil, err
		}
		h = &one
	}
	text, err := json.Marshal([]Object{detail})
	if err != nil {
		return nil, err
	}
	v, err := t.visitOf(*h, notWanting("scope"), wanting("authorization_details", string(text)))
	if err == nil {
		v.details = string(text)
	}
	return v, err
}

// permit is a token for a change that the signer agreed to, got around a mutant.
func (t *Target) permit(ctx context.Context, h *holding, detail Object) (token string, who holding, err error) {
	t.ready()
	around := t.stock.t
	v, err := around.visitToChange(h, detail)
	if err != nil {
		return "", who, err
	}
	o, _, err := around.permitted(ctx, v, around.agree(ctx, v))
	token, _ = o.str("access_token")
	return token, v.holding, err
}

// A created is what came of a permit to make a credential: the first call, one that
// asks for another policy before it, one that asks again with a description, and
// the token tried at signHash, and the list of the signer.
type created struct {
	who                                  holding
	policy, first, described, sign, list *Answer
}

// credential is the ID of what was made.
func (c created) credential() (string, error) {
	if err := c.first.WantStatus(http.StatusOK, http.StatusCreated); err != nil {
		return "", err
	}
	o, err := c.first.Object()
	id, _ := o.str("credentialID")
	if err == nil && id == "" {
		err = c.first.unlike("a credentialID")
	}
	return id, err
}

// creation is one of these, which several cases look at.
func (t *Target) creation(ctx context.Context) created {
	return see(ctx, t, methodCreate, func() created {
		token, who, err := t.permit(ctx, nil, Object{"type": typeCreation})
		var service string
		if err == nil {
			service, err = t.serviceOf(ctx, &grant{holding: who})
		}
		if err != nil {
			none := &Answer{request: "POST " + methodCreate, err: err}
			return created{who, none, none, none, none, none}
		}
		return created{
			who:       who,
			policy:    t.post(ctx, methodCreate, token, Object{"credentialCreationRequest": Object{"certificatePolicy": "1.2.3"}}),
			first:     t.post(ctx, methodCreate, token, Object{}),
			described: t.post(ctx, methodCreate, token, Object{"credentialInfo": true, "certificates": "chain", "certInfo": true, "authInfo": true}),
			sign: t.post(ctx, methodSignHash, token, Object{
				"credentialID": who.Credential.ID, "hashes": encode(newDigests(1)...), "signAlgo": oidECSHA256,
			}),
			list: t.post(ctx, methodList, service, Object{}),
		}
	})
}

// A deleted is what came of a permit to delete a credential: calls that are wrong,
// the right one, and a look at the credential after it.
type deleted struct{ another, unnamed, noReason, unused, beyond, deleted, info *Answer }

// deletion is one of these, of a credential that was made for it.
func (t *Target) deletion(ctx context.Context) deleted {
	return see(ctx, t, methodDelete, func() deleted {
		d, err := t.makeAndDelete(ctx)
		if err != nil {
			none := &Answer{request: "POST " + methodDelete, err: err}
			return deleted{none, none, none, none, none, none, none}
		}
		return d
	})
}

func (t *Target) makeAndDelete(ctx context.Context) (deleted, error) {
	t.ready()
	c := t.stock.t.creation(ctx)
	id, err := c.credential()
	if err != nil {
		return deleted{}, err
	}
	token, _, err := t.permit(ctx, &c.who, Object{"type": typeDeletion, "credentialID": id})
	if err != nil {
		return deleted{}, err
	}
	service, err := t.serviceOf(ctx, &grant{holding: c.who})
	if err != nil {
		return deleted{}, err
	}
	t.stock.t.forget(methodCreate) // what it made will be gone
	because := func(reason any) *Answer {
		return t.remove(ctx, token, Object{"credentialID": id, "revoke": true, "revocationReason": reason})
	}
	return deleted{
		another:  t.remove(ctx, token, Object{"credentialID": c.who.Credential.ID}),
		unnamed:  t.remove(ctx, token, Object{}),
		noReason: t.remove(ctx, token, Object{"credentialID": id, "revoke": true}),
		unused:   because(7), beyond: because(11), deleted: because(5),
		info: t.post(ctx, methodCredentialInfo, service, Object{"credentialID": id}),
	}, nil
}

// forget has what is remembered under name got again.
func (t *Target) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, name)
}

func (t *Target) remove(ctx context.Context, token string, request Object) *Answer {
	return t.post(ctx, methodDelete, token, Object{"credentialDeletionRequest": request})
}
