// Package page is what the pages of a server have in common, whoever shows them:
// the frame and the style, the languages, the forms and what protects them, the
// notes after a form, and the headers that keep other pages away. The pages of
// signers are HTML without any script; all load nothing from elsewhere.
//
// A House is the server, a Book is the pages of one room of it with their
// templates and texts, a Visit is a request to one of them.
//
// Whatever strangers wrote (names, labels, descriptions) is shown with everything
// visible that would hide, reorder or cover text.
package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

//go:embed templates
var files embed.FS

// A House is what all pages of a server show and stand on.
type House struct {
	// Name is what the service calls itself.
	Name string
	// Languages are those offered, the first is for who understands none of
	// them: "en" and "ro", which is also what none at all means.
	Languages []string
	// Demo writes on every page that nothing here has legal value.
	Demo bool
	// Key authenticates forms and notes: 32 random bytes, the same for all who
	// answer under one name, another for each Book.
	Key    []byte
	Logger *slog.Logger
	Now    func() time.Time
}

// A Book is pages with their templates and texts.
type Book struct {
	House
	texts map[string]map[string]string // by language and key
	pages map[string]*template.Template
}

// NewBook reads the templates of a book, the files templates/*.html, each of
// which defines "main", and those that all of them use, templates/parts/*.html.
// Texts are by language and key. It panics on templates that are none.
func NewBook(h House, templates fs.FS, texts map[string]map[string]string, funcs template.FuncMap) *Book {
	b := &Book{House: h, texts: texts, pages: map[string]*template.Template{}}
	frame := template.Must(template.New("frame.html").Funcs(template.FuncMap{"visible": visible}).Funcs(funcs).
		ParseFS(files, "templates/frame.html", "templates/fields.html"))
	parse := func(from fs.FS, pattern string) []string {
		names, err := fs.Glob(from, pattern)
		if err != nil {
			panic(err)
		}
		return names
	}
	if parts := parse(templates, "templates/parts/*.html"); len(parts) > 0 {
		template.Must(frame.ParseFS(templates, parts...))
	}
	b.pages["fail.html"] = template.Must(template.Must(frame.Clone()).ParseFS(files, "templates/fail.html"))
	for _, name := range parse(templates, "templates/*.html") {
		b.pages[name[len("templates/"):]] = template.Must(template.Must(frame.Clone()).ParseFS(templates, name))
	}
	return b
}

// A Visit is a request to a page.
type Visit struct {
	W http.ResponseWriter
	R *http.Request
	T Tongue
	// Path and Query are the page, for links back to it.
	Path  string
	Query url.Values
	// Forms names what the forms of this page have in common with those of others:
	// their tokens are good for each other. "" is the page alone.
	Forms string
	// Of is what forms and notes of this page are about: a request, who is logged
	// in. They are good nowhere else.
	Of []string
	// Targets are the sources, as a policy writes them, that a form of this page
	// may lead to in the end, beside this host.
	Targets []string
	// Scripts says that the page has scripts, which are files of this host and ask
	// nobody else. No page that a signer agrees on has any.
	Scripts bool
	// About goes into the log when there is no page.
	About []slog.Attr
}

// Self is the page again.
func (v Visit) Self() string {
	if len(v.Query) == 0 {
		return v.Path
	}
	return v.Path + "?" + v.Query.Encode()
}

// GoTo answers a form.
func (v Visit) GoTo(url string) { http.Redirect(v.W, v.R, url, http.StatusSeeOther) }

// A Frame is what all pages show.
type Frame struct {
	T      Tongue
	Title  string // key of a text
	Name   string
	Demo   bool
	Action string // where the form goes
	Token  string
	Switch []LanguageLink
	Nav    any // what the template "nav" of the book shows in the header; nil for nothing
}

// A LanguageLink is the page in a language.
type LanguageLink struct {
	Tag, Name, URL string
	Current        bool
}

