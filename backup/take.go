package backup

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pecete/pecete/audit"
)

// A Taker takes backups while servers serve.
type Taker struct {
	Registry Store
	// Folders have the audit logs: this host's and, where there are others, the
	// folders that their logs are seen in.
	Folders []string
	// Signer signs the manifest, and Key is its public key.
	Signer audit.HeadSigner
	Key    *ecdsa.PublicKey
	House  House // but AuditKey
	// Spool is a folder for what is written before its length is known. What is
	// in it is as secret as the backup.
	Spool   string
	Program string
	// Partial lets logs be missing of which the registry keeps a head.
	Partial bool
	Now     func() time.Time
}

// Take writes a backup. An error says that what was written is none.
func (t Taker) Take(ctx context.Context, w io.Writer) (Manifest, error) {
	now := t.Now().UTC().Truncate(time.Second)
	before, err := t.lengths()
	if err != nil {
		return Manifest{}, err
	}
	a := newArchiver(w)
	heads, err := t.registry(ctx, a)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Format: format, Made: now, Program: t.Program, House: t.House, Missing: []string{}}
	if m.Schema, err = t.Registry.Schema(); err != nil {
		return Manifest{}, err
	}
	if m.Logs, err = t.logs(a, before, heads); err != nil {
		return Manifest{}, err
	}
	for _, h := range heads {
		if !slices.ContainsFunc(m.Logs, func(l LogCopy) bool { return l.Log == h.Log }) {
			m.Missing = append(m.Missing, h.Log)
		}
	}
	if len(m.Missing) > 0 && !t.Partial {
		return Manifest{}, fmt.Errorf("%w: the registry keeps heads of %v, which are not in %v", ErrLogs, m.Missing, t.Folders)
	}
	if m.House.AuditKey, err = Fingerprint(t.Key); err != nil {
		return Manifest{}, err
	}
	m.Members = a.members
	return m, t.seal(ctx, a, m)
}

// lengths are those of the logs by their paths.
func (t Taker) lengths() (map[string]int64, error) {
	all, err := sources(t.Folders)
	if err != nil {
		return nil, err
	}
	defer func() { _ = shut(all) }() // read only
	lengths := map[string]int64{}
	for _, s := range all {
		lengths[s.path] = s.size
	}
	return lengths, nil
}

// seal writes the manifest and its signature, and with them the end.
func (t Taker) seal(ctx context.Context, a *archiver, m Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	signature, err := t.Signer.SignHead(ctx, digest(text))
	if err == nil {
		signature, err = audit.Lower(signature)
	}
	if err == nil && !signedBy(text, signature, t.Key) {
		err = errors.New("the signature is not the key's")
	}
	if err != nil {
		return fmt.Errorf("sign the manifest: %w", err)
	}
	if err := a.add(manifestName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	if err := a.add(signatureName, int64(len(signature)), bytes.NewReader(signature)); err != nil {
		return err
	}
	return a.tar.Close()
}

// registry writes the tables and the keys that the credentials need, and
// returns the heads that are kept.
func (t Taker) registry(ctx context.Context, a *archiver) ([]audit.Head, error) {
	tables, err := newSpools(t.Spool)
	if err != nil {
		return nil, err
	}
	defer tables.close()
	var heads []audit.Head
	err = t.Registry.Export(ctx, func(row Row) error {
		line, err := row.Text()
		if err != nil {
			return err
		}
		switch row.Table {
		case "heads":
			head, err := headOf(row)
			if err != nil {
				return err
			}
			heads = append(heads, head)
		case "credentials":
			if err := tables.key(row); err != nil {
				return err
			}
		}
		return tables.line(row.Table, line)
	})
	if err != nil {
		return nil, err
	}
	for _, table := range Tables() {
		if err := tables.archive(a, table.Name, tablePrefix+table.Name+tableSuffix); err != nil {
			return nil, err
		}
	}
	return heads, tables.archive(a, keysName, keysName)
}

// logs writes copies of the logs, shortened so that they fit each other.
func (t Taker) logs(a *archiver, before map[string]int64, heads []audit.Head) ([]LogCopy, error) {
	all, err := sources(t.Folders)
	if err != nil {
		return nil, err
	}
	defer func() { _ = shut(all) }() // read only
	for _, s := range all {
		s.before = before[s.path]
	}
	if err := cut(all); err != nil {
		return nil, err
	}
	copies := []LogCopy{}
	for _, s := range all {
		if s.size == 0 {
			continue // a process that is just beginning
		}
		c, err := s.verify([]*ecdsa.PublicKey{t.Key}, heads)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(copies, func(o LogCopy) bool { return o.Log == c.Log || o.Name == c.Name }) {
			return nil, fmt.Errorf("%w: there are two %s, or two files of the log %s", ErrLogs, c.Name, c.Log)
		}
		if err := a.add(logPrefix+s.name, s.size, s.content()); err != nil {
			return nil, err
		}
		copies = append(copies, c)
	}
	return copies, nil
}

func headOf(row Row) (audit.Head, error) {
	text := func(column string) string { s, _ := row.Values[column].(string); return s }
	at, err := time.Parse(time.RFC3339Nano, text("at"))
	if err != nil {
		return audit.Head{}, fmt.Errorf("head of %s: %w", text("log"), err)
	}
	seq, _ := row.Values["seq"].(int64)
	signature, _ := row.Values["signature"].([]byte)
	return audit.Head{Log: text("log"), Seq: uint64(seq), Hash: text("hash"), Time: at, Signature: signature}, nil
}

func rowOf(h audit.Head) Row {
	return Row{Table: "heads", Values: map[string]any{
		"log": h.Log, "seq": int64(h.Seq), "hash": h.Hash,
		"at": h.Time.Format(time.RFC3339Nano), "signature": h.Signature,
	}}
}
