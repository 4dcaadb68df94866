package portal_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page/pagetest"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

// A loginRow is something that somebody may send to the login, and what comes of
// it: he is in, what he gave was wrong, nothing was given, or no code.
type loginRow struct{ Family, Says, Email, Password, Code, Want string }

// romanian has letters that can be written in two ways.
const romanian = "parolă de încercare ștearsă"

// filled puts what is of the moment into a row.
func (h *house) filled(text string) string {
	if raw, is := strings.CutPrefix(text, "$BYTES:"); is {
		b, err := hex.DecodeString(raw)
		must(h.t, err)
		return romanian + string(b)
	}
	at := func(steps int) string {
		return codeAt(h.t, h.secret, h.clock().Add(time.Duration(steps)*30*time.Second))
	}
	wide := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xfee0
		}
		return r
	}, romanian)
	right := at(0)
	return strings.NewReplacer(
		"$RIGHT3 3", right[:3]+" "+right[3:], "$RIGHT", right, "$SPACED", strings.Join(strings.Split(right, ""), " "), "$WRONG", h.wrongCode(),
		"$PAST", at(-10), "$FUTURE", at(10), "$STEP-2", at(-2), "$STEP+2", at(2), "$STEP-1", at(-1), "$STEP+1", at(1),
		"$PASSWORD", romanian, "$UPPEREMAIL", strings.ToUpper(email), "$UPPER", strings.ToUpper(romanian), "$TAIL", romanian[1:], "$HEAD", romanian[:len(romanian)-2],
		"$NBSP", strings.ReplaceAll(romanian, " ", "\u00a0"), "$TABS", strings.ReplaceAll(romanian, " ", "\t"), "$PERCENT", url.PathEscape(romanian),
		"$PLUS", strings.ReplaceAll(romanian, " ", "+"), "$NFD", norm.NFD.String(romanian), "$WIDE", wide,
		"$EMAIL", email, "$USERID", h.signer.ID,
	).Replace(text)
}

// Whatever is sent to the login is what it is and nothing near it: no digits of
// another script, no blank or line end that somebody might trim, no other letters.
// What cannot be judged costs nothing.
func TestLogins(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/logins.json")
	must(t, err)
	var rows []loginRow
	must(t, json.Unmarshal(text, &rows))
	if len(rows) < 225 {
		t.Fatalf("only %d rows", len(rows))
	}
	onBoth(t, func(t *testing.T, h *house) { h.logins(rows) })
}

func (h *house) logins(rows []loginRow) {
	t := h.t
	t.Helper()
	must(t, h.operator.SetPassword(t.Context(), h.signer.ID, romanian))
	says := map[string]string{"wrong": "do not go together", "empty": "Fill in", "shape": "six digits"}
	for _, row := range rows {
		h.after(20 * time.Minute)
		before, err := h.store.Attempts(t.Context(), h.signer.ID, users.FactorCode)
		must(t, err)
		records := len(h.audit.Records(t))
		b := h.browser()
		resp, _ := b.send("/portal/login", fields("email", h.filled(row.Email), "password", h.filled(row.Password), "code", h.filled(row.Code)))
		name := row.Family + ": " + row.Says
		if in := b.loggedIn(); resp.StatusCode != http.StatusSeeOther || in != (row.Want == "in") {
			t.Errorf("%s: answered with %d, in %t", name, resp.StatusCode, in)
			continue
		}
		after, err := h.store.Attempts(t.Context(), h.signer.ID, users.FactorCode)
		must(t, err)
		if row.Want != "in" {
			_, shown := b.get("/portal/login")
			if !strings.Contains(html.UnescapeString(shown), says[row.Want]) {
				t.Errorf("%s: not told %q", name, says[row.Want])
			}
			if counted := row.Family == "code judged"; (after != before) != counted {
				t.Errorf("%s: codes were %+v and are %+v", name, before, after)
			}
		}
		if judged := row.Want == "in" || row.Want == "wrong"; (len(h.audit.Records(t)) > records) != judged {
			t.Errorf("%s: judged %t, want %t", name, !judged, judged)
		}
	}
	h.logIsWhole()
	for _, secret := range []string{romanian, norm.NFD.String(romanian), h.secret} {
		if strings.Contains(h.log.String(), secret) {
			t.Error("the log has a secret")
		}
	}
}

