package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// What no text prescribes is told in the language the client asks for; what one
// does is told as it stands there.
func TestLanguageOfErrors(t *testing.T) {
	h := newHouse(t)
	list, info := csc.BasePath+"/credentials/list", csc.BasePath+"/info"
	long := `{"userID":"` + strings.Repeat("x", 1<<20) + `"}`
	tests := []struct {
		says, verb, path, body, header string
		english, romanian              string // "": the same
	}{
		{"not JSON", "POST", list, `{}`, "Content-Type: text/plain", "The body must be application/json", "Corpul cererii trebuie să fie application/json"},
		{"too large", "POST", list, long, "", "The body is larger than 1048576 bytes", "Corpul cererii are mai mult de 1048576 octeți"},
		{"too large beside documents", "POST", csc.BasePath + "/signatures/signDoc", long, "", "The body is larger than 1048576 bytes beside its documents", "Corpul cererii are mai mult de 1048576 octeți pe lângă documente"},
		{"GET", "GET", list, ``, "", "The HTTP method is not allowed here", "Metoda HTTP nu este permisă aici"},
		{"a method that is not there", "POST", csc.BasePath + "/signatures/none", `{}`, "", "The method is not implemented", "Metoda nu este implementată"},
		{"elsewhere", "GET", "/admin", ``, "", "There is nothing here", "Aici nu este nimic"},
		{"malformed JSON", "POST", list, `{`, "", csc.InvalidRequest.Description(), ""},
		{"no userID", "POST", list, `{"lang":"ro"}`, "", "Invalid parameter userID", ""},
		{"a lang that is none", "POST", info, `{"lang":5}`, "", "Invalid parameter lang", ""},
		{"no credentialID", "POST", csc.BasePath + "/credentials/info", `{"lang":"ro"}`, "", "Missing (or invalid type) string parameter credentialID", ""},
		{"a header that is none", "POST", list, `{}`, "Authorization: Foo", "Malformed authorization header.", ""},
		{"a token that is none", "POST", list, `{}`, "Authorization: Bearer x", csc.InvalidToken.Description(), ""},
	}
	for _, tt := range tests {
		if tt.romanian == "" {
			tt.romanian = tt.english
		}
		for accept, want := range map[string]string{
			"": tt.english, "en": tt.english, "fr": tt.english, "ro": tt.romanian, "fr, ro-MD;q=0.9, en;q=0.8": tt.romanian,
			"en, ro;q=0.5": tt.english, "x;;": tt.english, "*": tt.english,
		} {
			a := h.send(tt.verb, tt.path, tt.body, tt.header, "Accept-Language: "+accept)
			var said csc.Error
			must(t, json.Unmarshal([]byte(a.body), &said))
			if said.Description != want || said.Code == "" {
				t.Errorf("%s, %q: %s, want %q", tt.says, accept, a.body, want)
			}
			if lang := a.header.Get("Content-Language"); (lang == "ro") != (said.Description != tt.english) {
				t.Errorf("%s, %q: Content-Language %q of %q", tt.says, accept, lang, said.Description)
			}
		}
	}
	if strings.Contains(h.log.String(), "octeți") {
		t.Error("the log is not in English")
	}
}

// A stranger who asks too often is told so in the same way.
func TestLanguageOfLimits(t *testing.T) {
	h := newHouse(t)
	h.api.Limits.Anonymous, h.api.Limits.Burst = 0.001, 1
	h.call(csc.MethodInfo, `{}`)
	wantRefusal(t, h.call(csc.MethodInfo, `{}`, "Accept-Language: ro"), 429, "invalid_request", "Prea multe cereri de la această adresă")
}

// Every answer has the id that stands in the log, and never one that came with
// the request.
func TestRequestIDs(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for _, tt := range []struct {
		verb, path, body string
		headers          []string
		status           int
	}{
		{"POST", csc.BasePath + "/info", `{}`, nil, 200},
		{"POST", csc.BasePath + "/credentials/list", `{}`, nil, 400},
		{"POST", csc.BasePath + "/credentials/list", `{}`, []string{"Authorization: Bearer x"}, 401},
		{"POST", csc.BasePath + "/none", `{}`, nil, 501},
		{"GET", csc.BasePath + "/info", ``, nil, 405},
		{"GET", "/nothing", ``, nil, 404},
		{"POST", csc.BasePath + "/info", `{}`, []string{"Content-Type: text/html"}, 415},
		{"GET", "/healthz", ``, nil, 200},
		{"GET", "/openapi.yaml", ``, nil, 200},
		{"POST", "/oauth2/token", `x=y`, []string{"Content-Type: application/x-www-form-urlencoded", "Authorization: "}, 400},
	} {
		a := h.send(tt.verb, tt.path, tt.body, append(tt.headers, "X-Request-Id: 0123456789abcdef")...)
		id := a.header.Get("X-Request-Id")
		if a.status != tt.status || len(id) != 16 || seen[id] || id == "0123456789abcdef" {
			t.Errorf("%s %s: %d with id %q", tt.verb, tt.path, a.status, id)
		}
		seen[id] = true
		h.logs(fmt.Sprintf(`"id":%q`, id))
	}
}

// logs waits for a line in the log: it is written when the answer has left.
func (h *house) logs(text string) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(h.log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Errorf("the log does not say %s", text)
			return
		}
	}
}

// Whatever goes wrong inside, the client learns only that something did, and how
// to ask for it; the log has it all.
func TestErrorsTellNothingOfTheInside(t *testing.T) {
	for _, tt := range []struct {
		says   string
		breaks func(*house)
		method csc.Method
		body   string
		status int
		want   csc.Code
		logged string
	}{
		{"the registry is closed", func(h *house) { must(h.t, h.registry.Close()) }, csc.MethodList, `{"userID":"$USER"}`, 503, csc.TemporarilyUnavailable, "closed"},
		{"the device fails", func(h *house) { h.api.Signer.Keys = brokenKeys{} }, csc.MethodSignHash, "", 500, csc.ServerError, "the device is away"},
		{"a part panics", func(h *house) { h.api.Signer.Grants = nil }, csc.MethodSignHash, "", 500, csc.ServerError, "panic"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			h := newHouse(t)
			c := h.credential(h.signer, csc.P256, nil)
			body := strings.ReplaceAll(tt.body, "$USER", h.signer.ID)
			if body == "" {
				body = signBody(c, h.authorize(c, 1, hash("a")), hash("a"))
			}
			tt.breaks(h)
			a := h.call(tt.method, body)
			if want := fmt.Sprintf(`{"error":%q,"error_description":%q}`, tt.want, tt.want.Description()); a.status != tt.status || a.body != want {
				t.Errorf("%d %s, want %d %s", a.status, a.body, tt.status, want)
			}
			for name, values := range a.header {
				if text := strings.Join(values, " "); strings.Contains(text, "goroutine") || strings.Contains(text, tt.logged) || name == "Server" {
					t.Errorf("%s: %s", name, text)
				}
			}
			if (a.header.Get("Retry-After") != "") != (tt.status == http.StatusServiceUnavailable) {
				t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
			}
			h.logs(tt.logged)
		})
	}
}
