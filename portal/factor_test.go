package portal_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

const another = "another password of the demo"

func (b *browser) change(old, fresh, again, code string) (*http.Response, string) {
	b.t.Helper()
	resp, _ := b.send("/portal/password", fields("password", old, "new", fresh, "again", again, "code", code))
	if resp.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("answered with %d", resp.StatusCode)
	}
	_, text := b.get(resp.Header.Get("Location"))
	return resp, text
}

// A new password ends everything but the session it was set in, which goes on
// under another name.
func TestChangePassword(t *testing.T) {
	h := newHouse(t)
	b, other := h.inside(), h.inside()
	before, err := h.store.Standing(t.Context(), "", h.signer.ID)
	must(t, err)
	was := b.cookie("__Host-pecete-session")
	resp, text := b.change(password, another, another, h.code())
	wantRedirect(t, resp, "/portal/security")
	wantTold(t, text, "Your password is changed", `role="status"`)
	if after, err := h.store.Standing(t.Context(), "", h.signer.ID); err != nil || after.User == before.User {
		t.Errorf("the stamp is %q still, %v", after.User, err)
	}
	if now := b.cookie("__Host-pecete-session"); now == was {
		t.Error("the session has the name it had")
	}
	thief := h.browser()
	thief.setCookie("__Host-pecete-session", was)
	if other.loggedIn() || thief.loggedIn() || !b.loggedIn() {
		t.Error("another session is left, or the own one ended")
	}
	resp, _ = h.browser().send("/portal/login", fields("email", email, "password", password, "code", h.code()))
	wantRedirect(t, resp, "/portal/login")
	resp, _ = h.browser().send("/portal/login", fields("email", email, "password", another, "code", h.code()))
	wantRedirect(t, resp, "/portal/security")
	if h.notices[len(h.notices)-2] != portal.NewPassword {
		t.Errorf("told %v", h.notices)
	}
	if log := h.log.String(); strings.Contains(log, another) || strings.Contains(log, password) {
		t.Error("a password is in the log")
	}
}

// Nothing changes unless all of it is right; what can be judged without the
// factors costs none.
func TestPasswordIsNotChanged(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	right := h.code()
	for _, row := range []struct{ says, old, fresh, again, code, want string }{
		{"nothing", "", "", "", "", "Fill in all of it"},
		{"no old one", "", another, another, right, "Fill in all of it"},
		{"no new one", password, "", "", right, "Fill in all of it"},
		{"two new ones", password, another, another + " ", right, "not the same both times"},
		{"the old one again", password, password, password, right, "the password you have"},
		{"eleven bytes", password, "12345678901", "12345678901", right, "too short or too long"},
		{"1025 bytes", password, strings.Repeat("a", 1025), strings.Repeat("a", 1025), right, "too short or too long"},
		{"not UTF-8", password, "a new password\xff", "a new password\xff", right, "too short or too long"},
		{"no code", password, another, another, "", "six digits"},
		{"a wrong old one", "not the password", another, another, right, "until now is not right"},
		{"a wrong code", password, another, another, h.wrongCode(), "This code is not right"},
	} {
		resp, text := b.change(row.old, row.fresh, row.again, row.code)
		wantRedirect(t, resp, "/portal/password")
		wantTold(t, text, row.want, `role="alert"`)
	}
	counted, err := h.store.Attempts(t.Context(), h.signer.ID, users.FactorCode)
	if must(t, err); counted.Failures != 1 {
		t.Errorf("%d codes were counted", counted.Failures)
	}
	if _, err := h.prover.Password(t.Context(), email, password); err != nil {
		t.Errorf("the password is another: %v", err)
	}
	resp, _ := b.change(password, another, another, right) // no fault of another cost it
	wantRedirect(t, resp, "/portal/security")
	resp, text := b.change(another, password, password, right)
	wantRedirect(t, resp, "/portal/password")
	wantTold(t, text, "used already")
}

