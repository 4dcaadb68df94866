package login_test

import (
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

func toMake(i *oauth.Interaction) {
	i.Details, i.Change = nil, &oauth.Change{Creation: &csc.CreationRequest{CertificatePolicy: "1.3.6.1.4.1.32473.1"}}
}

func toDelete(id string) func(*oauth.Interaction) {
	return func(i *oauth.Interaction) { i.Details, i.Change = nil, &oauth.Change{CredentialID: id} }
}

// The pages say plainly what is permitted, in both languages.
func TestChangePages(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	described := func(i *oauth.Interaction) { i.Description = "Moving house" }
	h.ask(nil, toMake, described)
	_, english := h.get("/consent?i=one&lang=en")
	_, romanian := h.get("/consent?i=one&lang=ro")
	wantTold(t, english, "A new signing certificate for you", "a new key and a certificate in your name made here, once", "Make the certificate", "Certificate policy")
	wantTold(t, romanian, "Un nou certificat de semnare pentru dumneavoastră", "o singură dată", "Faceți certificatul", "Politica certificatului")
	for _, page := range []string{english, romanian} {
		wantTold(t, page, "Demo application", "Demo Signer (demo.signer@example.org)", "1.3.6.1.4.1.32473.1", "Moving house", `autocomplete="one-time-code"`)
	}
	h.ask(nil, toDelete("c_1"), described)
	_, english = h.get("/consent?i=one&lang=en")
	_, romanian = h.get("/consent?i=one&lang=ro")
	wantTold(t, english, "Delete this certificate and destroy its key", "Nobody can ever sign with it again", "Delete it and destroy its key", "22 November 2027, 12:00 UTC")
	wantTold(t, romanian, "Ștergerea acestui certificat și distrugerea cheii lui", "Nimeni nu va mai putea semna", "Ștergeți-l și distrugeți cheia")
	for _, page := range []string{english, romanian} {
		wantTold(t, page, "Demo certificate", ">Demo Issuing CA<", "Moving house")
	}
	for n, change := range []func(*oauth.Interaction){toMake, toDelete("c_1")} {
		h.ask(nil, change, loggedOut)
		_, page := h.get("/login?i=one&lang=en")
		wantTold(t, page, []string{"a new signing certificate to be made", "one of your signing certificates to be deleted"}[n])
	}
}

// A code agrees to what was shown, once, and a wrong one to nothing.
func TestPermit(t *testing.T) {
	for name, change := range map[string]func(*oauth.Interaction){"to make": toMake, "to delete": toDelete("c_1")} {
		h := newHouse(t)
		h.credential("c_1")
		h.ask(nil, change)
		if _, page := h.send("/consent?i=one", signWith(h.wrongCode())); len(h.desk.agreed) != 0 {
			t.Errorf("%s: a wrong code agreed: %s", name, page)
		}
		resp, _ := h.send("/consent?i=one", signWith(h.code()))
		wantRedirect(t, resp, next)
		if len(h.desk.agreed) != 1 || h.desk.agreed[0].step != noon.Unix()/30 || len(h.desk.agreed[0].shown) != 32 {
			t.Errorf("%s: %+v", name, h.desk.agreed)
		}
	}
}

// What changed since it was shown is shown again, and costs no code; what is not the
// signer's cannot be agreed to.
func TestPermitToSomethingElse(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	h.ask(nil, toDelete("c_1"))
	_, page := h.get("/consent?i=one&lang=en")
	form := hidden(page)
	h.ask(nil, toMake)
	form.Set("decision", "sign")
	form.Set("code", h.code())
	h.do("POST", "/consent?i=one", form)
	if len(h.desk.agreed) != 0 {
		t.Error("agreed to what was not shown")
	}
	h.stranger("c_2")
	for _, id := range []string{"c_2", "c_none"} {
		h.ask(nil, toDelete(id))
		_, page := h.get("/consent?i=one&lang=en")
		if strings.Contains(page, `name="code"`) {
			t.Errorf("%s can be deleted: %s", id, page)
		}
		h.send("/consent?i=one", signWith(h.code()))
		if len(h.desk.agreed) != 0 {
			t.Errorf("%s was agreed to", id)
		}
	}
}

// Declining needs no code.
func TestDeclineAChange(t *testing.T) {
	h := newHouse(t)
	h.ask(nil, toMake)
	resp, _ := h.send("/consent?i=one", map[string][]string{"decision": {"decline"}})
	wantRedirect(t, resp, next)
	if h.desk.declined != 1 || len(h.desk.agreed) != 0 {
		t.Errorf("declined %d times, agreed %d", h.desk.declined, len(h.desk.agreed))
	}
}
