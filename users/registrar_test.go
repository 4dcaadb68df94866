package users_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"golang.org/x/text/unicode/norm"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/users"
)

func TestEnrol(t *testing.T) {
	h := newHouse(t)
	user, uri, err := h.registrar.Enrol(t.Context(), users.Person{
		Email: "Demo.Signer+1@Example.org", GivenName: "S\u0326tefan", FamilyName: "O'Demo-Semnatar", Country: "RO", Locale: "ro-ro",
	})
	must(t, err)
	if !regexp.MustCompile(`^u_[0-9a-f]{32}$`).MatchString(user.ID) {
		t.Errorf("id %s", user.ID)
	}
	want := users.User{
		ID: user.ID, Email: "demo.signer+1@example.org", GivenName: "Ștefan", FamilyName: "O'Demo-Semnatar",
		Country: "RO", Locale: "ro-RO", Secret: user.Secret, Created: noon, Stamp: user.Stamp,
	}
	if diff := cmp.Diff(want, user); diff != "" || user.Stamp == "" {
		t.Error(diff)
	}
	kept, err := h.store.User(t.Context(), user.ID)
	must(t, err)
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Error(diff)
	}
	key, err := otp.NewKeyFromURL(uri)
	must(t, err)
	if key.Type() != "totp" || key.Issuer() != "Pecete" || key.AccountName() != user.Email || key.Period() != 30 ||
		key.Digits() != otp.DigitsSix || key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("uri of %s %s %s", key.Type(), key.Issuer(), key.AccountName())
	}
	_, err = h.Code(t.Context(), user.ID, codeAt(t, key.Secret(), noon))
	must(t, err)
	text, err := os.ReadFile(h.log.Path)
	must(t, err)
	if bytes.Contains(text, []byte(key.Secret())) || bytes.Contains(text, []byte(user.Email)) {
		t.Error("the audit log has the secret or the address")
	}
	var events []audit.Event
	for _, r := range h.log.Records(t)[:2] {
		events = append(events, r.Event)
	}
	if diff := cmp.Diff([]audit.Event{audit.UserAdded, audit.FactorPaired}, events); diff != "" {
		t.Error(diff)
	}
}

func TestEnrolTwice(t *testing.T) {
	h := newHouse(t)
	h.enrol(t)
	again := demoSigner()
	again.Email = "DEMO.signer@example.org"
	before := len(h.log.Records(t))
	if _, _, err := h.registrar.Enrol(t.Context(), again); !errors.Is(err, users.ErrExists) {
		t.Errorf("enrol: %v", err)
	}
	if _, err := h.registrar.Add(t.Context(), again); !errors.Is(err, users.ErrExists) {
		t.Errorf("add: %v", err)
	}
	if len(h.log.Records(t)) != before {
		t.Error("the record tells of a user that is not there")
	}
}

func TestEnrolWithoutARecord(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	must(t, h.log.Close(context.Background()))
	other := demoSigner()
	other.Email = "semnatar.demo@example.org"
	_, uri, err := h.registrar.Enrol(t.Context(), other)
	if !errors.Is(err, audit.ErrClosed) || uri != "" {
		t.Errorf("enrol: %v", err)
	}
	if _, err := h.registrar.Add(t.Context(), other); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("add: %v", err)
	}
	if _, err := h.registrar.Pair(t.Context(), user.ID); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("pair: %v", err)
	}
	if err := h.registrar.SetPassword(t.Context(), user.ID, password); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("set password: %v", err)
	}
	if err := h.registrar.Unlock(t.Context(), user.ID, users.FactorCode); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("unlock: %v", err)
	}
	all, err := h.store.Users(t.Context())
	must(t, err)
	if diff := cmp.Diff([]users.User{user}, all); diff != "" {
		t.Error(diff)
	}
}

