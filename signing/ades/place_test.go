package ades_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

// Prepare takes nothing on trust from whoever placed the signature.
func TestPrepareRefusesAnotherPlace(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	original := sample()
	good, err := ades.PlacePDF(original, ades.PDFOptions{Time: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := good.Prepare(original, signer.Signer); err != nil {
		t.Fatal(err)
	}
	hole := good.To - good.From
	for says, change := range map[string]func(p *ades.PlacedPDF){
		"nothing appended":                func(p *ades.PlacedPDF) { p.Increment = nil },
		"a place in the original":         func(p *ades.PlacedPDF) { p.From, p.To = 20, 20+hole },
		"a place before the file":         func(p *ades.PlacedPDF) { p.From, p.To = -hole, 0 },
		"a place that ends behind it":     func(p *ades.PlacedPDF) { p.To += 1 << 20 },
		"a place of no room":              func(p *ades.PlacedPDF) { p.To = p.From + 1 },
		"a place that is turned round":    func(p *ades.PlacedPDF) { p.From, p.To = p.To, p.From },
		"a place one byte beside":         func(p *ades.PlacedPDF) { p.From++ },
		"a place that ends one byte less": func(p *ades.PlacedPDF) { p.To-- },
		"a place that is not empty":       func(p *ades.PlacedPDF) { p.Increment[p.From-len(original)+5] = 'a' },
		"another ByteRange": func(p *ades.PlacedPDF) {
			p.Increment = bytes.Replace(p.Increment, []byte("/ByteRange [0 "), []byte("/ByteRange [1 "), 1)
		},
		"two of them": func(p *ades.PlacedPDF) {
			at := bytes.Index(p.Increment, []byte("/ByteRange"))
			copy(p.Increment[p.To-len(original):], p.Increment[at:at+60])
		},
		"more behind the end": func(p *ades.PlacedPDF) { p.Increment = append(p.Increment, "more"...) },
	} {
		p := ades.PlacedPDF{Increment: bytes.Clone(good.Increment), From: good.From, To: good.To}
		change(&p)
		if _, err := p.Prepare(original, signer.Signer); !errors.Is(err, ades.ErrDamaged) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := good.Prepare(original[:len(original)-1], signer.Signer); !errors.Is(err, ades.ErrDamaged) {
		t.Errorf("another original: %v", err)
	}
}

// A claimed place never has Prepare panic, and what is signed covers the
// original.
func FuzzPrepare(f *testing.F) {
	signer := adestest.NewCA(f).Signer(f, adestest.ECDSA())
	original := sample()
	good, err := ades.PlacePDF(original, ades.PDFOptions{Time: time.Unix(1e9, 0), Reserve: 4096})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Increment, good.From, good.To)
	f.Add([]byte{}, 0, 0)
	f.Add([]byte("<00>"), len(original), len(original)+4)
	f.Fuzz(func(t *testing.T, increment []byte, from, to int) {
		prepared, err := ades.PlacedPDF{Increment: increment, From: from, To: to}.Prepare(original, signer.Signer)
		if err != nil {
			return
		}
		signed, err := prepared.Finish(signer.Sign(t, prepared.Digest()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(signed, original) || len(signed) != len(original)+len(increment) || from <= len(original) {
			t.Fatalf("%d bytes, the place from %d to %d", len(signed), from, to)
		}
	})
}
