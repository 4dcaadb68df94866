package users

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// A Claim is what is given as the proof of one factor.
type Claim struct {
	factor string
	// open finds what the claim is judged by. It comes before the counting: a
	// device or a store that is away must not lock signers out.
	open func(context.Context, *Prover, User) (*Judge, error)
}

// A Judge is what one claim is judged by.
type Judge struct {
	// Why the claim is refused uncounted, since it cannot be a guess; "" if it is
	// judged.
	Why string
	// Right compares, and changes nothing.
	Right func(context.Context) (bool, error)
	// Spend uses up what was right, and reports whether nobody had before; nil if
	// it stays good.
	Spend func(context.Context) (bool, error)

	leave func() // gives up what it holds; nil for nothing
	step  int64  // of the authenticator, once spent
}

// ClaimCode claims that value is a code of the user's authenticator.
func ClaimCode(value csc.Secret) Claim {
	return Claim{factor: FactorCode, open: func(ctx context.Context, p *Prover, user User) (*Judge, error) {
		secret, why, err := p.secret(ctx, user)
		if why == "" && !sixDigits(value) {
			why = "not six digits"
		}
		if err != nil || why != "" {
			return &Judge{Why: why}, err
		}
		j, now := &Judge{}, p.Now()
		j.Right = func(context.Context) (bool, error) { return len(matches(secret, value, now)) > 0, nil }
		j.Spend = func(ctx context.Context) (later bool, err error) {
			for _, step := range matches(secret, value, now) {
				if later, err = p.useStep(ctx, user.ID, step); later || err != nil {
					j.step = step
					break
				}
			}
			return later, err
		}
		return j, nil
	}}
}

// ClaimOther claims what open finds a Judge for.
func ClaimOther(factor string, open func(context.Context) (*Judge, error)) Claim {
	return Claim{factor, func(ctx context.Context, _ *Prover, _ User) (*Judge, error) { return open(ctx) }}
}

// Prove judges claims of different factors together: they are right if each of
// them is, and who gives a wrong one learns nothing of the others.
//
// Each claim counts as a failure of its factor before any is looked at, and all
// together as one of the credential, unless that is "". What cannot be a guess
// is refused uncounted. Only when all are right are the codes spent and the
// counts taken away. The errors are a *RefusedError, ErrLocked, ErrPaused and
// ErrUnknown. A user who is disabled, or does not have one of the factors, is
// refused as if it were wrong.
func (p *Prover) Prove(ctx context.Context, userID, credential string, claims ...Claim) (Proof, error) {
	user, err := p.Store.User(ctx, userID)
	if err != nil {
		return Proof{}, fmt.Errorf("read user: %w", err)
	}
	t := trial{p: p, user: user}
	defer t.close()
	if err := t.open(ctx, claims, credential); err != nil {
		return Proof{}, err
	}
	if err := t.begin(ctx); err != nil {
		return Proof{}, err
	}
	if err := t.judge(ctx); err != nil {
		return Proof{}, err
	}
	return t.succeed(ctx)
}

// A trial is one judging of claims.
type trial struct {
	p     *Prover
	user  User
	cases []*counted
}

// A counted is a claim, or the credential, with its count of failures.
type counted struct {
	*Judge // nil for the credential
	factor string
	limits Limits
	begun  Attempts
}

// open finds what the claims are judged by. If one cannot be judged none is.
func (t *trial) open(ctx context.Context, claims []Claim, credential string) error {
	why, odd := "", ""
	if t.user.Disabled {
		why = "disabled"
	}
	for _, claim := range claims {
		c := &counted{factor: claim.factor, limits: t.p.CodeLimits.or(CodeLimits())}
		t.cases = append(t.cases, c)
		if why != "" {
			odd = cmp.Or(odd, claim.factor)
			continue
		}
		var err error
		if c.Judge, err = claim.open(ctx, t.p, t.user); err != nil {
			return err
		}
		if c.Why != "" {
			why, odd = c.Why, claim.factor
		}
	}
	if credential != "" {
		t.cases = append(t.cases, &counted{factor: credential, limits: t.p.CodeLimits.or(CodeLimits())})
	}
	if why == "" && len(t.cases) == 1 {
		return nil // begin says the same
	}
	left, err := t.left(ctx)
	if err != nil || why == "" {
		return err
	}
	return t.p.refuse(ctx, t.user.ID, odd, why, Attempts{}, &RefusedError{Left: left})
}

func (t *trial) close() {
	for _, c := range t.cases {
		if c.Judge != nil && c.leave != nil {
			c.leave()
		}
	}
}

// left is how many trials would be judged now, or why none is. It counts
// nothing: what is barred must not count against another factor.
func (t *trial) left(ctx context.Context) (int, error) {
	least := t.cases[0].limits.Failures
	for _, c := range t.cases {
		now, err := t.p.Store.Attempts(ctx, t.user.ID, c.factor)
		if err != nil {
			return 0, fmt.Errorf("read attempts: %w", err)
		}
		next, err := now.Begin(t.p.Now(), c.limits)
		if err != nil {
			return 0, t.p.refuse(ctx, t.user.ID, c.factor, barred(err), Attempts{}, err)
		}
		least = min(least, next.Left(c.limits)+1)
	}
	return least, nil
}

// begin counts a failure of each.
func (t *trial) begin(ctx context.Context) (err error) {
	for _, c := range t.cases {
		if c.begun, err = t.p.begin(ctx, t.user.ID, c.factor, c.limits); err != nil {
			return err
		}
	}
	return nil
}

// judge compares all, and only then spends.
func (t *trial) judge(ctx context.Context) error {
	wrong := map[*counted]string{}
	for _, c := range t.cases {
		if c.Judge == nil {
			continue
		}
		right, err := c.Right(ctx)
		if err != nil {
			return err
		}
		if !right {
			wrong[c] = "wrong"
		}
	}
	used := false
	for _, c := range t.cases {
		if len(wrong) > 0 || c.Judge == nil || c.Spend == nil {
			continue
		}
		fresh, err := c.Spend(ctx)
		if err != nil {
			return err
		}
		if !fresh {
			wrong[c], used = "used before", true
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return t.fail(ctx, wrong, used)
}

// fail records every failure that was counted.
func (t *trial) fail(ctx context.Context, wrong map[*counted]string, used bool) error {
	refusal := &RefusedError{Left: t.cases[0].begun.Left(t.cases[0].limits), Used: used}
	for _, c := range t.cases {
		refusal.Left = min(refusal.Left, c.begun.Left(c.limits))
	}
	for _, c := range t.cases {
		why := wrong[c]
		if why == "" {
			why = "beside another that was not right"
		}
		if err := t.p.refuse(ctx, t.user.ID, c.factor, why, c.begun, refusal); !errors.Is(err, refusal) {
			return err
		}
	}
	return refusal
}

// succeed records the proof and takes the counts away.
func (t *trial) succeed(ctx context.Context) (Proof, error) {
	var proof Proof
	for i, c := range t.cases {
		now, err := t.acquit(ctx, c)
		if err != nil {
			return Proof{}, err
		}
		if left := now.Left(c.limits); i == 0 || left < proof.Left {
			proof.Left = left
		}
		if c.Judge != nil {
			proof.Step = max(proof.Step, c.step)
		}
	}
	return proof, nil
}

func (t *trial) acquit(ctx context.Context, c *counted) (Attempts, error) {
	if c.Judge == nil {
		return t.p.forgive(ctx, t.user.ID, c.factor, c.begun)
	}
	return t.p.succeed(ctx, audit.Entry{User: t.user.ID, Factor: c.factor, Step: c.step}, c.begun)
}
