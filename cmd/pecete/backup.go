package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/hsm"
)

// A backupOrder is what backup is asked for.
type backupOrder struct {
	to      string
	folders []string
	partial bool
}

func backupCommand() *cobra.Command {
	var order backupOrder
	cmd := &cobra.Command{
		Use:   "backup FILE|FOLDER|-",
		Short: "Copy the registry and the audit logs while servers serve",
		Long: `Backup writes the registry, as it stands at one moment, and the audit logs into
one file that only its owner can read, signed by the audit key in the device. In
a FOLDER it chooses the name; - is the standard output, for a pipe.

The keys in the device are not in it, nor is anything of the configuration:
pepper, PIN, TLS key, steps, portal.key. They have backups of their own. Nor are
documents that signers brought, sessions and tokens: restore says so of each.`,
		Args: exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			order.to = args[0]
			return order.run(cmd)
		},
	}
	cmd.Flags().StringArrayVar(&order.folders, "audit-folder", nil, "`FOLDER` with logs of other hosts, beside the configuration's; can be given several times")
	cmd.Flags().BoolVar(&order.partial, "missing-logs", false, "take a backup although logs are missing of which the registry keeps a head")
	return cmd
}

func (o backupOrder) run(cmd *cobra.Command) (err error) {
	config, err := configOf(cmd)
	if err != nil {
		return err
	}
	h, err := openHouse(cmd.Context(), config, operatorLogger(), operatorLog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.log.Append(cmd.Context(), audit.Entry{Event: audit.BackupTaken}); err != nil {
		return err
	}
	if err := h.closeLast(); err != nil { // others need the operator's log
		return err
	}
	taker, err := h.taker(cmd.Context(), o)
	if err != nil {
		return err
	}
	manifest, path, err := o.write(cmd, taker)
	if err != nil {
		return err
	}
	return tellBackup(cmd, manifest, path)
}

// closeLast closes what was opened last.
func (h *house) closeLast() error {
	last := h.closers[len(h.closers)-1]
	h.closers = h.closers[:len(h.closers)-1]
	return last()
}

func (h *house) taker(ctx context.Context, o backupOrder) (backup.Taker, error) {
	signer, public, err := h.auditKey(ctx)
	if err != nil {
		return backup.Taker{}, err
	}
	t := backup.Taker{
		Registry: h.registry, Folders: append([]string{h.config.path(h.config.Audit.Folder)}, o.folders...),
		Signer: signer, Key: public, Program: version(), Partial: o.partial, Now: time.Now,
	}
	t.House, err = h.describe(ctx)
	return t, err
}

// auditKey is what signs heads and backups.
func (h *house) auditKey(ctx context.Context) (headSigner, *ecdsa.PublicKey, error) {
	key, err := h.token.Find(ctx, labelAudit)
	if err != nil {
		return headSigner{}, nil, fmt.Errorf("find audit key: %w", err)
	}
	public, ok := key.Public.(*ecdsa.PublicKey)
	if !ok {
		return headSigner{}, nil, errors.New("the audit key is not of an elliptic curve")
	}
	return headSigner{h.token, key.ID}, public, nil
}

// describe names what a backup is good with.
func (h *house) describe(ctx context.Context) (b backup.House, err error) {
	seal, err := h.token.FindSecret(ctx, labelSeal)
	if err != nil {
		return b, fmt.Errorf("find sealing key: %w", err)
	}
	b.SealKey = hex.EncodeToString(seal)
	pepper, err := h.config.key(h.config.Pepper)
	if err != nil {
		return b, err
	}
	b.Pepper = audit.Mark(derived(pepper, "backup"))
	if h.config.Portal.Key != "" {
		key, err := h.config.key(h.config.Portal.Key)
		if err != nil {
			return b, err
		}
		b.Portal = audit.Mark(derived(key, "backup"))
	}
	authority, err := h.token.Find(ctx, labelCA)
	if errors.Is(err, hsm.ErrNoKey) {
		return b, nil
	}
	if err != nil {
		return b, fmt.Errorf("find ca key: %w", err)
	}
	b.CAKey, err = backup.Fingerprint(authority.Public)
	return b, err
}

// write writes the backup where it was asked to, whole or not at all, and reads
// it again.
func (o backupOrder) write(cmd *cobra.Command, taker backup.Taker) (backup.Manifest, string, error) {
	if o.to == "-" {
		if file, ok := cmd.OutOrStdout().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
			return backup.Manifest{}, "", usageError{errors.New("the standard output is a terminal: use a pipe or a FILE")}
		}
		m, err := taker.Take(cmd.Context(), cmd.OutOrStdout())
		return m, "the standard output", err
	}
	path := o.to
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, time.Now().UTC().Format("pecete-20060102T150405Z")+".tar")
	}
	taker.Spool = filepath.Dir(path)
	m, err := writeNew(path, func(w io.Writer) (backup.Manifest, error) { return taker.Take(cmd.Context(), w) })
	if err != nil {
		return m, path, err
	}
	archive, err := backup.Open(path, taker.Key)
	if err != nil {
		return m, path, err
	}
	return m, path, archive.Close()
}

// writeNew makes a file that only its owner can read. It has its name when it is
// on the disk, and takes nobody else's.
func writeNew(path string, fill func(io.Writer) (backup.Manifest, error)) (m backup.Manifest, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".backup-*") // mode 0600
	if err != nil {
		return m, fmt.Errorf("make a temporary file: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	if m, err = fill(file); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return m, err
	}
	if err := os.Link(file.Name(), path); err != nil {
		return m, fmt.Errorf("name the backup: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return m, err
	}
	return m, errors.Join(dir.Sync(), dir.Close())
}

// tellBackup says on the standard error what was copied, and that logs were not
// whole.
func tellBackup(cmd *cobra.Command, m backup.Manifest, path string) error {
	w := cmd.ErrOrStderr()
	for _, member := range m.Members {
		fmt.Fprintf(w, "%s: %d lines\n", member.Name, member.Lines)
	}
	for _, log := range m.Missing {
		fmt.Fprintf(w, "missing: the log %s, of which a head is kept\n", log)
	}
	fmt.Fprintf(w, "backup of %s: %s\n", m.Made.Format(time.RFC3339), path)
	var faults []error
	for _, log := range m.Logs {
		if log.Fault != "" {
			faults = append(faults, fmt.Errorf("%s: %s", log.Name, log.Fault))
		}
	}
	if len(faults) > 0 {
		return errors.Join(append(faults, errAudit)...)
	}
	return nil
}
