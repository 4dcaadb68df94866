package oauth

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

// A sentence is what a page says, by language.
type sentence string

// The sentences. None of them repeats anything of the request.
const (
	saysRequest  sentence = "request"
	saysClient   sentence = "client"
	saysRedirect sentence = "redirect"
	saysOver     sentence = "over"
	saysOften    sentence = "often"
	saysSigner   sentence = "signer"
	saysLocked   sentence = "locked"
	saysLater    sentence = "later"
	saysBroken   sentence = "broken"
)

var english = map[sentence]string{
	"title":      "Authorization is not possible",
	"back":       "You can close this page and start again from the application.",
	saysRequest:  "The request of the application cannot be read.",
	saysClient:   "The application is not known here.",
	saysRedirect: "The address the application wants to be answered at is not registered.",
	saysOver:     "This request has expired, was finished already, or was begun in another browser.",
	saysOften:    "Too many requests were begun from your network. Wait a minute.",
	saysSigner:   "Too many authorizations were given in your name. Wait a minute.",
	saysLocked:   "Your account is locked or disabled. Ask whoever runs this service.",
	saysLater:    "The server cannot answer now. Try again in a moment.",
	saysBroken:   "Something went wrong on the server.",
}

var romanian = map[sentence]string{
	"title":      "Autorizarea nu este posibilă",
	"back":       "Puteți închide această pagină și începe din nou din aplicație.",
	saysRequest:  "Cererea aplicației nu poate fi citită.",
	saysClient:   "Aplicația nu este cunoscută aici.",
	saysRedirect: "Adresa la care aplicația cere răspunsul nu este înregistrată.",
	saysOver:     "Cererea a expirat, s-a încheiat deja sau a fost începută în alt browser.",
	saysOften:    "Prea multe cereri au fost începute din rețeaua dumneavoastră. Așteptați un minut.",
	saysSigner:   "Prea multe autorizări au fost date în numele dumneavoastră. Așteptați un minut.",
	saysLocked:   "Contul dumneavoastră este blocat sau dezactivat. Adresați-vă celui care administrează serviciul.",
	saysLater:    "Serverul nu poate răspunde acum. Încercați din nou peste câteva clipe.",
	saysBroken:   "A apărut o eroare pe server.",
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Says}}</p>
<p>{{.Back}}</p>
</main>
</body>
</html>
`))

// languageOf is the language of a page: lang of the request, else what the
// browser likes best.
func languageOf(r *http.Request) string {
	wish := r.URL.Query().Get("lang")
	if wish == "" {
		wish = r.Header.Get("Accept-Language")
	}
	if wish = strings.ToLower(wish); wish == "ro" || strings.HasPrefix(wish, "ro-") || strings.HasPrefix(wish, "ro,") || strings.HasPrefix(wish, "ro;") {
		return "ro"
	}
	return "en"
}

// render is the page that says s.
func render(s sentence, lang string) []byte {
	words := english
	if lang == "ro" {
		words = romanian
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct{ Lang, Title, Says, Back string }{lang, words["title"], words[s], words["back"]})
	if err != nil { // nothing in it can fail
		return nil
	}
	return b.Bytes()
}

// Later tells a browser that the server cannot answer now.
func (p *Provider) Later(w http.ResponseWriter, r *http.Request) {
	closed(w.Header())
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(render(saysLater, languageOf(r))) // the browser is gone
}
