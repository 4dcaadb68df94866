package sample

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A code is an authorization code, and what it is exchanged for.
type code struct {
	grant
	redirect, challenge string
	given               *grant // what it was exchanged for
}

// pages are two: who is there, and whether he agrees.
var pages = template.Must(template.New("pages").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sample server</title></head>
<body>
<h1>{{if .Visit}}Sign?{{else}}Log in{{end}}</h1>
{{with .Wrong}}<p role="alert">{{.}}</p>{{end}}
{{with .Hashes}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
<form method="post">
{{if .Visit}}<input type="hidden" name="visit" value="{{.Visit}}">
<p><label>Code of the authenticator <input name="code" inputmode="numeric" autocomplete="one-time-code"></label></p>
<p><button name="decision" value="sign">Agree</button> <button name="decision" value="decline">Decline</button></p>
{{else}}<p><label>User <input name="email" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<p><button>Log in</button></p>{{end}}
</form>
</body>
</html>
`))

// agree shows the pages and takes their answers (oauth2/authorize, v2.0.0.2
// §8.4.2).
func (s *Server) agree(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != ClientID || err != nil || q.Get("redirect_uri") != RedirectURI && !s.off[AnyRedirect] {
		http.Error(w, "The client or its redirect_uri is not known.", http.StatusBadRequest)
		return
	}
	g, wrong := s.requested(q)
	if wrong != "" {
		sendBack(w, back, q, url.Values{"error": {wrong}})
		return
	}
	visit := r.PostFormValue("visit")
	switch {
	case r.Method != http.MethodPost:
		s.show(w, g, "", "")
	case !s.visited(visit) && (r.PostFormValue("email") != User || r.PostFormValue("password") != Password):
		s.show(w, g, "", "The user or the password is wrong.")
	case !s.visited(visit) && g.credential == "":
		// Who logs in for this client lets it list his certificates.
		sendBack(w, back, q, url.Values{"code": {s.codeFor(g, q)}})
	case !s.visited(visit):
		s.show(w, g, s.put(&grant{client: visiting, until: s.now().Add(tokenLife)}), "")
	case r.PostFormValue("decision") == "decline":
		sendBack(w, back, q, url.Values{"error": {"access_denied"}})
	case !s.coded(r.PostFormValue("code")):
		s.show(w, g, visit, "The code is wrong, or was used before.")
	default:
		sendBack(w, back, q, url.Values{"code": {s.codeFor(g, q)}})
	}
}

// visiting is the client of a grant that says who is at the pages.
const visiting = "(the pages)"

func (s *Server) visited(visit string) bool {
	g := s.look(visit)
	return g != nil && g.client == visiting
}

// codeFor makes a code for what was agreed on.
func (s *Server) codeFor(g *grant, q url.Values) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := rand.Text()
	s.codes[name] = &code{grant: *g, redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge")}
	return name
}

func (s *Server) show(w http.ResponseWriter, g *grant, visit, wrong string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_ = pages.Execute(w, struct { // the browser may have left
		Hashes       []string
		Visit, Wrong string
	}{g.hashes, visit, wrong})
}

// requested is what a request asks for, or the error it deserves.
func (s *Server) requested(q url.Values) (*grant, string) {
	g := &grant{client: ClientID, user: User, until: s.now().Add(codeLife)}
	switch {
	case q.Get("response_type") == "":
		return nil, "invalid_request"
	case q.Get("response_type") != "code":
		return nil, "unsupported_response_type"
	case !s.off[NoPKCE] && (q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256"):
		return nil, "invalid_request"
	case q.Get("scope") == "" || q.Get("scope") == "service":
		if q.Has("credentialID") {
			return nil, "invalid_request"
		}
		return g, ""
	case q.Get("scope") != "credential":
		return nil, "invalid_scope"
	}
	n, err := strconv.Atoi(q.Get("numSignatures"))
	given := strings.Split(q.Get("hashes"), ",")
	if err != nil || n < 1 || n > 10 || len(given) > n || q.Get("hashAlgorithmOID") != oidSHA256 || q.Get("credentialID") != CodeCredential {
		return nil, "invalid_request"
	}
	for _, one := range given {
		hash, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(one, "="))
		if err != nil || len(hash) != 32 {
			return nil, "invalid_request"
		}
		g.hashes = append(g.hashes, base64.StdEncoding.EncodeToString(hash))
	}
	g.credential, g.count = CodeCredential, n
	return g, ""
}

// sendBack sends the signer back to the application.
func sendBack(w http.ResponseWriter, to *url.URL, asked, told url.Values) {
	back := *to
	query := back.Query()
	for name, values := range told {
		query[name] = values
	}
	if asked.Has("state") {
		query.Set("state", asked.Get("state"))
	}
	back.RawQuery = query.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

// token gives tokens (oauth2/token, v2.0.0.2 §8.4.4).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	g, f := s.earned(r)
	if f != nil {
		s.fail(w, f)
		return
	}
	s.give(w, g)
}

// earned is what a token is given for.
func (s *Server) earned(r *http.Request) (*grant, *fault) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, bad("The request is not a form")
	}
	client, f := prover(r)
	if f != nil {
		return nil, f
	}
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		if scope := r.PostFormValue("scope"); scope != "" && scope != "service" {
			return nil, &fault{http.StatusBadRequest, "invalid_scope", "Only the scope service is given to clients"}
		}
		return &grant{client: client}, nil
	case "authorization_code":
		return s.redeem(client, r)
	case "":
		return nil, bad("Missing parameter grant_type")
	}
	return nil, bad("Invalid parameter grant_type")
}

// prover is the client that a request comes from and proves to be of.
func prover(r *http.Request) (string, *fault) {
	client, secret, basic := r.BasicAuth()
	if !basic {
		client, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	wanted, known := map[string]string{ClientID: ClientSecret, OtherClientID: OtherClientSecret}[client]
	switch {
	case client == "":
		return "", bad("Missing parameter client_id")
	case secret == "":
		return "", bad("Client authorization required")
	case !known:
		return "", bad("Invalid parameter client_id")
	case subtle.ConstantTimeCompare([]byte(secret), []byte(wanted)) != 1:
		return "", bad("Invalid parameter client_secret")
	}
	return client, nil
}

// redeem takes a code and returns what it is exchanged for.
func (s *Server) redeem(client string, r *http.Request) (*grant, *fault) {
	name := r.PostFormValue("code")
	if name == "" {
		return nil, bad("Missing parameter code")
	}
	refused := func(text string) (*grant, *fault) { return nil, &fault{http.StatusBadRequest, "invalid_grant", text} }
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.codes[name]
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case c == nil:
		return refused("Invalid parameter code")
	case c.client != client:
		return refused("Authorization code is of another client")
	case c.given != nil && !s.off[CodeTwice]:
		c.given.until = time.Time{}
		return refused("Authorization code is invalid or expired")
	case !s.off[NeverExpires] && s.now().After(c.until):
		return refused("Authorization code is invalid or expired")
	case r.PostFormValue("redirect_uri") != c.redirect:
		return refused("redirect_uri parameter does not match redirect_uri parameter of authorization request")
	case !s.off[NoPKCE] && base64.RawURLEncoding.EncodeToString(verifier[:]) != c.challenge:
		return refused("Invalid parameter code_verifier")
	}
	g := c.grant
	g.hashes = slices.Clone(c.hashes)
	c.given = &g
	return &g, nil
}

// give answers with a token for the grant.
func (s *Server) give(w http.ResponseWriter, g *grant) {
	life := tokenLife
	if g.credential != "" {
		life = sadLife
	}
	g.until = s.now().Add(life)
	write(w, http.StatusOK, members{"access_token": s.put(g), "token_type": "Bearer", "expires_in": int(life / time.Second)})
}
