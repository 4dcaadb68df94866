package login_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/users"
)

// A box keeps the mails.
type box struct {
	mu    sync.Mutex
	mails []notify.Message
}

func (b *box) Send(_ context.Context, m notify.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, m)
	return nil
}

// An office is a house whose signer is asked for approvals.
type office struct {
	*house
	credentials.Authorizer
	box *box
	who credentials.Caller
}

func newOffice(t testing.TB, factors credentials.Factors, change ...func(*login.Pages)) *office {
	h := newHouse(t, change...)
	o := &office{house: h, box: &box{}, who: credentials.Caller{ClientID: "app_1", Scope: csc.ScopeService}}
	tickets := onetime.NewMemory(h.clock)
	name := func(context.Context, string) (string, error) { return "Demo \u202eapplication", nil }
	o.Authorizer = credentials.Authorizer{
		Register: h.pages.Register, Prover: h.pages.Prover, Grants: sad.Grants{Store: tickets, Now: h.clock}, Audit: audittest.Open(t), Now: h.clock,
		Challenges: credentials.NewChallenges(credentials.Challenges{
			Store: tickets, Key: []byte("32 bytes for the tests of login!"), Post: notify.Post{Mail: o.box}, From: "Pecete",
			ApproveURL: "https://sign.example.org/approve", ClientName: name, Now: h.clock,
		}),
	}
	h.pages.Approvals = o.Authorizer
	h.pages.Client = func(_ context.Context, id string) (oauth.Client, error) {
		return oauth.Client{ID: id, Name: "Demo \u202eapplication", Managed: &oauth.Managed{}}, nil
	}
	h.serve() // once more, with the page
	h.credential("c_1", func(c *credentials.Credential) { c.Mode, c.Factors = csc.Explicit, factors })
	o.who.UserID = h.signer.ID
	return o
}

func (o *office) request(ids ...string) csc.AuthorizeRequest {
	req := csc.AuthorizeRequest{
		CredentialID: "c_1", NumSignatures: 2, Hashes: []csc.Digest{digest("a"), digest("b")}, HashAlgorithmOID: csc.OIDSHA256,
		Description: "Rent of flat 12",
	}
	for _, id := range ids {
		req.AuthData = append(req.AuthData, csc.AuthData{ID: id})
	}
	return req
}

var link = regexp.MustCompile(`https://sign\.example\.org(/approve\?i=[A-Za-z0-9_-]{43})`)

// begin asks for an approval and returns its handle and the path of its page.
func (o *office) begin(ids ...string) (csc.Secret, string) {
	o.t.Helper()
	asked, err := o.Authorize(o.t.Context(), o.who, o.request(ids...))
	must(o.t, err)
	if asked.Pending == nil || asked.SAD != "" {
		o.t.Fatalf("%+v", asked)
	}
	o.box.mu.Lock()
	defer o.box.mu.Unlock()
	mail := o.box.mails[len(o.box.mails)-1]
	m := link.FindStringSubmatch(mail.Text)
	if m == nil || mail.To != o.signer.Email {
		o.t.Fatalf("a mail to %s without a link: %s", mail.To, mail.Text)
	}
	return asked.Pending.Handle, m[1]
}

// check polls and says in a word what came of it.
func (o *office) check(handle csc.Secret) string {
	o.t.Helper()
	got, err := o.Check(o.t.Context(), o.who, csc.AuthorizeCheckRequest{Handle: handle})
	var told *csc.Error
	switch {
	case errors.As(err, &told):
		return told.Description
	case err != nil:
		o.t.Fatal(err)
	case got.Pending != nil && got.Pending.Handle == handle:
		return "pending"
	case got.SAD != "" && got.ExpiresIn == 300:
		return "SAD"
	}
	return "nothing"
}

func (o *office) wants(handle csc.Secret, want string) {
	o.t.Helper()
	if got := o.check(handle); got != want {
		o.t.Errorf("the poll is answered with %q, want %q", got, want)
	}
}

const decidedApproved, decidedDeclined = "/approve/decided?as=approved&lang=en", "/approve/decided?as=declined&lang=en"

