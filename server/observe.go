package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// otherRoute stands for every path that nobody answers: strangers choose paths.
const otherRoute = "other"

// observed tells Observe of each request, by what route finds for it.
func (s *Server) observed(route func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Observe == nil {
			next.ServeHTTP(w, r)
			return
		}
		out, ended := &watched{ResponseWriter: w}, s.Observe(route(r))
		defer func() {
			if out.status == 0 {
				out.status = http.StatusOK // as net/http answers for whoever says nothing
			}
			ended(r.Method, out.status)
		}()
		next.ServeHTTP(out, r)
	})
}

// patterns finds the pattern of the route that answers a request: of the mux,
// or where that leads to the engine, of the engine's routes, whose paths are
// all without parameters.
func patterns(mux *http.ServeMux, routes gin.RoutesInfo) func(*http.Request) string {
	known := make(map[string]bool, len(routes))
	for _, r := range routes {
		known[r.Path] = true
	}
	return func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		if _, path, hasVerb := strings.Cut(pattern, " "); hasVerb {
			pattern = path
		}
		switch {
		case pattern != "" && pattern != "/":
			return pattern
		case known[r.URL.Path]:
			return r.URL.Path
		}
		return otherRoute
	}
}