// A new authenticator takes the place of the old, and revives no step.
func TestPair(t *testing.T) {
	h := newHouse(t)
	user, err := h.registrar.Add(t.Context(), demoSigner())
	must(t, err)
	secretOf := func() string {
		uri, err := h.registrar.Pair(t.Context(), user.ID)
		must(t, err)
		key, err := otp.NewKeyFromURL(uri)
		must(t, err)
		return key.Secret()
	}
	first := secretOf()
	_, err = h.Code(t.Context(), user.ID, codeAt(t, first, noon))
	must(t, err)
	second := secretOf()
	if first == second {
		t.Fatal("the same secret")
	}
	if _, err := h.Code(t.Context(), user.ID, codeAt(t, second, noon)); !errors.Is(err, users.ErrUsed) {
		t.Errorf("the step again: %v", err)
	}
	h.at(noon.Add(30 * time.Second))
	if _, err := h.Code(t.Context(), user.ID, codeAt(t, first, h.now())); !errors.Is(err, users.ErrWrong) {
		t.Errorf("the old authenticator: %v", err)
	}
	_, err = h.Code(t.Context(), user.ID, codeAt(t, second, h.now()))
	must(t, err)
	if _, err := h.registrar.Pair(t.Context(), "u_nobody"); !errors.Is(err, users.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

func TestRegistrarOfNobody(t *testing.T) {
	h := newHouse(t)
	if err := h.registrar.SetPassword(t.Context(), "u_nobody", password); !errors.Is(err, users.ErrUnknown) {
		t.Errorf("set password: %v", err)
	}
	if err := h.registrar.Unlock(t.Context(), "u_nobody", users.FactorCode); !errors.Is(err, users.ErrUnknown) {
		t.Errorf("unlock: %v", err)
	}
	user, _ := h.enrol(t)
	if err := h.registrar.Unlock(t.Context(), user.ID, "OTP"); err == nil {
		t.Error("unlocked a factor that there is not")
	}
}

// However odd issuer and account are, an app finds both and the secret.
func TestPairingURI(t *testing.T) {
	for issuer, want := range map[string]string{
		"Pecete": "Pecete", "Pecete: Demo": "Pecete  Demo", "a:b:c": "a b c", "50% & more? #1/2": "50% & more? #1/2",
		"Semnături ș+t": "Semnături ș+t", "secret=AAAA&issuer=x": "secret=AAAA&issuer=x", "a%3Ab": "a%3Ab",
	} {
		h := newHouse(t)
		h.registrar.Issuer = issuer
		p := demoSigner()
		p.Email = "a+b/c?d=e&f%41#g@example.org"
		_, uri, err := h.registrar.Enrol(t.Context(), p)
		must(t, err)
		parsed, err := url.Parse(uri)
		must(t, err)
		label, found := strings.CutPrefix(parsed.Path, "/")
		name, account, two := strings.Cut(label, ":")
		if parsed.Scheme != "otpauth" || parsed.Host != "totp" || !found || !two || strings.Contains(account, ":") {
			t.Errorf("%s", uri)
		}
		if name != want || account != strings.ToLower(p.Email) || parsed.Query().Get("issuer") != want {
			t.Errorf("%q: label of %q and %q, issuer %q", issuer, name, account, parsed.Query().Get("issuer"))
		}
		if len(parsed.Query()["secret"]) != 1 || len(parsed.Query().Get("secret")) != 32 || strings.Contains(uri, "+") {
			t.Errorf("%s", uri)
		}
	}
}

func TestPersons(t *testing.T) {
	tests := []struct {
		says   string
		change func(*users.Person)
		ok     bool
	}{
		{"a whole one", func(*users.Person) {}, true},
		{"no address", func(p *users.Person) { p.Email = "" }, false},
		{"an address without a domain", func(p *users.Person) { p.Email = "demo@" }, false},
		{"an address with a name", func(p *users.Person) { p.Email = "Demo <demo@example.org>" }, false},
		{"a quoted address", func(p *users.Person) { p.Email = `"a:b"@example.org` }, false},
		{"an address with a blank", func(p *users.Person) { p.Email = "demo signer@example.org" }, false},
		{"an address and a line", func(p *users.Person) { p.Email = "demo@example.org\n" }, false},
		{"an address and a header", func(p *users.Person) { p.Email = "demo@example.org\r\nBcc: x@example.org" }, false},
		{"two at signs", func(p *users.Person) { p.Email = "a@b@example.org" }, false},
		{"two dots", func(p *users.Person) { p.Email = "a..b@example.org" }, false},
		{"an address of another script", func(p *users.Person) { p.Email = "demo@exämple.org" }, false},
		{"the Kelvin sign, which is small k", func(p *users.Person) { p.Email = "demo@\u212a.org" }, false},
		{"a domain that begins with a hyphen", func(p *users.Person) { p.Email = "demo@-example.org" }, false},
		{"an address in brackets", func(p *users.Person) { p.Email = "demo@[127.0.0.1]" }, false},
		{"an address of this machine", func(p *users.Person) { p.Email = "demo@localhost" }, true},
		{"65 bytes before the at sign", func(p *users.Person) { p.Email = strings.Repeat("a", 65) + "@example.org" }, false},
		{"255 bytes", func(p *users.Person) { p.Email = "a@" + strings.Repeat("b.", 124) + "cdefg" }, false},
		{"254 bytes", func(p *users.Person) { p.Email = "a@" + strings.Repeat("b.", 124) + "cdef" }, true},
		{"no given name", func(p *users.Person) { p.GivenName = "" }, false},
		{"no family name", func(p *users.Person) { p.FamilyName = "" }, false},
		{"a name of blanks", func(p *users.Person) { p.GivenName = "   " }, false},
		{"a name of dots", func(p *users.Person) { p.GivenName = "..." }, false},
		{"a name that begins with a blank", func(p *users.Person) { p.GivenName = " Demo" }, false},
		{"a name with a line end", func(p *users.Person) { p.GivenName = "Demo\nSigner" }, false},
		{"a name with a NUL", func(p *users.Person) { p.GivenName = "Demo\x00" }, false},
		{"a name that turns the direction", func(p *users.Person) { p.GivenName = "Demo\u202eorengiS" }, false},
		{"a name with a blank of no width", func(p *users.Person) { p.GivenName = "De\u200bmo" }, false},
		{"a name with a joiner", func(p *users.Person) { p.GivenName = "\u0645\u06cc\u200c\u0646\u0627" }, true},
		{"a name with a tab", func(p *users.Person) { p.GivenName = "Demo\tSigner" }, false},
		{"a name that is not UTF-8", func(p *users.Person) { p.GivenName = "Demo\xff" }, false},
		{"a name that was not UTF-8 before", func(p *users.Person) { p.GivenName = "Demo\ufffd" }, false},
		{"two given names", func(p *users.Person) { p.GivenName = "Demo Two" }, true},
		{"64 characters", func(p *users.Person) { p.FamilyName = strings.Repeat("ș", 64) }, true},
		{"65 characters", func(p *users.Person) { p.FamilyName = strings.Repeat("a", 65) }, false},
		{"a letter under a thousand accents", func(p *users.Person) { p.FamilyName = "a" + strings.Repeat("\u0301", 1000) }, false},
		{"no country", func(p *users.Person) { p.Country = "" }, false},
		{"a country in small letters", func(p *users.Person) { p.Country = "ro" }, false},
		{"a country of three letters", func(p *users.Person) { p.Country = "ROU" }, false},
		{"a country in figures", func(p *users.Person) { p.Country = "642" }, false},
		{"a country that there is not", func(p *users.Person) { p.Country = "XX" }, false},
		{"no country, but Europe", func(p *users.Person) { p.Country = "EU" }, false},
		{"another country", func(p *users.Person) { p.Country = "MD" }, true},
		{"no locale", func(p *users.Person) { p.Locale = "" }, false},
		{"a locale of another kind", func(p *users.Person) { p.Locale = "ro_RO.UTF-8" }, false},
		{"a language that there is not", func(p *users.Person) { p.Locale = "qqq-zz-??" }, false},
		{"a long locale", func(p *users.Person) { p.Locale = "en-" + strings.Repeat("x-aaaaaaaa-", 20) }, false},
		{"a region", func(p *users.Person) { p.Locale = "en-GB" }, true},
	}
	for _, test := range tests {
		h := newHouse(t)
		p := demoSigner()
		test.change(&p)
		_, err := h.registrar.Add(t.Context(), p)
		if (err == nil) != test.ok || err != nil && !errors.Is(err, users.ErrPerson) {
			t.Errorf("%s: %v", test.says, err)
		}
		if all, _ := h.store.Users(t.Context()); len(all) > 0 != test.ok {
			t.Errorf("%s: %d users", test.says, len(all))
		}
	}
}

// Whatever a person is said to be, who is enrolled has one form and shows in
// one line.
func FuzzPerson(f *testing.F) {
	h := newHouse(f)
	f.Add("demo@example.org", "Demo", "Signer", "RO", "en")
	f.Add("DEMO@EXAMPLE.ORG", "s\u0326", "\u202e", "ro", "ro-RO")
	f.Add("a@b", "\u0627\u200d", "ﬀ", "GB", "zh-Hant-TW")
	f.Fuzz(func(t *testing.T, email, given, family, country, locale string) {
		user, err := h.registrar.Add(t.Context(), users.Person{Email: email, GivenName: given, FamilyName: family, Country: country, Locale: locale})
		if err != nil {
			if !errors.Is(err, users.ErrPerson) && !errors.Is(err, users.ErrExists) {
				t.Fatal(err)
			}
			return
		}
		for _, name := range []string{user.GivenName, user.FamilyName} {
			if !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) || strings.ContainsAny(name, "\x00\r\n\t\u2028\u2029\u202e") {
				t.Errorf("name %q", name)
			}
		}
		if user.Email != strings.ToLower(email) || len(user.Country) != 2 {
			t.Errorf("%+v", user)
		}
	})
}

// What is good from now on is on record by its mark, so that a registry that was
// restored can be held to it.
func TestRecordsMarkWhatIsKept(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	_, err := h.registrar.Pair(t.Context(), user.ID)
	must(t, err)
	must(t, h.registrar.SetPassword(t.Context(), user.ID, password))
	cheap, err := users.NewHasher(users.HashCost{Memory: 8 << 10, Passes: 1, Threads: 1, AtOnce: 1})
	must(t, err)
	h.Passwords = cheap
	_, err = h.Password(t.Context(), user.Email, password)
	must(t, err)
	kept, err := h.store.User(t.Context(), user.ID)
	must(t, err)
	last, n := map[string][]string{}, 0
	for _, r := range h.log.Records(t) {
		if r.Event == audit.FactorPaired {
			last[r.Factor] = r.Kept
			n++
		}
	}
	want := map[string][]string{
		users.FactorCode:     {audit.Mark(kept.Secret)},
		users.FactorPassword: {audit.Mark([]byte(kept.PasswordHash))},
	}
	if diff := cmp.Diff(want, last); diff != "" || n != 4 {
		t.Errorf("%d records\n%s", n, diff)
	}
}
