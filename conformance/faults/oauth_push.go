package faults

import (
	"net/http"
	"net/url"
)

// pushFaults are faults of oauth2/pushed_authorize and of what is pushed.
var pushFaults = []Fault{
	{Case: "push/answer", Says: "answers 200", Answer: pushes(func(r *Reply, _ object) { r.Status = http.StatusOK })},
	{Case: "push/answer", Says: "sends the seconds as text", Answer: pushes(func(_ *Reply, o object) { o["expires_in"] = "90" })},
	{Case: "push/answer", Says: "names no request_uri", Answer: pushes(func(_ *Reply, o object) { delete(o, "request_uri") })},
	{Case: "push/used", Says: "knows nothing of it", Answer: leadsAstray(http.StatusBadRequest)},
	{Case: "push/used", Says: "forgets the state", Answer: returns(always, func(q url.Values) { q.Del("state") })},
	{Case: "push/client-unproven", Says: "takes a client at its word", Answer: forgives(to(methodPush))},
	{Case: "push/client-unproven", Says: "forbids it", Answer: misstates(to(methodPush), 403, "access_denied")},
	{Case: "push/request-uri", Says: "takes one", Answer: forgives(to(methodPush))},
	{Case: "push/request-uri", Says: "calls it an invalid client", Answer: misstates(to(methodPush), 400, "invalid_client")},
	{Case: "push/replayed", Says: "takes it again", Answer: takesAgain},
	{Case: "push/expired", Says: "keeps it for ever", Answer: takesAgain},
	{Case: "push/expired", Says: "breaks", Answer: fails(to(methodOAuth))},
	{Case: "push/another-client", Says: "takes it from anybody", Answer: takesAgain},
	{Case: "push/challenge-missing", Says: "looks at it later", Answer: forgives(to(methodPush))},
	{Case: "push/challenge-missing", Says: "calls it an invalid client", Answer: misstates(to(methodPush), 400, "invalid_client")},
	{Case: "push/get", Says: "takes it", Answer: func(c *Call, r *Reply) {
		if c.Method == methodPush {
			r.put(http.StatusCreated, invented(c))
		}
	}},
	{Case: "push/not-cached", Says: "lets it be kept", Answer: pushes(func(r *Reply, _ object) { r.Header.Set("Cache-Control", "private") })},
	{Case: "push/json", Says: "reads JSON", Answer: forgives(to(methodPush))},
	{Case: "oauth/request-uri-alone", Says: "believes what is beside it", Answer: returns(always, func(q url.Values) { q.Set("state", "another") })},
	{Case: "oauth/request-uri-alone", Says: "breaks", Answer: fails(to(methodOAuth))},
}

// pushes changes the answer to a pushed request.
func pushes(edit func(*Reply, object)) answer {
	return func(c *Call, r *Reply) {
		if o := r.object(); c.Method == methodPush && r.Status == http.StatusCreated && o != nil {
			edit(r, o)
			r.put(r.Status, o)
		}
	}
}

// leadsAstray shows a page where a signer comes with a pushed request.
func leadsAstray(status int) answer {
	return func(c *Call, r *Reply) {
		if q, err := url.ParseQuery(c.Query); err == nil && c.Method == methodOAuth && q.Has("request_uri") {
			r.show(status)
		}
	}
}

// takesAgain asks the signer to log in instead of showing what is wrong.
func takesAgain(c *Call, r *Reply) {
	if c.Method == methodOAuth && r.Status >= 400 && r.Status < 500 {
		r.show(http.StatusOK)
		r.Body = []byte(`<!DOCTYPE html><html><form method="post"><input name="email"><input name="password"></form></html>`)
	}
}
