package oauth

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

// A log is told nothing of what the client or the signer wrote.
func TestDetailInLogs(t *testing.T) {
	var b strings.Builder
	d := Detail{CredentialID: "c_1", Count: 1, HashOID: csc.OIDSHA256, Digests: []DocumentDigest{{Label: "secret contract"}}, Locations: []string{"secret"}}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", slog.Any("detail", d))
	if strings.Contains(b.String(), "secret") || !strings.Contains(b.String(), `"hashes":1`) {
		t.Error(b.String())
	}
}

// A request is the same after the store.
func TestRequestInJSON(t *testing.T) {
	q := request{
		Client: "app", RedirectURI: "https://a.example/", Given: true, State: "s\"\u2028", Scope: "credential", Challenge: "c", Lang: "ro",
		Account: "u", Description: "d", ClientData: "x",
		Details: []Detail{{
			Type: "t", Qualifier: "q", Count: 2, HashOID: "o", Locations: []string{"l"},
			Digests: []DocumentDigest{{Digest: csc.Digest{1, 2}, Label: "l", Kind: csc.SDR, Said: "SdR"}, {Digest: csc.Digest{3}}},
		}, {CredentialID: "c"}},
	}
	text, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	var back request
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(q, back); diff != "" {
		t.Error(diff)
	}
}

// Whatever a stranger sends, what is taken of it holds what a request promises.
func FuzzRequest(f *testing.F) {
	const c = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, query := range []string{
		"", "response_type=code", "response_type=code&code_challenge=" + c + "&code_challenge_method=S256&scope=service&state=%00",
		"response_type=code&code_challenge=" + c + "&code_challenge_method=S256&scope=credential&credentialID=c_1&numSignatures=1&hashes=" + c + "&hashAlgorithmOID=" + csc.OIDSHA256,
		"response_type=code&code_challenge=" + c + "&code_challenge_method=S256&authorization_details=" + url.QueryEscape(oneElement),
		"a=1&a=2&;&%zz", "response_type=code&response_type=token",
	} {
		f.Add(query)
	}
	client := Client{ID: "app", Grants: []string{"authorization_code"}, Scopes: []string{"service", "credential"}}
	f.Fuzz(func(t *testing.T, query string) {
		in, err := readPairs(query)
		if err != nil {
			return
		}
		q := request{Client: "app", RedirectURI: "https://a.example/?x=y"}
		if err := q.fill(client, in.form, in.twice); err != nil {
			q.Details = nil
			if said := worded(err); said.status != 400 {
				t.Errorf("%q: %v", query, err)
			}
		} else if len(in.twice) > 0 || !isDigest(q.Challenge) || (q.Details == nil) != (q.Scope == "service") {
			t.Errorf("%q: taken as %+v", query, q)
		}
		for _, d := range q.Details {
			if d.Count < 1 || len(d.Digests) > 0 && (len(d.Digests) != d.Count || d.HashOID == "") || d.CredentialID == "" && d.Qualifier == "" {
				t.Errorf("%q: taken as %+v", query, d)
			}
		}
		to, err := url.Parse(q.answerURL("https://i.example", url.Values{"code": {"c"}}))
		if err != nil || to.Host != "a.example" || to.Query().Get("state") != q.State || to.Query().Get("x") != "y" {
			t.Errorf("%q: answered at %v, %v", query, to, err)
		}
	})
}
