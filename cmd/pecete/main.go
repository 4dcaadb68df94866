// Command pecete is the operator's program: it serves the CSC API, and adds,
// shows and ends signers, credentials and clients.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := command()
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pecete:", err)
		os.Exit(exitCode(err))
	}
}

// command is the program's tree of commands.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "pecete",
		Short:         "A remote signing server for the CSC API v2",
		Version:       version() + " " + runtime.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().String("config", "pecete.yaml", "the server's configuration `FILE`")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(serveCommand(), initCommand(), configCommand(),
		signerCommand(), sealCommand(), credentialCommand(), clientCommand(), auditCommand(),
		tsaCommand(), backupCommand(), restoreCommand(), sandboxCommand(), verifyCommand())
	root.AddCommand(crowdCommands()...)
	return strict(root)
}

// strict has a command line that cannot be meant told as that, also one that
// names a command there is not: cobra would print the help and be content.
func strict(cmd *cobra.Command) *cobra.Command {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = exactArgs()
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if args := cmd.Args; args != nil {
		cmd.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	return cmd
}

// A usageError is a command line that cannot be meant: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exactArgs demands n arguments, named for the message.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(names) == 0 && len(args) > 0 {
			return usageError{fmt.Errorf("unknown command or argument %q", args[0])}
		}
		if len(args) != len(names) {
			return usageError{fmt.Errorf("want %d argument(s) %v, got %d", len(names), names, len(args))}
		}
		return nil
	}
}
