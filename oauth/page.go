package oauth

import (
	"cmp"
	"embed"
	"log/slog"
	"net/http"
	"time"

	"github.com/pecete/pecete/page"
)

//go:embed templates
var files embed.FS

// A sentence is what a page says, by language.
type sentence string

// The sentences. None of them repeats anything of the request.
const (
	saysRequest  sentence = "said.request"
	saysClient   sentence = "said.client"
	saysRedirect sentence = "said.redirect"
	saysOver     sentence = "said.over"
	saysOften    sentence = "said.often"
	saysSigner   sentence = "said.signer"
	saysLocked   sentence = "said.locked"
	saysLater    sentence = "said.later"
	saysBroken   sentence = "said.broken"
)

var english = map[string]string{
	"said.title":         "Authorization is not possible",
	"said.back":          "You can close this page and start again from the application.",
	string(saysRequest):  "The request of the application cannot be read.",
	string(saysClient):   "The application is not known here.",
	string(saysRedirect): "The address the application wants to be answered at is not registered.",
	string(saysOver):     "This request has expired, was finished already, or was begun in another browser.",
	string(saysOften):    "Too many requests were begun from your network. Wait a minute.",
	string(saysSigner):   "Too many authorizations were given in your name. Wait a minute.",
	string(saysLocked):   "Your account is locked or disabled. Ask whoever runs this service.",
	string(saysLater):    "The server cannot answer now. Try again in a moment.",
	string(saysBroken):   "Something went wrong on the server.",
}

var romanian = map[string]string{
	"said.title":         "Autorizarea nu este posibilă",
	"said.back":          "Puteți închide această pagină și începe din nou din aplicație.",
	string(saysRequest):  "Cererea aplicației nu poate fi citită.",
	string(saysClient):   "Aplicația nu este cunoscută aici.",
	string(saysRedirect): "Adresa la care aplicația cere răspunsul nu este înregistrată.",
	string(saysOver):     "Cererea a expirat, s-a încheiat deja sau a fost începută în alt browser.",
	string(saysOften):    "Prea multe cereri au fost începute din rețeaua dumneavoastră. Așteptați un minut.",
	string(saysSigner):   "Prea multe autorizări au fost date în numele dumneavoastră. Așteptați un minut.",
	string(saysLocked):   "Contul dumneavoastră este blocat sau dezactivat. Adresați-vă celui care administrează serviciul.",
	string(saysLater):    "Serverul nu poate răspunde acum. Încercați din nou peste câteva clipe.",
	string(saysBroken):   "A apărut o eroare pe server.",
}

// newBook reads the page that says why there is no other.
func (p *Provider) newBook() *page.Book {
	house := p.House
	if house.Logger == nil {
		house.Logger = cmp.Or(p.Logger, slog.New(slog.DiscardHandler))
	}
	return page.NewBook(house, files, map[string]map[string]string{"en": english, "ro": romanian}, nil)
}

// A saidPage is what the page shows.
type saidPage struct {
	page.Frame
	Says string // key
}

// tell shows the page that says s, in the language that the request asks for, else
// in what the browser likes best.
func (p *Provider) tell(w http.ResponseWriter, r *http.Request, status int, s sentence, wait time.Duration) {
	page.Guard(w.Header())
	if wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
	}
	v := page.Visit{W: w, R: r, Path: r.URL.Path, T: p.pages.Speak(r, r.URL.Query().Get("lang"))}
	p.pages.Render(v, status, "said.html", saidPage{p.pages.Plain(v, "said.title"), string(s)})
}

// Later tells a browser that the server cannot answer now. It is good once the
// endpoints are mounted.
func (p *Provider) Later(w http.ResponseWriter, r *http.Request) {
	p.tell(w, r, http.StatusServiceUnavailable, saysLater, retryAfter)
}
