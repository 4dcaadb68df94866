package login_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
)

func signWith(code string) url.Values { return url.Values{"decision": {"sign"}, "code": {code}} }

func numbered(n int) []string {
	var labels []string
	for i := range n {
		labels = append(labels, fmt.Sprintf("Contract %d of %d.pdf", i+1, n))
	}
	return labels
}

// fours is hex in groups of four.
func fours(hex string) string {
	return strings.TrimSpace(regexp.MustCompile(`.{4}`).ReplaceAllString(hex, "$0 "))
}

func TestConsentShowsEverything(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	for n, says := range map[int][4]string{
		1:   {"1 document to sign", "1 document de semnat", "we have not seen it.", "noi nu l-am văzut"},
		12:  {"12 documents to sign", "12 documente de semnat", "we have not seen them.", "noi nu le-am văzut"},
		100: {"100 documents to sign", "100 de documente de semnat", "we have not seen them.", "noi nu le-am văzut"},
	} {
		i := h.ask(numbered(n), func(i *oauth.Interaction) { i.Description = "Rent of flat 12" })
		_, english := h.get("/consent?i=one&lang=en")
		_, romanian := h.get("/consent?i=one&lang=ro")
		wantTold(t, english, says[0], "22 November 2027, 12:00 UTC", says[2])
		wantTold(t, romanian, says[1], "22 noiembrie 2027, ora 12:00 UTC", says[3])
		for _, page := range []string{english, romanian} {
			wantTold(t, page, "Demo application", "Demo Signer (demo.signer@example.org)", "Demo certificate",
				">Demo Signer<", ">Demo Issuing CA<", ">TEST-0001<", "SHA-256", "Rent of flat 12",
				`inputmode="numeric"`, `autocomplete="one-time-code"`, `maxlength="6"`)
			for _, d := range i.Details[0].Digests {
				hex := d.Digest.String()
				wantTold(t, page, ">"+d.Label+"<", ">"+fours(hex[:16])+"<", ">"+fours(hex)+"<")
			}
		}
	}
}

func TestAgree(t *testing.T) {
	h := newHouse(t)
	c := h.credential("c_1")
	i := h.ask(numbered(2))
	resp, _ := h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, next)
	if len(h.desk.agreed) != 1 {
		t.Fatalf("agreed %d times", len(h.desk.agreed))
	}
	got := h.desk.agreed[0]
	if got.credentials != "c_1" || got.step != noon.Unix()/30 || !bytes.Equal(got.shown, login.Shown(i, []credentials.Credential{c}, nil)) {
		t.Errorf("agreed to %+v", got)
	}
}

func TestCodeMayHaveABlankAsAppsShowIt(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	code := h.code()
	resp, _ := h.send("/consent?i=one", signWith(" "+code[:3]+" "+code[3:]))
	wantRedirect(t, resp, next)
}

func TestDecline(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	resp, _ := h.send("/consent?i=one", url.Values{"decision": {"decline"}, "shown": {"whatever"}})
	wantRedirect(t, resp, next)
	if h.desk.declined != 1 || len(h.desk.agreed) != 0 {
		t.Errorf("declined %d times, agreed %d times", h.desk.declined, len(h.desk.agreed))
	}
	if resp, _ := h.get("/consent?i=one"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("after the end the page is answered with %d", resp.StatusCode)
	}
}

// told sends a code and returns the page after it.
func (h *house) told(code string) string {
	h.t.Helper()
	resp, _ := h.send("/consent?i=one", signWith(code))
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/consent?i=one" {
		h.t.Fatalf("code answered with %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	_, page := h.get("/consent?i=one")
	return html.UnescapeString(page)
}

func TestWrongCodes(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	for _, left := range []string{
		"You have 4 more tries.", "You have 3 more tries.", "You have 2 more tries.", "You have 1 more try.", "You have no more tries for now.",
	} {
		wantTold(t, h.told(h.wrongCode()), "This code is not right.", left, `aria-invalid="true" aria-describedby="error hint" autofocus`)
	}
	wantTold(t, h.told(h.code()), "Too many codes were not right", "accepted again from 12:15 UTC")
	h.after(16 * time.Minute)
	for range 5 {
		wantTold(t, h.told(h.wrongCode()), "This code is not right.")
	}
	h.after(16 * time.Minute)
	wantTold(t, h.told(h.code()), "your code is locked")
	if len(h.desk.agreed) != 0 {
		t.Error("agreed")
	}
}

func TestUsedCode(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	code := h.code()
	h.send("/consent?i=one", signWith(code))
	h.ask(numbered(1))
	wantTold(t, h.told(code), "used already", "within 30 seconds", "You have 4 more tries.")
	h.after(30 * time.Second)
	resp, _ := h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, next)
}