// In front of an open session one guesses no oftener than at the login.
func TestGuessingInside(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	for range 10 {
		b.change("not the password", another, another, h.code())
	}
	_, text := b.change(password, another, another, h.code())
	wantTold(t, text, "Too many were not right", "accepted again from")
	h.after(16 * time.Minute)
	for range 5 {
		b.change(password, another, another, h.wrongCode())
	}
	_, text = b.change(password, another, another, h.code())
	wantTold(t, text, "Too many were not right")
}

var (
	secretCode = regexp.MustCompile(`<code class="secret"[^>]*>([A-Z2-7 ]+)</code>`)
	pairingURI = regexp.MustCompile(`href="(otpauth://totp/[^"]+)"`)
)

// drawn goes as far as the page that shows the new authenticator, and returns its
// secret.
func (b *browser) drawn() string {
	b.t.Helper()
	resp, _ := b.send("/portal/authenticator", fields("code", b.code()))
	wantRedirect(b.t, resp, "/portal/authenticator/new")
	_, text := b.get("/portal/authenticator/new")
	if pairingURI.FindString(text) == "" || !strings.Contains(text, `<svg class="qr" role="img"`) {
		b.t.Fatalf("no authenticator on\n%s", text)
	}
	return secretOf(b.t, text)
}

// secretOf is the secret that a page shows to be typed.
func secretOf(t testing.TB, text string) string {
	t.Helper()
	m := secretCode.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no secret on\n%s", text)
	}
	secret := strings.ReplaceAll(m[1], " ", "")
	if len(secret) != 32 {
		t.Fatalf("secret %q", secret)
	}
	return secret
}

// confirm types a code of the new authenticator, on the page that shows no secret.
func (b *browser) confirm(code string) (*http.Response, string) {
	b.t.Helper()
	return b.sendTo("/portal/authenticator/new/code", "/portal/authenticator/new", fields("code", code))
}

// half goes as far as the first code of a new authenticator, and returns its secret.
func (b *browser) half() string {
	b.t.Helper()
	secret := b.drawn()
	b.after(30 * time.Second)
	resp, _ := b.confirm(codeAt(b.t, secret, b.clock()))
	wantRedirect(b.t, resp, "/portal/authenticator/new/code")
	return secret
}

// A new authenticator takes a code of the old one, and counts only after two codes of
// its own; then the old one is none, and everything else ended.
func TestPairAnother(t *testing.T) {
	h := newHouse(t)
	b, other := h.inside(), h.inside()
	secret := b.drawn()
	if !other.loggedIn() {
		t.Error("something ended before it was confirmed")
	}
	_, err := h.prover.Code(t.Context(), h.signer.ID, "000000")
	if err == nil {
		t.Fatal("a code by chance")
	}
	if resp, _ := other.get("/portal/authenticator/new"); resp.StatusCode != http.StatusSeeOther {
		t.Error("another session sees what was drawn")
	}
	resp, _ := b.confirm(codeAt(t, h.secret, h.clock())) // of the old one
	wantRedirect(t, resp, "/portal/authenticator/new/code")
	_, text := b.get("/portal/authenticator/new/code")
	wantTold(t, text, "not one of the new authenticator")
	if secretCode.MatchString(text) || pairingURI.MatchString(text) || strings.Contains(text, "<svg") {
		t.Error("the secret is shown again")
	}
	h.after(30 * time.Second)
	resp, _ = b.confirm(codeAt(t, secret, h.clock()))
	wantRedirect(t, resp, "/portal/authenticator/new/code")
	if !other.loggedIn() {
		t.Error("something ended after one code")
	}
	h.after(30 * time.Second)
	code := codeAt(t, secret, h.clock())
	resp, _ = b.confirm(code)
	wantRedirect(t, resp, "/portal/security")
	_, text = b.get("/portal/security")
	wantTold(t, text, "Your new authenticator is the one that counts")
	if other.loggedIn() || !b.loggedIn() {
		t.Error("another session is left, or the own one ended")
	}
	if _, err := h.prover.Code(t.Context(), h.signer.ID, "111111"); err == nil {
		t.Fatal("a code by chance")
	}
	resp, _ = h.browser().send("/portal/login", fields("email", email, "password", password, "code", code))
	wantRedirect(t, resp, "/portal/login") // it was used to confirm
	h.after(30 * time.Second)
	resp, _ = h.browser().send("/portal/login", fields("email", email, "password", password, "code", codeAt(t, h.secret, h.clock())))
	wantRedirect(t, resp, "/portal/login")
	resp, _ = h.browser().send("/portal/login", fields("email", email, "password", password, "code", codeAt(t, secret, h.clock())))
	wantRedirect(t, resp, "/portal/security")
	if resp, _ := b.get("/portal/authenticator/new"); resp.StatusCode != http.StatusSeeOther {
		t.Error("the secret is shown after it was confirmed")
	}
	if log := h.log.String(); strings.Contains(log, secret) || strings.Contains(log, "otpauth") {
		t.Error("the secret is in the log")
	}
	var kept []string
	for _, r := range h.audit.Records(t) {
		if r.Event == audit.FactorPaired && r.Factor == users.FactorCode {
			kept = r.Kept
		}
	}
	user, err := h.store.User(t.Context(), h.signer.ID)
	must(t, err)
	if diff := cmp.Diff([]string{audit.Mark(user.Secret)}, kept); diff != "" {
		t.Error(diff)
	}
}

