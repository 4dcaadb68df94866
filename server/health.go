package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// A Check is something the server cannot work without: the device, a store, the
// audit log. OK asks it for real.
type Check struct {
	Name string
	OK   func(ctx context.Context) error
}

const checkTimeout = 3 * time.Second

// healthz says that the process lives.
func (s *Server) healthz(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"status": "alive"})
}

// readyz says whether the server could sign now. Which part is missing is told
// by name; why is for the log.
func (s *Server) readyz(c *gin.Context) {
	status, parts := http.StatusOK, gin.H{}
	for name, err := range s.check(c.Request.Context()) {
		parts[name] = "ready"
		if err != nil {
			note(c.Request.Context(), "cause", name+": "+err.Error())
			status, parts[name] = http.StatusServiceUnavailable, "away"
		}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{"ready": status == http.StatusOK, "parts": parts})
}

// check asks every part. Whoever comes while the parts are asked has the same
// answer, since anybody may ask as often as he likes.
func (s *Server) check(ctx context.Context) map[string]error {
	asked, _, _ := s.checking.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
		defer cancel()
		said := map[string]error{}
		for _, check := range s.Checks {
			said[check.Name] = check.OK(ctx)
		}
		return said, nil
	})
	said, _ := asked.(map[string]error)
	return said
}
