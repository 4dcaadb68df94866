package outbound_test

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/outbound"
)

func TestParseTakes(t *testing.T) {
	for _, address := range []string{
		"https://app.example.org/done",
		"https://app.example.org:443/done?job=1&x=%20",
		"https://app.example.org:8443",
		"https://xn--bcher-kva.example/",
		"https://a_b.example.org/~user/x;y=1",
		"https://192.88.98.1/",
		"https://[2606:4700::1]:8443/x",
		"https://app.example.org/a@b",
	} {
		if u, err := outbound.Parse(address); err != nil || u.String() != address {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// inside are ways to write hosts that are not on the Internet, or that some
// program takes for one.
var inside = []string{
	"127.1", "127.0.1", "127.000.000.001", "0127.0.0.1", "0177.0.0.1", "0177.0.1", "017700000001", "2130706433", "0x7f000001", "0x7f.1",
	"0X7F.0.0.1", "127.0.0.1.", "127.0.0.01", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%00", "127.0.0.1%2eexample.org",
	"0", "00.0.0.0", "00000000", "localhost.", "LOCALHOST", "LocalHost", "localhost%2e", "lоcalhost", "169.254.169.254.", "0251.0376.0251.0376",
	"2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "[::1", "::1", "[::1]]", "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::0001]", "[::ffff:127.0.0.1]",
	"[::ffff:7f00:1]", "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%25lo]",
	"[64:ff9b::127.0.0.1]", "[v1.localhost]", "[localhost]", "[127.0.0.1]", "app.example.org.", "app..example.org", ".example.org", "-a.example.org",
	"app.example.org:", "app.example.org:0", "app.example.org:00443", "app.example.org:+443", "app.example.org:22", "app.example.org:25", "app.example.org:80",
	"app.example.org:6379", "app.example.org:11211", "app.example.org:9200", "app.example.org:65536", "app.example.org:99999999999", "app.example.org:https",
	"app.example.org:443:443", "", ":443", "user@app.example.org", "user:pass@app.example.org", "@app.example.org", "app.example.org@127.0.0.1",
	"127.0.0.1@app.example.org", `app.example.org\@127.0.0.1`, `127.0.0.1\app.example.org`, "app.example.org#@127.0.0.1", "app.example.org?@127.0.0.1#x",
	"app.example.org%40127.0.0.1", "app.example.org%23@127.0.0.1", "app.example.org%0d%0aHost:127.0.0.1", "app.example.org\t", "app\n.example.org", " app.example.org",
	"app.example.org\x00.evil.example", "app.exa\u00admple.org", "app.example.org\u200b", "\u202eapp.example.org", "ⓐpp.example.org", "bücher.example",
	"APP.EXAMPLE.ORG", "App.example.org", "app_.example.1", "example.0x1", "a.1", "1", "1.2.3.4.5", "256.1.1.1", "1.1.1.256", "1.1.1", "[]", "[:]", "[::ffff:1.2.3.4%25x]",
	strings.Repeat("a.", 130) + "org", strings.Repeat("a", 64) + ".org",
}

// Families of bad URLs: a host written strangely, behind every scheme and with
// every end.
func TestParseRefuses(t *testing.T) {
	tried := 0
	for _, host := range inside {
		for _, form := range []string{"https://%s", "https://%s/", "https://%s/done?x=1", "http://%s/", "//%s/"} {
			tried++
			if u, err := outbound.Parse(fmt.Sprintf(form, host)); err == nil {
				t.Errorf(form+": taken for the host %q", host, u.Hostname())
			}
		}
	}
	for _, address := range []string{
		"", "https", "https:", "https:/", "https://", "https:///x", "https:app.example.org", "https:/app.example.org", "HTTPS://app.example.org/", "Https://app.example.org/",
		" https://app.example.org/", "https://app.example.org/ ", "https://app.example.org/#", "https://app.example.org/#x", "https://app.example.org/?", "https://app.example.org/%zz",
		"https://app.example.org/\\x", "https://app.example.org/\x7f", "https://app.example.org/é", "https://app.example.org/|", "https://app.example.org/<x>", `https://app.example.org/"x"`,
		"http://app.example.org/", "ftp://app.example.org/", "file:///etc/passwd", "gopher://app.example.org:70/_x", "data:text/plain,x", "javascript:alert(1)", "dict://app.example.org:11211/stat",
		"ldap://app.example.org/", "jar:https://app.example.org!/", "unix:///run/x.sock", "netdoc:///etc/passwd", "blob:https://app.example.org/x", "wss://app.example.org/", "::", "not a uri",
		"https://" + strings.Repeat("a", 3000) + ".org/", "https://app.example.org/" + strings.Repeat("x", 3000),
	} {
		tried++
		if _, err := outbound.Parse(address); err == nil {
			t.Errorf("%.100q was taken", address)
		}
	}
	if tried < 400 {
		t.Errorf("only %d were tried", tried)
	}
}

func TestParseSaysWhy(t *testing.T) {
	for address, want := range map[string]error{
		"http://app.example.org/":       outbound.ErrScheme,
		"https://127.1/":                outbound.ErrHost,
		"https://app.example.org:6379/": outbound.ErrPort,
		"https://app.example.org/#x":    outbound.ErrURL,
	} {
		if _, err := outbound.Parse(address); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

// What is taken is one thing to everybody: parsed again it has the same host,
// and a host that any reader could take for a number is an address in its one
// spelling.
func FuzzParse(f *testing.F) {
	for _, host := range inside {
		f.Add("https://" + host + "/")
	}
	f.Add("https://app.example.org:8443/x?y=z")
	f.Add("https://[2606:4700::1]/")
	f.Fuzz(func(t *testing.T, address string) {
		u, err := outbound.Parse(address)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || u.String() != address || again.Host != u.Host || u.Scheme != "https" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q is read as %#v, and again as %#v, %v", address, u, again, err)
		}
		host := u.Hostname()
		after, _ := strings.CutPrefix(address, "https://")
		if at := strings.IndexAny(after, "/?"); at >= 0 {
			after = after[:at]
		}
		if after != u.Host || strings.ToLower(host) != host || strings.HasSuffix(host, ".") {
			t.Fatalf("%q: the host %q is not what stands there", address, u.Host)
		}
		if a, err := netip.ParseAddr(host); err == nil {
			if a.String() != host {
				t.Fatalf("%q is an address in another spelling than %v", address, a)
			}
			return
		}
		last := host[strings.LastIndex(host, ".")+1:]
		if last == "" || last[0] >= '0' && last[0] <= '9' {
			t.Fatalf("%q: some take %q for a number", address, host)
		}
	})
}
