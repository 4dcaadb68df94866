package enrolment

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/users"
)

// identifier is a natural person's of EN 319 412-1 §5.1.3: what kind of number it
// is, whose country's, and the number, in the alphabet of PrintableString.
var identifier = regexp.MustCompile(`^(?:PAS|IDC|PNO|TAX|TIN|[A-Z]{2}:)[A-Z]{2}-[A-Za-z0-9'()+,./:=?-]+$`)

// The most characters of an identifier (ub-serial-number), and of a reference.
const (
	maxIdentifier = 64
	maxReference  = 200
)

// Check returns the identity as it is kept, or ErrIdentity with what is wrong.
func (o *Office) Check(i Identity) (Identity, error) {
	clean, err := i.person().Clean()
	if err != nil {
		return i, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	i.GivenName, i.FamilyName, i.Email, i.Country, i.Locale = clean.GivenName, clean.FamilyName, clean.Email, clean.Country, clean.Locale
	i.Profile = cmp.Or(i.Profile, DefaultProfile)
	profile, known := o.Profiles[i.Profile]
	switch {
	case !known:
		err = fmt.Errorf("no profile %q in the configuration", i.Profile)
	case i.Phone != "" && !notify.Number(i.Phone):
		err = errors.New("phone number is not in E.164: a plus, and seven to fifteen digits")
	case i.Identifier != "" && (len(i.Identifier) > maxIdentifier || !identifier.MatchString(i.Identifier)):
		err = errors.New("identifier is not of the form PNORO-1234567890123 (EN 319 412-1), at most 64 characters")
	case profile.Identifier && i.Identifier == "":
		err = fmt.Errorf("profile %s has an identifier in the certificate, and there is none", i.Profile)
	case !shown(i.Reference):
		err = errors.New("reference has more than 200 characters, or some that do not show")
	default:
		signer := users.User{GivenName: i.GivenName, FamilyName: i.FamilyName, Country: i.Country, Email: i.Email, ID: "u_"}
		if cause := o.Certifiable(i.signer(signer, profile)); cause != nil {
			err = &nameError{cause}
		}
	}
	if err != nil {
		return i, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return i, nil
}

// A nameError says that a certificate cannot name the person; its cause quotes
// what it cannot have.
type nameError struct{ cause error }

func (e *nameError) Error() string { return sayName + ": " + e.cause.Error() }

// Unwrap returns the cause.
func (e *nameError) Unwrap() error { return e.cause }

const sayName = "a certificate cannot name the person: letters, blanks and -'. of one script, and both names of at most 63 characters together"

// Told is an ErrIdentity in words that quote nothing of the person, for others and
// for logs.
func Told(err error) string {
	if unnamed := (*nameError)(nil); errors.As(err, &unnamed) {
		return sayName
	}
	text := err.Error()
	for _, prefix := range []error{ErrIdentity, users.ErrPerson} {
		text = strings.TrimPrefix(text, prefix.Error()+": ")
	}
	return text
}

// shown reports whether a reference is short, and all of it shows.
func shown(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxReference &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// person is the user that is made of the identity: without the phone, which nobody
// has confirmed.
func (i Identity) person() users.Person {
	return users.Person{Email: i.Email, GivenName: i.GivenName, FamilyName: i.FamilyName, Country: i.Country, Locale: i.Locale}
}

// signer is the user as the certificate of a profile is to name him.
func (i Identity) signer(user users.User, p Profile) users.User {
	if p.Identifier {
		user.Identifier = i.Identifier
	}
	return user
}
