package login

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/users"
)

// Approvals are what applications asked signers for, who were sent a link to it;
// credentials.Authorizer keeps them. credentials.ErrApproval says that one is
// over.
type Approvals interface {
	// Approval finds what is asked under a link, and changes nothing.
	Approval(ctx context.Context, link csc.Secret) (credentials.Approval, error)
	// Approve judges the code, and the number if one is asked, and notes that the
	// signer approved what the digest shown is of, in hex.
	Approve(ctx context.Context, p credentials.Approval, shown string, code, number csc.Secret) error
	// Decline notes that he did not.
	Decline(ctx context.Context, p credentials.Approval) error
}

// numberDigits is how long the number is that an application shows.
const numberDigits = 4

// An approving is a visit to what a link leads to.
type approving struct {
	visit
	approval credentials.Approval
	signer   users.User
	chosen   choices
}

// approving finds what the link leads to; if there is nothing, the answer is
// given. What is asked is shown as an interaction is.
func (p *Pages) approving(w http.ResponseWriter, r *http.Request) (approving, bool) {
	link := r.URL.Query().Get("i")
	a := approving{visit: visit{w: w, r: r, path: ApprovePath}}
	var err error
	if a.approval, err = p.Approvals.Approval(r.Context(), csc.Secret(link)); err == nil {
		a.signer, err = p.Users.User(r.Context(), a.approval.UserID)
	}
	a.lang = p.book.Tongue(w, r, a.signer.Locale)
	if err == nil {
		a.i = interactionOf(link, a.approval)
		var c oauth.Client
		c, err = p.Client(r.Context(), a.approval.ClientID)
		a.i.Client.Name, a.i.Client.Managed = c.Name, c.Managed // where it is answered is not led to
	}
	if err == nil {
		a.chosen, err = p.asked(r.Context(), a.i)
	}
	if errors.Is(err, credentials.ErrApproval) {
		err = errors.Join(oauth.ErrInteraction, err)
	}
	if err != nil {
		p.fail(a.visit, err)
		return a, false
	}
	return a, true
}

// interactionOf is an approval as the sheet shows one. The link ties its forms
// to it.
func interactionOf(link string, p credentials.Approval) oauth.Interaction {
	d := oauth.Detail{CredentialID: p.CredentialID, Count: p.Count, HashOID: p.HashOID}
	for _, digest := range p.Hashes {
		d.Digests = append(d.Digests, oauth.DocumentDigest{Digest: digest})
	}
	return oauth.Interaction{
		ID: link, UserID: p.UserID, Client: oauth.Client{ID: p.ClientID}, Description: p.Description, Details: []oauth.Detail{d},
	}
}

// asked is the credential of an approval.
func (p *Pages) asked(ctx context.Context, i oauth.Interaction) (choices, error) {
	c, err := p.Register.Owned(ctx, caller(i), i.Details[0].CredentialID)
	if errors.Is(err, credentials.ErrUnknown) {
		return choices{{bar: barNone}}, nil
	}
	if err != nil {
		return nil, err
	}
	bar, err := barred(c, i.Details[0], csc.Explicit, p.Now())
	return choices{{credential: c, bar: bar}}, err
}

func (p *Pages) showApproval(w http.ResponseWriter, r *http.Request) {
	a, ok := p.approving(w, r)
	if !ok {
		return
	}
	page, err := p.consentPage(a.visit, a.chosen, a.signer, nil)
	if err != nil {
		p.fail(a.visit, err)
		return
	}
	page.Title, page.Apart, page.Number = "approve.title", true, a.approval.Number != nil
	p.render(a.visit, http.StatusOK, "consent.html", page)
}

func (p *Pages) answerApproval(w http.ResponseWriter, r *http.Request) {
	a, ok := p.approving(w, r)
	if !ok {
		return
	}
	form, err := p.form(a.visit)
	if err != nil {
		p.fail(a.visit, err)
		return
	}
	switch form.Get(fieldDecision) {
	case decline:
		if err := p.Approvals.Decline(r.Context(), a.approval); err != nil {
			p.failApproval(a, err)
			return
		}
		a.decided("declined")
	case sign:
		p.approve(a, form)
	default:
		p.fail(a.visit, errForm)
	}
}

// approve judges the code once everything else is found to be as it was shown.
func (p *Pages) approve(a approving, form url.Values) {
	digest := hex.EncodeToString(shown(a.i, a.chosen.credentials(), nil))
	if a.chosen.bar() != "" || strings.Join(a.chosen.ids(), ",") != form.Get(fieldCredential) || !same(form.Get(fieldShown), digest) {
		p.back(a.visit, a.self(), note{Kind: noteChange})
		return
	}
	code, number := typed(form, fieldCode), typed(form, fieldNumber)
	withNumber := a.approval.Number != nil
	if !digits(code, 6) || withNumber && !digits(number, numberDigits) {
		kind := noteShape
		if withNumber {
			kind = noteShapes
		}
		p.back(a.visit, a.self(), note{Kind: kind})
		return
	}
	err := p.coded(a.visit, func() error {
		return p.Approvals.Approve(a.r.Context(), a.approval, digest, csc.Secret(code), csc.Secret(number))
	})
	n := refused(err)
	if withNumber && n.Kind == noteCode {
		n.Kind = noteEither
	}
	switch {
	case n.Kind != "":
		p.back(a.visit, a.self(), n)
	case err != nil:
		p.failApproval(a, err)
	default:
		a.decided("approved")
	}
}

// failApproval answers what became of a decision that was not taken.
func (p *Pages) failApproval(a approving, err error) {
	var unfit *csc.Error
	switch {
	case errors.As(err, &unfit): // since a moment ago; the page says why
		p.back(a.visit, a.self(), note{Kind: noteChange})
	case errors.Is(err, credentials.ErrApproval):
		p.fail(a.visit, errors.Join(oauth.ErrInteraction, err))
	default:
		p.fail(a.visit, err)
	}
}

// typed is what a signer typed into a field of digits: some apps show blanks in
// them.
func typed(form url.Values, field string) string {
	return strings.ReplaceAll(form.Get(field), " ", "")
}

func digits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }

// decided sends on to the page that says what was decided.
func (a approving) decided(as string) {
	a.goTo(decidedPath + "?" + url.Values{"as": {as}, "lang": {a.lang.Tag}}.Encode())
}

// showDecided says that the signer need do no more.
func (p *Pages) showDecided(w http.ResponseWriter, r *http.Request) {
	v := page.Visit{W: w, R: r, Path: decidedPath, T: p.book.Tongue(w, r, "")}
	title, text := "approve.declined.title", "approve.declined.text"
	if r.URL.Query().Get("as") == "approved" {
		title, text = "approve.approved.title", "approve.approved.text"
	}
	p.book.Tell(v, http.StatusOK, title, text)
}