// What is no code costs no try.
func TestNoCode(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1))
	for _, code := range []string{"", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "1\u200b2345", "123456\n"} {
		wantTold(t, h.told(code), "Type the six digits")
	}
	wantTold(t, h.told(h.wrongCode()), "You have 4 more tries.")
}

// An agreement is to what was shown, and no fault but the code's costs a code.
func TestAgreementIsToWhatWasShown(t *testing.T) {
	for name, change := range map[string]func(h *house, form url.Values){
		"the digest is altered":      func(_ *house, form url.Values) { form.Set("shown", strings.Repeat("0", 64)) },
		"the digest is missing":      func(_ *house, form url.Values) { form.Del("shown") },
		"the digest is in capitals":  func(_ *house, form url.Values) { form.Set("shown", strings.ToUpper(form.Get("shown"))) },
		"the credential is missing":  func(_ *house, form url.Values) { form.Del("credential") },
		"the credential is another":  func(_ *house, form url.Values) { form.Set("credential", "c_2") },
		"a label changed":            func(h *house, _ url.Values) { h.ask([]string{"other.pdf"}) },
		"a document was added":       func(h *house, _ url.Values) { h.ask(numbered(2)) },
		"the certificate is renewed": func(h *house, _ url.Values) { h.renew("c_1") },
		"the credential is disabled": func(h *house, _ url.Values) { h.status("c_1", true, false) },
		"the credential is revoked":  func(h *house, _ url.Values) { h.status("c_1", false, true) },
		"the certificate is suspended": func(h *house, _ url.Values) {
			must(h.t, h.store.SuspendCredential(h.t.Context(), "c_1", noon))
		},
		"the application is renamed": func(h *house, _ url.Values) {
			h.ask(numbered(1), func(i *oauth.Interaction) { i.Client.Name = "Other" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.credential("c_1")
			h.credential("c_2")
			h.ask(numbered(1))
			_, page := h.get("/consent?i=one")
			form := hidden(page)
			form.Set("decision", "sign")
			form.Set("code", h.code())
			change(h, form)
			resp, _ := h.do(http.MethodPost, "/consent?i=one", form)
			wantRedirect(t, resp, "/consent?i=one")
			if len(h.desk.agreed) != 0 {
				t.Fatal("agreed")
			}
			if a, err := h.store.Attempts(t.Context(), h.signer.ID, "totp"); err != nil || a.Failures != 0 {
				t.Errorf("it cost a try: %+v, %v", a, err)
			}
			later, err := h.store.UseStep(t.Context(), h.signer.ID, noon.Unix()/30-1)
			if err != nil || !later {
				t.Errorf("it cost a code: %v", err)
			}
		})
	}
}

func (h *house) status(id string, disabled, revoked bool) {
	h.t.Helper()
	must(h.t, h.store.SetCredentialDisabled(h.t.Context(), id, disabled))
	if revoked {
		must(h.t, h.store.RevokeCredential(h.t.Context(), id, noon, 0))
	}
}

// renew lets the register show another certificate for the credential.
func (h *house) renew(id string) {
	h.pages.Register.Store = renewed{h.store, id, certificate(h.t, noon.AddDate(0, -1, 0), noon.AddDate(2, 0, 0))}
}

type renewed struct {
	credentials.Store
	id  string
	der []byte
}

func (r renewed) Holding(ctx context.Context, id, client string) (credentials.Holding, error) {
	h, err := r.Store.Holding(ctx, id, client)
	if id == r.id {
		h.Certificates = [][]byte{r.der}
	}
	return h, err
}

func TestConsentRefuses(t *testing.T) {
	type (
		credential  = credentials.Credential
		interaction = oauth.Interaction
	)
	keep := func(*credential) {}
	same := func(*interaction) {}
	for _, row := range []struct {
		name string
		of   func(*credential)
		ask  func(*interaction)
		want string
	}{
		{"a credential there is not", keep, func(i *interaction) { i.Details[0].CredentialID = "c_9" }, "no certificate that fits"},
		{"another user's credential", func(c *credential) { c.UserID = "u_other" }, same, "no certificate that fits"},
		{"a qualifier the credential has not", keep, func(i *interaction) { i.Details[0].Qualifier = "eu_eidas_qes" }, "no certificate that fits"},
		{"a qualifier nobody has", keep, func(i *interaction) { i.Details[0].CredentialID, i.Details[0].Qualifier = "", "eu_eidas_qes" }, "no certificate that fits"},
		{"neither credential nor qualifier", keep, func(i *interaction) { i.Details[0].CredentialID = "" }, "no certificate that fits"},
		{"a disabled credential", func(c *credential) { c.Disabled = true }, same, "is disabled"},
		{"a revoked credential", func(c *credential) { c.Revoked = true }, same, "is revoked"},
		{"a suspended credential", func(c *credential) { c.Suspended = true }, same, "is suspended"},
		{"an expired certificate", func(c *credential) {
			c.Certificates = [][]byte{certificate(t, noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0))}
		}, same, "has expired"},
		{"a certificate of tomorrow", func(c *credential) {
			c.Certificates = [][]byte{certificate(t, noon.AddDate(0, 0, 1), noon.AddDate(1, 0, 0))}
		}, same, "not valid yet"},
		{"a credential of the other way", func(c *credential) { c.Mode = csc.Explicit }, same, "in the application"},
		{"more signatures than allowed", func(c *credential) { c.Multisign = 1 }, same, "more signatures at once"},
		{"no signatures", keep, func(i *interaction) { i.Details[0].Count = 0 }, "more signatures at once"},
		{"fewer hashes than signatures", keep, func(i *interaction) { i.Details[0].Count = 3 }, "did not say for every signature"},
		{"no hashes at SCAL 2", keep, func(i *interaction) { i.Details[0].Digests = nil }, "did not say for every signature"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t)
			if row.name == "another user's credential" {
				h.stranger("u_other")
			}
			h.credential("c_1", row.of)
			h.ask(numbered(2), row.ask)
			resp, page := h.get("/consent?i=one")
			wantTold(t, page, row.want, "Back to the application")
			if resp.StatusCode != http.StatusOK || strings.Contains(page, `name="code"`) {
				t.Errorf("status %d, or the page asks for a code", resp.StatusCode)
			}
			resp, _ = h.send("/consent?i=one", signWith(h.code()))
			wantRedirect(t, resp, "/consent?i=one")
			if len(h.desk.agreed) != 0 {
				t.Fatal("agreed")
			}
			resp, _ = h.send("/consent?i=one", url.Values{"decision": {"decline"}})
			wantRedirect(t, resp, next)
		})
	}
}

