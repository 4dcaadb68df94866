package oauth

import "testing"

// TestRedirectToOurselves lets a client whose pages are the server's own be
// answered there, and nobody else where the rules forbid it.
func TestRedirectToOurselves(t *testing.T) {
	const issuer, page = "https://localhost:8443", "https://localhost:8443/portal/sign/back"
	p := &Provider{Issuer: issuer}
	for _, row := range []struct {
		says       string
		registered []string
		named      string
		good       bool
	}{
		{"a registered page of the server", []string{page}, page, true},
		{"one that is not registered", []string{page}, issuer + "/portal/other", false},
		{"one below a registered one", []string{page}, page + "/on", false},
		{"a registered page of another port", []string{"https://localhost:9443/back"}, "https://localhost:9443/back", false},
		{"a registered page of a host whose name begins likewise", []string{issuer + "1/back"}, issuer + "1/back", false},
		{"none named", []string{page}, "", false},
	} {
		got, err := p.redirectFor(Client{RedirectURIs: row.registered}, row.named)
		if (err == nil) != row.good || row.good && got != row.named {
			t.Errorf("%s: %q, %v", row.says, got, err)
		}
	}
}
