//go:build !crowd

package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"
)

// crowdCommands are for programs that benchmarks and campaigns build.
func crowdCommands() []*cobra.Command { return nil }

// listenForProfiles is for programs that benchmarks build.
func listenForProfiles(context.Context, *slog.Logger) error { return nil }
