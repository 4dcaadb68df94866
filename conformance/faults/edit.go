package faults

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The methods faults speak of.
const (
	methodInfo           = "info"
	methodAuthLogin      = "auth/login"
	methodAuthRevoke     = "auth/revoke"
	methodOAuth          = "oauth2/authorize"
	methodPush           = "oauth2/pushed_authorize"
	methodToken          = "oauth2/token"
	methodRevoke         = "oauth2/revoke"
	methodIntrospect     = "oauth2/introspect"
	methodCreate         = "credentials/create"
	methodDelete         = "credentials/delete"
	methodList           = "credentials/list"
	methodCredentialInfo = "credentials/info"
	methodAuthorize      = "credentials/authorize"
	methodAuthorizeCheck = "credentials/authorizeCheck"
	methodGetChallenge   = "credentials/getChallenge"
	methodExtend         = "credentials/extendTransaction"
	methodSignHash       = "signatures/signHash"
	methodSignDoc        = "signatures/signDoc"
	methodSignPolling    = "signatures/signPolling"
	methodTimestamp      = "signatures/timestamp"
)

// An answer changes what the server answered to a call.
type answer = func(*Call, *Reply)

// A when is a condition on a call and its answer.
type when func(*Call, *Reply) bool

// to holds for calls of a method for which all conditions do.
func to(method string, conditions ...when) when {
	return func(c *Call, r *Reply) bool {
		for _, w := range conditions {
			if !w(c, r) {
				return false
			}
		}
		return c.Method == method
	}
}

func good(_ *Call, r *Reply) bool    { return r.Status == http.StatusOK }
func refusal(_ *Call, r *Reply) bool { return r.Status >= 400 && r.Status < 500 }

// object is a call's JSON body, nil if it is no object.
func (c *Call) object() map[string]any {
	var o map[string]any
	if json.Unmarshal(c.Body, &o) != nil {
		return nil
	}
	return o
}

// member is what a call's JSON body has under name.
func (c *Call) member(name string) (any, bool) {
	v, ok := c.object()[name]
	return v, ok
}

func lacks(name string) when {
	return func(c *Call, _ *Reply) bool { _, there := c.member(name); return !there }
}

func has(name string) when {
	return func(c *Call, _ *Reply) bool { _, there := c.member(name); return there }
}

// is compares a member as JSON.
func is(name, value string) when {
	return func(c *Call, _ *Reply) bool {
		v, there := c.member(name)
		text, err := json.Marshal(v)
		return there && err == nil && string(text) == value
	}
}

// says holds if the body of the request has the text in it.
func says(text string) when {
	return func(c *Call, _ *Reply) bool { return bytes.Contains(c.Body, []byte(text)) }
}

// authorization holds for that header, "" for none.
func authorization(value string) when {
	return func(c *Call, _ *Reply) bool { return strings.TrimSpace(c.Header.Get("Authorization")) == value }
}

// described holds for an answer with that error_description.
func described(text string) when {
	return func(_ *Call, r *Reply) bool { return r.object()["error_description"] == text }
}

// object is the body of r, nil if it is no object.
func (r *Reply) object() map[string]any {
	in := json.NewDecoder(bytes.NewReader(r.Body))
	in.UseNumber()
	var o map[string]any
	if in.Decode(&o) != nil {
		return nil
	}
	return o
}

// edit changes the object in the body of c.
func (c *Call) edit(change func(object)) {
	var o object
	if json.Unmarshal(c.Body, &o) == nil && o != nil {
		change(o)
		c.put(o)
	}
}

// put gives c another body.
func (c *Call) put(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // what was read as JSON, or a constant
	}
	c.Body = text
}

// put gives r another status and body.
func (r *Reply) put(status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // what was read as JSON, or a constant
	}
	r.Status, r.Body = status, text
	r.Header.Set("Content-Type", "application/json")
}

// object is a JSON object.
type object = map[string]any

// failure is the body of an error.
func failure(code string) object {
	return object{"error": code, "error_description": "a fault"}
}

// forgives answers a refused call as if nothing were wrong with it.
func forgives(w when) answer {
	return func(c *Call, r *Reply) {
		if refusal(c, r) && w(c, r) {
			r.put(http.StatusOK, invented(c))
		}
	}
}

// refuses answers a good call as if something were.
func refuses(w when) answer { return turns(good, w, 400, "invalid_request") }