func TestApprovalShowsEverythingAndChangesNothing(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	for range 3 { // as scanners of mails do
		resp, text := o.get(page)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		wantTold(t, text, "2 documents to sign", "⟦U+202E⟧", "Rent of flat 12", "Demo certificate", "Demo Signer (demo.signer@example.org)", "registered itself",
			"SHA-256", ">"+fours(digest("a").String())+"<", ">"+fours(digest("b").String())+"<", "Approve only what you began there yourself")
		if strings.Contains(text, "name=\"number\"") {
			t.Error("a number is asked for")
		}
	}
	o.wants(handle, "pending")
	_, text := o.get(page + "&lang=ro")
	wantTold(t, text, "2 documente de semnat", "Dați-l numai pentru ce ați început")
}

func TestApprove(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	resp, _ := o.send(page, signWith(o.code()))
	wantRedirect(t, resp, decidedApproved)
	_, text := o.get(decidedApproved)
	wantTold(t, text, "You approved", "The application can go on.")
	if resp, _ := o.get(page); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("after the end the page is answered with %d", resp.StatusCode)
	}
	o.wants(handle, "SAD")
	o.wants(handle, "Invalid parameter handle") // it is given once
}

func TestDeclineApproval(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	resp, _ := o.send(page, url.Values{"decision": {"decline"}})
	wantRedirect(t, resp, decidedDeclined)
	o.wants(handle, "The authentication data is invalid")
	resp, _ = o.do(http.MethodPost, page, url.Values{"decision": {"sign"}, "code": {o.code()}})
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("declined and approved: %d", resp.StatusCode)
	}
	o.wants(handle, "The authentication data is invalid")
}

// The number that the application shows is asked for too, and who has only the
// code, or only the number, approves nothing.
func TestApproveWithNumber(t *testing.T) {
	o := newOffice(t, "MATCH")
	if _, err := o.Authorize(t.Context(), o.who, o.request("MATCH")); err == nil || !strings.Contains(err.Error(), "The authentication data is invalid") {
		t.Errorf("without a number that is shown: %v", err)
	}
	number := func() string {
		t.Helper()
		got, err := o.Challenge(t.Context(), o.who, csc.ChallengeRequest{CredentialID: "c_1", AuthObjectID: "MATCH"})
		must(t, err)
		if len(got.Challenge) != 4 {
			t.Fatalf("the application is to show %d digits", len(got.Challenge))
		}
		return string(got.Challenge)
	}
	first := number()
	second := number() // takes its place
	handle, page := o.begin("MATCH")
	if _, err := o.Authorize(t.Context(), o.who, o.request("MATCH")); err == nil {
		t.Error("a number is good for two approvals")
	}
	_, text := o.get(page)
	wantTold(t, text, "The four digits that the application shows you.", `name="number"`)
	with := func(number, code string) url.Values {
		return url.Values{"decision": {"sign"}, "number": {number}, "code": {code}}
	}
	wrong := "0000"
	if second == wrong {
		wrong = "0001"
	}
	for _, try := range []struct{ number, code, says string }{
		{"", o.code(), "Type the four digits of the number"},
		{second, "", "Type the four digits of the number"},
		{wrong, o.code(), "The number or the code is not right."},
		{second, o.wrongCode(), "The number or the code is not right."},
	} {
		resp, _ := o.send(page, with(try.number, try.code))
		wantRedirect(t, resp, page)
		_, text := o.get(page)
		wantTold(t, text, try.says)
	}
	if first != second {
		resp, _ := o.send(page, with(first, o.code()))
		wantRedirect(t, resp, page)
	}
	o.wants(handle, "pending")
	resp, _ := o.send(page, with(second, o.code())) // which was not used up by the wrong ones
	wantRedirect(t, resp, decidedApproved)
	o.wants(handle, "SAD")
}