// Frame is that of a page with forms.
func (b *Book) Frame(v Visit, title string) Frame {
	f := b.Plain(v, title)
	f.Action, f.Token = v.Self(), b.newToken(v)
	query := url.Values{}
	for name, values := range v.Query {
		query[name] = values
	}
	for _, t := range b.offered() {
		query.Set("lang", t.Tag)
		f.Switch = append(f.Switch, LanguageLink{t.Tag, t.Name, v.Path + "?" + query.Encode(), t.Tag == v.T.Tag})
	}
	return f
}

// Plain is the Frame of a page without forms, which is of no use in another
// language.
func (b *Book) Plain(v Visit, title string) Frame {
	return Frame{T: v.T, Title: title, Name: b.Name, Demo: b.Demo}
}

// Render answers with a page.
func (b *Book) Render(v Visit, status int, name string, page any) {
	var text bytes.Buffer
	if err := b.pages[name].Execute(&text, page); err != nil {
		b.Logger.LogAttrs(v.R.Context(), slog.LevelError, "render page", slog.String("page", name), slog.String("error", err.Error()))
		http.Error(v.W, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	v.W.Header().Set("Content-Security-Policy", policy(v.Targets, v.Scripts))
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.Header().Set("Content-Language", v.T.Tag)
	v.W.WriteHeader(status)
	_, _ = v.W.Write(text.Bytes()) // the browser is gone
}

// A Fault is why there is no page: the texts fail.KIND.title and fail.KIND.text
// say it.
type Fault struct {
	Status int
	Kind   string
	Wait   time.Duration // before another try is worth it, 0 if none is
	Home   string        // where the visitor can begin anew, which frame.home says; "" for nowhere
	Cause  error
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %v", f.Kind, f.Cause) }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// fault is what a visitor is told of err.
func fault(err error) *Fault {
	var known *Fault
	var passing interface{ Unavailable() bool }
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &passing) && passing.Unavailable():
		return &Fault{Status: http.StatusServiceUnavailable, Kind: "away", Wait: time.Minute}
	case errors.Is(err, ErrForeign):
		return &Fault{Status: http.StatusForbidden, Kind: "foreign"}
	case errors.Is(err, ErrStale):
		return &Fault{Status: http.StatusForbidden, Kind: "stale"}
	case errors.Is(err, ErrForm):
		return &Fault{Status: http.StatusBadRequest, Kind: "form"}
	}
	return &Fault{Status: http.StatusInternalServerError, Kind: "inside"}
}

// A failPage says why there is no other page.
type failPage struct {
	Frame
	Text  string // key
	Again string // URL, or ""
	Home  string // URL, or ""
}

// Fail answers with what went wrong: a *Fault, one of the errors of Form, an
// error that passes by itself, or anything else, which only the log is told.
func (b *Book) Fail(v Visit, err error) {
	f := fault(err)
	level := slog.LevelWarn
	if f.Status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	b.Logger.LogAttrs(v.R.Context(), level, "no page", append([]slog.Attr{
		slog.String("path", v.Path), slog.Int("status", f.Status), slog.String("error", err.Error()),
	}, v.About...)...)
	if f.Wait > 0 {
		v.W.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.Wait.Seconds()))))
	}
	v.Targets, v.Scripts = nil, false // no form here leads anywhere
	page := failPage{Frame: b.Plain(v, "fail."+f.Kind+".title"), Text: "fail." + f.Kind + ".text", Home: f.Home}
	if f.Kind == "stale" {
		page.Again = v.Self()
	}
	b.Render(v, f.Status, "fail.html", page)
}

// Tell answers with a page that says something, and asks for nothing: the texts
// are given by their keys.
func (b *Book) Tell(v Visit, status int, title, text string) {
	v.Targets, v.Scripts = nil, false
	b.Render(v, status, "fail.html", failPage{Frame: b.Plain(v, title), Text: text})
}