// Who comes back is told from when he can sign, whatever he is asked to agree to, and
// until then agrees to nothing.
func TestSignerWhoComesBack(t *testing.T) {
	for says, ask := range map[string]func(*oauth.Interaction){
		"a credential":  func(*oauth.Interaction) {},
		"any with that": func(i *oauth.Interaction) { i.Details[0].CredentialID, i.Details[0].Qualifier = "", "ro_demo_sig" },
		"a new one":     toMake,
		"the end of it": toDelete("c_1"),
	} {
		t.Run(says, func(t *testing.T) {
			h := newHouse(t)
			h.credential("c_1", func(c *credentials.Credential) { c.Qualifier = "ro_demo_sig" })
			h.ask(numbered(1), ask)
			_, page := h.get("/consent?i=one")
			wantTold(t, page, `name="code"`)
			form := hidden(page) // from before
			must(t, h.store.SetSignsFrom(t.Context(), h.signer.ID, noon.Add(24*time.Hour), "stamp"))
			_, page = h.get("/consent?i=one")
			wantTold(t, page, "can sign again from "+noon.Add(24*time.Hour).Format("2 January 2006"), "Back to the application")
			if strings.Contains(page, `name="code"`) {
				t.Error("the page asks for a code")
			}
			form.Set("decision", "sign")
			form.Set("code", h.code())
			resp, _ := h.do(http.MethodPost, "/consent?i=one", form)
			wantRedirect(t, resp, "/consent?i=one")
			if len(h.desk.agreed) != 0 {
				t.Fatal("agreed")
			}
			_, page = h.get("/consent?i=one&lang=ro")
			wantTold(t, page, "puteți semna din nou de la")
		})
	}
}

