package login_test

import (
	"encoding/hex"
	"testing"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
)

func TestDigestIsOfEverythingShown(t *testing.T) {
	type (
		credential  = credentials.Credential
		interaction = oauth.Interaction
	)
	digestAfter := func(change func(*interaction, *credential)) string {
		other := credential{ID: "c_9", Description: "Other", Certificates: [][]byte{{4}}}
		c := credential{ID: "c_1", Description: "Demo", Certificates: [][]byte{{1, 2, 3}}}
		i := interaction{
			ID: "one", UserID: "u_1", Lang: "ro", Client: oauth.Client{ID: "app_1", Name: "Demo application"},
			Description: "Rent",
			Details: []oauth.Detail{{CredentialID: "c_1", Count: 2, HashOID: csc.OIDSHA256, Digests: []oauth.DocumentDigest{
				{Digest: digest("a"), Label: "ab", Kind: csc.SDR}, {Digest: digest("b"), Label: "c"},
			}}, {CredentialID: "c_9", Count: 1}},
		}
		change(&i, &c)
		return hex.EncodeToString(login.Shown(i, []credential{c, other}[:len(i.Details)], nil))
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*interaction, *credential){
		"nothing":             func(*interaction, *credential) {},
		"client ID":           func(i *interaction, _ *credential) { i.Client.ID = "app_2" },
		"client name":         func(i *interaction, _ *credential) { i.Client.Name += " " },
		"who registered it":   func(i *interaction, _ *credential) { i.Client.Managed = &oauth.Managed{} },
		"user":                func(i *interaction, _ *credential) { i.UserID = "u_2" },
		"credential":          func(_ *interaction, c *credential) { c.ID = "c_2" },
		"its description":     func(_ *interaction, c *credential) { c.Description = "" },
		"its certificate":     func(_ *interaction, c *credential) { c.Certificates[0][0] = 9 },
		"count":               func(i *interaction, _ *credential) { i.Details[0].Count = 3 },
		"hash algorithm":      func(i *interaction, _ *credential) { i.Details[0].HashOID = csc.OIDSHA512 },
		"description":         func(i *interaction, _ *credential) { i.Description = "rent" },
		"a digest":            func(i *interaction, _ *credential) { i.Details[0].Digests[1].Digest = digest("c") },
		"a label":             func(i *interaction, _ *credential) { i.Details[0].Digests[0].Label = "abc" },
		"a kind":              func(i *interaction, _ *credential) { i.Details[0].Digests[1].Kind = csc.DTBSR },
		"the order":           func(i *interaction, _ *credential) { d := i.Details[0].Digests; d[0], d[1] = d[1], d[0] },
		"a document less":     func(i *interaction, _ *credential) { i.Details[0].Digests = i.Details[0].Digests[:1] },
		"the other part":      func(i *interaction, _ *credential) { i.Details[1].Count = 2 },
		"one part":            func(i *interaction, _ *credential) { i.Details = i.Details[:1] },
		"no documents":        func(i *interaction, _ *credential) { i.Details[0].Digests = nil },
		"a letter moved over": func(i *interaction, _ *credential) { i.Client.ID, i.Client.Name = "app_1D", "emo application" },
	} {
		got := digestAfter(change)
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[got] = name
	}
	same := digestAfter(func(*interaction, *credential) {})
	if same != digestAfter(func(i *interaction, _ *credential) { i.Lang, i.ID = "en", "two" }) {
		t.Error("the digest is of the language or of the request's id")
	}
	const want = "1a2e04b2937516d893bb9b1a83f50f8e345595b5df3aac0e40235b66ac6d7d5c" // computed apart, by the encoding's description
	if same != want {
		t.Errorf("the encoding changed: %s", same)
	}
}
