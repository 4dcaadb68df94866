package balancer

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

const (
	four = signature + "\x21\x11\x00\x0c" + "\xc0\x00\x02\x07" + "\x7f\x00\x00\x01" + "\x30\x39" + "\x01\xbb"
	six  = signature + "\x21\x21\x00\x24" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x30\x39" + "\x01\xbb"
)

func TestReadHeader(t *testing.T) {
	for _, test := range []struct {
		name, header string
		want         string // "" for refused
	}{
		{"a client over IPv4", four, "192.0.2.7:12345"},
		{"a client over IPv6", six, "[2001:db8::7]:12345"},
		{"a client over IPv4 in IPv6", six[:16] + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x07" + six[32:], "192.0.2.7:12345"},
		{"with more to say", signature + "\x21\x11\x00\x0f" + four[16:] + "\x04\x00\x00", "192.0.2.7:12345"},
		{"the balancer itself", signature + "\x20\x00\x00\x00", "<nil>"},
		{"the balancer itself, with an address", signature + "\x20\x11\x00\x0c" + four[16:], "<nil>"},
		{"version 1", "PROXY TCP4 192.0.2.7 127.0.0.1 12345 443\r\n", ""},
		{"TLS without a header", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on", ""},
		{"another version", signature + "\x31" + four[13:], ""},
		{"another command", signature + "\x22" + four[13:], ""},
		{"datagrams", signature + "\x21\x12" + four[14:], ""},
		{"too short for addresses", signature + "\x21\x11\x00\x0b" + four[16:], ""},
		{"longer than can be", signature + "\x21\x11\xff\xff", ""},
		{"torn", four[:20], ""},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := bytes.NewReader([]byte(test.header + "rest"))
			if test.name == "torn" || test.name == "nothing" {
				r = bytes.NewReader([]byte(test.header))
			}
			addr, err := readHeader(r)
			got := "<nil>"
			if err != nil {
				got = ""
			} else if addr != nil {
				got = addr.String()
			}
			if got != test.want {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
			if rest, _ := io.ReadAll(r); err == nil && string(rest) != "rest" {
				t.Errorf("%q follows the header", rest)
			}
		})
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte(four))
	f.Add([]byte(six))
	f.Fuzz(func(t *testing.T, header []byte) {
		addr, err := readHeader(bytes.NewReader(header))
		if tcp, ok := addr.(*net.TCPAddr); ok && err == nil && !tcp.AddrPort().IsValid() {
			t.Errorf("address %v", addr)
		}
	})
}

// Only who is configured is believed, and must speak; for others a header is
// rubbish before TLS.
func TestOnlyBalancersAreBelieved(t *testing.T) {
	for _, test := range []struct {
		name, balancers, header string
		want                    string // "" for no answer
	}{
		{"a balancer", "127.0.0.0/8", four, "192.0.2.7:12345"},
		{"a balancer that says nothing", "127.0.0.0/8", "", ""},
		{"a stranger", "192.0.2.0/24", "", "127.0.0.1"},
		{"a stranger who says something", "192.0.2.0/24", four, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.RemoteAddr)
			}))
			server.Listener = Listener{server.Listener, []netip.Prefix{netip.MustParsePrefix(test.balancers)}}
			server.StartTLS()
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, test.header)
			client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			_, _ = io.WriteString(client, "GET / HTTP/1.0\r\n\r\n")
			answer, _ := io.ReadAll(client)
			if _, body, _ := bytes.Cut(answer, []byte("\r\n\r\n")); test.want == "" && len(body) > 0 ||
				test.want != "" && !bytes.HasPrefix(body, []byte(test.want)) {
				t.Errorf("%q, want %q", answer, test.want)
			}
		})
	}
}