// Whoever has no code of the old authenticator draws none; whoever has none of the
// new one does not get it; and what was drawn is over in ten minutes.
func TestPairingFails(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	for code, want := range map[string]string{"": "six digits", "12345a": "six digits", h.wrongCode(): "not right"} {
		resp, _ := b.send("/portal/authenticator", fields("code", code))
		wantRedirect(t, resp, "/portal/authenticator")
		_, text := b.get("/portal/authenticator")
		wantTold(t, text, want)
	}
	over := func(text string) { t.Helper(); wantTold(t, text, "took too long, or too many codes") }
	resp, _ := b.get("/portal/authenticator/new")
	wantRedirect(t, resp, "/portal/authenticator")
	_, text := b.get("/portal/authenticator")
	over(text)

	first := b.drawn()
	_, text = b.get("/portal/authenticator/new") // in another tab, or again
	second := secretOf(t, text)
	if first == second {
		t.Fatal("the same secret twice")
	}
	resp, _ = b.confirm("123 45")
	wantRedirect(t, resp, "/portal/authenticator/new/code")
	h.after(30 * time.Second)
	resp, _ = b.confirm(codeAt(t, first, h.clock()))
	wantRedirect(t, resp, "/portal/authenticator/new/code") // it was drawn anew since
	for range 4 {
		resp, _ = b.confirm(h.wrongCode())
		wantRedirect(t, resp, "/portal/authenticator/new/code")
	}
	_, text = b.get("/portal/security")
	resp, _ = b.do(http.MethodPost, "/portal/authenticator/new", fields("code", codeAt(t, second, h.clock()), "token", tokenOf(t, text)))
	wantRedirect(t, resp, "/portal/authenticator")
	_, text = b.get("/portal/authenticator")
	over(text)

	secret := b.drawn()
	_, text = b.get("/portal/authenticator/new/code")
	h.after(10 * time.Minute)
	b.loggedIn()
	resp, _ = b.do(http.MethodPost, "/portal/authenticator/new", fields("code", codeAt(t, secret, h.clock()), "token", tokenOf(t, text)))
	wantRedirect(t, resp, "/portal/authenticator")
	if _, err := h.prover.Code(t.Context(), h.signer.ID, "000000"); err == nil {
		t.Fatal("a code by chance")
	}
	h.after(30 * time.Second)
	if _, err := h.prover.LogIn(t.Context(), email, password, "000000"); err == nil {
		t.Fatal("a code by chance")
	}
	h.after(16 * time.Minute)
	if !h.inside().loggedIn() {
		t.Error("the old authenticator is none")
	}
}

