package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/users"
)

var _ users.Store = (*Registry)(nil)

// A userRow is a users.User in the table. The last step is not in it: only
// UseStep knows that column.
type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID           string `bun:"id,pk"`
	Email        string `bun:"email"`
	GivenName    string `bun:"given_name"`
	FamilyName   string `bun:"family_name"`
	Country      string `bun:"country"`
	Locale       string `bun:"locale"`
	PasswordHash string `bun:"password_hash"`
	Secret       []byte `bun:"secret"`
	Disabled     bool   `bun:"disabled"`
	Created      int64  `bun:"created"`
	PINHash      string `bun:"pin_hash"`
	Phone        string `bun:"phone"`
	PhoneSet     int64  `bun:"phone_set"`
	Stamp        string `bun:"stamp"`
	Organization string `bun:"organization"`
	Identifier   string `bun:"identifier"`
	SignsFrom    int64  `bun:"signs_from"`
}

// AddUser keeps a new user; users.ErrExists if its ID or Email is taken.
func (r *Registry) AddUser(ctx context.Context, u users.User) error {
	row := &userRow{
		ID: u.ID, Email: strings.ToLower(u.Email), GivenName: u.GivenName, FamilyName: u.FamilyName,
		Country: u.Country, Locale: u.Locale, PasswordHash: u.PasswordHash, Secret: u.Secret,
		Disabled: u.Disabled, Created: micros(u.Created), PINHash: u.PINHash, Phone: u.Phone, Stamp: u.Stamp,
		Organization: u.Organization, Identifier: u.Identifier, SignsFrom: orZero(u.SignsFrom),
	}
	if u.Phone != "" {
		row.PhoneSet = micros(u.PhoneSet)
	}
	if !plain(u.ID, u.Email, u.GivenName, u.FamilyName, u.Country, u.Locale, u.PasswordHash, u.PINHash, u.Phone, u.Stamp, u.Organization, u.Identifier) {
		return fmt.Errorf("add user: %w", errText)
	}
	err := r.write.insert(ctx, row)
	if errors.Is(err, errUnique) {
		return users.ErrExists
	}
	return doing("add user", err)
}

// User returns the user id; users.ErrUnknown if there is none.
func (r *Registry) User(ctx context.Context, id string) (users.User, error) {
	return r.user(ctx, "id = ?", id)
}

// UserByEmail returns the user with that address, compared in lower case.
func (r *Registry) UserByEmail(ctx context.Context, email string) (users.User, error) {
	return r.user(ctx, "email = ?", strings.ToLower(email))
}

func (r *Registry) user(ctx context.Context, condition, value string) (users.User, error) {
	if !plain(value) {
		return users.User{}, users.ErrUnknown
	}
	row, err := one[userRow](ctx, r.read, "user", users.ErrUnknown, where(condition, value))
	if err != nil {
		return users.User{}, err
	}
	return row.user(), nil
}

// Users returns all users, ordered by creation.
func (r *Registry) Users(ctx context.Context) ([]users.User, error) {
	return some(ctx, r.read, "users", oldestFirst, sure(userRow.user))
}

// SetPassword replaces the user's password hash and stamp; users.ErrUnknown if
// there is no such user.
func (r *Registry) SetPassword(ctx context.Context, userID, hash, stamp string) error {
	if !plain(hash, stamp) {
		return fmt.Errorf("set password: %w", errText)
	}
	return doing("set password", r.setUser(ctx, userID, "password_hash", hash, stamp))
}

// SetPIN replaces the user's PIN hash and stamp; users.ErrUnknown if there is no
// such user.
func (r *Registry) SetPIN(ctx context.Context, userID, hash, stamp string) error {
	if !plain(hash, stamp) {
		return fmt.Errorf("set PIN: %w", errText)
	}
	return doing("set PIN", r.setUser(ctx, userID, "pin_hash", hash, stamp))
}

// SetPhone replaces the user's phone number and stamp, and says when it was set;
// users.ErrUnknown if there is no such user.
func (r *Registry) SetPhone(ctx context.Context, userID, phone string, at time.Time, stamp string) error {
	if !plain(phone, stamp) {
		return fmt.Errorf("set phone: %w", errText)
	}
	return doing("set phone", r.changeUser(ctx, userID,
		`UPDATE users SET phone = ?, phone_set = ?, stamp = ? WHERE id = ?`, phone, micros(at), stamp, userID))
}

// SwapPassword replaces old by new if the user still has it, and reports whether
// he had.
func (r *Registry) SwapPassword(ctx context.Context, userID, old, new string) (bool, error) {
	if !plain(userID, old, new) {
		return false, nil
	}
	rows, err := r.write.count(ctx, `UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?`, new, userID, old)
	return rows == 1, doing("swap password", err)
}

// SetSecret replaces the user's sealed TOTP secret, nil takes it away, and his
// stamp; users.ErrUnknown if there is no such user. The last used step stays: a
// secret paired again must not give its codes a second life.
func (r *Registry) SetSecret(ctx context.Context, userID string, sealed []byte, stamp string) error {
	return doing("set secret", r.setUser(ctx, userID, "secret", sealed, stamp))
}

// SetUserDisabled disables the user or ends that, and replaces his stamp;
// users.ErrUnknown if there is no such user.
func (r *Registry) SetUserDisabled(ctx context.Context, userID string, disabled bool, stamp string) error {
	return doing("set status of user", r.setUser(ctx, userID, "disabled", disabled, stamp))
}

// SetSignsFrom says from when the user signs, the zero time for at once, and replaces
// his stamp; users.ErrUnknown if there is no such user.
func (r *Registry) SetSignsFrom(ctx context.Context, userID string, from time.Time, stamp string) error {
	return doing("set from when a user signs", r.setUser(ctx, userID, "signs_from", orZero(from), stamp))
}

// SetStamp replaces the user's stamp; users.ErrUnknown if there is no such user.
func (r *Registry) SetStamp(ctx context.Context, userID, stamp string) error {
	return doing("set stamp", r.changeUser(ctx, userID, `UPDATE users SET stamp = ? WHERE id = ?`, stamp, userID))
}

// setUser sets a column and the stamp, both at once.
func (r *Registry) setUser(ctx context.Context, userID, column string, value any, stamp string) error {
	return r.changeUser(ctx, userID, `UPDATE users SET ? = ?, stamp = ? WHERE id = ?`, bun.Ident(column), value, stamp, userID)
}

func (r *Registry) changeUser(ctx context.Context, userID, query string, args ...any) error {
	if !plain(userID) {
		return users.ErrUnknown
	}
	rows, err := r.write.count(ctx, query, args...)
	if err == nil && rows == 0 {
		return users.ErrUnknown
	}
	return err
}

func (u userRow) user() users.User {
	full := users.User{
		ID: u.ID, Email: u.Email, GivenName: u.GivenName, FamilyName: u.FamilyName,
		Country: u.Country, Locale: u.Locale, PasswordHash: u.PasswordHash, Secret: u.Secret,
		Disabled: u.Disabled, Created: moment(u.Created), PINHash: u.PINHash, Phone: u.Phone, Stamp: u.Stamp,
		Organization: u.Organization, Identifier: u.Identifier, SignsFrom: instant(u.SignsFrom),
	}
	if u.PhoneSet != 0 {
		full.PhoneSet = moment(u.PhoneSet)
	}
	return full
}

// known tells a user who is there from users.ErrUnknown.
func (r *Registry) known(ctx context.Context, userID string) error {
	_, err := r.User(ctx, userID)
	return err
}

// doing says what an error came of, if there is one.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
