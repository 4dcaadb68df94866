// Command signing-app is a sample application of the CSC API: a page that takes
// a PDF and gives it back signed. The signer is sent to the signing server
// twice: to log in, so that the application may see the certificate, and to
// agree to the hash of this one document.
//
// The OAuth part is golang.org/x/oauth2 and a pushed request; the API part is
// three POSTs; the document is prepared with the package signing/ades.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
)

const (
	ecdsaSHA256 = "1.2.840.10045.4.3.2"
	maxPDF      = 20 << 20
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// An app is the application. It keeps what is under way in memory.
type app struct {
	server string // https://host[:port]
	oauth  oauth2.Config
	http   *http.Client

	mu   sync.Mutex
	jobs map[string]*job // by the state parameter
}

// A job is one document on its way.
type job struct {
	name       string
	pdf        []byte
	verifier   string
	credential string // "" until the signer logged in
	prepared   *ades.PreparedPDF
	begun      time.Time
}

func main() {
	a := &app{jobs: map[string]*job{}}
	listen := flag.String("listen", "127.0.0.1:8080", "`ADDRESS` of the page")
	ca := flag.String("ca", "", "PEM `FILE` with the server's TLS certificate")
	secret := flag.String("secret", "", "`FILE` with the client's secret")
	flag.StringVar(&a.server, "server", "https://localhost:8443", "the signing server's `URL`")
	flag.StringVar(&a.oauth.ClientID, "client-id", "", "the client's `ID`")
	flag.Parse()
	if err := a.configure(*listen, *ca, *secret); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, http.StatusOK, "") })
	http.HandleFunc("POST /sign", a.begin)
	http.HandleFunc("GET /callback", a.callback)
	log.Printf("open http://%s", *listen)
	guard := http.NewCrossOriginProtection()
	web := &http.Server{Addr: *listen, Handler: guard.Handler(http.DefaultServeMux), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

func (a *app) configure(listen, ca, secretFile string) error {
	secret, err := os.ReadFile(secretFile)
	if err != nil {
		return err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return err
	}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil || !roots.AppendCertsFromPEM(text) {
			return errors.Join(err, fmt.Errorf("%s: no certificate", ca))
		}
	}
	a.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	a.oauth.ClientSecret = strings.TrimSpace(string(secret))
	a.oauth.RedirectURL = "http://" + listen + "/callback"
	a.oauth.Endpoint = oauth2.Endpoint{
		AuthURL: a.server + "/oauth2/authorize", TokenURL: a.server + "/oauth2/token", AuthStyle: oauth2.AuthStyleInHeader,
	}
	return nil
}

// begin takes the document and sends the signer to log in.
func (a *app) begin(w http.ResponseWriter, r *http.Request) {
	file, header, err := r.FormFile("pdf")
	if err != nil {
		show(w, http.StatusBadRequest, "Choose a PDF first.")
		return
	}
	pdf, err := io.ReadAll(io.LimitReader(file, maxPDF+1))
	if err != nil || len(pdf) > maxPDF {
		show(w, http.StatusBadRequest, "The file is larger than 20 MB.")
		return
	}
	j := &job{name: header.Filename, pdf: pdf, begun: time.Now()}
	a.send(w, r, j, url.Values{"scope": {csc.ScopeService}})
}

// send pushes an authorization request (RFC 9126) and sends the browser after it.
func (a *app) send(w http.ResponseWriter, r *http.Request, j *job, params url.Values) {
	j.verifier = oauth2.GenerateVerifier()
	state := rand.Text()
	params.Set("response_type", "code")
	params.Set("client_id", a.oauth.ClientID)
	params.Set("redirect_uri", a.oauth.RedirectURL)
	params.Set("state", state)
	params.Set("code_challenge", oauth2.S256ChallengeFromVerifier(j.verifier))
	params.Set("code_challenge_method", "S256")
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, a.server+"/oauth2/pushed_authorize", strings.NewReader(params.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(url.QueryEscape(a.oauth.ClientID), url.QueryEscape(a.oauth.ClientSecret))
		err = do(a.http, req, http.StatusCreated, &pushed)
	}
	if err != nil {
		show(w, http.StatusBadGateway, err.Error())
		return
	}
	a.keep(state, j)
	query := url.Values{"client_id": {a.oauth.ClientID}, "request_uri": {pushed.RequestURI}}
	http.Redirect(w, r, a.oauth.Endpoint.AuthURL+"?"+query.Encode(), http.StatusSeeOther)
}

