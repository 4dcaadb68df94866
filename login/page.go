package login

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/pecete/pecete/oauth"
)

//go:embed templates
var files embed.FS

// A frame is what all pages show.
type frame struct {
	T      tongue
	Title  string // key
	Name   string
	Demo   bool
	Action string // where the form goes
	Token  string
	Switch []languageLink
}

// A languageLink is the page in a language.
type languageLink struct {
	Tag, Name, URL string
	Current        bool
}

func (p *Pages) frame(v visit, title string) frame {
	f := frame{T: v.lang, Title: title, Name: p.Name, Demo: p.Demo}
	if v.i.ID == "" {
		return f
	}
	f.Action, f.Token = v.self(), p.newToken(v)
	query := url.Values{"i": {v.i.ID}}
	if c := v.r.URL.Query().Get(fieldCredential); c != "" {
		query.Set(fieldCredential, c)
	}
	for _, t := range p.offered() {
		query.Set("lang", t.Tag)
		f.Switch = append(f.Switch, languageLink{t.Tag, t.Name, v.path + "?" + query.Encode(), t.Tag == v.lang.Tag})
	}
	return f
}

// parse reads the templates of the pages.
func parse() map[string]*template.Template {
	pages := map[string]*template.Template{}
	for _, name := range []string{"login.html", "consent.html", "fail.html"} {
		pages[name] = template.Must(template.New("frame.html").Funcs(template.FuncMap{"visible": visible, "said": say}).
			ParseFS(files, "templates/frame.html", "templates/"+name))
	}
	return pages
}

// render answers with a page.
func (p *Pages) render(v visit, status int, name string, page any) {
	var b bytes.Buffer
	if err := p.pages[name].Execute(&b, page); err != nil {
		p.Logger.ErrorContext(v.r.Context(), "render page", slog.String("page", name), slog.Any("error", err))
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Security-Policy", policy(targets(v.i.Client)))
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.lang.Tag)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the browser is gone
}

// A failPage says why there is no other page.
type failPage struct {
	frame
	Text  string // key
	Again string // URL, or ""
}

// fail answers with what went wrong.
func (p *Pages) fail(v visit, err error) {
	status, kind := http.StatusInternalServerError, "inside"
	var passing interface{ Unavailable() bool }
	switch {
	case errors.As(err, &passing) && passing.Unavailable():
		status, kind = http.StatusServiceUnavailable, "away"
		v.w.Header().Set("Retry-After", "60")
	case errors.Is(err, oauth.ErrInteraction):
		status, kind = http.StatusBadRequest, "over"
	case errors.Is(err, errForeign):
		status, kind = http.StatusForbidden, "foreign"
	case errors.Is(err, errStale):
		status, kind = http.StatusForbidden, "stale"
	case errors.Is(err, errForm):
		status, kind = http.StatusBadRequest, "form"
	}
	log := p.Logger.WarnContext
	if status == http.StatusInternalServerError {
		log = p.Logger.ErrorContext
	}
	log(v.r.Context(), "no page", "path", v.path, "client", v.i.Client.ID, "status", status, "error", err)
	v.i.Client.RedirectURIs = nil // no form here leads to the client
	page := failPage{frame: p.frame(v, "fail."+kind+".title"), Text: "fail." + kind + ".text"}
	if kind == "stale" {
		page.Again = v.self()
	}
	p.render(v, status, "fail.html", page)
}

// serveStyle serves the style sheet, the one thing that may be kept.
func serveStyle(w http.ResponseWriter, r *http.Request) {
	style, err := files.ReadFile("templates/style.css")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(style)
	tag := fmt.Sprintf("%q", hex.EncodeToString(sum[:8]))
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(style) // the browser is gone
}
