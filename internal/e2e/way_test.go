package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pecete/pecete/internal/samplepdf"
)

var (
	pairLink     = regexp.MustCompile(`https://\S+/welcome/pair\?link=\S+`)
	activateLink = regexp.MustCompile(`https://\S+/welcome/activate\?link=\S+`)
	smsCode      = regexp.MustCompile(`\b(\d{6})\b`)
)

// The whole way of a signer: from the invitation to documents that are signed with
// one code, and valid in a program of others. Once in each look: two of them with
// messages that are kept in a folder, two with a mail server and a gateway for SMS.
func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	t.Run("outbox", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		goTheWay(t, s, outbox{t, filepath.Join(s.Folder, "outbox")}, looks[0], looks[1])
	})
	t.Run("mail server", func(t *testing.T) {
		t.Parallel()
		s, c := newScene(t), newCarrier(t)
		config, err := os.ReadFile(s.Config())
		must(t, err)
		sent := bytes.Replace(config, []byte("\noutbox: outbox\n"), fmt.Appendf(nil,
			"\nmail:\n  server: %s\n  security: none\n  from: Pecete <signing@example.org>\nsms:\n  url: %s\n", c.server, c.gateway), 1)
		must(t, os.WriteFile(s.Config(), sent, 0o600))
		goTheWay(t, s, c, looks[2], looks[3])
	})
}

func goTheWay(t *testing.T, s *scene, p post, as ...look) {
	t.Helper()
	must(t, s.Serve(s.ctx))
	t.Cleanup(func() { must(t, s.Stop()) })
	for n, l := range as {
		t.Run(l.String(), func(t *testing.T) {
			g := &walk{
				scene: s, viewer: s.viewer(t, l), post: p,
				email: "semnatar." + l.String() + "@example.org", phone: fmt.Sprintf("+4070000000%d", n),
			}
			g.pair(g.invite())
			g.activate()
			g.certificate()
			g.sign()
			g.judge()
		})
	}
}

// A walk is one signer on the way.
type walk struct {
	*scene
	*viewer
	post
	app          *app
	email, phone string
	signed       []string // files
}

func (g *walk) invite() string {
	t := g.viewer.t
	_, err := g.Run(g.ctx, "signer", "invite", "--email", g.email, "--given-name", "Semnatar", "--family-name", "Demo",
		"--phone", g.phone, "--locale", g.lang, "--reference", "Demo 7")
	must(t, err)
	return await(t, g.mails, g.email, pairLink)[0]
}

// pair scans the picture that a screen shows, as a phone would.
func (g *walk) pair(link string) {
	t := g.viewer.t
	g.open(link)
	g.see("welcome-pair-begin")
	g.press("main button.yes")
	g.until(`document.querySelector("svg.qr") !== null`)
	g.see("welcome-pair")
	out, err := exec.Command("zbarimg", "--quiet", "--raw", g.picture("welcome-pair")).Output()
	if err != nil || !strings.HasPrefix(string(out), "otpauth://totp/") {
		t.Fatalf("zbarimg (apt-get install zbar-tools) reads %q: %v", out, err)
	}
	g.app = &app{t: t, secret: secretOf(t, strings.TrimSpace(string(out)))}
	g.fill("code", wrongCode)
	g.press("main button.yes")
	g.see("welcome-pair-refused")
	g.fill("code", g.app.code())
	g.press("main button.yes")
	g.see("welcome-pair-half")
	g.second(g.app)
	g.see("welcome-paired")
}

// second types the code after the first one of a new app. A machine that is too slow
// for that begins anew, as a signer does.
func (v *viewer) second(a *app) {
	v.t.Helper()
	for range 5 {
		v.fill("code", a.code())
		v.press("main button.yes")
		var more bool
		v.run(chromedp.Evaluate(`document.querySelector("#code") !== null`, &more))
		if !more {
			return
		}
	}
	v.t.Fatalf("%s: five codes, and no two in a row\n%s", v.look, v.words())
}

func (g *walk) activate() {
	t := g.viewer.t
	g.open(await(t, g.mails, g.email, activateLink)[0])
	g.see("welcome-activate-begin")
	g.press("main button.yes")
	g.until(`document.querySelector("#phone") !== null`)
	g.see("welcome-phone")
	g.press("main button.yes")
	g.until(`document.querySelector("#code") !== null`)
	g.see("welcome-phone-code")
	g.fill("code", await(t, g.sms, g.phone, smsCode)[1])
	g.press("main button.yes")
	g.until(`document.querySelector("#new") !== null`)
	g.see("welcome-account")
	g.fill("new", password, "again", password)
	g.run(chromedp.Click("input[name=accept]", chromedp.ByQuery))
	g.press("main button.yes")
	g.see("welcome-active")
}

func (g *walk) certificate() {
	g.open(g.URL + "/portal/login")
	g.fill("email", g.email, "password", password, "code", g.app.code())
	g.press("main button.yes")
	g.see("welcome-issue")
	g.run(chromedp.Click("input[name=accept]", chromedp.ByQuery))
	g.press("main button.yes")
	g.see("welcome-issued")
	g.open(g.URL + "/portal/security")
	g.see("security-new")
	g.open(g.URL + "/downloads")
	g.see("downloads")
}

