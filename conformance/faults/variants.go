package faults

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A server may keep the API in more than one way. The variants are changes that
// leave it conformant, for cases that only speak to servers of that kind.

// Issuer is a server that names its authorization server by oauth2Issuer.
func Issuer() Fault {
	return Fault{Says: "names the issuer", Answer: edits(methodInfo, func(o object) {
		if base, ok := o["oauth2"].(string); ok {
			delete(o, "oauth2")
			o["oauth2Issuer"] = base
		}
	})}
}

// Servers is a server of v2.2 that names several authorization servers.
func Servers() Fault {
	return Fault{Says: "names its authorization servers", Answer: edits(methodInfo, func(o object) {
		all, _ := o["authType"].([]any)
		o["oauth2Servers"] = []any{object{"baseUri": o["oauth2"], "authType": slices.DeleteFunc(slices.Clone(all), func(kind any) bool {
			return !strings.HasPrefix(text(kind), "oauth2")
		})}}
		delete(o, "oauth2")
		delete(o, "oauth2Issuer")
		delete(o, "supportsRar")
	})}
}

// Synchronous is a server that signs at once or not at all.
func Synchronous() Fault {
	return Fault{
		Says: "signs at once",
		Request: func(c *Call) {
			if mode, _ := c.member("operationMode"); mode == "A" {
				c.edit(func(o object) { o["operationMode"] = "X" })
			}
		},
		Answer: edits(methodInfo, func(o object) { o["asynchronousOperationMode"] = false }),
	}
}

// Renewing is a server that lets a SAD serve one call, whatever it is for.
func Renewing() Fault {
	used := map[any]bool{}
	return Fault{Says: "wants a SAD renewed between calls", Answer: func(c *Call, r *Reply) {
		if c.Method != methodSignHash || !good(c, r) {
			return
		}
		sad, _ := c.member("SAD")
		if used[sad] {
			r.put(400, object{"error": "invalid_request", "error_description": "Invalid parameter SAD"})
		}
		used[sad] = true
	}}
}

// HastyLife is how many seconds what a Hasty server hands out is good for.
const HastyLife = 2

// Hasty is a server whose tokens, codes, SADs and pushed requests live two seconds.
func Hasty() Fault {
	const life = HastyLife
	ends := map[string]time.Time{}
	over := func(s string) bool { end, ok := ends[s]; return ok && time.Now().After(end) }
	shorten := func(method, value, seconds string) answer {
		return edits(method, func(o object) {
			if s, ok := o[value].(string); ok {
				ends[s], o[seconds] = time.Now().Add(life*time.Second), life
			}
		})
	}
	return Fault{Says: "is in haste", Answer: func(c *Call, r *Reply) {
		shorten(methodToken, "access_token", "expires_in")(c, r)
		shorten(methodAuthLogin, "access_token", "expires_in")(c, r)
		shorten(methodAuthorize, "SAD", "expiresIn")(c, r)
		if u, ok := r.home(); ok && u.Query().Has("code") {
			ends[u.Query().Get("code")] = time.Now().Add(life * time.Second)
		}
		if token, _ := r.object()["refresh_token"].(string); c.Method == methodToken && token != "" {
			ends[token] = time.Now().Add(life * time.Second)
		}
		if f, _ := url.ParseQuery(string(c.Body)); c.Method == methodToken && over(f.Get("code")) {
			r.put(400, object{"error": "invalid_grant", "error_description": "Authorization code is invalid or expired"})
		} else if c.Method == methodToken && over(f.Get("refresh_token")) {
			r.put(400, object{"error": "invalid_grant", "error_description": "Refresh token expired"})
		}
		if o := r.object(); c.Method == methodPush && r.Status == 201 {
			ends[text(o["request_uri"])], o["expires_in"] = time.Now().Add(life*time.Second), life
			r.put(r.Status, o)
		}
		if q, _ := url.ParseQuery(c.Query); c.Method == methodOAuth && over(q.Get("request_uri")) {
			r.show(400)
		}
		if over(strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer ")) {
			r.put(401, object{"error": "expired_token"})
		}
		if sad, _ := c.member("SAD"); (c.Method == methodSignHash || c.Method == methodSignDoc || c.Method == methodExtend) && over(text(sad)) {
			r.put(400, object{"error": "invalid_request", "error_description": "SAD expired"})
		}
	}}
}

func text(v any) string { s, _ := v.(string); return s }

// MostBadTokens is how many calls with a bad token a Limited server answers.
const MostBadTokens = 20

// Limited is a server that has enough of bad tokens after a while.
func Limited() Fault {
	n := 0
	return Fault{Says: "has a limit", Answer: func(_ *Call, r *Reply) {
		if r.Status != 401 {
			return
		}
		if n++; n > MostBadTokens {
			r.put(429, object{"error": "temporarily_unavailable"})
		}
	}}
}

// RefreshOnly is a server that revokes refresh tokens alone.
func RefreshOnly() Fault {
	refresh := map[string]bool{}
	return Fault{Says: "revokes refresh tokens alone", Answer: func(c *Call, r *Reply) {
		if token, _ := r.object()["refresh_token"].(string); c.Method == methodToken && token != "" {
			refresh[token] = true
		}
		if f, err := url.ParseQuery(string(c.Body)); err == nil && c.Method == methodRevoke && !refresh[f.Get("token")] {
			r.put(400, object{"error": "unsupported_token_type"})
		}
	}}
}

// Restricted is a server that lets nobody in whom the application did not name.
func Restricted() Fault {
	return Fault{Says: "wants its signers named", Answer: func(c *Call, r *Reply) {
		q, err := url.ParseQuery(c.Query)
		if err == nil && c.Method == methodOAuth && !q.Has("i") && !q.Has("account_token") && !q.Has("request_uri") {
			r.Status = http.StatusFound
			r.Header.Set("Location", q.Get("redirect_uri")+"?error=invalid_request")
		}
	}}
}
