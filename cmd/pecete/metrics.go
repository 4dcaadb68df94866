package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/callback"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/metrics"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/server"
	"github.com/pecete/pecete/signing"
)

// checkMetrics demands a host: what is told there is not everybody's.
func (c *Config) checkMetrics() error {
	if c.Metrics == "" {
		return nil
	}
	if host, port, err := net.SplitHostPort(c.Metrics); err != nil || host == "" || port == "" {
		return fmt.Errorf("metrics is %q, not host:port", c.Metrics)
	}
	return nil
}

// measure has the house measured, if the configuration says where to tell it.
func (h *house) measure() {
	if h.config.Metrics != "" {
		h.meter = metrics.New(h.logger)
	}
}

func (h *house) measureToken(c hsm.Config) hsm.Config {
	if h.meter != nil {
		c.Observe, c.Recovered = h.meter.Device, h.meter.Recovered
	}
	return c
}

func (h *house) measureRegistry(c registry.Config) registry.Config {
	if h.meter != nil {
		c.Observe = h.meter.Registry
	}
	return c
}

func (h *house) measureLog(c audit.Config) audit.Config {
	if h.meter != nil {
		c.Appended, c.Synced = h.meter.Appended, h.meter.Synced
	}
	return c
}

func (h *house) measureOneTime(s onetime.Store) onetime.Store {
	if h.meter == nil {
		return s
	}
	return h.meter.OneTime(s)
}

func (h *house) measureCounter(c quota.Counter) quota.Counter {
	if h.meter == nil {
		return c
	}
	return h.meter.Counter(c)
}

func (h *house) measureServer(s *server.Server) {
	if h.meter != nil {
		s.Observe, s.Signer.Observe = h.meter.Request, h.meter.Signed
	}
}

// measureJobs, and those below, are told before anything begins.
func (h *house) measureJobs(j *signing.Jobs) {
	if h.meter != nil {
		j.Observe = h.meter.JobEnded
	}
}

func (h *house) measureTeller(t *callback.Teller) {
	if h.meter != nil {
		t.Observe = h.meter.Noticed
	}
}

func (h *house) measureBox(b *sandbox.Box) {
	if h.meter != nil {
		b.Observe = h.meter.Read
	}
}

// barredOn is what the pages tell of who is not judged; nil for nobody.
func (h *house) barredOn() func(path string) {
	if h.meter == nil {
		return nil
	}
	return h.meter.Barred
}

// barred is barredOn for one path.
func (h *house) barred(path string) func() {
	if h.meter == nil {
		return nil
	}
	return func() { h.meter.Barred(path) }
}

// sources are what scrapes ask.
func (h *house) sources(api *server.Server, tickets onetime.Store, certificate tls.Certificate) (metrics.Sources, error) {
	ca, err := readCertificate(h.config.path(h.config.CA.Certificate))
	if err != nil {
		return metrics.Sources{}, err
	}
	s := metrics.Sources{
		Device: func() metrics.Device { return metrics.Device(h.token.Stats()) },
		Log:    h.log.Stats,
		Pools: func() (all []metrics.Pool) {
			for _, lane := range h.registry.Stats() {
				all = append(all, metrics.Pool(lane))
			}
			return all
		},
		Runs:         func() uint64 { return 0 }, // the memory's run is the process's
		Checks:       map[string]func(context.Context) error{},
		Certificates: map[string]time.Time{"tls": certificate.Leaf.NotAfter, "ca": ca.NotAfter},
		Folders:      map[string]string{"audit": h.config.path(h.config.Audit.Folder)},
	}
	if api.Signer.Jobs != nil {
		s.Jobs = api.Signer.Jobs.Stats
	}
	if redis, ok := tickets.(*onetime.Redis); ok {
		s.Runs = redis.Changes
	}
	for _, check := range api.Checks {
		s.Checks[check.Name] = check.OK
	}
	if !strings.Contains(h.config.Registry, "://") {
		s.Folders["registry"] = filepath.Dir(h.config.path(h.config.Registry))
	}
	return s, nil
}

// tellMetrics serves what is measured, if anything is, until the house is
// closed.
func (h *house) tellMetrics(ctx context.Context, api *server.Server, tickets onetime.Store, certificate tls.Certificate, handler http.Handler) error {
	if h.meter == nil {
		return nil
	}
	sources, err := h.sources(api, tickets, certificate)
	if err != nil {
		return err
	}
	h.meter.Watch(sources)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.config.Metrics)
	if err != nil {
		return fmt.Errorf("listen on %s for metrics: %w", h.config.Metrics, err)
	}
	h.serveMetrics(listener, handler)
	return nil
}

// serveMetrics answers scrapes on a listener of their own, and beside them the
// two health pages for whoever supervises the process and knows no TLS.
func (h *house) serveMetrics(listener net.Listener, api http.Handler) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.meter.Handler())
	mux.Handle("GET /healthz", api)
	mux.Handle("GET /readyz", api)
	web := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(h.logger.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.logger.Error("metrics are not served any more", slog.String("error", err.Error()))
		}
	}()
	h.logger.Info("serving metrics", slog.String("listen", listener.Addr().String()))
	h.closers = append(h.closers, web.Close)
}
