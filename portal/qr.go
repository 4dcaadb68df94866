package portal

import (
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is how many modules around a QR code stay white (ISO/IEC 18004).
const quiet = 4

// A drawing is what an app is paired with, in the three ways that pages show it:
// to be scanned, to be opened on this very device, and to be typed.
type drawing struct {
	Size   int    // of the QR code, in modules with the quiet ones
	Dark   string // its dark modules, as a path of SVG
	Link   template.URL
	Secret []string // in groups of four
}

// draw is the drawing of an otpauth URI. Its errors have no cause, which may have
// the secret in it.
func draw(uri string) (drawing, error) {
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err != nil {
		return drawing{}, errors.New("draw QR code")
	}
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "otpauth" {
		return drawing{}, errors.New("read pairing URI")
	}
	size := code.Bounds().Dx()
	d := drawing{Size: size + 2*quiet, Link: template.URL(uri)}
	d.Dark = runs(size, func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	})
	for secret := parsed.Query().Get("secret"); secret != ""; secret = secret[min(4, len(secret)):] {
		d.Secret = append(d.Secret, secret[:min(4, len(secret))])
	}
	return d, nil
}

// runs is the path of a square of modules: a bar for each run of dark ones.
func runs(size int, dark func(x, y int) bool) string {
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			long := 0
			for x+long < size && dark(x+long, y) {
				long++
			}
			if long > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, long, long)
				x += long
			}
		}
	}
	return path.String()
}
