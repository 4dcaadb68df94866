package conformance

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// asking is a call of credentials/authorize in the making.
type asking struct {
	holding
	role    string
	digests [][]byte
	body    Object
	step    int64    // of the TOTP code in it; 0 if there is none
	failing bool     // made to be refused for its proof
	only    []string // the objects that are answered; all if nil
	number  string   // that the application shows for one of them
	handle  string   // of what came of it, if that waits
}

// asking makes a right request for the digests, by the signer who can prove
// soonest; it waits for that moment.
func (t *Target) asking(ctx context.Context, role string, digests ...[]byte) (*asking, error) {
	h, err := t.stock.pick(role)
	if err != nil {
		return nil, err
	}
	return t.askingOf(ctx, &asking{holding: h, role: role, digests: digests}, "")
}

// askingToFail makes a request by the signer who failed least. The last of its
// authentication objects is answered with guess; rightly if that is "".
func (t *Target) askingToFail(ctx context.Context, role, guess string) (*asking, error) {
	h, err := t.stock.pickToFail(role)
	if err != nil {
		return nil, err
	}
	if guess == aWrongCode {
		guess = t.wrong(h.User)
	}
	return t.askingOf(ctx, &asking{holding: h, role: role, digests: newDigests(1), failing: true}, guess)
}

// aWrongCode asks askingToFail for six digits that are no code of the signer.
const aWrongCode = "a wrong code"

func (t *Target) askingOf(ctx context.Context, a *asking, guess string) (*asking, error) {
	a.body = Object{"credentialID": a.Credential.ID, "numSignatures": max(len(a.digests), 1)}
	if len(a.digests) > 0 {
		a.body["hashes"] = encode(a.digests...)
		a.body["hashAlgorithmOID"] = oidSHA256
	}
	proof, err := t.prove(ctx, a, guess)
	if err != nil {
		return nil, err
	}
	if len(proof) > 0 {
		a.body["authData"] = proof
	}
	return a, nil
}

// prove answers the authentication objects of a's credential.
func (t *Target) prove(ctx context.Context, a *asking, guess string) ([]Object, error) {
	o, err := t.stock.describe(ctx, a.Credential.ID)
	if err != nil {
		return nil, err
	}
	wanted, _ := o.object("auth").objects("objects")
	var proof []Object
	for i, object := range wanted {
		id, _ := object.str("id")
		if a.only != nil && !slices.Contains(a.only, id) {
			continue
		}
		one := Object{"id": id, "value": guess}
		if guess == "" || i < len(wanted)-1 {
			if one, err = t.answer(ctx, a, object); err != nil {
				return nil, err
			}
		}
		if value, _ := one.str("value"); value != "" {
			t.secrets.keep(value)
		}
		proof = append(proof, one)
	}
	return proof, nil
}

// answer answers one object by its type (§8.3.1).
func (t *Target) answer(ctx context.Context, a *asking, object Object) (Object, error) {
	id, _ := object.str("id")
	kind, _ := object.str("type")
	switch kind {
	case "Password":
		value, err := t.value(ctx, a, id)
		return Object{"id": id, "value": value}, err
	case "PasswordOOB":
		return Object{"id": id}, nil
	case "ChallengeResponse":
		value, err := t.sentCode(ctx, a, id)
		return Object{"id": id, "value": value}, err
	case "ChallengeResponseOOB":
		o, err := t.stock.t.challenge(ctx, a.holding, id).WantOK()
		a.number, _ = o.str("challenge")
		return Object{"id": id}, err
	}
	return nil, unprovided(fmt.Sprintf("the suite cannot answer an object of type %q", kind))
}

// challenge asks for a challenge of one object.
func (t *Target) challenge(ctx context.Context, h holding, object string) *Answer {
	return t.ask(ctx, methodGetChallenge, Object{"credentialID": h.Credential.ID, "authObjectID": object})
}

// sentCode is the code that the user is sent for an object, after asking for it.
func (t *Target) sentCode(ctx context.Context, a *asking, object string) (string, error) {
	if len(t.Fixtures.Commands.OTP) == 0 {
		return "", unprovided("the fixtures lack commands.otp")
	}
	if err := t.stock.t.challenge(ctx, a.holding, object).WantStatus(204, 201); err != nil {
		return "", err
	}
	return runCommand(ctx, t.Fixtures.Commands.OTP, a.User.ID, object)
}