// A certificate that nobody gave a name is called by whom it names, and not by our
// number for it.
func TestCertificateWithoutAName(t *testing.T) {
	nameless := func(c *credentials.Credential) { c.Description, c.Qualifier = "", "ro_demo_sig" }
	h := newHouse(t)
	h.credential("c_1", nameless)
	h.ask(numbered(1))
	_, page := h.get("/consent?i=one")
	wantTold(t, page, `<dt>Sign with</dt><dd><bdi>Demo Signer</bdi></dd>`)
	h.credential("c_2", nameless)
	h.ask(numbered(1), func(i *oauth.Interaction) { i.Details[0].CredentialID, i.Details[0].Qualifier = "", "ro_demo_sig" })
	_, choice := h.get("/consent?i=one")
	wantTold(t, choice, `<span class="strong"><bdi>Demo Signer</bdi></span>`)
	if strings.Contains(page+choice, "<bdi>c_") || strings.Contains(choice, "<bdi></bdi>") {
		t.Errorf("our number, or nothing, is the name:\n%s\n%s", page, choice)
	}
}

func TestUnnamedDocuments(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1", func(c *credentials.Credential) { c.SCAL = csc.SCAL1 })
	h.ask(nil, func(i *oauth.Interaction) { i.Details[0].Count = 20; i.Details[0].HashOID = "" })
	_, page := h.get("/consent?i=one&lang=ro")
	wantTold(t, page, "Acord pentru 20 de semnături", "nu a spus ce se va semna", "Permiteți 20 de semnături")
	resp, _ := h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, next)
}

func TestChoiceByQualifier(t *testing.T) {
	h := newHouse(t)
	of := func(q csc.Qualifier, text string) func(*credentials.Credential) {
		return func(c *credentials.Credential) { c.Qualifier, c.Description = q, text }
	}
	byQualifier := func(i *oauth.Interaction) { i.Details[0].CredentialID, i.Details[0].Qualifier = "", "ro_demo_sig" }
	h.credential("c_1", of("ro_other_sig", "Other"))
	h.credential("c_2", of("ro_demo_sig", "Personal"))
	h.ask(numbered(1), byQualifier)
	_, page := h.get("/consent?i=one")
	wantTold(t, page, "Personal", `name="code"`)

	h.credential("c_3", of("ro_demo_sig", "For the company"))
	h.credential("c_4", of("ro_demo_sig", "Old"))
	h.status("c_4", false, true)
	_, page = h.get("/consent?i=one")
	wantTold(t, page, "Choose a certificate", "Personal", "For the company", `href="/consent?credential=c_3&i=one"`)
	if strings.Contains(page, `name="code"`) || strings.Contains(page, ">Old<") || strings.Contains(page, ">Other<") {
		t.Error("the choice asks for a code, or offers what does not fit")
	}
	for _, picked := range []string{"c_1", "c_4", "c_9", "../c_3"} {
		if _, page := h.get("/consent?i=one&credential=" + picked); strings.Contains(page, `name="code"`) {
			t.Errorf("%s can be picked", picked)
		}
	}
	resp, _ := h.send("/consent?i=one&credential=c_3", signWith(h.wrongCode()))
	wantRedirect(t, resp, "/consent?credential=c_3&i=one")
	resp, _ = h.send("/consent?i=one&credential=c_3", signWith(h.code()))
	wantRedirect(t, resp, next)
	if len(h.desk.agreed) != 1 || h.desk.agreed[0].credentials != "c_3" {
		t.Errorf("agreed to %+v", h.desk.agreed)
	}
}

