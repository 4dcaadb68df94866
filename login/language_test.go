package login_test

import (
	"strings"
	"testing"

	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page/pagetest"
)

func TestTexts(t *testing.T) {
	pagetest.Texts(t, login.Texts(), "login", "consent", "approve", "change", "code", "document")
}

func TestLanguageOfThePage(t *testing.T) {
	for _, row := range []struct {
		name, offered, query, cookie, asked, accept, want string
	}{
		{name: "nothing is asked for", want: "en"},
		{name: "the client asks", asked: "ro-RO", accept: "en", want: "ro"},
		{name: "the client asks for several", asked: "de fr", accept: "ro", want: "ro"},
		{name: "the client asks for what there is not", asked: "ja", accept: "ro-RO,ro;q=0.9,en;q=0.8", want: "ro"},
		{name: "the client asks for nonsense", asked: "\x00<script>", accept: "ro", want: "ro"},
		{name: "the browser asks", accept: "fr-FR,ro;q=0.5", want: "ro"},
		{name: "the browser asks for what there is not", accept: "ja", want: "en"},
		{name: "the browser asks for anything", accept: "*", want: "en"},
		{name: "the browser asks for nonsense", accept: ";;;q=x", want: "en"},
		{name: "the switch says", query: "ro", cookie: "en", asked: "en", accept: "en", want: "ro"},
		{name: "the switch said", cookie: "ro", asked: "en", accept: "en", want: "ro"},
		{name: "the switch says nonsense", query: "xx", cookie: "../", asked: "ro", want: "ro"},
		{name: "Romanian comes first", offered: "ro,en", want: "ro"},
		{name: "only English is offered", offered: "en", query: "ro", accept: "ro", want: "en"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHouse(t, func(p *login.Pages) {
				if row.offered != "" {
					p.Languages = strings.Split(row.offered, ",")
				}
			})
			h.ask(numbered(1), loggedOut, func(i *oauth.Interaction) { i.Lang = row.asked })
			resp, page := h.get("/login?i=one&lang="+row.query, "Accept-Language", row.accept, "Cookie", "__Host-pecete-lang="+row.cookie)
			if got := resp.Header.Get("Content-Language"); got != row.want || !strings.Contains(page, `<html lang="`+row.want+`">`) {
				t.Errorf("the page is in %s, want %s", got, row.want)
			}
		})
	}
}

// The switch is kept for the pages after.
func TestSwitchIsKept(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(numbered(2), loggedOut)
	_, page := h.get("/login?i=one")
	wantTold(t, page, `href="/login?i=one&lang=ro"`)
	h.send("/login?i=one&lang=ro", credentialsOf("demo.signer@example.org", password))
	_, page = h.get("/consent?i=one")
	wantTold(t, page, "2 documente de semnat", `href="/consent?i=one&lang=en"`)
}
