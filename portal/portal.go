// Package portal is the signer's own pages: the way from an invitation to a
// certificate (welcome.go), the documents that he signs (document.go), and where he
// sees and changes what stands in his name: his sessions, the applications that may
// act for him, his password, his authenticator, his certificates (security.go).
//
// It has no way to a signature, and no private way to anything: it declares what
// it asks of others, and cannot name the packages that sign, keep grants or hand
// out tokens. Whoever logs in here proves both factors, and has a session on this
// server; the pages of the authorization server know nothing of it.
package portal

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

//go:embed templates
var files embed.FS

// The paths of the pages.
const (
	Path              = "/portal"
	loginPath         = Path + "/login"
	logoutPath        = Path + "/logout"
	SecurityPath      = Path + "/security"
	sessionsPath      = Path + "/sessions"
	applicationsPath  = Path + "/applications"
	passwordPath      = Path + "/password"
	authenticatorPath = Path + "/authenticator"
	pairingPath       = authenticatorPath + "/new"
	pairingCodePath   = pairingPath + "/code"
	certificatesPath  = Path + "/certificates/"
)

// Factors judges what signers prove; *users.Prover does.
type Factors interface {
	// LogIn judges a password and a code together; users.ErrWrong for whatever is
	// wrong.
	LogIn(ctx context.Context, email string, password, code csc.Secret) (users.User, error)
	// Password judges a password alone.
	Password(ctx context.Context, email string, password csc.Secret) (users.User, error)
	// Code judges a code alone, and spends its step.
	Code(ctx context.Context, userID string, code csc.Secret) (users.Proof, error)
}

// A Registrar changes what signers prove themselves by; users.Registrar does. With
// the stamp, which is a new one, the signer goes on where he is, and nowhere else.
type Registrar interface {
	// Advise says whether a password is one to have: users.ErrBreached and
	// users.ErrGuessable if it is not.
	Advise(ctx context.Context, userID string, password csc.Secret) error
	ChangePassword(ctx context.Context, userID string, password csc.Secret, stamp string) error
	// Draw makes the sealed secret of an authenticator that is not the signer's
	// yet, and Pairing is what an app is paired with it by.
	Draw(ctx context.Context, userID string) (sealed []byte, err error)
	Pairing(ctx context.Context, userID string, sealed []byte) (uri string, err error)
	// Confirm makes it his, by two codes of it in a row: users.ErrNext and
	// users.ErrApart want another one after the one of step.
	Confirm(ctx context.Context, userID string, sealed []byte, first int64, code csc.Secret, stamp string) (step int64, err error)
}

// Signers are who can log in.
type Signers interface {
	User(ctx context.Context, id string) (users.User, error)
}

// An Application is a client that may act for a signer.
type Application struct {
	ID, Name string
	Since    time.Time // zero if an operator let it
	Used     time.Time // zero if that is not known
	Reads    bool      // it sees his certificates
	Asks     bool      // it asks him to sign
	Changes  bool      // it asks him for a new certificate, or for the end of one
	Linked   bool      // it may use codes that he gives it
}

// Applications are those that may act for signers.
type Applications interface {
	Of(ctx context.Context, userID string) ([]Application, error)
	// Withdraw ends all that a signer let an application do.
	Withdraw(ctx context.Context, userID, id string) error
}

// Certificates are those of signers.
type Certificates interface {
	CredentialsOf(ctx context.Context, userID string) ([]credentials.Credential, error)
}

// A Log keeps the audit record; what it cannot keep is not done.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
}

// How long a session waits to be used, and how long it lasts at most, if nothing
// else is configured.
const (
	DefaultIdle = 30 * time.Minute
	DefaultLife = 12 * time.Hour
)

// Pages are the signer's own pages.
type Pages struct {
	page.House
	Factors      Factors
	Registrar    Registrar
	Signers      Signers
	Applications Applications
	Certificates Certificates
	Sessions     SessionStore
	// Tickets keeps pairings under way.
	Tickets onetime.Store
	Audit   Log
	// Notifier may be nil.
	Notifier Notifier
	// Office sees those through who were invited, and Terms are what they accept;
	// without one nobody is.
	Office Office
	Terms  Terms
	// Idle and Life are how long a session waits to be used, and how long it lasts;
	// DefaultIdle and DefaultLife if zero.
	Idle, Life time.Duration
	// Failures counts failed logins by network, on these pages and any others;
	// Loads the requests of who has not logged in.
	Failures, Loads *quota.Shared
	// Barred, if set, is told of each attempt to log in that was not judged, since
	// its network had failed too often.
	Barred func()
	// Desk is where signers bring documents to be signed; nil if these pages have
	// none.
	Desk *documents.Desk

	// Verifier verifies the PDFs of whoever comes; there is no page for it if nil.
	Verifier Verifier
	// Verifications counts what each network has verified.
	Verifications *quota.Quota

	book      *page.Book
	verifying chan struct{} // who holds a file that is verified
}

