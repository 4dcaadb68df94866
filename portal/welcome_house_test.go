package portal_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

const guestEmail, guestPhone = "semnatar.demo@example.org", "+40700000000"

// A welcome is a house with an office over the same registry, whose mails and SMS
// are kept.
type welcome struct {
	*house
	office *enrolment.Office
	box    *letterbox
	device *device
}

func newWelcome(t testing.TB, change ...func(*enrolment.Office)) *welcome {
	t.Helper()
	w := &welcome{box: &letterbox{}, device: &device{t: t}}
	w.house = newHouse(t, func(p *portal.Pages) {
		store, log := p.Sessions.(enrolment.Store), p.Audit
		registrar := p.Registrar.(users.Registrar)
		profile := func(now time.Time) credentials.Profile {
			return credentials.Profile{Key: csc.P256, SCAL: csc.SCAL2, Multisign: 10, Mode: csc.OAuth2Code, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0)}
		}
		w.office = &enrolment.Office{
			Store: store, Users: registrar.Store, Registrar: registrar, Keys: w.device, Audit: log, Now: p.Now, Key: make([]byte, 32),
			Enroller: credentials.Enroller{Device: w.device, Issuer: newAuthority(t, p.Now), Store: p.Certificates.(credentials.Store), Audit: log, Now: p.Now},
			Post:     notify.Post{Mail: w.box, SMS: w.box}, From: "Pecete", Terms: "2026-11", Logger: p.Logger,
			Profiles:    map[string]enrolment.Profile{"default": {Credential: profile}},
			Certifiable: func(u users.User) error { return subject(u).Check() },
			PairURL:     "https://localhost" + portal.PairPath, ActivateURL: "https://localhost" + portal.ActivatePath,
			DownloadsURL: "https://localhost" + portal.DownloadsPath, LoginURL: "https://localhost" + portal.Path,
		}
		for _, f := range change {
			f(w.office)
		}
		p.Office, p.Terms = w.office, portal.Terms{Version: w.office.Terms}
	})
	return w
}

// guest is whom the tests invite.
func guestOf(locale string) enrolment.Identity {
	return enrolment.Identity{GivenName: "Semnatar", FamilyName: "Demo", Email: guestEmail, Phone: guestPhone, Country: "RO", Locale: locale}
}

func (w *welcome) invite(change ...func(*enrolment.Identity)) enrolment.Enrolment {
	w.t.Helper()
	who := guestOf("en")
	for _, f := range change {
		f(&who)
	}
	e, err := w.office.Invite(w.t.Context(), enrolment.Invitation{Identity: who})
	must(w.t, err)
	return e
}

// last is the first group of a form in the last message that has it.
func (w *welcome) last(form string) string {
	w.t.Helper()
	w.box.mu.Lock()
	defer w.box.mu.Unlock()
	for _, m := range slices.Backward(w.box.got) {
		if found := regexp.MustCompile(form).FindStringSubmatch(m.Text); found != nil {
			return found[1]
		}
	}
	w.t.Fatalf("no message has %s", form)
	return ""
}

// link is the path of the newest link.
func (w *welcome) link(which string) string {
	w.t.Helper()
	return w.last(`https://localhost(/welcome/` + which + `\?link=[A-Za-z0-9_-]{43})\n`)
}

func tokenIn(link string) string { return link[strings.LastIndexByte(link, '=')+1:] }

func (w *welcome) sms() string { w.t.Helper(); return w.last(`: ([0-9]{6}) is the code`) }

// begin opens a link and pushes its button.
func (b *browser) begin(link string) *http.Response {
	b.t.Helper()
	path, _, _ := strings.Cut(link, "?")
	_, text := b.get(link)
	resp, _ := b.do(http.MethodPost, path, fields("token", tokenOf(b.t, text), "link", tokenIn(link)))
	return resp
}

// push sends a form of the page at from, with what is hidden in it.
func (b *browser) push(from, to string, form url.Values) *http.Response {
	b.t.Helper()
	_, text := b.get(from)
	return b.pushOn(text, to, form)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)"`)