// An approval is to what was shown, and what changed since costs no code.
func TestApprovalIsToWhatWasShown(t *testing.T) {
	for name, change := range map[string]func(o *office, form url.Values){
		"the digest is altered":      func(_ *office, form url.Values) { form.Set("shown", strings.Repeat("0", 64)) },
		"the credential is another":  func(_ *office, form url.Values) { form.Set("credential", "c_2") },
		"the certificate is renewed": func(o *office, _ url.Values) { o.renew("c_1") },
		"the credential is disabled": func(o *office, _ url.Values) { o.status("c_1", true, false) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, "APPROVAL")
			_, page := o.begin("APPROVAL")
			_, text := o.get(page)
			form := hidden(text)
			form.Set("decision", "sign")
			form.Set("code", o.code())
			change(o, form)
			resp, _ := o.do(http.MethodPost, page, form)
			wantRedirect(t, resp, page)
			if later, err := o.store.UseStep(t.Context(), o.signer.ID, noon.Unix()/30-1); err != nil || !later {
				t.Errorf("it cost a code: %v", err)
			}
		})
	}
}

// What the credential is authorized with must be what it was.
func TestApprovalOfOtherFactors(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	resp, _ := o.send(page, signWith(o.code()))
	wantRedirect(t, resp, decidedApproved)
	must(t, o.store.SetCredentialFactors(t.Context(), "c_1", "PIN AND APPROVAL"))
	o.wants(handle, "The authentication data is invalid")
}

// Forms of others, of other links, and from elsewhere are refused.
func TestFormsOfApproval(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	_, other := o.begin("APPROVAL")
	_, text := o.get(other)
	form := hidden(text)
	form.Set("decision", "sign")
	form.Set("code", o.code())
	if resp, _ := o.do(http.MethodPost, page, form); resp.StatusCode != http.StatusForbidden {
		t.Errorf("the form of another link: %d", resp.StatusCode)
	}
	_, text = o.get(page)
	form = hidden(text)
	form.Set("decision", "sign")
	form.Set("code", o.code())
	if resp, _ := o.do(http.MethodPost, page, form, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("from elsewhere: %d", resp.StatusCode)
	}
	form.Set("decision", "maybe")
	if resp, _ := o.do(http.MethodPost, page, form); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("no decision: %d", resp.StatusCode)
	}
	for _, path := range []string{"/approve", "/approve?i=", "/approve?i=" + strings.Repeat("A", 43), "/approve?i=" + string(handle)} {
		if resp, _ := o.get(path); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	o.wants(handle, "pending")
}

// An approval is its client's, its signer's, and its key's.
func TestHandlesAreTheirOwners(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	o.who.Holder = "jkt 1"
	handle, page := o.begin("APPROVAL")
	resp, _ := o.send(page, signWith(o.code()))
	wantRedirect(t, resp, decidedApproved)
	mine := o.who
	for _, who := range []credentials.Caller{
		{ClientID: "app_2", UserID: mine.UserID, Holder: mine.Holder}, {ClientID: mine.ClientID, UserID: "u_other", Holder: mine.Holder}, {ClientID: "app_2", Holder: mine.Holder},
		{ClientID: mine.ClientID, UserID: mine.UserID}, {ClientID: mine.ClientID, UserID: mine.UserID, Holder: "jkt 2"},
	} {
		o.who = who
		o.wants(handle, "Invalid parameter handle")
	}
	o.who = mine
	for _, unknown := range []csc.Secret{"", "x", handle + "x", handle[1:]} {
		o.wants(unknown, "Invalid parameter handle")
	}
	o.wants(handle, "SAD")
}

func TestApprovalsEnd(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	o.after(10*time.Minute - time.Second)
	o.wants(handle, "pending")
	resp, _ := o.send(page, signWith(o.code()))
	wantRedirect(t, resp, decidedApproved)
	o.after(5*time.Minute - time.Second)
	late, other := o.begin("APPROVAL")
	o.wants(handle, "SAD") // there is time to fetch it
	o.after(10 * time.Minute)
	o.wants(late, "Invalid parameter handle")
	if resp, _ := o.get(other); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a page after its time: %d", resp.StatusCode)
	}
	uncollected, page := o.begin("APPROVAL")
	resp, _ = o.send(page, signWith(o.code()))
	wantRedirect(t, resp, decidedApproved)
	o.after(5 * time.Minute)
	o.wants(uncollected, "Invalid parameter handle")
}

