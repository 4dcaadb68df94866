package server_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// raw is a request as it goes over the wire: its first line and header, and a
// body of its length.
func raw(line, header, body string) string {
	return fmt.Sprintf("%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", line, header, len(body), body)
}

var statusLine = regexp.MustCompile(`HTTP/1\.[01] (\d{3}) `)

// wire sends bytes as they are, and gives the statuses and all that comes back.
// The connection is ended by the server: whoever hangs up is not served.
func (r *trial) wire(t *testing.T, sent string) (statuses []string, text string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	go func() {
		_, _ = io.WriteString(c, sent) // it may be answered before the end
	}()
	all, _ := io.ReadAll(c) // a connection that is reset has been answered
	for _, match := range statusLine.FindAllStringSubmatch(string(all), -1) {
		statuses = append(statuses, match[1])
	}
	return statuses, string(all)
}

// last ends a connection after its answer.
const last = "Connection: close\r\n"

// good is a request that signs, over the wire.
func (r *trial) good() (header, body string) {
	return last + "Authorization: Bearer " + r.app.token + "\r\n", `{` + r.asks(csc.P256) + `,"hashes":["` + stampHash + `"],"signAlgo":"1.2.840.10045.4.3.2"}`
}

const signLine = "POST /csc/v2/signatures/signHash"