// logIsWhole holds that every line of the log is one record of ours, and that
// nothing that somebody sent began another.
func (h *house) logIsWhole() {
	h.t.Helper()
	lines := bufio.NewScanner(strings.NewReader(h.log.String()))
	for lines.Scan() {
		var record map[string]any
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			h.t.Errorf("not a record: %q", lines.Text())
		}
		if msg := record["msg"]; msg != "no page" && msg != "signer not notified" {
			h.t.Errorf("somebody else's record: %q", lines.Text())
		}
	}
	must(h.t, lines.Err())
}

var (
	markup   = regexp.MustCompile(`<[a-zA-Z/!?][^>]*>?`)
	markSpan = regexp.MustCompile(`<span class="mark" dir="ltr">([^<]*)</span>`)
	isolated = regexp.MustCompile(`(?s)<bdi>(.*?)</bdi>`)
	values   = regexp.MustCompile(`(value|href)="[^"]*"`)
)

func elements(text string) []string {
	tags := markup.FindAllString(markSpan.ReplaceAllString(text, "$1"), -1)
	for n, tag := range tags {
		tags[n] = values.ReplaceAllString(tag, "")
	}
	return tags
}

// Whatever an application, a browser or an operator wrote is text on the page: it
// has the same elements as with harmless texts, shows what hides, and what was
// written gets into no line of the log.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) { h.shows(pagetest.Labels(t)) })
}

func (h *house) shows(labels []pagetest.Label) {
	t := h.t
	t.Helper()
	b := h.inside()
	shown := func(n int, text string) string {
		id := fmt.Sprintf("app_%032x", n)
		must(t, h.store.AddClient(t.Context(), oauth.Client{ID: id, Name: text, Created: noon}))
		must(t, h.store.Permit(t.Context(), id, h.signer.ID, csc.ScopeService, noon))
		user, err := h.store.User(t.Context(), h.signer.ID)
		must(t, err)
		s := portal.Session{ID: fmt.Sprintf("%064x", n), UserID: user.ID, Stamp: user.Stamp, Created: h.clock(), Used: h.clock(), Agent: text}
		must(t, h.store.AddSession(t.Context(), s))
		resp, page := b.get("/portal/security")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%+q: %d", text, resp.StatusCode)
		}
		must(t, h.store.RemoveClient(t.Context(), id))
		must(t, h.store.EndSession(t.Context(), user.ID, s.ID))
		return page
	}
	first := shown(1, "A harmless one")
	harmless, token := elements(first), tokenOf(t, first)
	for n, l := range labels {
		if l.Label == "" || strings.Contains(l.Label, "\x00") {
			continue // the registry keeps no NUL
		}
		page := shown(n+2, l.Label)
		if !slices.Equal(elements(page), harmless) {
			t.Errorf("%s: %+q changes the page", l.Family, l.Label)
		}
		times := 0
		for _, m := range isolated.FindAllStringSubmatch(page, -1) {
			if html.UnescapeString(markSpan.ReplaceAllString(m[1], "$1")) == l.Seen {
				times++
			}
		}
		if times != 2 { // the application and the browser
			t.Errorf("%s: %+q is seen %d times as %+q", l.Family, l.Label, times, l.Seen)
		}
		if strings.ContainsAny(page, "\u202e\u202d\u200b\x1b\r\x00") {
			t.Errorf("%s: %+q is on the page as it is", l.Family, l.Label)
		}
		b.get("/portal/certificates/" + url.PathEscape(l.Label))
		b.do(http.MethodPost, "/portal/applications", url.Values{"token": {token}, "application": {l.Label}})
		if n%10 == 0 {
			b.do(http.MethodPost, "/portal/sessions", url.Values{"token": {token}, "session": {l.Label}})
			b.get("/portal/security") // which takes the note
		}
	}
	h.logIsWhole()
	for _, r := range h.audit.Records(t) {
		if r.Event == audit.SessionEnded && r.Reason != "ended by the signer" {
			t.Errorf("record %+v", r.Entry)
		}
	}
}
