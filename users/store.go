package users

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrUnknown says that there is no such user.
	ErrUnknown = errors.New("users: unknown user")
	// ErrExists says that the id or the e-mail address is taken.
	ErrExists = errors.New("users: user exists")
)

// A Store keeps users and what they have proved, durably.
type Store interface {
	// AddUser keeps a new user; ErrExists if its ID or Email is taken.
	AddUser(ctx context.Context, u User) error
	// User returns the user id; ErrUnknown if there is none.
	User(ctx context.Context, id string) (User, error)
	// UserByEmail returns the user with that address, compared in lower case.
	UserByEmail(ctx context.Context, email string) (User, error)
	// Users returns all users, ordered by creation.
	Users(ctx context.Context) ([]User, error)
	// SetPassword replaces the user's password hash and his stamp, both at once;
	// ErrUnknown if there is no such user.
	SetPassword(ctx context.Context, userID, hash, stamp string) error
	// SwapPassword replaces old by another hash of the same password, and reports
	// whether old was still there. The stamp stays.
	SwapPassword(ctx context.Context, userID, old, new string) (bool, error)
	// SetSecret replaces the user's sealed TOTP secret, nil takes it away, and his
	// stamp, both at once; ErrUnknown if there is no such user. The last used step
	// stays.
	SetSecret(ctx context.Context, userID string, sealed []byte, stamp string) error
	// SetUserDisabled disables the user or ends that, and replaces his stamp, both
	// at once; ErrUnknown if there is no such user.
	SetUserDisabled(ctx context.Context, userID string, disabled bool, stamp string) error
	// SetSignsFrom says from when the user signs, the zero time for at once, and
	// replaces his stamp, both at once; ErrUnknown if there is no such user.
	SetSignsFrom(ctx context.Context, userID string, from time.Time, stamp string) error
	// SetStamp replaces the user's stamp; ErrUnknown if there is no such user.
	SetStamp(ctx context.Context, userID, stamp string) error
	// SetPIN replaces the user's PIN hash and his stamp, both at once; ErrUnknown if
	// there is no such user.
	SetPIN(ctx context.Context, userID, hash, stamp string) error
	// SetPhone replaces the user's phone number and his stamp, both at once, and says
	// when it was set; ErrUnknown if there is no such user.
	SetPhone(ctx context.Context, userID, phone string, at time.Time, stamp string) error
	// UseStep remembers step as the user's last used TOTP step and reports
	// whether it was later than the one remembered. Of any number of UseSteps
	// with the same step one reports true.
	UseStep(ctx context.Context, userID string, step int64) (bool, error)
	// Attempts returns the user's counters for a factor; the zero Attempts if
	// none were counted.
	Attempts(ctx context.Context, userID, factor string) (Attempts, error)
	// SwapAttempts replaces old by new and reports whether old was still there.
	SwapAttempts(ctx context.Context, userID, factor string, old, new Attempts) (bool, error)
}
