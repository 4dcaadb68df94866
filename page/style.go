package page

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
)

// StylePath is where the style sheet of all pages is.
const StylePath = "/style.css"

// Style serves the style sheet of all pages.
func Style(w http.ResponseWriter, r *http.Request) {
	style, err := files.ReadFile("templates/style.css")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	Keep(w, r, "text/css; charset=utf-8", style)
}

// Keep serves a file that pages are made of, the one thing of them that may be
// kept.
func Keep(w http.ResponseWriter, r *http.Request, media string, file []byte) {
	sum := sha256.Sum256(file)
	tag := fmt.Sprintf("%q", hex.EncodeToString(sum[:8]))
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(file) // the browser is gone
}
