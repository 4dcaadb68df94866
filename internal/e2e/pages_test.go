package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/stage"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

// wrongCode is one that no authenticator shows, or one in a million does.
const wrongCode = "000000"

// The pages of the authorization server, and those that signers who have been
// enrolled by an operator know.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	type visitor struct {
		signer stage.Signer
		email  string
	}
	visitors := map[look]visitor{}
	for _, l := range looks {
		signer, email := s.signer(l, "--mode", "oauth2code", "--qualifier", "eu_eidas_aes", "--multisign", "12")
		_, err := s.AddCredential(s.ctx, signer.ID, "--mode", "oauth2code", "--qualifier", "eu_eidas_aes", "--description", "For the company")
		must(t, err)
		approval, err := s.AddCredential(s.ctx, signer.ID, "--factors", "APPROVAL")
		must(t, err)
		signer.Credentials = append(signer.Credentials, approval)
		visitors[l] = visitor{signer, email}
	}
	var linked []string
	for _, v := range visitors {
		linked = append(linked, v.signer.ID)
	}
	asker, err := s.AddClient(s.ctx, "Demo Asker", linked...)
	must(t, err)
	must(t, s.Stage.Serve(s.ctx))
	t.Cleanup(func() { must(t, s.Stop()) })
	for n, l := range looks {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			one := visitors[l]
			p := &visit{scene: s, viewer: s.viewer(t, l), signer: one.signer, email: one.email}
			p.app = &app{t: t, secret: secretOf(t, one.signer.OTPAuth)}
			p.login()
			p.consent()
			p.changes()
			p.approve(asker)
			p.portal(fmt.Sprintf("+4070000001%d", n))
			p.verify()
			p.failures()
			p.recovery()
			if l.lang == "en" {
				p.reference()
			}
		})
	}
}

// A visit is a signer before the pages.
type visit struct {
	*scene
	*viewer
	app    *app
	signer stage.Signer
	email  string
	had    map[string]bool // files that were downloaded
}

func (p *visit) login() {
	p.open(p.authorize("scope", csc.ScopeService))
	p.see("login")
	p.fill("email", p.email, "password", "not the password")
	p.press("button.yes")
	p.see("login-refused")
	p.fill("password", password)
	p.press("button.yes")
	p.at("/callback")
}

// details asks for a signature of each label.
func details(credential string, labels ...string) string {
	var digests []any
	for _, label := range labels {
		sum := sha256.Sum256([]byte(label))
		digests = append(digests, map[string]any{"hash": base64.StdEncoding.EncodeToString(sum[:]), "label": label})
	}
	text, _ := json.Marshal([]any{map[string]any{ // strings alone
		"type": "credential", "credentialID": credential, "hashAlgorithmOID": csc.OIDSHA256, "documentDigests": digests,
	}})
	return string(text)
}

// enter logs in where that is asked.
func (p *visit) enter() {
	var asked bool
	p.run(chromedp.Evaluate(`document.querySelector("#password") !== null`, &asked))
	if asked {
		p.fill("email", p.email, "password", password)
		p.press("button.yes")
	}
}

func (p *visit) consent() {
	p.open(p.authorize("scope", csc.ScopeCredential, "signatureQualifier", "eu_eidas_aes", "numSignatures", "1",
		"hashes", base64.RawURLEncoding.EncodeToString(make([]byte, 32)), "hashAlgorithmOID", csc.OIDSHA256, "description", "Contract no. 7"))
	p.enter()
	p.see("consent-choice")
	p.press(".option")
	p.see("consent-one")
	p.press("button[value=decline]")
	p.at("/callback")
	many := make([]string, 12)
	for n := range many {
		many[n] = fmt.Sprintf("Contract %d.pdf", n+1)
	}
	p.open(p.authorize("authorization_details", details(p.signer.Credentials[0], many...)))
	p.enter()
	p.see("consent-twelve")
	p.press("button[value=decline]")
	p.at("/callback")
	p.open(p.authorize("authorization_details", details(p.signer.Credentials[0], "Contract.pdf", "Anexa nr. 1 – specificații.pdf", "A name that is as long as names of files are when several people have a hand in it, final, really final (2).pdf")))
	p.enter()
	p.see("consent-three")
	p.reads(map[string]string{"en": "we have not seen them", "ro": "noi nu le-am văzut"}[p.lang])
	p.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
	p.see("consent-fingerprints")
	p.fill("code", wrongCode)
	p.press("button[value=sign]")
	p.see("consent-refused")
	p.fill("code", p.app.code())
	p.press("button[value=sign]")
	p.at("/callback")
}

