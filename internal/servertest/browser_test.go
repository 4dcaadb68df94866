package servertest_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
	"github.com/pecete/pecete/verify"
)

const password = "correct horse battery staple"

// A person with a browser: the sample application takes a PDF and gives it back
// signed, by way of the login and the consent page.
func TestASignerSignsInABrowser(t *testing.T) {
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--mode", "oauth2code")
	must(t, err)
	must(t, s.SetPassword(ctx, signer.ID, password))
	page := fmt.Sprintf("127.0.0.1:%d", proctest.FreePort(t))
	app, err := s.AddWebClient(ctx, "Sample Application", "http://"+page+"/callback")
	must(t, err)
	servertest.Serve(t, s)
	startApp(t, s, app, page)

	original := samplepdf.New("A contract", "between two parties.")
	file := filepath.Join(t.TempDir(), "contract.pdf")
	must(t, os.WriteFile(file, original, 0o600))
	tab, downloads := openBrowser(t, ctx)
	must(t, chromedp.Run(tab,
		chromedp.Navigate("http://"+page),
		chromedp.SetUploadFiles("#pdf", []string{file}, chromedp.ByQuery),
		chromedp.Click("button", chromedp.ByQuery),
	))
	logIn(t, tab, signer)
	consent := agree(t, tab, signer)
	for _, want := range []string{"Sample Application", "Demo Signer", "Sign contract.pdf", "SHA-256"} {
		if !strings.Contains(consent, want) {
			t.Errorf("the consent page does not say %q:\n%s", want, consent)
		}
	}
	checkSigned(t, s, original, waitForFile(t, ctx, downloads))
}

// startApp builds and starts the sample application.
func startApp(t *testing.T, s *stage.Stage, app stage.Client, listen string) {
	t.Helper()
	program, secret := filepath.Join(t.TempDir(), "signing-app"), filepath.Join(t.TempDir(), "secret")
	out, err := exec.Command("go", "build", "-o", program, "github.com/pecete/pecete/examples/signing-app").CombinedOutput()
	if err != nil {
		t.Fatalf("build the sample application: %v\n%s", err, out)
	}
	must(t, os.WriteFile(secret, []byte(app.Secret), 0o600))
	p := proctest.Start(t, program, "-listen", listen, "-server", s.URL,
		"-ca", filepath.Join(s.Folder, "tls.crt"), "-client-id", app.ID, "-secret", secret)
	p.WaitFor("open http://")
}

// openBrowser starts Chromium with a folder of its own for what it downloads.
func openBrowser(t *testing.T, ctx context.Context) (context.Context, string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is missing: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.Flag("ignore-certificate-errors", true), // the server's certificate is its own
	)
	allocator, cancel := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	downloads := t.TempDir()
	must(t, chromedp.Run(tab, browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(downloads)))
	return tab, downloads
}

func logIn(t *testing.T, tab context.Context, _ stage.Signer) {
	t.Helper()
	must(t, chromedp.Run(tab,
		chromedp.WaitVisible("#password", chromedp.ByQuery),
		chromedp.SendKeys("#email", "demo.signer@example.org", chromedp.ByQuery),
		chromedp.SendKeys("#password", password, chromedp.ByQuery),
		chromedp.Submit("#password", chromedp.ByQuery),
	))
}

// agree types the code of the moment on the consent page and returns what the
// page said. Before the consent page the signer may have to log in again.
func agree(t *testing.T, tab context.Context, signer stage.Signer) (said string) {
	t.Helper()
	var password bool
	must(t, chromedp.Run(tab,
		chromedp.WaitVisible("#code, #password", chromedp.ByQuery),
		chromedp.Sleep(500*time.Millisecond), // the login page may be on its way out
		chromedp.WaitVisible("#code, #password", chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelector("#password") !== null`, &password)))
	if password {
		logIn(t, tab, signer)
	}
	must(t, chromedp.Run(tab,
		chromedp.WaitVisible("#code", chromedp.ByQuery),
		chromedp.Text("main", &said, chromedp.ByQuery),
		chromedp.SendKeys("#code", oathtool(t, signer.OTPAuth), chromedp.ByQuery),
		chromedp.Click("button[value=sign]", chromedp.ByQuery),
	))
	return said
}

// oathtool is another program's idea of the code of the moment.
func oathtool(t *testing.T, otpauth string) string {
	t.Helper()
	uri, err := url.Parse(otpauth)
	must(t, err)
	code, err := exec.Command("oathtool", "--totp", "-b", uri.Query().Get("secret")).Output()
	if err != nil {
		t.Fatalf("oathtool (apt-get install oathtool): %v", err)
	}
	return strings.TrimSpace(string(code))
}

func waitForFile(t *testing.T, ctx context.Context, folder string) []byte {
	t.Helper()
	for ctx.Err() == nil {
		files, err := filepath.Glob(filepath.Join(folder, "*.pdf"))
		must(t, err)
		if len(files) == 1 {
			pdf, err := os.ReadFile(files[0])
			must(t, err)
			return pdf
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nothing was downloaded")
	return nil
}

func checkSigned(t *testing.T, s *stage.Stage, original, signed []byte) {
	t.Helper()
	if !bytes.HasPrefix(signed, original) {
		t.Error("the original bytes changed")
	}
	ca, err := os.ReadFile(filepath.Join(s.Folder, "ca.pem"))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	report, err := verify.PDF(signed, verify.Options{Roots: roots, Now: time.Now()})
	must(t, err)
	if !report.OK() {
		t.Errorf("the signature is not good: %+v", report)
	}
}