// callback is where the signing server sends the signer back to.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	j := a.take(query.Get("state"))
	switch {
	case j == nil:
		show(w, http.StatusBadRequest, "This was begun elsewhere, or too long ago. Begin again.")
		return
	case query.Get("iss") != a.server:
		show(w, http.StatusBadRequest, "The answer is not from the signing server.")
		return
	case query.Get("error") != "":
		show(w, http.StatusForbidden, "Not signed: "+query.Get("error")+". "+query.Get("error_description"))
		return
	}
	ctx := context.WithValue(r.Context(), oauth2.HTTPClient, a.http)
	token, err := a.oauth.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(j.verifier))
	if err != nil {
		show(w, http.StatusBadGateway, err.Error())
		return
	}
	web := a.oauth.Client(ctx, token)
	if j.credential == "" {
		a.prepare(w, r, j, web)
		return
	}
	a.finish(w, r, j, web)
}

// prepare finds the signer's certificate, prepares the document for it, and
// sends the signer to agree to its hash.
func (a *app) prepare(w http.ResponseWriter, r *http.Request, j *job, web *http.Client) {
	var list csc.ListResponse
	err := a.call(r.Context(), web, csc.MethodList, csc.ListRequest{CredentialInfo: true, OnlyValid: true, View: csc.View{Certificates: csc.CertificatesChain}}, &list)
	var chain [][]byte
	for _, c := range list.CredentialInfos {
		if c.Auth.Mode == csc.OAuth2Code && c.Key.Curve == csc.P256.Curve() {
			j.credential, chain = c.CredentialID, nil
			for _, text := range c.Cert.Certificates {
				der, decodeErr := base64.StdEncoding.DecodeString(text)
				err, chain = errors.Join(err, decodeErr), append(chain, der)
			}
		}
	}
	if err == nil && j.credential == "" {
		err = errors.New("you have no credential that this application can use")
	}
	if err == nil {
		algorithm := csc.Algorithm{OID: ecdsaSHA256, Scheme: csc.ECDSA, Hash: crypto.SHA256}
		j.prepared, err = ades.PreparePDF(j.pdf, ades.Signer{Certificates: chain, Algorithm: algorithm}, ades.PDFOptions{Time: time.Now()})
	}
	if err != nil {
		show(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	a.send(w, r, j, url.Values{
		"scope": {csc.ScopeCredential}, "credentialID": {j.credential}, "numSignatures": {"1"},
		"hashes":           {base64.RawURLEncoding.EncodeToString(j.prepared.Digest())},
		"hashAlgorithmOID": {csc.OIDSHA256}, "description": {"Sign " + j.name},
	})
}

// finish has the hash signed and gives the document back.
func (a *app) finish(w http.ResponseWriter, r *http.Request, j *job, web *http.Client) {
	var signed csc.SignHashResponse
	err := a.call(r.Context(), web, csc.MethodSignHash, csc.SignHashRequest{
		CredentialID: j.credential, Hashes: []csc.Digest{j.prepared.Digest()}, SignAlgo: ecdsaSHA256,
	}, &signed)
	var pdf []byte
	if err == nil && len(signed.Signatures) == 1 {
		pdf, err = j.prepared.Finish(signed.Signatures[0])
	}
	if err != nil {
		show(w, http.StatusBadGateway, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="signed.pdf"`)
	_, _ = w.Write(pdf)
}

// call is a method of the API.
func (a *app) call(ctx context.Context, web *http.Client, m csc.Method, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.server+csc.BasePath+"/"+string(m), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return do(web, req, http.StatusOK, answer)
}

// do sends a request and reads the answer, or the server's error.
func do(web *http.Client, req *http.Request, want int, answer any) error {
	resp, err := web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	if resp.StatusCode != want {
		var told csc.Error
		err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&told)
		return errors.Join(err, fmt.Errorf("%s: %s", told.Code, told.Description))
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 8<<20)).Decode(answer)
}

func (a *app) keep(state string, j *job) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for old, other := range a.jobs {
		if time.Since(other.begun) > 20*time.Minute {
			delete(a.jobs, old)
		}
	}
	a.jobs[state] = j
}

func (a *app) take(state string) *job {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := a.jobs[state]
	delete(a.jobs, state)
	return j
}

func show(w http.ResponseWriter, status int, said string) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = page.Execute(w, said)
}
