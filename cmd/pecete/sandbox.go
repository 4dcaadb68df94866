package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/sandbox/pdf"
	"github.com/pecete/pecete/verify"
)

// sandboxCommand is what the server starts itself as to read documents. It reads
// no configuration and is nobody's to call.
func sandboxCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "sandbox",
		Short:  "Read a document for a server, which starts this by itself",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			works := pdf.Works()
			maps.Copy(works, verify.Works())
			return sandbox.Serve(os.Stdin, os.Stdout, works)
		},
	}
}

// documents is where documents are read. What protects the server less than it
// could is said once.
func (h *house) documents(ctx context.Context) (*sandbox.Box, error) {
	if h.box != nil {
		return h.box, nil
	}
	program, err := self()
	if err != nil {
		return nil, err
	}
	box := &sandbox.Box{Program: program, Args: []string{"sandbox"}, Children: h.config.Limits.Children}
	h.measureBox(box)
	lacks, err := box.Probe(ctx)
	if err != nil {
		return nil, fmt.Errorf("start a process that reads documents: %w", err)
	}
	if len(lacks) > 0 {
		h.logger.LogAttrs(ctx, slog.LevelWarn, "documents are read without some of the protection there is elsewhere", slog.String("lacks", strings.Join(lacks, ", ")))
	}
	h.box = box
	return box, nil
}

// self is this very program, on Linux also when its file has been replaced.
func self() (string, error) {
	const running = "/proc/self/exe"
	if _, err := os.Stat(running); err == nil {
		return running, nil
	}
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return program, nil
}
