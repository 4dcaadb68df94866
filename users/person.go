package users

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/pecete/pecete/notify"
)

// ErrPerson says that somebody cannot be enrolled as described; what is wrong
// stands before it.
var ErrPerson = errors.New("users: person cannot be enrolled")

// A Person is who is to become a signer.
type Person struct {
	Email      string // ASCII, at most 254 bytes; capitals are made small
	GivenName  string // 1 to 64 characters, as in the certificate
	FamilyName string // 1 to 64 characters, as in the certificate
	Country    string // ISO 3166-1 alpha-2
	Locale     string // RFC 5646
	Phone      string // E.164; "" for none
}

// Clean returns p as it is kept: names in NFC, so that equal names are equal
// bytes; ErrPerson, with what is wrong, if p cannot be enrolled.
func (p Person) Clean() (Person, error) {
	var clean Person
	for _, field := range []struct {
		name  string
		value string
		clean func(string) (string, error)
		to    *string
	}{
		{"e-mail address", p.Email, cleanEmail, &clean.Email},
		{"given name", p.GivenName, cleanName, &clean.GivenName},
		{"family name", p.FamilyName, cleanName, &clean.FamilyName},
		{"country", p.Country, cleanCountry, &clean.Country},
		{"locale", p.Locale, cleanLocale, &clean.Locale},
		{"phone number", p.Phone, cleanPhone, &clean.Phone},
	} {
		var err error
		if *field.to, err = field.clean(field.value); err != nil {
			return Person{}, fmt.Errorf("%w: %s %w", ErrPerson, field.name, err)
		}
	}
	return clean, nil
}

// address is RFC 5321's without quoted and international parts.
var address = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
	`@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

func cleanEmail(s string) (string, error) {
	if len(s) > 254 || strings.IndexByte(s, '@') > 64 {
		return "", errors.New("is too long")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return "", errors.New("is not ASCII")
	}
	if s = strings.ToLower(s); !address.MatchString(s) {
		return "", errors.New("is not one")
	}
	return s, nil
}

func cleanName(s string) (string, error) {
	if !utf8.ValidString(s) || len(s) > 4*64 {
		return "", errors.New("is not UTF-8 of at most 64 characters")
	}
	s = norm.NFC.String(s)
	switch n := utf8.RuneCountInString(s); {
	case n < 1 || n > 64:
		return "", errors.New("does not have 1 to 64 characters")
	case strings.TrimSpace(s) != s:
		return "", errors.New("begins or ends with a blank")
	case strings.ContainsFunc(s, hidden):
		return "", errors.New("has characters that do not show")
	case !strings.ContainsFunc(s, unicode.IsLetter):
		return "", errors.New("has no letter")
	}
	return s, nil
}

// hidden reports what nobody sees in a name, or sees as something else: control
// and direction characters, line ends, blanks but the common one. The two
// joiners are letters' in several scripts.
func hidden(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r != nonJoiner && r != joiner && (!unicode.IsPrint(r) || r == unicode.ReplacementChar)
}

func cleanCountry(s string) (string, error) {
	region, err := language.ParseRegion(s)
	if err != nil || len(s) != 2 || !region.IsCountry() || region.String() != s {
		return "", errors.New("is not of two capital letters in ISO 3166-1")
	}
	return s, nil
}

func cleanPhone(s string) (string, error) {
	if s != "" && !notify.Number(s) {
		return "", errors.New("is not in E.164: a plus, and seven to fifteen digits")
	}
	return s, nil
}

func cleanLocale(s string) (string, error) {
	if len(s) > 35 { // RFC 5646 §4.4.1
		return "", errors.New("is too long")
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", errors.New("is not a language tag")
	}
	return tag.String(), nil
}