// Framings that one reader takes for another than the next does: behind each is
// a request that would sign. Nobody reads it as one.
func TestSmuggledRequests(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	header, body := r.good()
	hidden := raw(signLine, header, body)
	const chunks = "2\r\n{}\r\n0\r\n\r\n"
	for _, row := range []struct{ says, framing, status string }{
		{"Content-Length beside chunks", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "200"},
		{"chunks beside Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n" + chunks, "200"},
		{"a long Content-Length beside chunks", "Content-Length: 9999\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "200"},
		{"a Content-Length of none beside chunks", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "200"},
		{"two Content-Lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400"},
		{"two Content-Lengths, the first none", "Content-Length: 0\r\nContent-Length: 2\r\n\r\n{}", "400"},
		{"a list of Content-Lengths", "Content-Length: 2, 2\r\n\r\n{}", "400"},
		{"a Content-Length with a sign", "Content-Length: +2\r\n\r\n{}", "400"},
		{"a negative Content-Length", "Content-Length: -2\r\n\r\n{}", "400"},
		{"a Content-Length in hex", "Content-Length: 0x2\r\n\r\n{}", "400"},
		{"a Content-Length with a fraction", "Content-Length: 2.0\r\n\r\n{}", "400"},
		{"a Content-Length with a blank inside", "Content-Length: 2 0\r\n\r\n{}", "400"},
		{"a Content-Length of other digits", "Content-Length: ２\r\n\r\n{}", "400"},
		{"an empty Content-Length", "Content-Length: \r\n\r\n{}", "400"},
		{"a Content-Length beyond all numbers", "Content-Length: 99999999999999999999\r\n\r\n{}", "400"},
		{"a blank before the colon of Content-Length", "Content-Length : 2\r\n\r\n{}", "400"},
		{"chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "501"},
		{"chunks in a list", "Transfer-Encoding: chunked, chunked\r\n\r\n" + chunks, "501"},
		{"identity, then chunks", "Transfer-Encoding: identity, chunked\r\n\r\n" + chunks, "501"},
		{"chunks, then identity", "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks, "501"},
		{"compressed chunks", "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks, "501"},
		{"an encoding that looks like chunks", "Transfer-Encoding: xchunked\r\n\r\n" + chunks, "501"},
		{"chunks in quotes", "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunks, "501"},
		{"a vertical tab before chunks", "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunks, "400"},
		{"a NUL before chunks", "Transfer-Encoding: \x00chunked\r\n\r\n" + chunks, "400"},
		{"a blank before the colon of Transfer-Encoding", "Transfer-Encoding : chunked\r\n\r\n" + chunks, "400"},
		{"a fold in Transfer-Encoding", "Content-Length: 2\r\nTransfer-Encoding:\r\n chunked\r\n\r\n" + chunks, "200"},
		{"a header that ends in CR", "X-A: b\rContent-Length: 2\r\n\r\n{}", "400"},
		{"a chunk whose size is no number", "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "400"},
		{"a chunk with a sign", "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n", "400"},
		{"a chunk in 0x", "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", "400"},
		{"a chunk of no size", "Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n", "400"},
		{"a chunk of 2^68 bytes", "Transfer-Encoding: chunked\r\n\r\n100000000000000002\r\n{}\r\n0\r\n\r\n", "400"},
		{"a chunk that is longer than it says", "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", "400"},
		{"chunks that end in LF", "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", "400"},
	} {
		for says, behind := range map[string]string{"": hidden, " and a line": "\r\n" + hidden, " and a chunk": "0\r\n\r\n" + hidden} {
			n++
			t.Run(row.says+says, func(t *testing.T) {
				statuses, text := r.wire(t, "POST /csc/v2/info HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+row.framing+behind)
				if len(statuses) != 1 || statuses[0] != row.status {
					t.Errorf("answered %v, want %s\n%.600s", statuses, row.status, text)
				}
				r.unchanged(t)
			})
		}
	}
	counted(t, "smuggled requests", n, 100)
	if statuses, text := r.wire(t, raw("POST /csc/v2/info", "", "{}")+hidden); len(statuses) != 2 || statuses[1] != "200" {
		t.Errorf("the same behind a good request is answered %v:\n%s", statuses, text)
	}
}

// Paths that some other reader takes for that of a method, verbs that are not
// its, and headers that say they were meant: with a good token and a good body,
// nothing is signed.
func TestOtherPathsAndVerbs(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	header, body := r.good()
	refused := func(says, line, more, status string) {
		t.Helper()
		n++
		t.Run(says, func(t *testing.T) {
			statuses, text := r.wire(t, raw(line, header+more, body))
			if len(statuses) == 0 || statuses[0] != status {
				t.Errorf("%s is answered %v, want %s\n%.600s", line, statuses, status, text)
			}
			r.unchanged(t)
		})
	}
	for path, status := range map[string]string{
		"//csc/v2/signatures/signHash": "404", "/csc//v2/signatures/signHash": "404", "/csc/v2//signatures/signHash": "501", "/csc/v2/signatures//signHash": "501",
		"/csc/v2/signatures/signHash/": "501", "/csc/v2/signatures/signHash//": "501", "/csc/v2/./signatures/signHash": "501", "/csc/v2/signatures/./signHash": "501",
		"/csc/v2/info/../signatures/signHash": "501", "/csc/v2/../v2/signatures/signHash": "501", "/oauth2/../csc/v2/signatures/signHash": "404", "/../csc/v2/signatures/signHash": "404",
		"/csc/v2/signatures/signHash/..": "501", "/csc/v2/signatures/signHash/.": "501", "/csc/v2/signatures/signhash": "501", "/csc/v2/signatures/SIGNHASH": "501",
		"/CSC/v2/signatures/signHash": "404", "/csc/V2/signatures/signHash": "404", "/csc/v2/Signatures/signHash": "501", "/csc/v2/signatures/signHash;a=b": "501",
		"/csc/v2/signatures;a=b/signHash": "501", "/csc;a=b/v2/signatures/signHash": "404", "/csc/v2/signatures/signHash.json": "501", "/csc/v2/signatures/signHash%20": "501",
		"/csc/v2/signatures/signHash%00": "501", "/csc/v2/signatures/signHash%0a": "501", "/csc/v2/signatures/signHash%2f": "501", "/csc/v2/signatures/%2e/signHash": "501",
		"/csc/v2/info/%2e%2e/signatures/signHash": "501", "/csc/v2/signatures%5csignHash": "501", `/csc/v2\signatures\signHash`: "404", "/csc/v2/signatures/signHash%3f": "501",
		"/csc/v2/signatures/signHash%23": "501", "/csc/v2/signatures/%2573ignHash": "501", "/csc/v2/signatures/signHas%c8": "501", "/csc/v2/signatures/%c0%aesignHash": "501",
		"/csc/v2/%e2%80%8bsignatures/signHash": "501", "/csc/v2/signatures/ｓignHash": "501", "/csc/v2/signatures/ſignHash": "501", "/v2/signatures/signHash": "404",
		"/signatures/signHash": "404", "/csc/signatures/signHash": "404", "/csc/v3/signatures/signHash": "404", "/csc/v2/signatures": "501", "/csc/v2/": "501", "/csc/v2": "404",
		"/csc/v2/signatures/signHash%zz": "400", "csc/v2/signatures/signHash": "400", "*": "404", "": "400",
	} {
		refused("path "+path, "POST "+path, "", status)
	}
	for _, verb := range []string{"GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "LOCK", "MKCOL", "LINK", "SEARCH", "post", "Post", "POSTS", "POST_"} {
		refused("verb "+verb, strings.Replace(signLine, "POST", verb, 1), "", "405")
		for _, said := range []string{"X-HTTP-Method-Override: POST", "X-HTTP-Method: POST", "X-Method-Override: POST"} {
			refused("verb "+verb+" with "+said, strings.Replace(signLine, "POST", verb, 1), said+"\r\n", "405")
		}
		refused("verb "+verb+" with a query that overrides", strings.Replace(signLine, "POST", verb, 1)+"?_method=POST", "", "405")
	}
	for _, said := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Original-Path", "X-Envoy-Original-Path"} {
		refused(said, "POST /csc/v2/signatures/none", said+": /csc/v2/signatures/signHash\r\n", "501")
		refused(said+" elsewhere", "POST /", said+": /csc/v2/signatures/signHash\r\n", "404")
	}
	counted(t, "paths and verbs", n, 130)
}

// Whoever does not come with one token in one header is nobody.
func TestOtherWaysToBringAToken(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	_, body := r.good()
	token := r.app.token
	for _, row := range []struct{ says, line, header, status string }{
		{"none", signLine, "", "401"},
		{"in the query", signLine + "?access_token=" + token, "", "401"},
		{"in the query, as Authorization", signLine + "?Authorization=Bearer+" + token, "", "401"},
		{"in a cookie", signLine, "Cookie: Authorization=Bearer " + token + "; access_token=" + token + "\r\n", "401"},
		{"in X-Authorization", signLine, "X-Authorization: Bearer " + token + "\r\n", "401"},
		{"in X-Access-Token", signLine, "X-Access-Token: " + token + "\r\n", "401"},
		{"in X-Forwarded-Access-Token", signLine, "X-Forwarded-Access-Token: " + token + "\r\n", "401"},
		{"in Proxy-Authorization", signLine, "Proxy-Authorization: Bearer " + token + "\r\n", "401"},
		{"in Authorization with an underscore", signLine, "Authorization_: Bearer " + token + "\r\n", "401"},
		{"in the user of a URL", "POST http://" + token + ":x@localhost/csc/v2/signatures/signHash", "", "401"},
		{"twice", signLine, "Authorization: Bearer " + token + "\r\nAuthorization: Bearer " + token + "\r\n", "400"},
		{"beside another", signLine, "Authorization: Bearer x\r\nAuthorization: Bearer " + token + "\r\n", "400"},
		{"beside an empty one", signLine, "Authorization: \r\nAuthorization: Bearer " + token + "\r\n", "400"},
		{"in a list", signLine, "Authorization: Bearer " + token + ", Bearer " + token + "\r\n", "400"},
		{"behind Basic", signLine, "Authorization: Basic eDp5, Bearer " + token + "\r\n", "400"},
		{"by Basic", signLine, "Authorization: Basic " + token + "\r\n", "400"},
		{"by Token", signLine, "Authorization: Token " + token + "\r\n", "400"},
		{"without a scheme", signLine, "Authorization: " + token + "\r\n", "400"},
		{"with an equals sign", signLine, "Authorization: Bearer=" + token + "\r\n", "400"},
		{"with a colon", signLine, "Authorization: Bearer: " + token + "\r\n", "400"},
		{"in quotes", signLine, `Authorization: Bearer "` + token + "\"\r\n", "400"},
		{"with a tab", signLine, "Authorization: Bearer\t" + token + "\r\n", "400"},
		{"with a parameter", signLine, "Authorization: Bearer " + token + "; a=b\r\n", "400"},
		{"with a blank inside", signLine, "Authorization: Bearer " + token[:5] + " " + token[5:] + "\r\n", "400"},
		{"with a space of no ASCII", signLine, "Authorization: Bearer\u00a0" + token + "\r\n", "400"},
		{"with a byte that is no text", signLine, "Authorization: Bearer " + token + "\xff\r\n", "400"},
		{"without its last letter", signLine, "Authorization: Bearer " + token[:len(token)-1] + "\r\n", "401"},
		{"with a letter more", signLine, "Authorization: Bearer " + token + "A\r\n", "401"},
		{"with padding", signLine, "Authorization: Bearer " + token + "=\r\n", "401"},
		{"in capitals", signLine, "Authorization: Bearer " + strings.ToUpper(token) + "\r\n", "401"},
		{"with a token of 15 kB", signLine, "Authorization: Bearer " + strings.Repeat("A", 15<<10) + "\r\n", "401"},
		{"with a token of 30 kB", signLine, "Authorization: Bearer " + strings.Repeat("A", 30<<10) + "\r\n", "431"},
		{"with its SAD for a token", signLine, "Authorization: Bearer " + r.sads[csc.P256] + "\r\n", "401"},
		{"by DPoP, which it is not for", signLine, "Authorization: DPoP " + token + "\r\n", "401"},
	} {
		n++
		t.Run(row.says, func(t *testing.T) {
			statuses, text := r.wire(t, raw(row.line, last+row.header, body))
			if len(statuses) != 1 || statuses[0] != row.status {
				t.Errorf("answered %v, want %s\n%.600s", statuses, row.status, text)
			}
			if strings.Contains(text, token) {
				t.Error("the answer has the token")
			}
			r.unchanged(t)
		})
	}
	trailed := strings.Replace(raw(signLine, last, ""), "Content-Length: 0\r\n\r\n", "Trailer: Authorization\r\nTransfer-Encoding: chunked\r\n\r\n", 1) +
		fmt.Sprintf("%x\r\n%s\r\n0\r\nAuthorization: Bearer %s\r\n\r\n", len(body), body, token)
	if statuses, text := r.wire(t, trailed); len(statuses) != 1 || statuses[0] != "401" {
		t.Errorf("in a trailer: answered %v\n%.600s", statuses, text)
	}
	r.unchanged(t)
	counted(t, "ways to bring a token", n, 30)
}
