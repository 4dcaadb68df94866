package sample

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
)

// A member is a JSON object.
type members = map[string]any

// A method answers a call of the API.
type method func(c *call) (members, *fault)

// A call is one of the API.
type call struct {
	body  members
	token *grant // nil for info
	bare  string // the token as it came
}

// A fault is an error of the API.
type fault struct {
	status     int
	code, text string
}

func bad(text string) *fault { return &fault{http.StatusBadRequest, "invalid_request", text} }

// call answers one call.
func (s *Server) call(w http.ResponseWriter, r *http.Request, name string) {
	verb := http.MethodPost
	if s.off[GetInfoOnly] && name == "info" {
		verb = http.MethodGet
	}
	if r.Method != verb {
		w.Header().Set("Allow", verb)
		s.fail(w, &fault{http.StatusMethodNotAllowed, "invalid_request", "The method is asked by " + verb})
		return
	}
	c := &call{body: members{}}
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	if name != "info" {
		if f := s.enter(c, r); f != nil {
			s.fail(w, f)
			return
		}
	}
	if len(bytes.TrimSpace(text)) > 0 || name != "info" {
		if err := json.Unmarshal(text, &c.body); err != nil || c.body == nil {
			s.fail(w, s.repeating(bad("The request body is not a JSON object"), text))
			return
		}
	}
	answer, f := s.methods[name](c)
	if f != nil {
		s.fail(w, s.repeating(f, text))
		return
	}
	write(w, http.StatusOK, answer)
}

func (s *Server) repeating(f *fault, text []byte) *fault {
	if s.off[TellsPasswords] {
		return &fault{f.status, f.code, f.text + ": " + string(text)}
	}
	return f
}

// enter finds whose token it is.
func (s *Server) enter(c *call, r *http.Request) *fault {
	header := r.Header.Get("Authorization")
	scheme, token, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return bad("Malformed authorization header.")
	}
	if c.token = s.look(token); c.token == nil || c.token.client == visiting {
		return &fault{http.StatusUnauthorized, "invalid_token", "The access token is unknown or has expired"}
	}
	c.bare = token
	return nil
}

// fail answers with an error.
func (s *Server) fail(w http.ResponseWriter, f *fault) {
	status, body := f.status, members{"error": f.code, "error_description": f.text}
	if s.off[Fails500] {
		status, body["error"] = http.StatusInternalServerError, "server_error"
	}
	if s.off[Traces] {
		body["trace"] = string(debug.Stack())
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="`+f.code+`"`)
	}
	if s.off[ErrorsInHTML] {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprint(w, "<h1>Error</h1>")
		return
	}
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body members) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}

// text is a member that must be a string that says something. missing is what is
// wrong if it is not.
func (c *call) text(name, missing string) (string, *fault) {
	value, ok := c.body[name].(string)
	if !ok || value == "" {
		return "", bad(missing)
	}
	return value, nil
}

func (s *Server) encode(b []byte) string {
	if s.off[PlainBase64] {
		return base64.RawStdEncoding.EncodeToString(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// logo is a grey square.
func logo(w http.ResponseWriter) {
	square := image.NewGray(image.Rect(0, 0, 32, 32))
	for i := range square.Pix {
		square.Pix[i] = color.Gray{Y: 128}.Y
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, square) // the client may have left
}

// info tells what the server is.
func (s *Server) info(*call) (members, *fault) {
	names := []string{"credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash", "oauth2/authorize", "oauth2/token"}
	formats := []string{}
	if s.off[Boasts] {
		names = append(names, "signatures/signDoc", "signatures/timestamp")
		formats = append(formats, "P", "X")
	}
	return members{
		"specs": "2.0.0.2", "name": "Sample", "logo": s.origin + "/logo.png", "region": "RO", "lang": "en",
		"description": "A sample server with throw-away keys", "authType": []string{"oauth2code", "oauth2client"}, "oauth2": s.origin,
		"methods": names, "signAlgorithms": members{"algos": []string{oidECDSASHA256, oidRSA, oidRSASHA256}},
		"signature_formats": members{"formats": formats}, "conformance_levels": []string{},
	}, nil
}