// sign brings two documents, agrees once, and takes them home. What is on the pages
// between, TestDocuments looks at.
func (g *walk) sign() {
	t := g.viewer.t
	var files, says []string
	for _, name := range []string{"Contract.pdf", "Anexa nr. 1.pdf"} {
		file, content := filepath.Join(t.TempDir(), name), samplepdf.New(name, "between two parties.")
		must(t, os.WriteFile(file, content, 0o600))
		files, says = append(files, file), append(says, name, fmt.Sprintf("%x", sha256.Sum256(content))[:16])
	}
	g.open(g.URL + "/portal/documents")
	g.run(chromedp.SetUploadFiles("#files", files, chromedp.ByQuery))
	g.press("form.bring button")
	g.press("button[form=sheet]")
	g.reads(says...)
	g.press("main form button.yes")
	g.enter()
	g.see("consent-documents")
	brought := map[string]string{"en": "You brought these documents", "ro": "Ați adus aceste documente"}[g.lang]
	g.reads(append(says, brought)...) // as the sheet said, to be compared
	g.fill("code", g.app.code())
	g.press("button[value=sign]")
	g.until(`location.pathname.startsWith("/portal/sign/")`)
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var done bool
		g.run(chromedp.Evaluate(`document.querySelector(".done") !== null`, &done))
		if done {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("nothing is signed\n%s", g.words())
		}
		var here string
		g.run(chromedp.Location(&here))
		g.open(here)
	}
	g.see("signed-both")
	g.takeHome()
}

// enter logs in at the authorization server where that is asked.
func (g *walk) enter() {
	var asked bool
	g.until(`document.querySelector("#password, #code") !== null`)
	g.run(chromedp.Evaluate(`document.querySelector("#password") !== null`, &asked))
	if asked {
		g.fill("email", g.email, "password", password)
		g.press("button.yes")
	}
}

// takeHome downloads each signed document.
func (g *walk) takeHome() {
	t := g.viewer.t
	var count int
	g.run(chromedp.Evaluate(`document.querySelectorAll("a[href$='/signed']").length`, &count))
	if count != 2 {
		t.Fatalf("%d documents are signed\n%s", count, g.words())
	}
	for n := range count {
		g.run(chromedp.Evaluate(fmt.Sprintf(`document.querySelectorAll("a[href$='/signed']")[%d].click()`, n), nil))
		for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			files, err := filepath.Glob(filepath.Join(g.downloads, "*.pdf"))
			must(t, err)
			if len(files) > n {
				g.signed = files
				break
			}
			if time.Now().After(end) {
				t.Fatal("nothing was downloaded")
			}
		}
	}
}

// judge has a program of others, and the page for everybody, look at what was
// signed.
func (g *walk) judge() {
	t := g.viewer.t
	trusted := t.TempDir()
	for _, args := range [][]string{
		{"-N", "-d", "sql:" + trusted, "--empty-password"},
		{"-A", "-d", "sql:" + trusted, "-n", "demo", "-t", "CT,C,C", "-i", filepath.Join(g.Folder, "ca.pem")},
	} {
		if out, err := exec.Command("certutil", args...).CombinedOutput(); err != nil {
			t.Fatalf("certutil (apt-get install libnss3-tools): %s", out)
		}
	}
	for _, file := range g.signed {
		out, err := exec.Command("pdfsig", "-nssdir", "sql:"+trusted, file).CombinedOutput()
		must(t, err)
		for _, want := range []string{"Signature is Valid.", "Certificate is Trusted.", "Semnatar Demo", "Total document signed"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("pdfsig does not say %q of %s:\n%s", want, filepath.Base(file), out)
			}
		}
	}
	said := map[bool]map[string][]string{
		true:  {"en": {"The signatures are valid", "Not revoked"}, "ro": {"Semnăturile sunt valabile", "Nerevocat"}},
		false: {"en": {"Do not rely on this document", "Revoked or suspended"}, "ro": {"Nu vă bazați pe acest document", "Revocat sau suspendat"}},
	}
	g.verify(g.signed[0])
	g.see("verified-valid")
	g.reads(append(said[true][g.lang], "Semnatar Demo")...)
	g.revoke()
	g.verify(g.signed[0])
	g.see("verified-revoked")
	g.reads(said[false][g.lang]...)
}

func (g *walk) verify(file string) {
	g.open(g.URL + "/verify")
	g.run(chromedp.SetUploadFiles("#pdf", []string{file}, chromedp.ByQuery))
	g.press("button.yes")
}

// revoke has an operator take the certificate back, and waits as long as the list of
// those is kept.
func (g *walk) revoke() {
	t := g.viewer.t
	out, err := g.Run(g.ctx, "signer", "invitations", "-o", "json")
	must(t, err)
	var all []struct{ Email, CredentialID string }
	must(t, json.Unmarshal(out, &all))
	for _, one := range all {
		if one.Email == g.email {
			_, err := g.Run(g.ctx, "credential", "revoke", one.CredentialID)
			must(t, err)
			time.Sleep(1100 * time.Millisecond)
			return
		}
	}
	t.Fatalf("%s has no certificate: %s", g.email, out)
}
