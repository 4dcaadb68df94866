package login

import (
	"crypto/x509/pkix"
	"fmt"
	"strings"

	"github.com/pecete/pecete/page"
)

// A nameView is the name of a certificate's holder or issuer in words.
type nameView struct {
	Name  string // what people call it
	Facts []fact // the rest of the name
}

// A fact is an attribute of a name: what it is, in the language of the page, and
// its value, which is the certificate's.
type fact struct{ Label, Value string }

// attributes are the keys of what attributes of names are called (X.520, RFC
// 4519, RFC 5280 §A.1, EN 319 412-1).
var attributes = map[string]string{
	"2.5.4.3":                    "consent.name.common",
	"2.5.4.4":                    "consent.name.family",
	"2.5.4.5":                    "consent.name.serial",
	"2.5.4.6":                    "consent.name.country",
	"2.5.4.7":                    "consent.name.locality",
	"2.5.4.8":                    "consent.name.region",
	"2.5.4.9":                    "consent.name.street",
	"2.5.4.10":                   "consent.name.organization",
	"2.5.4.11":                   "consent.name.unit",
	"2.5.4.12":                   "consent.name.title",
	"2.5.4.17":                   "consent.name.postcode",
	"2.5.4.42":                   "consent.name.given",
	"2.5.4.65":                   "consent.name.pseudonym",
	"2.5.4.97":                   "consent.name.register",
	"0.9.2342.19200300.100.1.25": "consent.name.domain",
	"1.2.840.113549.1.9.1":       "consent.name.email",
}

const otherAttribute = "consent.name.other"

// inWords is a name as the page says it: nothing of it is left out, and what
// stands in the title is not said twice.
func inWords(t page.Tongue, n pkix.Name) (nameView, error) {
	family, given := first(n, "2.5.4.4"), first(n, "2.5.4.42")
	whole := strings.TrimSpace(given + " " + family)
	said := nameView{Name: n.CommonName}
	for _, other := range []string{whole, first(n, "2.5.4.65"), strings.Join(n.Organization, ", ")} {
		if said.Name == "" {
			said.Name = other
		}
	}
	for _, one := range n.Names {
		key, value := attributes[one.Type.String()], fmt.Sprint(one.Value)
		if value == said.Name || said.Name == whole && (key == "consent.name.given" || key == "consent.name.family") {
			continue
		}
		if key == "" {
			key = otherAttribute
		}
		label, err := t.Say(key)
		if err != nil {
			return said, err
		}
		said.Facts = append(said.Facts, fact{label, value})
	}
	return said, nil
}

// first is the first attribute of that type, "" if there is none.
func first(n pkix.Name, oid string) string {
	for _, one := range n.Names {
		if one.Type.String() == oid {
			return fmt.Sprint(one.Value)
		}
	}
	return ""
}
