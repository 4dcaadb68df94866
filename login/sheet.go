package login

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// consentPage is what the consent page shows.
type consentPage struct {
	frame
	Client      string
	Signer      string
	Bar         string
	Choice      []option // to choose among; empty when there is nothing to choose
	Other       string   // where to choose another credential
	Credential  credentialView
	Count       int
	Named       bool // the request names the documents
	Hash        string
	Description string
	Documents   []document
	Marks       bool // something shown has marks in it
	Shown       string
	Note        note
}

// An option is a credential that may be chosen.
type option struct {
	credentialView
	URL string
}

// A credentialView is a credential in words.
type credentialView struct {
	ID, Description, Holder, Subject, Issuer string
	Until                                    time.Time
}

// A document is one digest that is to be signed.
type document struct {
	Label        string
	Kind         string // key of a text, or ""
	Prefix, Full []string
	Mixed        bool // letters of several scripts in one word
}

func (p *Pages) consentPage(v visit, chosen choice, signer users.User) (consentPage, error) {
	d := v.i.Detail
	page := consentPage{
		frame:       p.frame(v, "consent.title"),
		Client:      v.i.Client.Name,
		Signer:      strings.TrimSpace(signer.GivenName + " " + signer.FamilyName + " (" + signer.Email + ")"),
		Bar:         chosen.bar,
		Count:       d.Count,
		Named:       len(d.Digests) > 0,
		Hash:        hashName(d.HashOID),
		Description: d.Description,
		Documents:   documents(d.Digests),
		Shown:       hex.EncodeToString(shown(v.i, chosen.credential)),
		Note:        p.note(v),
	}
	page.Marks = marked(page.Client, page.Description)
	for _, d := range d.Digests {
		page.Marks = page.Marks || marked(d.Label)
	}
	if len(chosen.others) > 0 && !chosen.open {
		page.Other = v.self()
	}
	if chosen.open {
		for _, c := range chosen.others {
			seen, err := view(c)
			if err != nil {
				return page, err
			}
			page.Choice = append(page.Choice, option{seen, v.choosing(c.ID)})
		}
	}
	if chosen.credential.ID == "" {
		return page, nil
	}
	var err error
	page.Credential, err = view(chosen.credential)
	return page, err
}

func view(c credentials.Credential) (credentialView, error) {
	cert, err := c.Certificate()
	if err != nil {
		return credentialView{}, err
	}
	return credentialView{
		ID: c.ID, Description: c.Description, Until: cert.NotAfter,
		Holder: cert.Subject.CommonName, Subject: cert.Subject.String(), Issuer: cert.Issuer.String(),
	}, nil
}

func documents(digests []oauth.DocumentDigest) []document {
	kinds := map[csc.HashKind]string{csc.SDR: "document.sdr", csc.DTBSR: "document.dtbsr"}
	list := make([]document, 0, len(digests))
	for _, d := range digests {
		full := groups(d.Digest.String())
		list = append(list, document{
			Label: d.Label, Kind: kinds[d.Kind], Full: full, Prefix: full[:min(4, len(full))], Mixed: mixed(d.Label),
		})
	}
	return list
}

// groups cuts hex digits into fours, so that people can compare them.
func groups(digits string) []string {
	var fours []string
	for len(digits) > 4 {
		fours, digits = append(fours, digits[:4]), digits[4:]
	}
	return append(fours, digits)
}

// hashName is what people call the algorithm, or its OID.
func hashName(oid string) string {
	if hash, ok := csc.HashByOID(oid); ok {
		return hash.String()
	}
	return oid
}
