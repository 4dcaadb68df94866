package portal

import (
	"embed"
	"net/http"
	"path"

	"github.com/pecete/pecete/page"
)

// The one page with scripts is that of a document; these are all they have.
//
//go:embed static/view.mjs static/pdfjs/*js
var scripts embed.FS

const staticPath = Path + "/static/"

// static serves the scripts. They are for everybody, as the style is.
func static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	script, err := scripts.ReadFile(path.Join("static", name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	page.Keep(w, r, "text/javascript; charset=utf-8", script)
}
