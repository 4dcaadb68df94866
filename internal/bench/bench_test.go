package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

// The bare server is this program.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-bare") {
		main()
	}
	os.Exit(m.Run())
}

// TestShortRun is make bench, as short as it can be: what it writes has every
// case and every key, and figures that can be true.
func TestShortRun(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "pecete")
	build := exec.Command("go", "build", "-tags", "crowd", "-o", program, "github.com/pecete/pecete/cmd/pecete")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build pecete: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	b := bench{
		program: program, folder: filepath.Join(dir, "run"), out: filepath.Join(dir, "bench.json"),
		short: true, redis: true, rounds: 1, only: "^p256-single-c16$|^p256-batch100-c4$|^scale$|^oauth-",
	}
	if err := b.run(ctx); err != nil {
		t.Fatal(err)
	}
	var cases map[string]map[string]float64
	read(t, b.out, &cases)
	want := []string{"p256-batch100-c4", "p256-batch100-c4-redis", "p256-single-c16", "p256-single-c16-redis"}
	if got := names(cases); !reflect.DeepEqual(got, want) {
		t.Errorf("cases %q, want %q", got, want)
	}
	keys := []string{"cpu_ratio", "http_per_s", "p50_ms", "p99_ms", "ratio", "raw_per_s", "sign_per_s"}
	for name, c := range cases {
		if got := names(c); !reflect.DeepEqual(got, keys) {
			t.Errorf("%s has %q, want %q", name, got, keys)
		}
		for key, value := range c {
			if value <= 0 {
				t.Errorf("%s: %s is %v", name, key, value)
			}
		}
		if c["p50_ms"] > c["p99_ms"] || c["ratio"] != c["http_per_s"]/c["raw_per_s"] {
			t.Errorf("%s: %v does not fit together", name, c)
		}
	}
	var more rest
	read(t, filepath.Join(dir, "bench-rest.json"), &more)
	if len(more.Begin) != 2 || len(more.Scale) != 2 {
		t.Errorf("beside the cases: %+v", more)
	}
	for _, o := range (&doorway{}).operations() {
		for _, name := range []string{o.name, o.name + "-redis"} {
			if c := more.OAuth[name]; c.Rate <= 0 || c.CPU <= 0 || c.OfSign <= 0 || c.P50 <= 0 || c.P50 > c.P99 {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	if bare := more.OAuth[bareName]; bare.Rate <= 0 || bare.CPU <= 0 || bare.OfSign <= 0 {
		t.Errorf("who does nothing takes %+v", bare)
	}
	for name, w := range more.Begin {
		if w.Cold <= 0 || w.Warm <= 0 || w.Idle < w.Private || w.Private <= 0 {
			t.Errorf("%s: %+v", name, w)
		}
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func names[V any](m map[string]V) (all []string) {
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Ratios are taken inside a round: a machine that is half as fast in one of them
// changes nothing.
func TestRatiosAreOfARound(t *testing.T) {
	var raw, http []reading
	for _, speed := range []float64{1, 0.5, 2} {
		raw = append(raw, reading{rate: 1000 * speed, cpu: 100 / speed})
		http = append(http, reading{rate: 600 * speed, cpu: 250 / speed, p50: time.Millisecond, p99: time.Second})
	}
	got := compare("x", raw, raw, http)
	want := figure{Raw: 1000, HTTP: 600, Ratio: 0.6, P50: 1, P99: 1000, CPURatio: 2.5, Sign: 1000}
	if got.figure != want {
		t.Errorf("%+v, want %+v", got.figure, want)
	}
}

func TestMediansAndPercentiles(t *testing.T) {
	if m := median([]float64{9, 1, 2}); m != 2 {
		t.Errorf("median of three is %v", m)
	}
	if m := median([]float64{4, 1, 2, 9}); m != 3 {
		t.Errorf("median of four is %v", m)
	}
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(n+1))
	}
	for share, want := range map[float64]time.Duration{0.5: 51, 0.99: 100, 1: 100} {
		if got := percentile(slices.Clone(hundred), share); got != want {
			t.Errorf("percentile %v is %v, want %v", share, got, want)
		}
	}
}

// A signer has three codes at once and then one for each step, as a server
// takes them.
func TestCodesOfASigner(t *testing.T) {
	c := &crowd{all: []*signer{{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}}}
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	count := func(at time.Time) (n int) {
		seen := map[string]bool{}
		for {
			_, code, ok, err := c.take(at)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				return n
			}
			if n++; seen[string(code)] {
				t.Error("a code is given twice")
			}
			seen[string(code)] = true
		}
	}
	for _, row := range []struct {
		at   time.Time
		want int
	}{{now, 3}, {now.Add(29 * time.Second), 0}, {now.Add(30 * time.Second), 1}, {now.Add(time.Hour), 3}} {
		if got := count(row.at); got != row.want {
			t.Errorf("at %v %d codes, want %d", row.at, got, row.want)
		}
	}
	late := &crowd{all: []*signer{{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}}}
	c = late
	if got := count(now.Add(28 * time.Second)); got != 2 {
		t.Errorf("%d codes when the oldest would arrive too late, want 2", got)
	}
}

func TestOrdersHaveEverybodyOnce(t *testing.T) {
	order := shuffled(50)
	slices.Sort(order)
	for i, v := range order {
		if i != v {
			t.Fatalf("%v", order)
		}
	}
}
