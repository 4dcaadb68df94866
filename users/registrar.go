package users

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// A Registrar enrols signers and changes what is known of them. Each change is
// in the audit record before it is made; a record whose change then failed
// stands there all the same.
type Registrar struct {
	Store  Store
	Sealer Sealer
	Audit  Log
	Now    func() time.Time
	Issuer string // what authenticator apps call the server
	// Passwords hashes passwords; nil for a Registrar that sets none.
	Passwords *Hasher
	// Advice judges passwords before they are set; nil for none.
	Advice *Advice
}

// Enrol makes a user with an authenticator. uri is what the authenticator app
// is paired with, an otpauth URI: it has the secret in it, is told this once
// and belongs in no log. The errors are ErrPerson and ErrExists.
func (r Registrar) Enrol(ctx context.Context, p Person) (user User, uri string, err error) {
	if user, err = r.newUser(ctx, p); err != nil {
		return User{}, "", err
	}
	var secret []byte
	if user.Secret, secret, err = r.seal(ctx, user.ID); err != nil {
		return User{}, "", err
	}
	paired := audit.Entry{Event: audit.FactorPaired, User: user.ID, Factor: FactorCode, Kept: []string{audit.Mark(user.Secret)}}
	if err := r.add(ctx, user, paired); err != nil {
		return User{}, "", err
	}
	return user, pairingURI(r.Issuer, user.Email, secret), nil
}

// Add makes a user without an authenticator, who cannot sign before Pair gave
// him one. The errors are ErrPerson and ErrExists.
func (r Registrar) Add(ctx context.Context, p Person) (User, error) {
	user, err := r.newUser(ctx, p)
	if err != nil {
		return User{}, err
	}
	return user, r.add(ctx, user)
}

// add records and keeps a new user, and the factors that come along.
func (r Registrar) add(ctx context.Context, user User, paired ...audit.Entry) error {
	records := append([]audit.Entry{{Event: audit.UserAdded, User: user.ID}}, paired...)
	if user.Phone != "" {
		records = append(records, phonePaired(user.ID, user.PhoneSet))
	}
	for _, e := range records {
		if err := r.Audit.Append(ctx, e); err != nil {
			return err
		}
	}
	if err := r.Store.AddUser(ctx, user); err != nil {
		return fmt.Errorf("add user: %w", err)
	}
	return nil
}

// Pair gives a user a new authenticator in the place of any he had, and returns
// its otpauth URI, as Enrol does. Steps that were used stay used. Whatever he
// gave until then is over, as it is with every change of a factor.
func (r Registrar) Pair(ctx context.Context, userID string) (uri string, err error) {
	user, err := r.person(ctx, userID)
	if err != nil {
		return "", err
	}
	sealed, secret, err := r.seal(ctx, userID)
	if err != nil {
		return "", err
	}
	if err := r.give(ctx, userID, sealed, NewStamp()); err != nil {
		return "", err
	}
	return pairingURI(r.Issuer, user.Email, secret), nil
}

// SetPassword sets a user's password; ErrPassword if it is too short or long, and
// the errors of Advise.
func (r Registrar) SetPassword(ctx context.Context, userID string, password csc.Secret) error {
	return r.ChangePassword(ctx, userID, password, NewStamp())
}

// ChangePassword is SetPassword by the user himself: with the stamp, which is a
// new one, he goes on where he is.
func (r Registrar) ChangePassword(ctx context.Context, userID string, password csc.Secret, stamp string) error {
	if r.Passwords == nil {
		return errors.New("users: a Registrar without Passwords")
	}
	user, err := r.person(ctx, userID)
	if err != nil {
		return err
	}
	if err := r.advise(user, password); err != nil {
		return err
	}
	hash, err := r.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	record := audit.Entry{Event: audit.FactorPaired, User: userID, Factor: FactorPassword, Kept: []string{audit.Mark([]byte(hash))}}
	if err := r.Audit.Append(ctx, record); err != nil {
		return err
	}
	if err := r.Store.SetPassword(ctx, userID, hash, stamp); err != nil {
		return fmt.Errorf("keep password hash: %w", err)
	}
	return nil
}

// SetPhone sets the number that a user's messages go to, "" for none; ErrPerson
// if it is no number.
func (r Registrar) SetPhone(ctx context.Context, userID, phone string) error {
	if err := Valid(FactorSMS, csc.Secret(phone)); err != nil {
		return err
	}
	if _, err := r.Store.User(ctx, userID); err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	at := r.Now().UTC().Truncate(time.Microsecond)
	if err := r.Audit.Append(ctx, phonePaired(userID, at)); err != nil {
		return err
	}
	if err := r.Store.SetPhone(ctx, userID, phone, at, NewStamp()); err != nil {
		return fmt.Errorf("keep phone: %w", err)
	}
	return nil
}

// phonePaired records that a number was set, and when. The number itself, or
// what could be guessed from it, is no business of who reads the record.
func phonePaired(userID string, at time.Time) audit.Entry {
	mark := audit.Mark([]byte(strconv.FormatInt(at.UnixMicro(), 10)))
	return audit.Entry{Event: audit.FactorPaired, User: userID, Factor: FactorSMS, Kept: []string{mark}}
}

// Factors are the names of all factors that failures are counted of.
func Factors() []string {
	return []string{FactorPassword, FactorPIN, FactorCode, FactorEmail, FactorSMS, FactorMatch}
}

// credentialID is the form of a credential's id: failures are counted of those too.
var credentialID = regexp.MustCompile(`^c_[0-9a-f]{32}$`)

// newUser makes a user of p, whose address nobody has.
func (r Registrar) newUser(ctx context.Context, p Person) (User, error) {
	p, err := p.Clean()
	if err != nil {
		return User{}, err
	}
	user, err := r.named(ctx, User{
		Email: p.Email, GivenName: p.GivenName, FamilyName: p.FamilyName, Country: p.Country, Locale: p.Locale, Phone: p.Phone,
	})
	if user.Phone != "" {
		user.PhoneSet = user.Created
	}
	return user, err
}

// named gives a user, whose address nobody has, an ID and what goes with it.
func (r Registrar) named(ctx context.Context, user User) (User, error) {
	switch _, err := r.Store.UserByEmail(ctx, user.Email); {
	case err == nil:
		return User{}, fmt.Errorf("add user: %w", ErrExists)
	case !errors.Is(err, ErrUnknown):
		return User{}, fmt.Errorf("read user: %w", err)
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	user.ID, user.Created, user.Stamp = "u_"+hex.EncodeToString(b[:]), r.Now().UTC().Truncate(time.Microsecond), NewStamp()
	return user, nil
}

// seal makes a secret and seals it for the user.
func (r Registrar) seal(ctx context.Context, userID string) (sealed, secret []byte, err error) {
	secret = newSecret()
	if sealed, err = r.Sealer.Seal(ctx, secret, sealedFor(userID)); err != nil {
		return nil, nil, fmt.Errorf("seal secret of %s: %w", userID, err)
	}
	return sealed, secret, nil
}
