package ades_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/hostilepdf"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

var mark = ades.Mark{
	Page: 1, Left: 100, Top: 50, Says: "Semnat digital de", Name: "Ștefan Țăranu-Îndelung", Adds: []string{"30 noiembrie 2026, ora 12:00 UTC"},
}

// turned is a page turned and cut so.
func turned(rotate int, boxes string) []byte {
	pdf := samplepdf.New("A contract", "between two parties")
	changed := fmt.Sprintf("/Rotate %d %s", rotate, boxes)
	was := []byte("/Contents 4 0 R /Resources")
	at := bytes.Index(pdf, was)
	return rebuilt(bytes.Replace(pdf, was, append([]byte(changed+" "), was...), 1), at, len(changed)+1)
}

// rebuilt moves what the cross-reference table says of objects behind at.
func rebuilt(pdf []byte, at, by int) []byte {
	lines := strings.SplitAfter(string(pdf), "\n")
	for i, line := range lines {
		var offset int
		if _, err := fmt.Sscanf(line, "%010d 00000 n", &offset); err == nil && offset > at {
			lines[i] = fmt.Sprintf("%010d 00000 n \n", offset+by)
		}
		if line == "startxref\n" {
			if _, err := fmt.Sscanf(lines[i+1], "%d", &offset); err == nil {
				lines[i+1] = fmt.Sprintf("%d\n", offset+by)
			}
		}
	}
	return []byte(strings.Join(lines, ""))
}

// shown is the first page as poppler draws it, a pixel a point.
func shown(t *testing.T, pdf []byte) image.Image {
	t.Helper()
	file := adestest.File(t, "signed.pdf", pdf)
	out, err := exec.Command("pdftoppm", "-r", "72", "-png", "-singlefile", "-cropbox", file).Output()
	if err != nil {
		t.Fatalf("pdftoppm: %v", err)
	}
	picture, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// A mark stands upright where it was put, however the page is turned and cut, and
// the signature is as good as one that is not seen.
func TestMark(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	for _, row := range []struct {
		says string
		pdf  []byte
	}{
		{"upright", turned(0, "")}, {"turned right", turned(90, "")}, {"upside down", turned(180, "")}, {"turned left", turned(270, "")},
		{"turned left by a negative angle", turned(-90, "")}, {"cut", turned(0, "/CropBox [50 60 500 700]")}, {"cut and turned", turned(90, "/CropBox [50 60 500 700]")},
	} {
		signed := signer.SignPDF(t, row.pdf, ades.PDFOptions{Time: time.Unix(1.7e9, 0), Mark: &mark})
		out, err := exec.Command("pdfsig", "-nocert", adestest.File(t, "s.pdf", signed)).CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("Signature is Valid.")) || !bytes.Contains(out, []byte("Total document signed")) {
			t.Errorf("%s: pdfsig: %v\n%s", row.says, err, out)
		}
		page := shown(t, signed)
		if dir := os.Getenv("MARKS"); dir != "" {
			_ = os.WriteFile(dir+"/"+strings.ReplaceAll(row.says, " ", "-")+".pdf", signed, 0o600)
		}
		green := func(x, y int) bool {
			c, ok := color.NRGBAModel.Convert(page.At(x, y)).(color.NRGBA)
			return ok && c.R < 60 && c.G > 60 && c.B < 80
		}
		dark := 0
		for x := 110; x < 298; x++ {
			for y := 50; y < 112; y++ {
				if r, _, _, _ := page.At(x, y).RGBA(); r < 0x6000 {
					dark++
				}
			}
		}
		if !green(102, 52) || !green(102, 109) || green(102, 45) || green(102, 116) || green(96, 80) || dark < 200 {
			t.Errorf("%s: it is not where it was put (%d dark points)", row.says, dark)
		}
	}
}

// What cannot be has its error, and what is outside of the page is moved onto it.
func TestMarkRefusals(t *testing.T) {
	pdf := samplepdf.New("A contract")
	with := func(change func(*ades.Mark)) error {
		m := mark
		change(&m)
		_, err := ades.PlacePDF(pdf, ades.PDFOptions{Time: time.Unix(1.7e9, 0), Mark: &m})
		return err
	}
	for _, page := range []int{0, 2, -1} {
		if err := with(func(m *ades.Mark) { m.Page = page }); !errors.Is(err, ades.ErrNoSuchPage) {
			t.Errorf("page %d: %v", page, err)
		}
	}
	for _, m := range []ades.Mark{{Page: 1, Left: 1e9, Top: 1e9}, {Page: 1, Left: -5, Top: -5}, {Page: 1, Name: strings.Repeat("ș", 10_000), Says: "\xff\x00\u202e漢"}} {
		if err := with(func(to *ades.Mark) { *to = m }); err != nil {
			t.Errorf("%.40v: %v", m, err)
		}
	}
}

// Pages that are nowhere take a mark or are refused, and never anything else.
func TestMarksOnHostilePages(t *testing.T) {
	for _, f := range hostilepdf.Files() {
		if !strings.HasPrefix(f.Name, "a page of [") && !strings.HasPrefix(f.Name, "a page turned") && !strings.Contains(f.Name, "annotations") {
			continue
		}
		placed, err := ades.PlacePDF(f.PDF, ades.PDFOptions{Time: time.Unix(1.7e9, 0), Mark: &mark})
		if err == nil && bytes.Contains(placed.Increment, []byte("NaN")) {
			t.Errorf("%s: a place that is no number", f.Name)
		}
	}
}
