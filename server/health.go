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
	ctx, cancel := context.WithTimeout(c.Request.Context(), checkTimeout)
	defer cancel()
	status, parts := http.StatusOK, gin.H{}
	for _, check := range s.Checks {
		parts[check.Name] = "ready"
		if err := check.OK(ctx); err != nil {
			note(c.Request.Context(), "cause", check.Name+": "+err.Error())
			status, parts[check.Name] = http.StatusServiceUnavailable, "away"
		}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{"ready": status == http.StatusOK, "parts": parts})
}
