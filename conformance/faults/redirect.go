package faults

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
)

// The pages of a server end in a redirect to the application. These are what
// can be wrong with it.

// asked holds for an authorization request with that parameter, "" for one that
// is not there.
func asked(name, value string) when {
	return func(c *Call, _ *Reply) bool {
		q, err := url.ParseQuery(c.Query)
		return err == nil && q.Get(name) == value
	}
}

// home is where a reply redirects to, if that is the application.
func (r *Reply) home() (*url.URL, bool) {
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.Status < 300 || r.Status > 399 {
		return nil, false
	}
	return u, u.Query().Has("code") || u.Query().Has("error")
}

// returns changes what the application is told in such calls.
func returns(w when, edit func(url.Values)) answer {
	return func(c *Call, r *Reply) {
		u, ok := r.home()
		if !ok || !w(c, r) {
			return
		}
		q := u.Query()
		edit(q)
		u.RawQuery = q.Encode()
		r.Header.Set("Location", u.String())
	}
}

// tells tells the application another error.
func tells(w when, code string) answer {
	return returns(w, func(q url.Values) {
		q.Set("error", code)
		q.Del("error_description")
		q.Del("code")
	})
}

// permits sends a code back where an error should be.
func permits(w when) answer {
	return returns(w, func(q url.Values) {
		if q.Has("error") {
			q.Del("error")
			q.Del("error_description")
			q.Set("code", rand.Text())
		}
	})
}

// strands shows a page where a redirect should be.
func strands(w when) answer {
	return func(c *Call, r *Reply) {
		if _, ok := r.home(); ok && w(c, r) {
			r.show(http.StatusBadRequest)
		}
	}
}

// fails breaks at such authorization requests.
func fails(w when) answer {
	return func(c *Call, r *Reply) {
		if w(c, r) {
			r.Header.Del("Location")
			r.show(http.StatusInternalServerError)
		}
	}
}

// leads sends the signer on where there should be a page that leads nowhere.
func leads(c *Call, r *Reply) {
	q, err := url.ParseQuery(c.Query)
	if err != nil || c.Method != methodOAuth || r.Status != http.StatusBadRequest {
		return
	}
	joint := "?"
	if strings.Contains(q.Get("redirect_uri"), "?") {
		joint = "&"
	}
	r.Status = http.StatusFound
	r.Header.Set("Location", q.Get("redirect_uri")+joint+"error=invalid_request")
}

// show is a page that says nothing.
func (r *Reply) show(status int) {
	r.Header.Del("Location")
	r.Header.Set("Content-Type", "text/html")
	r.Status, r.Body = status, []byte("<!DOCTYPE html><html><p>a fault</p></html>")
}

func always(*Call, *Reply) bool { return true }