func (b *browser) pushOn(text, to string, form url.Values) *http.Response {
	b.t.Helper()
	i := strings.Index(text, `action="`+to+`"`)
	if i < 0 {
		b.t.Fatalf("no form to %s on\n%s", to, text)
	}
	own := text[i : i+strings.Index(text[i:], "</form>")]
	for _, m := range hiddenField.FindAllStringSubmatch(own, -1) {
		if !form.Has(m[1]) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	resp, _ := b.do(http.MethodPost, to, form)
	return resp
}

// follow is the page that an answer leads to.
func (b *browser) follow(resp *http.Response) (*http.Response, string) {
	b.t.Helper()
	for range 5 {
		to := resp.Header.Get("Location")
		if to == "" {
			b.t.Fatalf("answered with %d, and leads nowhere", resp.StatusCode)
		}
		next, text := b.get(to)
		if next.Header.Get("Location") == "" {
			return next, text
		}
		resp = next
	}
	b.t.Fatal("the redirects do not end")
	return nil, ""
}

// pair goes through the first mail, and returns the secret.
func (w *welcome) pair(b *browser) string {
	w.t.Helper()
	wantRedirect(w.t, b.begin(w.link("pair")), portal.PairPath)
	_, text := b.get(portal.PairPath)
	secret := secretOf(w.t, text)
	wantRedirect(w.t, w.typed(b, text, secret), "/welcome/pair/code")
	_, text = b.get("/welcome/pair/code")
	wantRedirect(w.t, w.typed(b, text, secret), portal.PairPath)
	return secret
}

// typed answers a page with the next code of an authenticator.
func (w *welcome) typed(b *browser, text, secret string) *http.Response {
	w.t.Helper()
	w.after(30 * time.Second)
	return b.pushOn(text, "/welcome/pair/code", fields("code", codeAt(w.t, secret, w.clock())))
}

// activate goes through the second.
func (w *welcome) activate(b *browser) {
	w.t.Helper()
	wantRedirect(w.t, b.begin(w.link("activate")), portal.ActivatePath)
	wantRedirect(w.t, b.push(portal.ActivatePath+"/phone", portal.ActivatePath+"/phone", fields("phone", guestPhone)), "/welcome/activate/phone/code")
	wantRedirect(w.t, b.push("/welcome/activate/phone/code", "/welcome/activate/phone/code", fields("code", w.sms())), "/welcome/activate/account")
	wantRedirect(w.t, b.push("/welcome/activate/account", "/welcome/activate/account", fields("new", another, "again", another, "accept", "yes")), portal.ActivatePath)
}

// An authority certifies for real, with a key in software.
type authority struct{ *ca.Local }

func newAuthority(t testing.TB, now func() time.Time) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	root, err := ca.SelfSign(key, pkix.Name{CommonName: "Demo CA, no legal value", Organization: []string{"Demo"}, Country: []string{"RO"}},
		noon.AddDate(-2, 0, 0), noon.AddDate(9, 0, 0))
	must(t, err)
	return authority{&ca.Local{Signer: key, Certificate: root, Now: now}}
}

func subject(u users.User) ca.Subject {
	return ca.Subject{GivenName: u.GivenName, FamilyName: u.FamilyName, CommonName: u.Name(), SerialNumber: strings.TrimPrefix(u.ID, "u_"), Country: u.Country}
}

func (a authority) Issue(ctx context.Context, u users.User, public crypto.PublicKey, from, to time.Time, intend credentials.Intend) ([][]byte, error) {
	return a.Local.Issue(ctx, ca.Request{Public: public, Subject: subject(u), NotBefore: from, NotAfter: to, Intend: intend})
}

// A device is a real one, from the first key on.
type device struct {
	t     testing.TB
	token *hsm.Token
	made  int
}

func (d *device) Generate(ctx context.Context, spec csc.KeySpec, label string) ([]byte, crypto.PublicKey, error) {
	if d.token == nil {
		d.token = hsmtest.New(d.t)
	}
	d.made++
	key, err := d.token.Generate(ctx, spec, label)
	return key.ID, key.Public, err
}

func (d *device) Destroy(ctx context.Context, id []byte) error { return d.token.Destroy(ctx, id) }

func (d *device) Labelled(ctx context.Context, label string) (ids [][]byte, err error) {
	if d.token == nil {
		return nil, nil
	}
	keys, err := d.token.FindAll(ctx, label)
	for _, key := range keys {
		ids = append(ids, key.ID)
	}
	return ids, err
}