func TestConsentNeedsLogin(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(1), loggedOut)
	resp, page := h.get("/consent?i=one")
	wantRedirect(t, resp, "/login?i=one")
	if strings.Contains(page, "Contract") {
		t.Error("a stranger sees the documents")
	}
	resp, _ = h.do(http.MethodPost, "/consent?i=one", url.Values{"decision": {"decline"}})
	wantRedirect(t, resp, "/login?i=one")
	if h.desk.declined != 0 {
		t.Error("a stranger declined")
	}
}

// another adds a part to what is asked for.
func another(d oauth.Detail, labels ...string) func(*oauth.Interaction) {
	return func(i *oauth.Interaction) {
		d.Type, d.Count, d.HashOID = csc.DetailCredential, len(labels), csc.OIDSHA256
		for _, label := range labels {
			d.Digests = append(d.Digests, oauth.DocumentDigest{Digest: digest(label), Label: label})
		}
		i.Details = append(i.Details, d)
	}
}

// Several parts are shown each with its credential and its documents, and agreed
// to with one code.
func TestConsentOfSeveralParts(t *testing.T) {
	h := newHouse(t)
	one := h.credential("c_1")
	two := h.credential("c_2", func(c *credentials.Credential) { c.Description = "For the company" })
	i := h.ask(numbered(2), another(oauth.Detail{CredentialID: "c_2"}, "Invoice.pdf", "Receipt.pdf", "Order.pdf"))
	_, page := h.get("/consent?i=one&lang=en")
	wantTold(t, page, "5 documents to sign", "Part 1 of 2: 2 documents to sign", "Part 2 of 2: 3 documents to sign", "Sign 5 documents", "we have not seen them")
	_, first, _ := strings.Cut(page, "Part 1 of 2")
	first, second, _ := strings.Cut(first, "Part 2 of 2")
	wantTold(t, first, "Demo certificate", "Contract 1 of 2.pdf", "Contract 2 of 2.pdf")
	wantTold(t, second, "For the company", "Invoice.pdf", fours(digest("Invoice.pdf").String()), "Receipt.pdf", "Order.pdf")
	if strings.Contains(first, "Invoice.pdf") || strings.Contains(second, "Contract 1") {
		t.Error("a document stands in the other part")
	}
	_, page = h.get("/consent?i=one&lang=ro")
	wantTold(t, page, "5 documente de semnat", "Partea 2 din 2: 3 documente de semnat")
	resp, _ := h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, next)
	want := login.Shown(i, []credentials.Credential{one, two}, nil)
	if len(h.desk.agreed) != 1 || h.desk.agreed[0].credentials != "c_1,c_2" || !bytes.Equal(h.desk.agreed[0].shown, want) {
		t.Errorf("agreed to %+v", h.desk.agreed)
	}
}

// A part that cannot be agreed to holds up the others, and costs no code.
func TestOnePartThatDoesNotFit(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.credential("c_2", func(c *credentials.Credential) { c.Revoked = true })
	h.ask(numbered(2), another(oauth.Detail{CredentialID: "c_2"}, "Invoice.pdf"))
	_, page := h.get("/consent?i=one")
	wantTold(t, page, "is revoked", "Back to the application")
	resp, _ := h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, "/consent?i=one")
	if len(h.desk.agreed) != 0 {
		t.Error("agreed")
	}
}

