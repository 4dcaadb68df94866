//go:build crowd

package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"time"
)

// listenForProfiles serves /debug/pprof/ on the address in PECETE_PROFILE, if
// there is one: a server built for benchmarks may be asked where its time goes.
func listenForProfiles(ctx context.Context, logger *slog.Logger) error {
	address := os.Getenv("PECETE_PROFILE")
	if address == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if os.Getenv("PECETE_PROFILE_WAITS") != "" {
		runtime.SetMutexProfileFraction(10)
		runtime.SetBlockProfileRate(10_000)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = web.Serve(listener) }() // ends with the process
	logger.Info("profiles", slog.String("listen", listener.Addr().String()))
	return nil
}
