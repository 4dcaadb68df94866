package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/pecete/pecete/edge"
)

// listen serves until ctx ends or a listener fails, then lets what has begun
// finish. Who asks about certificates is answered by told, if that is not nil.
func listen(ctx context.Context, c *Config, logger *slog.Logger, certificate tls.Certificate, handler, told http.Handler, end *leave) error {
	secure := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	doors := []*door{{url: c.URL, address: c.Listen, secure: secure, handler: handler}}
	if c.MTLS.Listen != "" {
		doors = append(doors, &door{url: c.MTLS.URL, address: c.MTLS.Listen, secure: asking(secure), handler: programsOnly(handler)})
	}
	if told != nil {
		doors = append(doors, &door{url: c.CA.URL, address: c.CA.Listen, handler: told})
	}
	most, _ := c.connections()
	if _, err := edge.Files(most * len(doors)); err != nil {
		return err
	}
	failed := make(chan error, len(doors))
	for i, d := range doors {
		if err := d.open(ctx, c, logger, failed); err != nil {
			return errors.Join(err, closeDoors(ctx, doors[:i]))
		}
	}
	if err := report("READY=1"); err != nil {
		logger.Warn("supervisor not told", slog.String("error", err.Error()))
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		logger.Info("stopping")
		_ = report("STOPPING=1") // it has noticed by itself, or will
		end.begin(c.Linger)
	}
	return errors.Join(err, closeDoors(ctx, doors))
}

// A door is one address that is served, with as many connections as any other.
type door struct {
	url, address string
	secure       *tls.Config // nil for plain HTTP
	handler      http.Handler
	web          *http.Server
}

// open serves in the background, and tells failed of what ends it before its
// time.
func (d *door) open(ctx context.Context, c *Config, logger *slog.Logger, failed chan<- error) error {
	plain, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", d.address, err)
	}
	most, each := c.connections()
	counted := &edge.Listener{Listener: plain, Most: most, MostEach: each}
	listener, err := c.behind(counted)
	if err != nil {
		return errors.Join(err, plain.Close())
	}
	d.web = edge.NewServer(d.handler, counted, logger)
	d.web.TLSConfig = d.secure
	go func() {
		serve := func() error { return d.web.ServeTLS(listener, "", "") }
		if d.secure == nil {
			serve = func() error { return d.web.Serve(listener) }
		}
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	logger.Info("serving", slog.String("url", d.url), slog.String("listen", listener.Addr().String()))
	return nil
}

// closeDoors lets what has begun behind them finish.
func closeDoors(ctx context.Context, doors []*door) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	faults := make([]error, len(doors))
	var all sync.WaitGroup
	for i, d := range doors {
		all.Go(func() { faults[i] = d.web.Shutdown(ending) })
	}
	all.Wait()
	return errors.Join(faults...)
}
