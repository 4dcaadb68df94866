package backup

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// spools are files that grow side by side until their lengths are known. They
// have no names: nobody finds them, and a crash leaves none.
type spools map[string]*spool

type spool struct {
	file *os.File
	*bufio.Writer
	size int64
}

func newSpools(folder string) (spools, error) {
	names := []string{keysName}
	for _, table := range Tables() {
		names = append(names, table.Name)
	}
	all := spools{}
	for _, name := range names {
		file, err := os.CreateTemp(folder, ".backup-*") // mode 0600
		if err != nil {
			all.close()
			return nil, fmt.Errorf("make a temporary file: %w", err)
		}
		all[name] = &spool{file: file, Writer: bufio.NewWriter(file)}
		if err := os.Remove(file.Name()); err != nil {
			all.close()
			return nil, err
		}
	}
	return all, nil
}

func (s spools) close() {
	for _, one := range s {
		_ = one.file.Close() // it has no name any more
	}
}

func (s spools) line(name string, line []byte) error {
	one := s[name]
	one.size += int64(len(line)) + 1
	if _, err := one.Write(line); err != nil {
		return err
	}
	return one.WriteByte('\n')
}

// key notes which key in the device a credential needs.
func (s spools) key(credential Row) error {
	id, _ := credential.Values["id"].(string)
	public, err := publicOf(credential)
	if err != nil {
		return fmt.Errorf("certificate of %s: %w", id, err)
	}
	keyID, _ := credential.Values["key_id"].([]byte)
	line, err := json.Marshal(Key{ID: hex.EncodeToString(keyID), SHA256: public, Credential: id})
	if err != nil {
		return err
	}
	return s.line(keysName, line)
}

// publicOf is the fingerprint of the key that a credential's certificate names.
func publicOf(credential Row) (string, error) {
	text, _ := credential.Values["certificates"].(string)
	var chain [][]byte
	if err := json.Unmarshal([]byte(text), &chain); err != nil || len(chain) == 0 {
		return "", errors.Join(errors.New("there is none"), err)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return "", err
	}
	return Fingerprint(leaf.PublicKey)
}

func (s spools) archive(a *archiver, name, member string) error {
	one := s[name]
	if err := one.Flush(); err != nil {
		return err
	}
	if _, err := one.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.add(member, one.size, one.file)
}
