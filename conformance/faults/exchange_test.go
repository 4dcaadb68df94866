package faults

import (
	"crypto/tls"
	"net/http"
	"testing"
)

// What a fault would change is told from what was said without it.
func TestTouches(t *testing.T) {
	said := func(method, body, answer string) Exchange {
		return Exchange{
			Call{Verb: http.MethodPost, Method: method, Header: http.Header{"Accept": {"application/json"}}, Body: []byte(body)},
			Reply{200, http.Header{"Content-Type": {"application/json"}}, []byte(answer)},
		}
	}
	all := []Exchange{
		said(methodInfo, `{}`, `{"name": "Demo", "logo": "<"}`),
		said(methodList, `{"maxResults":5}`, `{"credentialIDs":["c_1"]}`),
	}
	for _, row := range []struct {
		says    string
		fault   Fault
		touches bool
	}{
		{"a member of an answer", Fault{Answer: puts(methodInfo, "name", 5)}, true},
		{"a member that has the value already", Fault{Answer: puts(methodInfo, "name", "Demo")}, false},
		{"a member of another method's answer", Fault{Answer: puts(methodSignHash, "signatures", nil)}, false},
		{"an array of the second answer", Fault{Answer: grows(methodList, "credentialIDs", "c_2")}, true},
		{"a status", Fault{Answer: breaks(to(methodList))}, true},
		{"a refusal, and nothing was refused", Fault{Answer: forgives(to(methodList))}, false},
		{"a header of the answer", Fault{Answer: content(methodInfo, "text/plain")}, true},
		{"a member of a request", Fault{Request: drop(methodList, "maxResults")}, true},
		{"a member of a request that has none", Fault{Request: drop(methodList, "userID")}, false},
		{"a header of a request", Fault{Request: func(c *Call) { c.Header.Del("Accept") }}, true},
		{"the handshake", Fault{TLS: func(*tls.Config) {}}, true},
		{"the path", Fault{Path: "/csc/two"}, true},
		{"whatever it remembers", Fault{afresh: func() answer { return turnsAfter(1, to(methodSignHash)) }}, true},
		{"nothing", Watching(func(Exchange) {}), false},
	} {
		if touches := row.fault.Touches(all); touches != row.touches {
			t.Errorf("%s: %v", row.says, touches)
		}
		if len(all[1].Call.Header) != 1 || string(all[1].Call.Body) != `{"maxResults":5}` {
			t.Fatalf("%s: the exchange was changed", row.says)
		}
	}
}

// A fault is committed where its case needs it, and nowhere else.
func TestNarrowed(t *testing.T) {
	refused := func(description string) Exchange {
		return Exchange{
			Call{Verb: http.MethodPost, Method: methodSignHash},
			Reply{400, http.Header{}, []byte(`{"error":"invalid_request","error_description":"` + description + `"}`)},
		}
	}
	first, second := refused("Missing (or invalid type) string parameter SAD"), refused("Invalid parameter SAD")
	wide := Fault{Answer: forgives(to(methodSignHash))}
	narrow := wide.Narrowed([]Exchange{first})
	for _, row := range []struct {
		says    string
		fault   Fault
		met     Exchange
		touches bool
	}{
		{"a refusal that the case gets, by the whole fault", wide, first, true},
		{"another refusal, by the whole fault", wide, second, true},
		{"a refusal that the case gets", narrow, first, true},
		{"another refusal", narrow, second, false},
		{"any, if the case got none of them", wide.Narrowed(nil), second, true},
	} {
		if touches := row.fault.Touches([]Exchange{row.met}); touches != row.touches {
			t.Errorf("%s: %v", row.says, touches)
		}
	}
}
