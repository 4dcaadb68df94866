package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// The routes, info and the contract that is served name the same methods, in the
// same order, whatever is configured; and the contract that is built in has no
// other than a server could have.
func TestMethodsAreNamedAlike(t *testing.T) {
	contract, err := openapi.Load()
	must(t, err)
	for _, tt := range []struct {
		says   string
		change func(*house)
		lacks  []csc.Method
	}{
		{"with everything", func(h *house) { direct(h); h.stamper, h.extends, h.changes = &stamper{}, true, true }, nil},
		{"with what needs no configuration", func(*house) {}, []csc.Method{csc.MethodAuthLogin, csc.MethodCreate, csc.MethodDelete, csc.MethodExtendTransaction, csc.MethodTimestamp}},
	} {
		t.Run(tt.says, func(t *testing.T) {
			h := newHouse(t, tt.change)
			want := slices.DeleteFunc(contract.Methods(), func(m csc.Method) bool { return slices.Contains(tt.lacks, m) })
			info := decode[csc.InfoResponse](t, h.call(csc.MethodInfo, `{}`))
			if diff := cmp.Diff(want, info.Methods); diff != "" {
				t.Errorf("info (-contract +got):\n%s", diff)
			}
			served := h.send("GET", "/openapi.yaml", "")
			paths := pathsOf(served.body)
			forms := slices.IndexFunc(paths, func(m csc.Method) bool { return strings.HasPrefix(string(m), "oauth2/") })
			if diff := cmp.Diff(want, paths[:forms]); diff != "" {
				t.Errorf("/openapi.yaml (-contract +got):\n%s", diff)
			}
			metadata := h.send("GET", "/.well-known/oauth-authorization-server", "").body
			for _, path := range paths[forms:] {
				if !strings.Contains(metadata, `"https://localhost/`+string(path)+`"`) {
					t.Errorf("the authorization server does not announce %s", path)
				}
			}
			if !strings.Contains(served.body, "\nservers:\n  - url: https://localhost/csc/v2\n") {
				t.Error("/openapi.yaml does not have the server's URL")
			}
			for _, m := range contract.Methods() {
				if there := h.call(m, `[`).status != 501; there != slices.Contains(want, m) || there != h.api.Has(m) {
					t.Errorf("%s is there: %v", m, there)
				}
			}
		})
	}
}

func pathsOf(document string) (methods []csc.Method) {
	for line := range strings.Lines(document) {
		if path, is := strings.CutPrefix(line, "  /"); is {
			methods = append(methods, csc.Method(strings.TrimSuffix(path, ":\n")))
		}
	}
	return methods
}