// value is what the user answers to one object.
func (t *Target) value(ctx context.Context, a *asking, object string) (string, error) {
	u := a.User
	if v, ok := u.Values[object]; ok {
		return v, nil
	}
	key, err := totpKey(u.TOTPSecret)
	if err != nil || len(key) == 0 {
		if command := t.Fixtures.Commands.OTP; len(command) > 0 {
			return runCommand(ctx, command, u.ID, object)
		}
		return "", unprovided(fmt.Sprintf("the fixtures have no value for object %q", object))
	}
	step, wait := t.stock.next(u)
	if wait > 0 {
		if err := t.Sleep(ctx, wait); err != nil {
			return "", err
		}
		step, _ = t.stock.next(u)
	}
	a.step = step
	return totpCode(key, step), nil
}

// wrong is a six-digit value that is none of the user's codes of this hour.
func (t *Target) wrong(u User) string {
	key, _ := totpKey(u.TOTPSecret)
	now := totpStep(t.Now())
	var codes []string
	for step := now - 60; step <= now+60; step++ {
		codes = append(codes, totpCode(key, step))
	}
	for n := 271828; ; n += 7 {
		v := fmt.Sprintf("%06d", n%1_000_000)
		if !slices.Contains(codes, v) && !slices.Contains(slices.Collect(maps.Values(u.Values)), v) {
			t.secrets.keep(v)
			return v
		}
	}
}

// authorize sends a, with changes, and notes what became of the code in it.
func (t *Target) authorize(ctx context.Context, a *asking, changes ...change) *Answer {
	answer := t.ask(ctx, methodAuthorize, a.body.but(changes...))
	t.note(a, answer)
	return answer
}

func (t *Target) note(a *asking, answer *Answer) {
	c := t.stock.codes
	o, _ := answer.Object()
	switch code, _ := o.str("error"); {
	case answer.Status == 200 || answer.Status == 202:
		c.spend(a.User.ID, a.step)
	case code != "invalid_authentication_data":
		c.show(a.User.ID)
	case a.failing:
		c.show(a.User.ID)
		c.fail(a.User.ID)
	default:
		c.spend(a.User.ID, a.step)
	}
}

// insist asks for an authorization of what digests says, with changes. Where
// the server will not have the proof and the code in it may have been used
// before, by an earlier run or by a call that was refused, it tries again: with
// the next signer or with a code that cannot have been.
func (t *Target) insist(ctx context.Context, role string, digests func(holding) ([][]byte, error), changes ...change) (*asking, *Answer, error) {
	for {
		h, err := t.stock.pick(role)
		if err != nil {
			return nil, nil, err
		}
		all, err := digests(h)
		if err != nil {
			return nil, nil, err
		}
		a, err := t.askingOf(ctx, &asking{holding: h, role: role, digests: all}, "")
		if err != nil {
			return nil, nil, err
		}
		doubtful := t.stock.codes.doubtful(a.User.ID)
		answer := t.authorize(ctx, a, changes...)
		if o, _ := answer.Object(); !doubtful || o["error"] != "invalid_authentication_data" {
			return a, answer, nil
		}
		t.stock.codes.skip(a.User.ID, t.Fixtures.window(), t.Now())
	}
}

// these are the digests for any holder.
func these(digests ...[]byte) func(holding) ([][]byte, error) {
	return func(holding) ([][]byte, error) { return digests, nil }
}

// obtain is an authorization of the digests.
func (t *Target) obtain(ctx context.Context, role string, digests ...[]byte) (*grant, error) {
	a, answer, err := t.insist(ctx, role, these(digests...))
	if err != nil {
		return nil, err
	}
	return t.granted(ctx, a, answer)
}

// granted reads the answer to a.
func (t *Target) granted(ctx context.Context, a *asking, answer *Answer) (*grant, error) {
	o, err := answer.WantOK()
	if err != nil {
		return nil, err
	}
	sad, _ := o.str("SAD")
	if sad == "" {
		return nil, answer.unlike("a SAD")
	}
	life, ok := o.integer("expiresIn")
	if !ok {
		life = 3600 // §11.6
	}
	algo, err := t.stock.algorithm(ctx, a.Credential.ID)
	return &grant{a.holding, a.role, sad, algo, a.digests, life, usable(t.Now(), life)}, err
}

// runCommand runs an operator's program and returns what it prints. Its
// output stays out of the error: it may be a code.
func runCommand(ctx context.Context, command []string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, command[0], slices.Concat(command[1:], args)...).Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w", command[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}
