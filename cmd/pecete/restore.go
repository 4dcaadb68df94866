package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/backup"
)

// A restoreOrder is what restore is asked for.
type restoreOrder struct {
	from    string
	folders []string
	check   bool
}

func restoreCommand() *cobra.Command {
	var order restoreOrder
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into an empty registry and the audit folder",
		Long: `Restore fills the empty registry of the configuration from a backup and puts its
audit logs into the audit folder, after everything was verified, all of it or
nothing. The token must be the one the backup was made with, or a copy.

Logs that are in the audit folder already, newer than the backup's, stay, and
what they tell is not undone: used codes stay used, what was revoked, disabled,
locked, unlinked or replaced since stays so. With --audit-folder newer logs are
taken from elsewhere. Every refresh token is gone: users log in again. People who
were invited go on where the backup has them, unless the logs tell of more: then
it is said whom to send new links, or invite again.`,
		Args: exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			order.from = args[0]
			return order.run(cmd)
		},
	}
	cmd.Flags().StringArrayVar(&order.folders, "audit-folder", nil, "`FOLDER` with newer audit logs; can be given several times")
	cmd.Flags().BoolVar(&order.check, "check", false, "verify, say what a restore would do, and do nothing")
	addOutputFlag(cmd)
	return cmd
}

func (o restoreOrder) run(cmd *cobra.Command) (err error) {
	config, err := configOf(cmd)
	if err != nil {
		return err
	}
	h := &house{config: config, logger: operatorLogger()}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.openToken(cmd.Context()); err != nil {
		return err
	}
	if h.registry, err = openRegistry(cmd.Context(), config); err != nil {
		return err
	}
	h.closers = append(h.closers, h.registry.Close)
	answer, err := o.restore(cmd.Context(), h)
	if err != nil {
		return err
	}
	return print(cmd, answer, func(w io.Writer) error { return answer.tell(w) })
}

// A restored is what restore answers.
type restored struct {
	backup.Report
	Restored bool     `json:"restored"` // and not only checked
	Warnings []string `json:"warnings"` // about what is not in the backup
}

func (o restoreOrder) restore(ctx context.Context, h *house) (restored, error) {
	signer, public, err := h.auditKey(ctx)
	if err != nil {
		return restored{}, err
	}
	archive, err := backup.Open(o.from, public)
	if err != nil {
		return restored{}, err
	}
	defer func() { _ = archive.Close() }() // read only
	answer := restored{Restored: !o.check}
	if answer.Warnings, err = h.compare(ctx, archive); err != nil {
		return restored{}, err
	}
	r := backup.Restorer{
		Archive: archive, Registry: h.registry, Folder: h.config.path(h.config.Audit.Folder), Others: o.folders,
		Signer: signer, Key: public, Now: time.Now,
	}
	if o.check {
		answer.Report, err = r.Check(ctx)
	} else {
		answer.Report, err = r.Restore(ctx)
	}
	if err != nil || o.check {
		return answer, err
	}
	return answer, tellKey(filepath.Join(r.Folder, "audit.pub"), public)
}

// tellKey writes the public key that audit verify asks for, where it was lost
// with the logs.
func tellKey(path string, public *ecdsa.PublicKey) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	return writePEM(path, "PUBLIC KEY", der, 0o644)
}

// compare says what the backup needs and is not here: ErrForeign without the
// key that sealed the authenticators' secrets, warnings for what concerns some.
func (h *house) compare(ctx context.Context, archive *backup.Archive) ([]string, error) {
	here, err := h.describe(ctx)
	if err != nil {
		return nil, err
	}
	if here.SealKey != archive.House.SealKey {
		return nil, fmt.Errorf("%w: the secrets of authenticators are sealed with key %s, here it is %s",
			backup.ErrForeign, archive.House.SealKey, here.SealKey)
	}
	warnings := []string{}
	if here.Pepper != archive.House.Pepper {
		warnings = append(warnings, "the pepper is another: no client's secret will be right until it is put back")
	}
	if archive.House.Portal != "" && here.Portal != archive.House.Portal {
		warnings = append(warnings, "portal.key is another: no name in the signers' histories can be read until it is put back")
	}
	if here.CAKey != archive.House.CAKey {
		warnings = append(warnings, "the authority's key is another: new credentials will be certified by it")
	}
	missing, err := h.missingKeys(ctx, archive)
	return append(warnings, missing...), err
}

// missingKeys are keys that credentials need and the token does not have.
func (h *house) missingKeys(ctx context.Context, archive *backup.Archive) ([]string, error) {
	keys, err := h.token.Keys(ctx)
	if err != nil {
		return nil, err
	}
	has := make(map[string]string, len(keys))
	for _, key := range keys {
		if has[hex.EncodeToString(key.ID)], err = backup.Fingerprint(key.Public); err != nil {
			return nil, err
		}
	}
	var warnings []string
	err = archive.Keys(func(needed backup.Key) error {
		switch found, ok := has[needed.ID]; {
		case !ok:
			warnings = append(warnings, fmt.Sprintf("the token has no key %s: credential %s cannot sign", needed.ID, needed.Credential))
		case found != needed.SHA256:
			warnings = append(warnings, fmt.Sprintf("key %s is not the one of credential %s, which cannot sign", needed.ID, needed.Credential))
		}
		return nil
	})
	return warnings, err
}

func (r restored) tell(w io.Writer) error {
	done := "restored: "
	if !r.Restored {
		done = "good, nothing was changed: "
	}
	for _, part := range []struct {
		what  string
		lines []string
	}{
		{"warning: ", r.Warnings},
		{"as the logs say: ", r.Changes},
		{"lost, added after the backup: ", r.Lost},
		{"not in the backup, ", r.LeftOut},
		{"log not whole when the backup was taken: ", r.Faults},
		{"log not in the backup: ", r.Missing},
		{"finding of the audit: ", r.Findings},
	} {
		for _, line := range part.lines {
			fmt.Fprintln(w, part.what+line)
		}
	}
	_, err := fmt.Fprintf(w, "%sthe registry of %s, held to logs that end at %s\n",
		done, r.Made.Format(time.RFC3339), r.Until.Format(time.RFC3339))
	return err
}