// breaks answers any such call with 500.
func breaks(w when) answer {
	return turns(func(*Call, *Reply) bool { return true }, w, 500, "server_error")
}

// misstates refuses with another status or code than it should.
func misstates(w when, status int, code string) answer { return turns(refusal, w, status, code) }

func turns(from, w when, status int, code string) answer {
	return func(c *Call, r *Reply) {
		if from(c, r) && w(c, r) {
			r.put(status, failure(code))
		}
	}
}

// invented is a good answer made of nothing.
func invented(c *Call) any {
	switch c.Method {
	case methodToken, methodAuthLogin:
		return object{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 600}
	case methodIntrospect:
		return object{"active": true}
	case methodPush:
		return object{"request_uri": "urn:ietf:params:oauth:request_uri:" + rand.Text(), "expires_in": 90}
	case methodList:
		return object{"credentialIDs": []string{"c_" + rand.Text()}}
	case methodGetChallenge:
		return object{"challenge": rand.Text()}
	case methodAuthorize, methodAuthorizeCheck, methodExtend:
		return object{"SAD": rand.Text(), "expiresIn": 300}
	case methodSignDoc:
		return object{"SignatureObject": []string{base64.StdEncoding.EncodeToString([]byte(rand.Text()))}}
	case methodSignPolling:
		return object{"signatures": []string{base64.StdEncoding.EncodeToString([]byte(rand.Text()))}}
	case methodSignHash:
		if mode, _ := c.member("operationMode"); mode == "A" {
			return object{"responseID": rand.Text()}
		}
		hashes, _ := c.member("hashes")
		all, _ := hashes.([]any)
		signatures := make([]string, max(len(all), 1))
		for i := range signatures {
			signatures[i] = base64.StdEncoding.EncodeToString([]byte(rand.Text()))
		}
		return object{"signatures": signatures}
	}
	return object{}
}

// edits changes the object in a good answer of the method.
func edits(method string, edit func(object)) answer {
	return editsWhen(to(method), edit)
}

func editsWhen(w when, edit func(object)) answer {
	return func(c *Call, r *Reply) {
		if o := r.object(); o != nil && good(c, r) && w(c, r) {
			edit(o)
			r.put(r.Status, o)
		}
	}
}

// at finds the objects that hold the last name of a path: "cert.status", or
// "credentialInfos.cert.status", through arrays.
func at(o object, path string, do func(object, string)) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		do(o, name)
		return
	}
	switch v := o[name].(type) {
	case object:
		at(v, rest, do)
	case []any:
		for _, inner := range v {
			if m, ok := inner.(object); ok {
				at(m, rest, do)
			}
		}
	}
}

// puts gives a member another value in every good answer of the method.
func puts(method, path string, value any) answer {
	return edits(method, func(o object) { at(o, path, func(in object, name string) { in[name] = value }) })
}

func drops(method, path string) answer {
	return edits(method, func(o object) { at(o, path, func(in object, name string) { delete(in, name) }) })
}

// renames gives a member another name.
func renames(method, path, other string) answer {
	return edits(method, func(o object) {
		at(o, path, func(in object, name string) {
			if v, ok := in[name]; ok {
				in[other] = v
				delete(in, name)
			}
		})
	})
}

// alters changes a string, or each string of an array.
func alters(method, path string, f func(string) string) answer {
	return edits(method, func(o object) {
		at(o, path, func(in object, name string) {
			switch v := in[name].(type) {
			case string:
				in[name] = f(v)
			case []any:
				for i := range v {
					if s, ok := v[i].(string); ok {
						v[i] = f(s)
					}
				}
			}
		})
	})
}

// grows appends a value to an array.
func grows(method, path string, value any) answer {
	return edits(method, func(o object) {
		at(o, path, func(in object, name string) {
			list, _ := in[name].([]any)
			in[name] = append(slices.Clone(list), value)
		})
	})
}

// keepsFirst keeps the first element of an array alone.
func keepsFirst(method, name string) answer {
	return edits(method, func(o object) {
		if all, ok := o[name].([]any); ok {
			o[name] = all[:min(len(all), 1)]
		}
	})
}

// content sends good answers of a method as another media type.
func content(method, media string) answer {
	return func(c *Call, r *Reply) {
		if c.Method == method {
			r.Header.Set("Content-Type", media)
		}
	}
}
