package oauth

import (
	"errors"
	"io"
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

// readBody takes a body that is not too long.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, errTooLarge()
	}
	if err != nil {
		return nil, csc.Malformed(err)
	}
	return body, nil
}