// changes are permits to make a certificate, and to delete one.
func (p *visit) changes() {
	const kind = `[{"type":"https://cloudsignatureconsortium.org/2025/credential-`
	for name, detail := range map[string]string{
		"consent-create": kind + `creation"}]`,
		"consent-delete": kind + `deletion","credentialID":"` + p.signer.Credentials[0] + `"}]`,
	} {
		p.open(p.authorize("authorization_details", detail, "description", "Contract no. 7"))
		p.enter()
		p.see(name)
		p.fill("code", wrongCode)
		p.press("button[value=sign]")
		p.see(name + "-refused")
		p.press("button[value=decline]")
		p.at("/callback")
	}
}

var approvalLink = regexp.MustCompile(`https://\S+/approve\?\S+`)

// approve opens what an application asks for apart.
func (p *visit) approve(asker stage.Client) {
	web, err := p.HTTP()
	must(p.viewer.t, err)
	api := &client.Client{BaseURL: p.URL + csc.BasePath, HTTP: web, ID: asker.ID, Secret: csc.Secret(asker.Secret)}
	sum := sha256.Sum256([]byte("Contract.pdf"))
	_, err = api.Authorize(p.ctx, csc.AuthorizeRequest{
		CredentialID: p.signer.Credentials[len(p.signer.Credentials)-1], NumSignatures: 1,
		Hashes: []csc.Digest{sum[:]}, HashAlgorithmOID: csc.OIDSHA256, Description: "Contract no. 7",
		AuthData: []csc.AuthData{{ID: "APPROVAL"}},
	})
	if err == nil || !strings.Contains(err.Error(), "202") {
		p.viewer.t.Fatalf("an approval apart is %v", err)
	}
	link := approvalLink.FindString(p.newest(p.email))
	if link == "" {
		p.viewer.t.Fatal("no link came")
	}
	p.open(link)
	p.see("approve")
	p.fill("code", wrongCode)
	p.press("button[value=sign]")
	p.see("approve-refused")
	p.press("button[value=decline]")
	p.see("approve-over")
}

// newest is the last message to somebody.
func (s *scene) newest(to string) string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Folder, "outbox", "* "+to+".*"))
	must(s.t, err)
	if len(files) == 0 {
		s.t.Fatalf("no message to %s", to)
	}
	text, err := os.ReadFile(files[len(files)-1])
	must(s.t, err)
	return strings.ReplaceAll(strings.ReplaceAll(string(text), "=\r\n", ""), "=3D", "=")
}

