package login

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page"
)

//go:embed templates
var files embed.FS

type (
	frame  = page.Frame
	note   = page.Note
	tongue = page.Tongue
)

// The names of the fields.
const (
	fieldEmail      = "email"
	fieldPassword   = "password"
	fieldCode       = "code"
	fieldNumber     = "number"
	fieldDecision   = "decision"
	fieldCredential = "credential"
	fieldShown      = "shown"

	sign    = "sign"
	decline = "decline"
)

// The notes.
const (
	noteEmpty    = "login.error.empty"
	noteWrong    = "login.error.wrong"
	noteDisabled = "login.error.disabled"
	noteAccount  = "login.error.account"

	noteShape  = "code.error.shape"
	noteCode   = "code.error.wrong"
	noteUsed   = "code.error.used"
	notePaused = "code.error.paused"
	noteLocked = "code.error.locked"
	noteChange = "code.error.changed"
	noteShapes = "code.error.shapes"
	noteEither = "code.error.either"
)

// newBook reads the templates of the pages.
func newBook(h page.House) *page.Book {
	texts := map[string]map[string]string{"en": englishTexts, "ro": romanianTexts}
	return page.NewBook(h, files, texts, template.FuncMap{"said": say})
}

// at is the visit as a page knows one.
func (v visit) at() page.Visit {
	at := page.Visit{
		W: v.w, R: v.r, T: v.lang, Path: v.path, Of: []string{v.i.ID, v.i.UserID},
		Targets: targets(v.i.Client), About: []slog.Attr{slog.String("client", v.i.Client.ID)},
	}
	if v.i.ID != "" {
		at.Query = url.Values{"i": {v.i.ID}}
	}
	return at
}

// self is the page again.
func (v visit) self() string { return v.at().Self() }

// frame keeps the credential that was chosen over a change of the language.
func (p *Pages) frame(v visit, title string) frame {
	at := v.at()
	if c := v.r.URL.Query().Get(fieldCredential); c != "" {
		at.Query.Set(fieldCredential, c)
	}
	f := p.book.Frame(at, title)
	f.Action = v.self()
	return f
}

func (p *Pages) render(v visit, status int, name string, data any) {
	p.book.Render(v.at(), status, name, data)
}

func (p *Pages) form(v visit) (url.Values, error) { return p.book.Form(v.at()) }

func (p *Pages) back(v visit, url string, n note) { p.book.Back(v.at(), url, n) }

func (p *Pages) note(v visit) note { return p.book.Note(v.at()) }

// fail answers with what went wrong.
func (p *Pages) fail(v visit, err error) {
	err = p.guessed(v, err)
	if known := (*page.Fault)(nil); errors.Is(err, oauth.ErrInteraction) && !errors.As(err, &known) {
		err = &page.Fault{Status: http.StatusBadRequest, Kind: "over", Cause: err}
	}
	p.book.Fail(v.at(), err)
}

// What files need of package page that have a page of their own.

var errForm = fmt.Errorf("login: %w", page.ErrForm)

func same(a, b string) bool       { return page.Same(a, b) }
func marked(texts ...string) bool { return page.Marked(texts...) }
func mixed(text string) bool      { return page.Mixed(text) }
