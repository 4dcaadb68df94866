package users

import (
	"context"
	"errors"
	"fmt"
	"regexp"
)

// ErrOrganization says that an organization cannot have what only a person has: it
// neither logs in nor carries an authenticator.
var ErrOrganization = errors.New("users: an organization has neither a password nor an authenticator")

// An Organization is who is to own seals (§8.5). Machines act for it, and prove
// nothing but a PIN.
type Organization struct {
	Name       string // 1 to 64 characters, as in the certificate
	Identifier string // as EN 319 412-1 §5.1.4 writes one: VATRO-12345678
	Email      string // ASCII, at most 254 bytes; capitals are made small
	Country    string // ISO 3166-1 alpha-2
	Locale     string // RFC 5646
}

// registered is the form of an Identifier.
var registered = regexp.MustCompile(`^([A-Z]{3}|[A-Z]{2}:)[A-Z]{2}-[0-9A-Za-z./-]{1,50}$`)

// Found makes a user of an organization. The errors are ErrPerson and ErrExists.
func (r Registrar) Found(ctx context.Context, o Organization) (User, error) {
	o, err := o.clean()
	if err != nil {
		return User{}, err
	}
	user, err := r.named(ctx, User{
		Email: o.Email, Organization: o.Name, Identifier: o.Identifier, Country: o.Country, Locale: o.Locale,
	})
	if err != nil {
		return User{}, err
	}
	return user, r.add(ctx, user)
}

// clean returns o as it is kept.
func (o Organization) clean() (Organization, error) {
	for _, field := range []struct {
		name  string
		value *string
		clean func(string) (string, error)
	}{
		{"e-mail address", &o.Email, cleanEmail},
		{"name", &o.Name, cleanName},
		{"identifier", &o.Identifier, cleanIdentifier},
		{"country", &o.Country, cleanCountry},
		{"locale", &o.Locale, cleanLocale},
	} {
		clean, err := field.clean(*field.value)
		if err != nil {
			return Organization{}, fmt.Errorf("%w: %s %w", ErrPerson, field.name, err)
		}
		*field.value = clean
	}
	return o, nil
}

func cleanIdentifier(s string) (string, error) {
	if !registered.MatchString(s) {
		return "", errors.New("is not of the form VATRO-12345678")
	}
	return s, nil
}

// person is the user id, if it is one.
func (r Registrar) person(ctx context.Context, id string) (User, error) {
	user, err := r.Store.User(ctx, id)
	if err != nil {
		return user, fmt.Errorf("read user: %w", err)
	}
	if user.Organization != "" {
		return user, ErrOrganization
	}
	return user, nil
}