func (p *visit) portal(phone string) {
	_, err := p.Run(p.ctx, "signer", "phone", p.signer.ID, phone)
	must(p.viewer.t, err)
	p.open(p.URL + "/portal")
	p.see("portal-login")
	p.fill("email", p.email, "password", "not the password", "code", wrongCode)
	p.press("button.yes")
	p.see("portal-login-refused")
	p.fill("password", password, "code", p.app.code())
	p.press("button.yes")
	p.at("/portal/documents")
	p.see("documents-first")
	p.open(p.URL + "/portal/security")
	p.see("security")
	p.open(p.URL + "/portal/password")
	p.see("password")
	p.fill("password", "not the password", "new", "another horse and battery", "again", "another horse and battery", "code", wrongCode)
	p.press("main button.yes")
	p.see("password-refused")
	p.open(p.URL + "/portal/authenticator")
	p.see("authenticator")
	p.fill("code", p.app.code())
	p.press("main button.yes")
	p.at("/portal/authenticator/new")
	p.see("pairing")
	var secret string
	p.run(chromedp.Evaluate(`document.querySelector("code.secret").textContent.replaceAll(" ", "")`, &secret))
	p.fill("code", wrongCode)
	p.press("main button.yes")
	p.see("pairing-refused")
	fresh := &app{t: p.viewer.t, secret: secret, last: p.app.last} // no step is good twice
	p.fill("code", fresh.code())
	p.press("main button.yes")
	p.see("pairing-half")
	p.second(fresh)
	p.see("security-paired")
	told := map[string]string{"en": "another authenticator app was paired", "ro": "altă aplicație de autentificare"}[p.lang]
	await(p.viewer.t, outbox{p.viewer.t, filepath.Join(p.Folder, "outbox")}.sms, phone, regexp.MustCompile(told))
	p.app = fresh
}

// recovery is what a signer sees whom the operator gave another authenticator, since
// he lost his.
func (p *visit) recovery() {
	t := p.viewer.t
	out, err := p.Run(p.ctx, "signer", "pair", p.signer.ID)
	must(t, err)
	uri := regexp.MustCompile(`otpauth://\S+`).Find(out)
	p.app = &app{t: t, secret: secretOf(t, string(uri)), last: p.app.last}
	p.open(p.URL + "/portal")
	p.fill("email", p.email, "password", password, "code", p.app.code())
	p.press("button.yes")
	p.at("/portal/documents")
	p.see("documents-recovering")
	p.reads(map[string]string{"en": "can sign again from", "ro": "puteți semna din nou de la"}[p.lang])
	p.open(p.authorize("authorization_details", details(p.signer.Credentials[0], "Contract.pdf")))
	p.enter()
	p.see("consent-recovering")
	p.reads(map[string]string{"en": "can sign again from", "ro": "puteți semna din nou de la"}[p.lang])
}

// verify has documents checked, without being anybody.
func (p *visit) verify() {
	t := p.viewer.t
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	signed := signer.SignPDF(t, samplepdf.New("A contract", "between two parties."), ades.PDFOptions{Time: time.Unix(1e9, 0)})
	p.expect(422, 413)
	defer p.expect()
	p.open(p.URL + "/verify")
	p.see("verify")
	for _, row := range []struct {
		name, file string
		text       []byte
	}{
		{"verify-refused", "Contract.docx", []byte("PK")},
		{"verify-large", "Contract.pdf", make([]byte, 60<<20)},
		{"verified-unsigned", "Contract.pdf", samplepdf.New("A contract", slices.Repeat([]string{"a line of many"}, 100_000)...)},
		{"verified-invalid", "Contract, semnat.pdf", bytes.Replace(signed, []byte("two parties"), []byte("six parties"), 1)},
	} {
		file := filepath.Join(t.TempDir(), row.file)
		must(t, os.WriteFile(file, row.text, 0o600))
		p.open(p.URL + "/verify")
		p.run(chromedp.SetUploadFiles("#pdf", []string{file}, chromedp.ByQuery))
		p.press("button.yes")
		p.see(row.name)
	}
	p.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
	p.see("verified-details")
}

func (p *visit) failures() {
	p.open(p.URL + "/outbox")
	p.see("outbox")
	p.press(".option")
	p.see("outbox-message")
	p.expect(404, 400, 403, 410)
	defer p.expect()
	p.open(p.URL + "/portal/certificates/none")
	p.see("nothing-here")
	p.open(p.URL + "/oauth2/authorize?client_id=none")
	p.see("not-known")
	p.open(p.URL + "/approve?i=none")
	p.see("approve-unknown")
	p.open(p.URL + "/welcome/pair?link=none")
	p.see("welcome-unknown")
}

func (p *visit) reference() {
	p.open(p.URL + "/docs")
	p.see("reference")
	p.open(p.URL + "/docs/v1")
	p.see("reference-v1")
}
