package openapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// BenchmarkSignHash compares the way of a body through the judge with plain
// decoding of the same body.
func BenchmarkSignHash(b *testing.B) {
	c := contract(b)
	for _, n := range []int{1, 50} {
		hashes := "[" + strings.TrimSuffix(strings.Repeat(hashABC+",", n), ",") + "]"
		body := []byte(full[csc.MethodSignHash].with("SAD", `"`+strings.Repeat("x", 300)+`"`).with("hashes", hashes).String())
		ways := []struct {
			name string
			do   func() error
		}{
			{"encoding/json", func() error { return json.Unmarshal(body, new(csc.SignHashRequest)) }},
			{"Check", func() error { _, err := c.Check(csc.MethodSignHash, body); return err }},
			{"CheckAndDecode", func() error {
				checked, err := c.Check(csc.MethodSignHash, body)
				if err != nil {
					return err
				}
				_, err = openapi.Decode[csc.SignHashRequest](checked)
				return err
			}},
		}
		for _, way := range ways {
			b.Run(fmt.Sprintf("%dHashes/%s", n, way.name), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if err := way.do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		contract(b)
	}
}
