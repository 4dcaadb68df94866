package edge_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

const post = "POST / HTTP/1.1\r\nHost: localhost\r\n"

// smuggled is what stands behind a request, for who reads its end elsewhere.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

// Whatever comes, there is one answer to one request, a refused one ends its
// connection, and nothing that hides behind a body is a request.
func TestShapes(t *testing.T) {
	h := newHouse(t)
	for _, row := range []struct {
		name, sent, answer string
		served             int64
		closed             bool
	}{
		{"Content-Length beside Transfer-Encoding", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "200 OK", 1, true},
		{"Transfer-Encoding beside Content-Length", post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled, "200 OK", 1, true},
		{"two different Content-Lengths", post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + smuggled, "400 Bad Request", 0, true},
		{"the same Content-Length twice", post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", "200 OK", 1, false},
		{"a list of Content-Lengths", post + "Content-Length: 4, 4\r\n\r\nabcd", "400 Bad Request", 0, true},
		{"a Content-Length with a sign", post + "Content-Length: +4\r\n\r\nabcd", "400 Bad Request", 0, true},
		{"a negative Content-Length", post + "Content-Length: -1\r\n\r\nabcd", "400 Bad Request", 0, true},
		{"a Content-Length in hex", post + "Content-Length: 0x4\r\n\r\nabcd", "400 Bad Request", 0, true},
		{"Transfer-Encoding twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "501 Not Implemented", 0, true},
		{"Transfer-Encoding identity", post + "Transfer-Encoding: identity\r\n\r\n", "501 Not Implemented", 0, true},
		{"an unknown Transfer-Encoding", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, "501 Not Implemented", 0, true},
		{"a compressed Transfer-Encoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 Not Implemented", 0, true},
		{"a space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, "400 Bad Request", 0, true},
		{"a vertical tab in Transfer-Encoding", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "400 Bad Request", 0, true},
		{"Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "200 OK", 1, true},
		{"a folded header", post + "X-A: one\r\n two\r\nContent-Length: 0\r\n\r\n", "200 OK", 1, false},
		{"a folded Transfer-Encoding", post + "Content-Length: 4\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled, "200 OK", 1, true},
		{"a fold before any header", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", "400 Bad Request", 0, true},
		{"lines that end in LF", "GET / HTTP/1.1\nHost: localhost\n\n", "200 OK", 1, false},
		{"a header that ends in CR", post + "X-A: b\rContent-Length: 4\r\n\r\n", "400 Bad Request", 0, true},
		{"a NUL in a header", post + "X-A: b\x00c\r\n\r\n", "400 Bad Request", 0, true},
		{"chunks that end in LF", post + "Transfer-Encoding: chunked\r\n\r\n4\nabcd\n0\n\n" + smuggled, "400 Bad Request", 1, true},
		{"a chunk whose size is no number", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabcd\r\n0\r\n\r\n", "400 Bad Request", 1, true},
		{"a chunk of 2^68 bytes", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabcd\r\n0\r\n\r\n", "400 Bad Request", 1, true},
		{"chunks that are all extension", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 3000)+"\r\na\r\n", 200) + "0\r\n\r\n", "400 Bad Request", 1, true},
		{"10,000 trailers", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X-A: b\r\n", 10000) + "\r\n", "400 Bad Request", 1, true},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request", 0, true},
		{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request", 0, true},
		{"a host that is none", "GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n", "400 Bad Request", 0, true},
		{"a method that is none", "GE(T / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 Bad Request", 0, true},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "200 OK", 1, true},
		{"HTTP/2.0 in words", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "505 HTTP Version Not Supported", 0, true},
		{"HTTP/0.9", "GET /\r\n\r\n", "400 Bad Request", 0, true},
		{"an upgrade to HTTP/2", "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "200 OK", 1, false},
		{"10,000 headers", "GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: b\r\n", 10000) + "\r\n", "431 Request Header Fields Too Large", 0, true},
		{"a header of 1 MB", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("b", 1<<20) + "\r\n\r\n", "431 Request Header Fields Too Large", 0, true},
		{"a URL of 1 MB", "GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "431 Request Header Fields Too Large", 0, true},
		{"an expectation of magic", post + "Content-Length: 4\r\nExpect: magic\r\n\r\nabcd", "417 Expectation Failed", 0, true},
		{"no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400 Bad Request", 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			before, c := h.served.Load(), h.connect()
			go func() {
				_, _ = io.WriteString(c, row.sent) // it may be answered before the end
				_ = c.CloseWrite()
			}()
			text, err := io.ReadAll(c)
			must(t, err)
			first, _, _ := strings.Cut(string(text), "\r\n")
			if _, status, _ := strings.Cut(first, " "); !strings.HasPrefix(status, row.answer) {
				t.Errorf("answered %q, want %q", first, row.answer)
			}
			if n := bytes.Count(text, []byte("HTTP/1.")); n != 1 {
				t.Errorf("%d answers", n)
			}
			if closed := bytes.Contains(text, []byte("\r\nConnection: close\r\n")); closed != row.closed {
				t.Errorf("the connection is closed: %t, want %t", closed, row.closed)
			}
			if n := h.served.Load() - before; n != row.served {
				t.Errorf("%d requests reached the handler, want %d", n, row.served)
			}
		})
	}
	h.alive()
}
