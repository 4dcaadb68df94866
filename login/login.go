// Package login is what a signer sees of the authorization server: a page to
// log in with the password, and a page that shows what an application wants
// signed and asks for the six-digit code. The pages are HTML without any
// script, in English and Romanian.
//
// Package oauth sends the browser here with an interaction and takes it back
// with a redirect; what happened in between it learns from LoggedIn, Agreed and
// Declined. An agreement is to what was shown: its digest goes into the form,
// is computed anew from the interaction when the form comes back, and is handed
// on with the agreement.
//
// Whatever an application wrote (its name, labels, descriptions) is shown with
// everything visible that would hide, reorder or cover text.
package login

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// The paths of the pages.
const (
	LoginPath   = "/login"
	ConsentPath = "/consent"
	ApprovePath = "/approve"
	decidedPath = "/approve/decided"
)

// Interactions are the authorization requests that signers are asked about;
// *oauth.Provider keeps them. The redirects that it returns are answered with
// 303.
type Interactions interface {
	// Interaction finds the request that the parameter i names for the browser
	// that has its cookie; oauth.ErrInteraction if there is none.
	Interaction(r *http.Request) (oauth.Interaction, error)
	// LoggedIn notes who is at the browser.
	LoggedIn(ctx context.Context, i oauth.Interaction, user users.User) (next string, err error)
	// Agreed notes that the signer agreed to what the digest shown is of, with
	// the code of step: to each of the details with the credential of the same
	// place.
	Agreed(ctx context.Context, i oauth.Interaction, credentialIDs []string, shown []byte, step int64) (next string, err error)
	// Declined ends the request.
	Declined(ctx context.Context, i oauth.Interaction) (next string, err error)
	// Permitted notes that the signer agreed to the change of i, likewise.
	Permitted(ctx context.Context, i oauth.Interaction, shown []byte, step int64) (next string, err error)
}

// Pages are the login page, the consent page, and the page on which signers
// approve what applications ask for without sending them here.
type Pages struct {
	OAuth Interactions
	// Approvals, with Client, are those of the third page; there is none if they
	// are nil.
	Approvals Approvals
	// Client finds an application.
	Client func(ctx context.Context, id string) (oauth.Client, error)

	// Own are the pages of this service that signers bring files to; nil if there are
	// none.
	Own *Own

	Prover   *users.Prover
	Users    users.Store
	Register credentials.Register
	// Key authenticates forms and notes: 32 random bytes, the same for all who
	// answer under one name.
	Key []byte
	// Name is what the service calls itself.
	Name string
	// Languages are those offered, the first is for who understands none of
	// them: "en" and "ro", which is also what none at all means.
	Languages []string
	// Demo writes on every page that nothing here has legal value.
	Demo   bool
	Logger *slog.Logger
	Now    func() time.Time
	// Barred, if set, is told on which page a request was refused since its network
	// had failed too often.
	Barred func(path string)
	// Failures counts failed logins by network, on these pages and any others, and
	// apart from them wrong codes; one of their own if nil.
	Failures *quota.Shared
	// Guesses counts what a network sent that led nowhere; one of their own if nil.
	Guesses *quota.Shared

	book *page.Book
}

// Mount adds the pages to mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	p.book = newBook(page.House{
		Name: p.Name, Languages: p.Languages, Demo: p.Demo, Key: p.Key, Logger: p.Logger, Now: p.Now,
	})
	if p.Failures == nil {
		p.Failures = NewFailures(nil, p.Now)
	}
	if p.Guesses == nil {
		p.Guesses = quota.NewShared(nil, "", oauth.DefaultLoads, time.Minute, p.Now)
	}
	mux.Handle("GET "+LoginPath, page.Safe(p.showLogin))
	mux.Handle("POST "+LoginPath, page.Safe(p.logIn))
	mux.Handle("GET "+ConsentPath, page.Safe(p.showConsent))
	mux.Handle("POST "+ConsentPath, page.Safe(p.answerConsent))
	if p.Approvals != nil {
		mux.Handle("GET "+ApprovePath, page.Safe(p.showApproval))
		mux.Handle("POST "+ApprovePath, page.Safe(p.answerApproval))
		mux.Handle("GET "+decidedPath, page.Safe(p.showDecided))
	}
}

// A visit is one request to a page, for an interaction that exists.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	i    oauth.Interaction
	path string
	lang page.Tongue
}

// visit finds the interaction; if there is none, the answer is given.
func (p *Pages) visit(w http.ResponseWriter, r *http.Request, path string) (visit, bool) {
	i, err := p.OAuth.Interaction(r)
	v := visit{w: w, r: r, i: i, path: path, lang: p.book.Tongue(w, r, i.Lang)}
	if err != nil {
		p.fail(v, err)
		return v, false
	}
	return v, true
}

// goTo answers a form.
func (v visit) goTo(url string) {
	http.Redirect(v.w, v.r, url, http.StatusSeeOther)
}
