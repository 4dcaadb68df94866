package portal_test

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	svgSize = regexp.MustCompile(`viewBox="0 0 (\d+) \d+"`)
	svgBar  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// The picture is what the link says, to a program of others.
func TestPictureIsTheLink(t *testing.T) {
	h := newHouse(t)
	b := h.inside()
	b.drawn()
	_, text := b.get("/portal/authenticator/new")
	path := filepath.Join(t.TempDir(), "qr.png")
	paint(t, text, path)
	out, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", path).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v (apt-get install zbar-tools)", err)
	}
	link := html.UnescapeString(strings.TrimSuffix(strings.TrimPrefix(pairingURI.FindString(text), `href="`), `"`))
	if got := strings.TrimSpace(string(out)); got != link {
		t.Errorf("the picture says %q, the link %q", got, link)
	}
	wantTold(t, link, "secret="+secretOf(t, text), "issuer=Pecete")
}

// paint makes a picture of the bars of an SVG.
func paint(t *testing.T, text, path string) {
	t.Helper()
	size, err := strconv.Atoi(svgSize.FindStringSubmatch(text)[1])
	must(t, err)
	const scale = 4
	picture := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for n := range picture.Pix {
		picture.Pix[n] = 0xff
	}
	for _, bar := range svgBar.FindAllStringSubmatch(text, -1) {
		var x, y, long, back int
		if _, err := fmt.Sscan(strings.Join(bar[1:], " "), &x, &y, &long, &back); err != nil || long != back {
			t.Fatalf("bar %v", bar)
		}
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+long)*scale; px++ {
				picture.SetGray(px, py, color.Gray{})
			}
		}
	}
	file, err := os.Create(path)
	must(t, err)
	must(t, png.Encode(file, picture))
	must(t, file.Close())
}
