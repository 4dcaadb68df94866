package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A figure is what is told of one case. Rates are signatures a second; the
// ratios are medians of what was taken inside each round.
type figure struct {
	Raw      float64 `json:"raw_per_s"` // of the reference: signed and verified
	HTTP     float64 `json:"http_per_s"`
	Ratio    float64 `json:"ratio"`
	P50      float64 `json:"p50_ms"` // of a request
	P99      float64 `json:"p99_ms"`
	CPURatio float64 `json:"cpu_ratio"`  // of the server's time for a signature to the reference's
	Sign     float64 `json:"sign_per_s"` // of the reference without verification
}

// A case is a figure with its name, and what explains it.
type result struct {
	name string
	figure
	rawCPU, serverCPU, clientCPU float64 // µs of a signature
	strangers                    float64 // largest share in any slice that counted
}

// compare makes the result of a case out of the readings of its rounds.
func compare(name string, raw, sign, http []reading) result {
	over := func(of []reading, value func(reading) float64) float64 {
		var all []float64
		for _, r := range of {
			all = append(all, value(r))
		}
		return median(all)
	}
	ratio := func(value func(reading) float64) float64 {
		var all []float64
		for i := range http {
			all = append(all, value(http[i])/value(raw[i]))
		}
		return median(all)
	}
	rate, cpu := func(r reading) float64 { return r.rate }, func(r reading) float64 { return r.cpu }
	ms := func(of func(reading) time.Duration) func(reading) float64 {
		return func(r reading) float64 { return of(r).Seconds() * 1e3 }
	}
	out := result{
		name: name,
		figure: figure{
			Raw: over(raw, rate), HTTP: over(http, rate), Ratio: ratio(rate), CPURatio: ratio(cpu), Sign: over(sign, rate),
			P50: over(http, ms(func(r reading) time.Duration { return r.p50 })),
			P99: over(http, ms(func(r reading) time.Duration { return r.p99 })),
		},
		rawCPU: over(raw, cpu), serverCPU: over(http, cpu),
		clientCPU: over(http, func(r reading) float64 { return r.client }),
	}
	for i := range http {
		out.strangers = max(out.strangers, http[i].strangers, raw[i].strangers)
	}
	return out
}

// printHeader and print write a table that a program can read too: one case a
// line, blanks between. What stands behind the bar explains the figures.
func printHeader(w io.Writer) {
	fmt.Fprintf(w, "%-26s %10s %10s %6s %8s %8s %9s %10s | %7s %9s %9s %9s\n", "case",
		"raw_per_s", "http_per_s", "ratio", "p50_ms", "p99_ms", "cpu_ratio", "sign_per_s",
		"raw_us", "server_us", "client_us", "strangers")
}

func (r result) print(w io.Writer) {
	fmt.Fprintf(w, "%-26s %10.1f %10.1f %6.3f %8.2f %8.2f %9.3f %10.1f | %7.0f %9.0f %9.0f %8.0f%%\n", r.name,
		r.Raw, r.HTTP, r.Ratio, r.P50, r.P99, r.CPURatio, r.Sign,
		r.rawCPU, r.serverCPU, r.clientCPU, 100*r.strangers)
}

// write keeps the figures as an object with one entry a case.
func write(path string, results []result) error {
	figures := map[string]figure{}
	for _, r := range results {
		figures[r.name] = r.figure
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
