package login_test

import (
	"context"
	"encoding/hex"
	"errors"
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
)

// A shelf has what signers brought to pages of this service.
type shelf struct {
	user  string
	files map[string]string // SHA-256 of the file, by label
	fails error
	asked int
}

func (s *shelf) of(_ context.Context, userID string, asked []csc.DocumentDigest) (all []string, err error) {
	s.asked++
	for _, one := range asked {
		file := s.files[one.Label]
		if userID != s.user || file == "" || !strings.EqualFold(one.Hash.String(), digest(one.Label).String()) {
			return nil, s.fails
		}
		all = append(all, file)
	}
	return all, s.fails
}

// shelved is a house with pages of its own, and two files there that are to be signed.
func shelved(t *testing.T) (*house, *shelf) {
	t.Helper()
	s := &shelf{files: map[string]string{}}
	for n, label := range numbered(3) {
		s.files[label] = strings.Repeat(string("abc"[n]), 64)
	}
	h := newHouse(t, func(p *login.Pages) { p.Own = &login.Own{ClientID: "app_own", Files: s.of} })
	s.user = h.signer.ID
	h.credential("c_1")
	return h, s
}

func ofOwn(i *oauth.Interaction) { i.Client.ID = "app_own" }

var (
	brought = []string{"You brought these documents to your pages here", "Ați adus aceste documente pe paginile dumneavoastră"}
	unseen  = []string{"we have not seen", "noi nu le-am văzut"}
)

// What a signer brought to pages of this service is shown as that, with the file's
// own SHA-256, which those pages show too.
func TestFilesThatTheSignerBrought(t *testing.T) {
	h, s := shelved(t)
	i := h.ask(numbered(3), ofOwn)
	for n, lang := range []string{"en", "ro"} {
		_, text := h.get("/consent?i=one&lang=" + lang)
		wantTold(t, text, brought[n], "SHA-256")
		if strings.Contains(html.UnescapeString(text), unseen[n]) {
			t.Errorf("%s: nobody has seen it", lang)
		}
		for _, d := range i.Details[0].Digests {
			file := s.files[d.Label]
			wantTold(t, text, ">"+d.Label+"<", ">"+file[:16]+"…<", ">"+file+"<", ">"+fours(d.Digest.String())+"<")
		}
	}
	resp, _ := h.send("/consent?i=one", signWith(h.code()))
	wantRedirect(t, resp, next)
}

// Nobody else is spoken of like that: not an application that has the same name and
// labels, and not these pages either where something is of no file of this signer.
func TestNobodyElseHasFiles(t *testing.T) {
	for says, row := range map[string]struct {
		change func(*oauth.Interaction)
		unmake func(*login.Pages, *shelf)
		lookup bool
	}{
		"another application":                   {change: func(i *oauth.Interaction) { i.Client.Name = "Pecete" }},
		"one whose ID begins so":                {change: func(i *oauth.Interaction) { i.Client.ID = "app_own2" }},
		"one that registered itself":            {change: func(i *oauth.Interaction) { ofOwn(i); i.Client.Managed = &oauth.Managed{} }},
		"one without an ID, where no pages are": {change: func(i *oauth.Interaction) { i.Client.ID = "" }, unmake: func(p *login.Pages, _ *shelf) { p.Own = nil }},
		"these pages, for another signer":       {change: ofOwn, unmake: func(_ *login.Pages, s *shelf) { s.user = "u_other" }, lookup: true},
		"these pages, and one is of no file":    {change: ofOwn, unmake: func(_ *login.Pages, s *shelf) { delete(s.files, numbered(3)[1]) }, lookup: true},
		"these pages, under another name":       {change: func(i *oauth.Interaction) { ofOwn(i); i.Details[0].Digests[2].Label = "Other.pdf" }, lookup: true},
		"these pages, another digest":           {change: func(i *oauth.Interaction) { ofOwn(i); i.Details[0].Digests[0].Digest = digest("other") }, lookup: true},
	} {
		t.Run(says, func(t *testing.T) {
			h, s := shelved(t)
			if row.unmake != nil {
				row.unmake(h.pages, s)
			}
			h.ask(numbered(3), row.change)
			for n, lang := range []string{"en", "ro"} {
				_, text := h.get("/consent?i=one&lang=" + lang)
				wantTold(t, text, unseen[n])
				if plain := html.UnescapeString(text); strings.Contains(plain, brought[n]) || strings.Contains(plain, strings.Repeat("a", 16)) {
					t.Errorf("%s: spoken of as a file of the signer:\n%s", lang, text)
				}
			}
			if (s.asked > 0) != row.lookup {
				t.Errorf("looked up %d times", s.asked)
			}
		})
	}
}

// More signatures than documents are on what nobody can be shown.
func TestNoFilesOfSignaturesOnAnything(t *testing.T) {
	h, _ := shelved(t)
	h.credential("c_2", func(c *credentials.Credential) { c.SCAL = csc.SCAL1 })
	h.ask(nil, func(i *oauth.Interaction) { ofOwn(i); i.Details[0].CredentialID, i.Details[0].Count = "c_2", 2 })
	_, text := h.get("/consent?i=one")
	wantTold(t, text, "did not say what will be signed")
	if strings.Contains(text, "You brought") {
		t.Error("nobody brought that")
	}
}

// The agreement is to the files too: if they go meanwhile, the signer is shown what
// there is then.
func TestFilesGo(t *testing.T) {
	h, s := shelved(t)
	h.ask(numbered(3), ofOwn)
	_, text := h.get("/consent?i=one")
	form := signWith(h.code())
	for _, field := range []string{"token", "credential", "shown"} {
		_, rest, _ := strings.Cut(text, `name="`+field+`" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		form.Set(field, html.UnescapeString(value))
	}
	clear(s.files)
	resp, _ := h.do(http.MethodPost, "/consent?i=one", form)
	wantRedirect(t, resp, "/consent?i=one")
	_, text = h.get("/consent?i=one")
	wantTold(t, text, unseen[0])
	if len(h.desk.agreed) != 0 {
		t.Error("agreed")
	}
	s.fails = errors.New("the index is away")
	if resp, _ := h.get("/consent?i=one"); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("answered with %d", resp.StatusCode)
	}
}

func TestDigestIsOfFiles(t *testing.T) {
	i := oauth.Interaction{Details: []oauth.Detail{{Count: 2}}}
	seen := map[string]bool{}
	for _, files := range [][]string{nil, {"a", "b"}, {"b", "a"}, {"ab"}, {"", "ab"}} {
		seen[hex.EncodeToString(login.Shown(i, make([]credentials.Credential, 1), files))] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d digests of five", len(seen))
	}
}
