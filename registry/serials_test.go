package registry_test

import (
	"sync"
	"testing"

	"github.com/pecete/pecete/registry"
)

// serialsAscend: one after the other, and after a restart the next.
func serialsAscend(t *testing.T, url string) {
	for want := range int64(6) {
		r, err := registry.Open(t.Context(), registry.Config{URL: url})
		must(t, err)
		for i := range int64(2) {
			got, err := r.NextSerial(t.Context())
			must(t, err)
			if got != 2*want+i+1 {
				t.Errorf("number %d, want %d", got, 2*want+i+1)
			}
		}
		must(t, r.Close())
	}
}

// raceSerials: of many, through two registries, each gets another one.
func raceSerials(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	const many = 100
	var mu sync.Mutex
	given := map[int64]bool{}
	race(t, many, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		n, err := at.NextSerial(t.Context())
		mu.Lock()
		defer mu.Unlock()
		given[n] = true
		return true, err
	})
	for n := range int64(many) {
		if !given[n+1] {
			t.Errorf("number %d was not given", n+1)
		}
	}
	if len(given) != many {
		t.Errorf("%d numbers for %d who asked", len(given), many)
	}
}
