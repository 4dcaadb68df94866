package onetimetest

import (
	"testing"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
)

// Gone is a Redis that was there when it was opened, and is no more.
func Gone(t *testing.T) *onetime.Redis {
	t.Helper()
	server := proctest.Redis(t)
	s, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	server.Kill9()
	return s
}