// Wrong codes on the page are counted as anywhere, and the client is told when
// no more are judged.
func TestApprovalsLock(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, page := o.begin("APPROVAL")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			a, err := o.Approval(t.Context(), csc.Secret(strings.TrimPrefix(page, "/approve?i=")))
			if err == nil {
				err = o.Approve(t.Context(), a, "", csc.Secret(o.wrongCode()), "")
			}
			if err == nil || !errors.Is(err, users.ErrWrong) && !errors.Is(err, users.ErrPaused) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if a, err := o.store.Attempts(t.Context(), o.signer.ID, users.FactorCode); err != nil || a.Failures != 5 {
		t.Errorf("%+v, %v", a, err)
	}
	o.wants(handle, "Credential locked")
	if _, err := o.Authorize(t.Context(), o.who, o.request("APPROVAL")); err == nil || !strings.Contains(err.Error(), "Credential locked") {
		t.Errorf("another is asked for: %v", err)
	}
	resp, _ := o.send(page, signWith(o.code()))
	wantRedirect(t, resp, page)
	_, text := o.get(page)
	wantTold(t, text, "Too many codes were not right")
}

// Of all who decide one does, and of all who poll one gets the SAD.
func TestApprovalRace(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	o.pages.Prover.CodeLimits = users.Limits{Failures: 1000, Window: time.Hour}
	for round := range 5 {
		handle, page := o.begin("APPROVAL")
		a, err := o.Approval(t.Context(), csc.Secret(strings.TrimPrefix(page, "/approve?i=")))
		must(t, err)
		var approved, declined, collected atomic.Int64
		var deciding, polling sync.WaitGroup
		code := csc.Secret(o.code())
		for n := range 20 {
			deciding.Go(func() {
				if n%2 == 0 && o.Approve(t.Context(), a, "00", code, "") == nil {
					approved.Add(1)
				} else if n%2 == 1 && round > 0 && o.Decline(t.Context(), a) == nil {
					declined.Add(1)
				}
			})
		}
		deciding.Wait()
		for range 20 {
			polling.Go(func() {
				if got, err := o.Check(t.Context(), o.who, csc.AuthorizeCheckRequest{Handle: handle}); err == nil && got.SAD != "" {
					collected.Add(1)
				}
			})
		}
		polling.Wait()
		if approved.Load()+declined.Load() != 1 || collected.Load() != approved.Load() || round == 0 && approved.Load() != 1 {
			t.Errorf("approved %d times, declined %d times, %d SADs", approved.Load(), declined.Load(), collected.Load())
		}
		o.after(30 * time.Second)
		if round == 3 { // five in ten minutes are all that a signer is asked
			o.after(10 * time.Minute)
		}
	}
}

// What is approved apart stands beside what is proved at once, and neither is
// asked for when the other is wrong.
func TestApprovalBesideAPIN(t *testing.T) {
	o := newOffice(t, "PIN AND APPROVAL")
	req := o.request("APPROVAL")
	if _, err := o.Authorize(t.Context(), o.who, req); err == nil {
		t.Error("without the PIN")
	}
	req.AuthData = append(req.AuthData, csc.AuthData{ID: "PIN", Value: "270391"})
	if _, err := o.Authorize(t.Context(), o.who, req); err == nil || len(o.box.mails) != 0 {
		t.Errorf("without a PIN that was set: %v, %d mails", err, len(o.box.mails))
	}
	o.setPIN("270391")
	asked, err := o.Authorize(t.Context(), o.who, req)
	must(t, err)
	if asked.Pending == nil || len(o.box.mails) != 1 {
		t.Errorf("%+v, %d mails", asked, len(o.box.mails))
	}
	req.AuthData[1].Value = "270392"
	if _, err := o.Authorize(t.Context(), o.who, req); err == nil || len(o.box.mails) != 1 {
		t.Errorf("with a wrong PIN: %v, %d mails", err, len(o.box.mails))
	}
}

// The letter about it is in the signer's language, and no link in it leads to
// the SAD.
func TestApprovalLetters(t *testing.T) {
	o := newOffice(t, "APPROVAL")
	handle, _ := o.begin("APPROVAL")
	mail := o.box.mails[0]
	for _, want := range []string{"“Demo application”", "2 signatures", "“Demo certificate”", "Opening it approves nothing", "10 minutes"} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("no %q in %s", want, mail.Text)
		}
	}
	if strings.Contains(mail.Text+mail.HTML+mail.Subject, string(handle)) {
		t.Error("the mail has the client's handle in it")
	}
}