// Mount adds the pages to mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	p.book = page.NewBook(p.House, files, texts(), nil)
	p.mountVerify(mux)
	mux.Handle("GET "+Path, page.Safe(p.home))
	mux.Handle("GET "+loginPath, page.Safe(p.showLogin))
	mux.Handle("POST "+loginPath, page.Safe(p.logIn))
	p.mountWelcome(mux)
	p.mountDesk(mux)
	for path, show := range map[string]func(visit){
		SecurityPath: p.showSecurity, passwordPath: p.showPassword, authenticatorPath: p.showAuthenticator,
		pairingPath: p.showPairing, pairingCodePath: p.showPairingCode, certificatesPath + "{credential}": p.certificate,
	} {
		mux.Handle("GET "+path, p.inside(path, show))
	}
	for path, answer := range map[string]func(visit) error{
		logoutPath: p.logOut, sessionsPath: p.endSession, applicationsPath: p.withdraw,
		passwordPath: p.changePassword, authenticatorPath: p.permit, pairingPath: p.confirm,
	} {
		mux.Handle("POST "+path, p.inside(path, p.answered(answer)))
	}
}

// home is where a signer who types the address goes.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, p.start(), http.StatusSeeOther)
}

// A visit is a request of somebody who is logged in.
type visit struct {
	page.Visit
	ctx     context.Context
	session Session
	user    users.User
}

// inside shows a page to who is logged in, and the login to anybody else.
func (p *Pages) inside(path string, show func(visit)) http.Handler {
	return page.Safe(func(w http.ResponseWriter, r *http.Request) {
		at := p.visit(w, r, path)
		s, user, err := p.find(r)
		switch {
		case err != nil:
			p.book.Fail(at, err)
			return
		case s.ID == "":
			p.outside(at)
			return
		}
		at.T = p.book.Tongue(w, r, user.Locale)
		// One token is good for all forms of a session, and for nothing else.
		at.Of, at.Forms = []string{s.ID}, "session"
		at.About = []slog.Attr{slog.String("user", user.ID)}
		show(visit{Visit: at, ctx: r.Context(), session: s, user: user})
	})
}

// answered is a form that is answered: by a redirect, or by what went wrong.
func (p *Pages) answered(answer func(visit) error) func(visit) {
	return func(v visit) {
		_, err := p.book.Form(v.Visit)
		if err == nil {
			err = answer(v)
		}
		if err != nil {
			p.book.Fail(v.Visit, err)
		}
	}
}

// visit is a request to a page.
func (p *Pages) visit(w http.ResponseWriter, r *http.Request, path string) page.Visit {
	return page.Visit{W: w, R: r, T: p.book.Tongue(w, r, ""), Path: path}
}

// outside sends who is not logged in to the login, if there are not too many.
func (p *Pages) outside(at page.Visit) {
	if err := p.loaded(at.R); err != nil {
		p.book.Fail(at, err)
		return
	}
	at.GoTo(loginPath)
}

// loaded counts a request of who has not logged in, and is an error if there were too
// many of its network.
func (p *Pages) loaded(r *http.Request) error {
	return tooOften(p.Loads.Count(r.Context(), quota.Network(r.RemoteAddr)))
}

// tooOften is the page for who has to wait; nil if nobody has.
func tooOften(wait time.Duration, err error) error {
	if err != nil || wait == 0 {
		return err
	}
	return &page.Fault{Status: http.StatusTooManyRequests, Kind: "often", Wait: wait, Cause: errOften}
}

// A frame is what all pages of a signer show.
type frame struct {
	page.Frame
	Signer string
	Email  string
	Note   page.Note
	From   time.Time // when the signer signs who comes back; zero for others
}

// A nav is the way between the pages.
type nav struct {
	T           page.Tongue
	Path, Token string
	Signs       bool // there are pages to sign on
}

func (p *Pages) frame(v visit, title string) frame {
	f := frame{
		Frame: p.book.Frame(v.Visit, title), Note: p.book.Note(v.Visit), Email: v.user.Email,
		Signer: v.user.Name() + " (" + v.user.Email + ")",
	}
	if v.user.Recovers(p.Now()) {
		f.From = v.user.SignsFrom
	}
	f.Nav = nav{f.T, v.Path, f.Token, p.Desk != nil}
	return f
}
