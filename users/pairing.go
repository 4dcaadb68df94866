package users

import (
	"context"
	"errors"
	"fmt"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// Draw makes the secret of an authenticator for a user, sealed, that is not his
// yet.
func (r Registrar) Draw(ctx context.Context, userID string) (sealed []byte, err error) {
	sealed, _, err = r.seal(ctx, userID)
	return sealed, err
}

// Pairing is the otpauth URI of an authenticator that was drawn for a user.
func (r Registrar) Pairing(ctx context.Context, userID string, sealed []byte) (uri string, err error) {
	user, err := r.Store.User(ctx, userID)
	if err != nil {
		return "", fmt.Errorf("read user: %w", err)
	}
	secret, err := r.drawn(ctx, userID, sealed)
	if err != nil {
		return "", err
	}
	return pairingURI(r.Issuer, user.Email, secret), nil
}

// ErrNext says that a code of a drawn authenticator was right, and that the one
// right after it is wanted too.
var ErrNext = errors.New("users: the next code of the authenticator is wanted too")

// ErrApart says that a code of a drawn authenticator was right, and does not come
// right after the one before it: it is the first one now.
var ErrApart = errors.New("users: not the code right after the one before")

// Confirm makes a drawn authenticator the user's in the place of any he had, by two
// codes of it, of a step and of the one right after. first is the step of the code
// that was right before, 0 if none was. ErrNext and ErrApart come with the step
// that is first from then on; the others are ErrWrong, if this is no code of it, and
// ErrUsed, if a code of this step or a later one was used. With the stamp, which is
// a new one, the user goes on where he is.
func (r Registrar) Confirm(ctx context.Context, userID string, sealed []byte, first int64, code csc.Secret, stamp string) (step int64, err error) {
	secret, err := r.drawn(ctx, userID, sealed)
	if err != nil {
		return 0, err
	}
	if step, err = r.spend(ctx, userID, matches(secret, code, r.Now())); err != nil {
		return 0, err
	}
	verified := audit.Entry{Event: audit.FactorVerified, User: userID, Factor: FactorCode, Step: step, Reason: "of a new authenticator"}
	if err := r.Audit.Append(ctx, verified); err != nil {
		return 0, err
	}
	switch {
	case first == 0:
		return step, ErrNext
	case step != first+1:
		return step, ErrApart
	}
	return step, r.give(ctx, userID, sealed, stamp)
}

// give makes an authenticator the user's.
func (r Registrar) give(ctx context.Context, userID string, sealed []byte, stamp string) error {
	paired := audit.Entry{Event: audit.FactorPaired, User: userID, Factor: FactorCode, Kept: []string{audit.Mark(sealed)}}
	if err := r.Audit.Append(ctx, paired); err != nil {
		return err
	}
	if err := r.Store.SetSecret(ctx, userID, sealed, stamp); err != nil {
		return fmt.Errorf("keep secret: %w", err)
	}
	return nil
}

// drawn opens a secret that was drawn.
func (r Registrar) drawn(ctx context.Context, userID string, sealed []byte) ([]byte, error) {
	secret, err := r.Sealer.Open(ctx, sealed, sealedFor(userID))
	if err == nil {
		err = checkSecret(secret)
	}
	if err != nil {
		return nil, fmt.Errorf("open secret of %s: %w", userID, err)
	}
	return secret, nil
}

// spend takes the first of the steps that is later than every one used.
func (r Registrar) spend(ctx context.Context, userID string, steps []int64) (int64, error) {
	for _, step := range steps {
		later, err := r.Store.UseStep(ctx, userID, step)
		if err != nil {
			return 0, fmt.Errorf("use step: %w", err)
		}
		if later {
			return step, nil
		}
	}
	if len(steps) > 0 {
		return 0, ErrUsed
	}
	return 0, ErrWrong
}
