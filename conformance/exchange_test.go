package conformance

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExchanges has a case say and hear every kind of secret: its report has the
// rest of what was said, and none of them.
func TestExchanges(t *testing.T) {
	secrets := []string{"s3cret-token", "the-authorization", "the-password", "123456", "the-code", "the-refresh", "a-cookie", "Y2xpZW50OnNlY3JldA"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=a-cookie")
		w.Header().Set("Location", "https://app.example/back?code=the-code&state=kept")
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/csc/v2/page" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		_, _ = w.Write([]byte(`{"SAD":"the-authorization","refresh_token":"the-refresh","kept":true}`))
	}))
	defer server.Close()
	target := &Target{Base: server.URL + "/csc/v2"}
	result := target.try(t.Context(), Case{ID: "a/case", Ref: Ref{Method: General}, Level: Must, Run: func(ctx context.Context, t *Target) error {
		t.post(ctx, "credentials/authorize", "s3cret-token", Object{"authData": []Object{{"id": "PIN", "value": "123456"}}, "credentialID": "kept"})
		form := url.Values{"password": {"the-password"}, "grant_type": {"kept"}}
		t.do(ctx, call{method: "page", body: []byte(form.Encode()), header: http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Basic Y2xpZW50OnNlY3JldA"}, "Cookie": {"session=a-cookie"},
		}})
		// Of a body that is no JSON a secret is known by what was seen before.
		t.send(ctx, "signatures/signHash", "", []byte(`SAD=the-authorization, kept`))
		return nil
	}}, false)
	for _, x := range result.Exchanges {
		said := strings.Join([]string{x.Request, x.Body, x.Answer, headerLines(x.Header), headerLines(x.AnswerHeader)}, "\n")
		for _, secret := range secrets {
			if strings.Contains(said, secret) {
				t.Errorf("%s shows %s:\n%s", x.Request, secret, said)
			}
		}
		if !strings.Contains(x.Body, "kept") || !strings.Contains(x.AnswerHeader["Location"], "state=kept") {
			t.Errorf("%s shows too little:\n%s", x.Request, said)
		}
	}
	var got []string
	for _, x := range result.Exchanges {
		got = append(got, x.Answer)
	}
	want := []string{`{"SAD":"…","refresh_token":"…","kept":true}`, "(a page of 69 bytes)", `{"SAD":"…","refresh_token":"…","kept":true}`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A case that looks at what another got shows it all the same.
func TestExchangesOfASight(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }))
	defer server.Close()
	target := &Target{Base: server.URL + "/csc/v2"}
	if _, err := Run(t.Context(), target, Options{Only: []string{"none"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		result := target.try(t.Context(), Case{Ref: Ref{Method: General}, Level: Must, Run: func(ctx context.Context, t *Target) error { return t.info(ctx).Err() }}, false)
		if len(result.Exchanges) != 1 || result.Exchanges[0].Request != "POST "+server.URL+"/csc/v2/info" {
			t.Errorf("shown: %v", result.Exchanges)
		}
	}
}

// TestWriteHTML holds the page to what it promises: no script, nothing from
// elsewhere, whatever the server wrote.
func TestWriteHTML(t *testing.T) {
	r := aReport()
	hostile := `</pre><script src="https://elsewhere.example/x.js"></script><img src=x onerror=alert(1)>`
	r.Name, r.Results[1].Detail = hostile, hostile
	r.Results[1].Exchanges = []Exchange{{Request: "POST " + hostile, Body: hostile, Status: 200, Answer: hostile, AnswerHeader: map[string]string{"Location": "javascript:alert(1)"}}}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, never := range []string{"<script", "<img", "<link", "url(", `href="h`, `href="j`} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	for _, always := range []string{"there is a name", "&lt;script src=", "not conformant: 1 passed", `id="info/lang"`, "Location: javascript:alert(1)"} {
		if !strings.Contains(page, always) {
			t.Errorf("the page lacks %s", always)
		}
	}
}
