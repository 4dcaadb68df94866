package login

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

// A change is what the consent page shows where nothing is to be signed: a credential
// is to be made, or one is to be deleted.
type change struct {
	Title, Head, Text, Button string // keys of its texts

	Holder     string          // of what is made
	Policy     string          // of what is made, if that was asked for
	Credential *credentialView // what is deleted
}

// textsOf are those of the change that c is.
func textsOf(c *oauth.Change) change {
	if c.CredentialID != "" {
		return change{Title: "change.delete.title", Head: "change.delete.head", Text: "change.delete.text", Button: "change.delete.button"}
	}
	return change{Title: "change.create.title", Head: "change.create.head", Text: "change.create.text", Button: "change.create.button"}
}

// A changing is a change with what it is of.
type changing struct {
	signer     users.User
	credential credentials.Credential // to be deleted
	bar        string
}

// changing finds what i.Change is of.
func (p *Pages) changing(v visit) (changing, error) {
	ctx := v.r.Context()
	signer, err := p.Users.User(ctx, v.i.UserID)
	if err != nil {
		return changing{}, err
	}
	of := changing{signer: signer, bar: p.barOf(signer, "")}
	if v.i.Change.CredentialID == "" {
		return of, nil
	}
	of.credential, err = p.Register.Owned(ctx, caller(v.i), v.i.Change.CredentialID)
	if errors.Is(err, credentials.ErrUnknown) {
		of.bar, err = barNone, nil
	}
	return of, err
}

func (p *Pages) showChange(v visit) {
	of, err := p.changing(v)
	if err != nil {
		p.fail(v, err)
		return
	}
	page, err := p.changePage(v, of)
	if err != nil {
		p.fail(v, err)
		return
	}
	p.render(v, http.StatusOK, "consent.html", page)
}

func (p *Pages) changePage(v visit, of changing) (consentPage, error) {
	c := textsOf(v.i.Change)
	if v.i.Change.Creation != nil {
		c.Holder, c.Policy = holder(of.signer), policyOf(v.i)
	}
	page := consentPage{
		frame:       p.frame(v, c.Title),
		Client:      v.i.Client.Name,
		Alone:       v.i.Client.SelfRegistered(),
		Signer:      holder(of.signer) + " (" + of.signer.Email + ")",
		Bar:         of.bar,
		From:        of.signer.SignsFrom,
		Change:      &c,
		Description: v.i.Description,
		Marks:       marked(v.i.Client.Name, v.i.Description),
		Shown:       hex.EncodeToString(shownChange(v.i, of)),
		Note:        p.note(v),
	}
	if of.credential.ID == "" {
		return page, nil
	}
	seen, err := view(v.lang, of.credential)
	c.Credential = &seen
	return page, err
}

func holder(signer users.User) string {
	return strings.TrimSpace(signer.GivenName + " " + signer.FamilyName)
}

func policyOf(i oauth.Interaction) string {
	if i.Change.Creation == nil {
		return ""
	}
	return i.Change.Creation.CertificatePolicy
}

// permit judges the code once everything else is found to be as it was shown.
func (p *Pages) permit(v visit, form url.Values) {
	of, err := p.changing(v)
	if err != nil {
		p.fail(v, err)
		return
	}
	digest := shownChange(v.i, of)
	if of.bar != "" || !same(form.Get(fieldShown), hex.EncodeToString(digest)) {
		p.back(v, v.self(), note{Kind: noteChange})
		return
	}
	p.prove(v, form, v.self(), func(step int64) (string, error) {
		return p.OAuth.Permitted(v.r.Context(), v.i, digest, step)
	})
}

// shownChange is the SHA-256 of what the consent page shows of a change, as shown has
// it:
//
//	"pecete change 1"
//	client ID, client name
//	user ID, the signer's name
//	description
//	what is to be made, in JSON as it is kept; "" where something is deleted
//	credential ID, description, SHA-256 of the certificate (hex); "" where one is made
//	whether the client registered itself
func shownChange(i oauth.Interaction, of changing) []byte {
	var w writer
	made := ""
	if i.Change.Creation != nil {
		text, _ := json.Marshal(i.Change.Creation) // strings alone: it never fails
		made = string(text)
	}
	for _, text := range []string{
		"pecete change 1", i.Client.ID, i.Client.Name, i.UserID, holder(of.signer), i.Description,
		made, of.credential.ID, of.credential.Description, of.credential.Fingerprint(),
	} {
		w.text(text)
	}
	w.yes(i.Client.SelfRegistered())
	return w.sum()
}
