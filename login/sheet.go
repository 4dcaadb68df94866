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
	Alone       bool // it registered itself
	Signer      string
	Bar         string
	From        time.Time // when he signs, if the bar is that he does not yet
	Choice      []option  // to choose among; empty when there is nothing to choose
	For         *part     // what the choice is for, where there are several parts
	Parts       []part
	Count       int
	Named       bool // the request names all documents
	Brought     bool // the signer brought all of them to pages of this service
	Description string
	Marks       bool   // something shown has marks in it
	Credential  string // of all parts
	Shown       string
	Note        note
	Apart       bool    // no application waits behind the page
	Number      bool    // the number is asked that the application shows
	Change      *change // instead of Parts
}

// A part is what is to be signed with one credential.
type part struct {
	Number, Of int
	Credential credentialView
	Other      string // where to choose another credential
	Count      int
	Named      bool
	Hash       string
	Documents  []document
}

// A said is a part with the language it is told in.
type said struct {
	T    tongue
	Part part
}

func say(t tongue, p part) said { return said{t, p} }

// An option is a credential that may be chosen.
type option struct {
	credentialView
	URL string
}

// A credentialView is a credential in words.
type credentialView struct {
	ID, Description string
	Holder, Issuer  nameView
	Until           time.Time
}

// A document is one digest that is to be signed.
type document struct {
	Label        string
	File         string // SHA-256 of the file that the signer brought, hex, or ""
	Kind         string // key of a text, or ""
	Prefix, Full []string
	Mixed        bool // letters of several scripts in one word
}

// consentPage is the page for a signer; files are what brought found.
func (p *Pages) consentPage(v visit, chosen choices, signer users.User, files []string) (consentPage, error) {
	page := consentPage{
		frame:       p.frame(v, "consent.title"),
		Client:      v.i.Client.Name,
		Alone:       v.i.Client.SelfRegistered(),
		Signer:      strings.TrimSpace(signer.Name() + " (" + signer.Email + ")"),
		Bar:         p.barOf(signer, chosen.bar()),
		From:        signer.SignsFrom,
		Named:       true,
		Brought:     len(files) > 0,
		Description: v.i.Description,
		Marks:       marked(v.i.Client.Name, v.i.Description),
		Credential:  strings.Join(chosen.ids(), ","),
		Shown:       hex.EncodeToString(shown(v.i, chosen.credentials(), files)),
		Note:        p.note(v),
	}
	for n, d := range v.i.Details {
		part, err := newPart(v, chosen, n)
		if err != nil {
			return page, err
		}
		page.Parts = append(page.Parts, part)
		page.Count += d.Count
		page.Named = page.Named && part.Named
		for _, one := range d.Digests {
			page.Marks = page.Marks || marked(one.Label)
		}
		if page.Brought {
			files = part.of(files)
		}
	}
	return page, page.ask(v, chosen)
}

// barOf is why a signer can agree to nothing: who comes back is told from when he can,
// and not what else that looks like.
func (p *Pages) barOf(signer users.User, otherwise string) string {
	if signer.Recovers(p.Now()) {
		return barRecovers
	}
	return otherwise
}

// of notes of each document which of the files it is, and returns the rest.
func (p part) of(files []string) []string {
	for n := range p.Documents {
		p.Documents[n].File = files[n]
	}
	return files[len(p.Documents):]
}

// ask offers the credentials for the first part the signer has to choose for.
func (page *consentPage) ask(v visit, chosen choices) error {
	n := chosen.open()
	if n < 0 {
		return nil
	}
	if len(page.Parts) > 1 {
		page.For = &page.Parts[n]
	}
	for _, c := range chosen.left(chosen[n]) {
		seen, err := view(v.lang, c)
		if err != nil {
			return err
		}
		page.Choice = append(page.Choice, option{seen, v.choosing(chosen.with(n, c.ID))})
	}
	return nil
}

func newPart(v visit, chosen choices, n int) (part, error) {
	d, c := v.i.Details[n], chosen[n]
	made := part{
		Number: n + 1, Of: len(chosen), Count: d.Count, Named: len(d.Digests) > 0,
		Hash: hashName(d.HashOID), Documents: documents(d.Digests),
	}
	if c.picked {
		made.Other = v.self()
	}
	if c.credential.ID == "" {
		return made, nil
	}
	var err error
	made.Credential, err = view(v.lang, c.credential)
	return made, err
}

func view(t tongue, c credentials.Credential) (credentialView, error) {
	seen := credentialView{ID: c.ID, Description: c.Description}
	cert, err := c.Certificate()
	if err != nil {
		return seen, err
	}
	seen.Until = cert.NotAfter
	if seen.Holder, err = inWords(t, cert.Subject); err == nil {
		seen.Issuer, err = inWords(t, cert.Issuer)
	}
	return seen, err
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
