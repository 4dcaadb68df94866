package login_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"html"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
)

// named is a certificate of a holder with these attributes, in this order: OID,
// value, OID, value.
func named(t testing.TB, attributes ...string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	var name pkix.Name
	for n := 0; n < len(attributes); n += 2 {
		var oid asn1.ObjectIdentifier
		for arc := range strings.SplitSeq(attributes[n], ".") {
			number, ok := new(big.Int).SetString(arc, 10)
			if !ok {
				t.Fatalf("no OID: %s", attributes[n])
			}
			oid = append(oid, int(number.Int64()))
		}
		name.ExtraNames = append(name.ExtraNames, pkix.AttributeTypeAndValue{Type: oid, Value: attributes[n+1]})
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(8), Subject: name, NotBefore: noon.AddDate(0, -1, 0), NotAfter: noon.AddDate(1, 0, 0)}
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: "Demo Issuing CA", Organization: []string{"Demo"}, Country: []string{"RO"}}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	must(t, err)
	return der
}

var (
	tags = regexp.MustCompile(`<[^>]*>`)
	// machine is how a name looks to people who do not read DER.
	machine = regexp.MustCompile(`[0-9]+(\.[0-9]+){2,}|CN=|=#|\+`)
)

// A certificate's names are said in words: all of them, and none twice.
func TestNamesAreReadable(t *testing.T) {
	for _, row := range []struct {
		name       string
		attributes []string
		says       string // in the row of the holder
		ro         string
	}{
		{
			"a person", []string{"2.5.4.6", "RO", "2.5.4.42", "Demo", "2.5.4.4", "Signer", "2.5.4.5", "TEST-0001", "2.5.4.3", "Demo Signer"},
			"Demo SignerCountry: RO · Serial number: TEST-0001", "Demo SignerȚară: RO · Număr de serie: TEST-0001",
		},
		{
			"a person called otherwise", []string{"2.5.4.42", "Demo", "2.5.4.4", "Signer", "2.5.4.3", "D. Signer"},
			"D. SignerGiven name: Demo · Family name: Signer", "D. SignerPrenume: Demo · Nume de familie: Signer",
		},
		{
			"a person without a common name", []string{"2.5.4.6", "RO", "2.5.4.42", "Demo", "2.5.4.4", "Signer"},
			"Demo SignerCountry: RO", "Demo SignerȚară: RO",
		},
		{
			"a pseudonym", []string{"2.5.4.65", "Heron", "2.5.4.6", "RO"},
			"HeronCountry: RO", "HeronȚară: RO",
		},
		{
			"an organization", []string{"2.5.4.10", "Demo SRL", "2.5.4.97", "VATRO-00000000", "2.5.4.11", "Invoices", "2.5.4.3", "Demo seal"},
			"Demo sealOrganization: Demo SRL · Organization number: VATRO-00000000 · Department: Invoices",
			"Demo sealOrganizație: Demo SRL · Numărul organizației: VATRO-00000000 · Departament: Invoices",
		},
		{
			"an organization alone", []string{"2.5.4.10", "Demo SRL", "2.5.4.6", "RO"},
			"Demo SRLCountry: RO", "Demo SRLȚară: RO",
		},
		{
			"all there is beside", []string{
				"2.5.4.3", "D", "2.5.4.12", "Dr", "2.5.4.9", "Main 1", "2.5.4.17", "010101", "2.5.4.7", "Iași", "2.5.4.8", "Moldova",
				"1.2.840.113549.1.9.1", "demo@example.org", "0.9.2342.19200300.100.1.25", "example",
			},
			"DTitle: Dr · Street: Main 1 · Postal code: 010101 · Town: Iași · Region: Moldova · E-mail: demo@example.org · Domain: example",
			"DTitlu: Dr · Stradă: Main 1 · Cod poștal: 010101 · Localitate: Iași · Regiune: Moldova · E-mail: demo@example.org · Domeniu: example",
		},
		{
			"what nobody knows", []string{"2.5.4.3", "Demo Signer", "1.3.6.1.4.1.99999.1", "a\u202eb"},
			"Demo SignerMore of the name: a⟦U+202E⟧b", "Demo SignerAltceva din nume: a⟦U+202E⟧b",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t)
			h.credential("c_1", func(c *credentials.Credential) { c.Certificates = [][]byte{named(t, row.attributes...)} })
			h.ask(numbered(1))
			for lang, says := range map[string]string{"en": row.says, "ro": row.ro} {
				_, page := h.get("/consent?i=one&lang=" + lang)
				facts := html.UnescapeString(tags.ReplaceAllString(strings.ReplaceAll(page, "</div>", "\n"), ""))
				facts = strings.ReplaceAll(facts, "\u00a0", " ")
				if !strings.Contains(facts, says+"\n") {
					t.Errorf("in %s the page does not say %q:\n%s", lang, says, facts)
				}
				if raw := machine.FindString(strings.ReplaceAll(facts, "U+202E", "")); raw != "" {
					t.Errorf("in %s the page says %q", lang, raw)
				}
			}
		})
	}
}

// Signers are told that nobody looked at what an application calls itself.
func TestWhoRegisteredAlone(t *testing.T) {
	const says = "This application registered itself here. Nobody has checked what it calls itself."
	alone := func(i *oauth.Interaction) { i.Client.Managed = &oauth.Managed{} }
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1), alone)
	h.ask(numbered(1), alone, loggedOut, func(i *oauth.Interaction) { i.ID = "two" })
	for _, path := range []string{"/consent?i=one", "/login?i=two"} {
		_, page := h.get(path + "&lang=en")
		wantTold(t, page, says)
		_, page = h.get(path + "&lang=ro")
		wantTold(t, page, "s-a înregistrat singură")
	}
	h.ask(numbered(1))
	h.ask(numbered(1), loggedOut, func(i *oauth.Interaction) { i.ID = "two" })
	for _, path := range []string{"/consent?i=one&lang=en", "/login?i=two&lang=en"} {
		if _, page := h.get(path); strings.Contains(html.UnescapeString(page), says) {
			t.Errorf("%s says that an operator's application registered itself", path)
		}
	}
}
