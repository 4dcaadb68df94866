package oauth

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/pecete/pecete/csc"
)

// readJSON takes a JSON body.
func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.URL.RawQuery != "" {
		return nil, csc.Malformed(errQuery)
	}
	if !isMedia(r.Header.Values("Content-Type"), "application/json") {
		return nil, errMediaType("application/json")
	}
	return readBody(w, r)
}

// isMedia reports whether a body is of a media type, in UTF-8.
func isMedia(contentType []string, want string) bool {
	if len(contentType) != 1 {
		return false
	}
	if contentType[0] == want { // as nearly all say it
		return true
	}
	media, params, err := mime.ParseMediaType(contentType[0])
	charset, given := params["charset"]
	return err == nil && media == want && (!given || strings.EqualFold(charset, "utf-8"))
}

// usualBody is how long nearly all bodies are at most, in bytes.
const usualBody = 4 << 10

// readBody takes a body that is not too long.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body bytes.Buffer
	if 0 < r.ContentLength && r.ContentLength <= usualBody { // memory for more is taken when it comes
		body.Grow(int(r.ContentLength) + bytes.MinRead) // which it has free to read the end
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, errTooLarge()
	}
	if err != nil {
		return nil, csc.Malformed(err)
	}
	return body.Bytes(), nil
}
