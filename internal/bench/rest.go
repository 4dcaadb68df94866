package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A beginning is how a server starts and what it takes while it waits.
type beginning struct {
	Cold    float64 `json:"cold_start_ms"`   // the program read from the disk
	Warm    float64 `json:"warm_start_ms"`   // the program in memory already
	Ready   float64 `json:"ready_mb"`        // resident when it is ready
	Idle    float64 `json:"idle_mb"`         // resident after ten seconds
	Private float64 `json:"idle_private_mb"` // of that, what is not the program's file
}

// begin starts the server of a scene, twice, and ends it again.
func (b *bench) begin(ctx context.Context, s *scene) (out beginning, err error) {
	// A program that was just built lies in memory in large pieces, all of which
	// count as the server's own when it needs a page of one.
	program := filepath.Join(b.folder, "pecete-cold")
	if err := coldCopy(s.stage.Program, program); err != nil {
		return out, err
	}
	v := *s.memory
	v.program = program
	took, err := v.start(ctx, s.stage.Env...)
	defer func() { err = errors.Join(err, v.stop()) }()
	if err != nil {
		return out, err
	}
	out.Cold = took.Seconds() * 1e3
	if out.Ready, _, err = memory(v.pid()); err != nil {
		return out, err
	}
	idle := 10 * time.Second
	if b.short {
		idle = time.Second
	}
	select {
	case <-time.After(idle): // which is what is measured
	case <-ctx.Done():
		return out, ctx.Err()
	}
	if out.Idle, out.Private, err = memory(v.pid()); err != nil {
		return out, err
	}
	if err := v.stop(); err != nil {
		return out, err
	}
	took, err = v.start(ctx, s.stage.Env...)
	out.Warm = took.Seconds() * 1e3
	return out, err
}

// coldCopy copies a program so that nothing of the copy is in memory.
func coldCopy(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it is only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return forget(out)
}

func (w beginning) print(what string) {
	fmt.Printf("%-34s cold start %5.0f ms, warm %5.0f ms; resident when ready %.1f MB, idle %.1f MB, of that private %.1f MB\n",
		what, w.Cold, w.Warm, w.Ready, w.Idle, w.Private)
}
