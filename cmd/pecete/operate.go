package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/registry"
)

// operatorLog is the audit log of every command but serve.
const operatorLog = "operator"

// configOf reads the configuration that --config names.
func configOf(cmd *cobra.Command) (*Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	return loadConfig(path)
}

// withHouse runs an operator's deed with the device, the registry and the
// operator's audit log.
func withHouse(cmd *cobra.Command, deed func(context.Context, *house) error) error {
	config, err := configOf(cmd)
	if err != nil {
		return err
	}
	h, err := openHouse(cmd.Context(), config, operatorLogger(), operatorLog)
	if err != nil {
		return err
	}
	return errors.Join(deed(cmd.Context(), h), h.close())
}

// withRegistry runs what only reads the registry.
func withRegistry(cmd *cobra.Command, look func(*cobra.Command, *registry.Registry) error) error {
	config, err := configOf(cmd)
	if err != nil {
		return err
	}
	r, err := openRegistry(cmd.Context(), config)
	if err != nil {
		return err
	}
	return errors.Join(look(cmd, r), r.Close())
}

// operatorLogger writes warnings for a person.
func operatorLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func addOutputFlag(cmd *cobra.Command) {
	cmd.Flags().StringP("output", "o", "text", "`FORM` of the answer: text or json")
}

// print answers in the form that --output asks for.
func print(cmd *cobra.Command, value any, text func(io.Writer) error) error {
	form, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	switch form {
	case "text":
		return text(cmd.OutOrStdout())
	case "json":
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	return usageError{fmt.Errorf("--output is %q, not text or json", form)}
}

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check the configuration"}
	cmd.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Say whether the configuration is one, and what is wrong",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := configOf(cmd)
			if err != nil {
				return err
			}
			if err := config.checkFiles(); err != nil {
				return forOperator(fmt.Errorf("files of the configuration: %w", err))
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "ok")
			return err
		},
	})
	return cmd
}
