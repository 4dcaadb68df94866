//go:build !crowd

package main

import "github.com/spf13/cobra"

// crowdCommands are for programs that benchmarks and campaigns build.
func crowdCommands() []*cobra.Command { return nil }