// Each part has a credential of its own: what is left when the others have
// theirs, or what the signer picks.
func TestChoiceForSeveralParts(t *testing.T) {
	of := func(q csc.Qualifier) func(*credentials.Credential) {
		return func(c *credentials.Credential) { c.Qualifier, c.Description = q, "Of "+c.ID }
	}
	byQualifier := func(q csc.Qualifier) func(*oauth.Interaction) { return another(oauth.Detail{Qualifier: q}, "x.pdf") }
	for _, row := range []struct {
		name    string
		have    map[string]csc.Qualifier
		ask     []func(*oauth.Interaction)
		picked  string
		agreed  string // what is agreed to then, "" if nothing can be
		offered []string
		says    string
	}{
		{"one of each", map[string]csc.Qualifier{"c_1": "", "c_2": "q"}, []func(*oauth.Interaction){byQualifier("q")}, "", "c_1,c_2", nil, "Of c_2"},
		{"the named one has it too", map[string]csc.Qualifier{"c_1": "q", "c_2": "q"}, []func(*oauth.Interaction){byQualifier("q")}, "", "c_1,c_2", nil, "Of c_2"},
		{"the named one is the only one", map[string]csc.Qualifier{"c_1": "q"}, []func(*oauth.Interaction){byQualifier("q")}, "", "", nil, "no certificate that fits"},
		{"two to choose from", map[string]csc.Qualifier{"c_1": "", "c_2": "q", "c_3": "q"}, []func(*oauth.Interaction){byQualifier("q")}, "", "", []string{"c_1,c_2", "c_1,c_3"}, "Part 2 of 2: 1 document to sign"},
		{"one of two is picked", map[string]csc.Qualifier{"c_1": "", "c_2": "q", "c_3": "q"}, []func(*oauth.Interaction){byQualifier("q")}, "c_1,c_3", "c_1,c_3", nil, "Choose another certificate"},
		{"two parts, two to choose from", map[string]csc.Qualifier{"c_1": "", "c_2": "q", "c_3": "q"}, []func(*oauth.Interaction){byQualifier("q"), byQualifier("q")}, "", "", []string{"c_1,c_2,", "c_1,c_3,"}, "Part 2 of 3"},
		{"the pick for one leaves one for the other", map[string]csc.Qualifier{"c_1": "", "c_2": "q", "c_3": "q"}, []func(*oauth.Interaction){byQualifier("q"), byQualifier("q")}, "c_1,c_3,", "c_1,c_3,c_2", nil, "Of c_2"},
		{"one for both is not enough", map[string]csc.Qualifier{"c_1": "", "c_2": "q", "c_3": "q"}, []func(*oauth.Interaction){byQualifier("q"), byQualifier("q")}, "c_1,c_2,c_2", "c_1,c_2,c_3", nil, "Of c_3"},
		{"what is not offered cannot be picked", map[string]csc.Qualifier{"c_1": "", "c_2": "q", "c_3": "q", "c_4": "r"}, []func(*oauth.Interaction){byQualifier("q")}, "c_1,c_4", "", []string{"c_1,c_2", "c_1,c_3"}, "Choose a certificate"},
		{"only one of two parts can have it", map[string]csc.Qualifier{"c_1": "", "c_2": "q"}, []func(*oauth.Interaction){byQualifier("q"), byQualifier("q")}, "", "", nil, "no certificate that fits"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t)
			for n := range 4 {
				id := fmt.Sprintf("c_%d", n+1)
				if q, has := row.have[id]; has {
					h.credential(id, of(q))
				}
			}
			h.ask(numbered(1), row.ask...)
			path := "/consent?i=one&credential=" + row.picked
			_, page := h.get(path)
			wantTold(t, page, row.says)
			for _, picks := range row.offered {
				wantTold(t, page, `href="/consent?credential=`+url.QueryEscape(picks)+`&i=one"`)
			}
			if strings.Contains(page, `name="code"`) != (row.agreed != "") {
				t.Errorf("asks for a code: %t", row.agreed == "")
			}
			h.send(path, signWith(h.code()))
			switch {
			case row.agreed == "" && len(h.desk.agreed) != 0:
				t.Errorf("agreed to %+v", h.desk.agreed)
			case row.agreed != "" && (len(h.desk.agreed) != 1 || h.desk.agreed[0].credentials != row.agreed):
				t.Errorf("agreed to %+v, want %s", h.desk.agreed, row.agreed)
			}
		})
	}
}
