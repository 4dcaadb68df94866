package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/registry"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Verify the audit logs"}
	var keyFile, folder string
	verify := &cobra.Command{
		Use:   "verify",
		Short: "Find any record that was changed, and any signature beyond its grant",
		Long: `Verify reads every log of the audit folder: each record's place in its chain,
each signed head, the head that the registry keeps, and all grants with what
was signed under them. It names the place of what is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRegistry(cmd, func(cmd *cobra.Command, r *registry.Registry) error {
				return verifyLogs(cmd, r, keyFile, folder)
			})
		},
	}
	verify.Flags().StringVar(&keyFile, "key", "", "public key `FILE` of the heads' signatures (default: audit.pub in the audit folder)")
	verify.Flags().StringVar(&folder, "folder", "", "`FOLDER` with the logs of all hosts (default: the configuration's audit folder)")
	cmd.AddCommand(verify)
	return cmd
}

// errAudit says that the logs are not what was written.
var errAudit = errors.New("the audit logs are not whole, or tell of what nobody agreed to")

func verifyLogs(cmd *cobra.Command, r *registry.Registry, keyFile, folder string) error {
	config, err := configOf(cmd)
	if err != nil {
		return err
	}
	if keyFile == "" {
		keyFile = filepath.Join(config.path(config.Audit.Folder), "audit.pub")
	}
	if folder == "" {
		folder = config.path(config.Audit.Folder)
	}
	key, err := readPublicKey(keyFile)
	if err != nil {
		return err
	}
	heads, err := r.Heads(cmd.Context())
	if err != nil {
		return err
	}
	report, err := audit.VerifyFolder(folder, []*ecdsa.PublicKey{key}, heads)
	if err != nil {
		return err
	}
	return tell(cmd, report)
}

// tell prints what is whole, and as an error what is not.
func tell(cmd *cobra.Command, report audit.FolderReport) error {
	var faults []error
	for _, f := range report.Files {
		name := filepath.Base(f.Path)
		if f.Fault != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, f.Fault))
			continue
		}
		state := "closed"
		if f.Live {
			state = "being written"
		} else if !f.Closed {
			state = "not closed: its process was killed"
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %d records, whole, %d after the last signed head, %s\n", name, f.Records, f.Unsigned, state)
	}
	for _, h := range report.Missing {
		faults = append(faults, fmt.Errorf("the log %s, of which a head at record %d is kept, is missing", h.Log, h.Seq))
	}
	for _, finding := range report.Findings {
		faults = append(faults, errors.New(finding.String()))
	}
	for _, open := range report.Unfinished {
		fmt.Fprintln(cmd.OutOrStdout(), "without an outcome:", open)
	}
	if len(faults) > 0 {
		return errors.Join(append(faults, errAudit)...)
	}
	return nil
}

func readPublicKey(path string) (*ecdsa.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("audit key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("audit key %s is not PEM", path)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("audit key %s: %w", path, err)
	}
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("audit key %s is not of an elliptic curve", path)
	}
	return public, nil
}
