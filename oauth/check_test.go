package oauth

import (
	"strings"
	"testing"
)

func TestClientCheck(t *testing.T) {
	_, verifier := NewSecret([]byte("pepper"))
	good := Client{
		ID: NewClientID(), Name: "Aplicație de semnare", Verifiers: [][]byte{verifier, verifier},
		RedirectURIs: []string{"https://app.example.com/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:8080/"},
		Grants:       []string{"authorization_code", "client_credentials", "refresh_token"},
		Scopes:       []string{"service", "credential"},
	}
	if err := good.Check(); err != nil {
		t.Errorf("a good client: %v", err)
	}
	for name, spoil := range map[string]func(*Client){
		"no id":                        func(c *Client) { c.ID = "" },
		"an id of people":              func(c *Client) { c.ID = "demo" },
		"an id with more":              func(c *Client) { c.ID += "0" },
		"no name":                      func(c *Client) { c.Name = " " },
		"a long name":                  func(c *Client) { c.Name = strings.Repeat("ș", 101) },
		"a name that turns around":     func(c *Client) { c.Name = "a\u202eb" },
		"a name with nothing in it":    func(c *Client) { c.Name = "a\u200bb" },
		"a name of two lines":          func(c *Client) { c.Name = "a\nb" },
		"a name with a strange space":  func(c *Client) { c.Name = "a\u00a0b" },
		"a name that is not UTF-8":     func(c *Client) { c.Name = "a\xff" },
		"a short verifier":             func(c *Client) { c.Verifiers = [][]byte{verifier, verifier[:31]} },
		"a grant there is not":         func(c *Client) { c.Grants = []string{"password"} },
		"nowhere to be answered":       func(c *Client) { c.RedirectURIs = nil },
		"a scope there is not":         func(c *Client) { c.Scopes = []string{"openid"} },
		"a redirect without a scheme":  redirect("//app.example.com/"),
		"a redirect by http":           redirect("http://app.example.com/cb"),
		"a redirect to a scheme":       redirect("com.example.app:/cb"),
		"a redirect to javascript":     redirect("javascript:alert(1)"),
		"a redirect to localhost":      redirect("http://localhost/cb"),
		"a redirect to loopback TLS":   redirect("https://127.0.0.1/cb"),
		"a redirect with a fragment":   redirect("https://app.example.com/cb#"),
		"a redirect with a user":       redirect("https://a@app.example.com/"),
		"a redirect with a backslash":  redirect(`https://app.example.com\@evil.example/`),
		"a redirect with a tab":        redirect("https://app.example.com/\tcb"),
		"a redirect not in ASCII":      redirect("https://аpp.example.com/"),
		"a redirect to no host":        redirect("https:///cb"),
		"a redirect to nothing at all": redirect(""),
		"a redirect that is long":      redirect("https://app.example.com/" + strings.Repeat("a", 2048)),
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			if spoil(&c); c.Check() == nil {
				t.Errorf("accepted: %+v", c)
			}
		})
	}
}

func redirect(uri string) func(*Client) {
	return func(c *Client) { c.RedirectURIs = []string{"https://app.example.com/", uri} }
}