// The second code is that of the step right after the first, however often pages are
// loaded meanwhile, and in whichever tab it is typed.
func TestSecondCode(t *testing.T) {
	const codePage = "/portal/authenticator/new/code"
	h := newHouse(t)
	b := h.inside()
	secret := b.half()
	at := func() string { return codeAt(t, secret, h.clock()) }
	says := func(told ...string) {
		t.Helper()
		_, text := b.get(codePage)
		wantTold(t, text, told...)
		if strings.Contains(text, secret) || strings.Contains(text, "<svg") {
			t.Error("the secret is shown again")
		}
	}
	for range 2 { // a reload, and another tab
		says("The first code is right", "wait until your app shows another code")
	}
	resp, _ := b.get("/portal/authenticator/new") // back
	wantRedirect(t, resp, codePage)
	b.confirm(at())
	says("was used already", "wait until your app shows another code", "4 more tries")
	b.confirm("12345x")
	says("six digits", "wait until your app shows another code")
	b.confirm(h.wrongCode())
	says("not one of the new authenticator", "3 more tries", "wait until your app shows another code")
	h.after(30 * time.Second)
	b.confirm(codeAt(t, h.secret, h.clock())) // the right step of the old one
	says("not one of the new authenticator", "2 more tries")
	h.after(5 * time.Minute)
	b.confirm(at())
	says("not the one right after the code before", "counts as the first one now", "wait until your app shows another code")
	user, err := h.store.User(t.Context(), h.signer.ID)
	must(t, err)
	if !cmp.Equal(user.Secret, h.signer.Secret) || len(h.notices) != 1 {
		t.Fatalf("the new authenticator counts already; told %v", h.notices)
	}
	h.after(30 * time.Second)
	resp, _ = b.confirm(at())
	wantRedirect(t, resp, "/portal/security")
	if h.notices[len(h.notices)-1] != portal.NewAuthenticator {
		t.Errorf("told %v", h.notices)
	}
}

// A new picture ends what was begun with the one before.
func TestAnotherPicture(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	first := b.half()
	resp, _ := b.sendTo("/portal/authenticator/new/code", "/portal/authenticator/new", fields("redraw", "yes", "code", ""))
	wantRedirect(t, resp, "/portal/authenticator/new")
	_, text := b.get("/portal/authenticator/new")
	second := secretOf(t, text)
	h.after(30 * time.Second)
	b.confirm(codeAt(t, first, h.clock()))
	_, text = b.get("/portal/authenticator/new/code")
	wantTold(t, text, "not one of the new authenticator", "Type the code that the app shows for the last picture")
	b.confirm(codeAt(t, second, h.clock()))
	_, text = b.get("/portal/authenticator/new/code")
	wantTold(t, text, "The first code is right")
	if user, err := h.store.User(t.Context(), h.signer.ID); err != nil || !cmp.Equal(user.Secret, h.signer.Secret) {
		t.Errorf("one code of each is enough: %v", err)
	}
}

// A drawer draws while something else is done.
type drawer struct {
	portal.Registrar
	meanwhile func()
}

func (d *drawer) Draw(ctx context.Context, userID string) ([]byte, error) {
	if meanwhile := d.meanwhile; meanwhile != nil {
		d.meanwhile = nil
		meanwhile()
	}
	return d.Registrar.Draw(ctx, userID)
}

// A first code that is typed while another tab draws anew is of what was drawn
// before: the new authenticator needs two of its own.
func TestFirstCodeWhileAnotherIsDrawn(t *testing.T) {
	slow := &drawer{}
	h := newHouse(t, func(p *portal.Pages) { slow.Registrar, p.Registrar = p.Registrar, slow })
	b := h.inside()
	first := b.drawn()
	h.after(30 * time.Second)
	slow.meanwhile = func() { b.confirm(codeAt(t, first, h.clock())) }
	_, text := b.get("/portal/authenticator/new")
	second := secretOf(t, text)
	h.after(30 * time.Second)
	b.confirm(codeAt(t, second, h.clock()))
	if user, err := h.store.User(t.Context(), h.signer.ID); err != nil || !cmp.Equal(user.Secret, h.signer.Secret) {
		t.Errorf("one code of each is enough: %v", err)
	}
}
