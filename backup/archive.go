package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// An archiver writes members one after the other, in the one way there is.
type archiver struct {
	tar     *tar.Writer
	members []Member
}

func newArchiver(w io.Writer) *archiver { return &archiver{tar: tar.NewWriter(w)} }

// begin begins a member: what of its header a name and a size do not say is
// always the same.
func begin(w *tar.Writer, name string, size int64) error {
	return w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: time.Unix(0, 0),
	})
}

// add writes a member of size bytes.
func (a *archiver) add(name string, size int64, from io.Reader) error {
	if err := begin(a.tar, name, size); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	m := newMeasure()
	n, err := io.Copy(io.MultiWriter(a.tar, m), io.LimitReader(from, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	a.members = append(a.members, m.member(name))
	return nil
}

// A measure is what a manifest says of a member.
type measure struct {
	hash  hash.Hash
	size  int64
	lines int64
}

func newMeasure() *measure { return &measure{hash: sha256.New()} }

func (m *measure) Write(b []byte) (int, error) {
	m.hash.Write(b)
	m.size += int64(len(b))
	m.lines += int64(bytes.Count(b, []byte("\n")))
	return len(b), nil
}

func (m *measure) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }

func (m *measure) member(name string) Member {
	return Member{Name: name, Size: m.size, SHA256: m.sum(), Lines: m.lines}
}

// maxManifest bounds what is read of a manifest before it is known to be one.
const maxManifest = 16 << 20

// A content is what was found in a file.
type content struct {
	members             []Member // but the last two
	manifest, signature []byte
}

// read reads a whole file and refuses one that was not written by an archiver:
// what it reads it writes again, and compares.
func read(file io.Reader) (content, error) {
	var c content
	was, is := sha256.New(), sha256.New()
	source := io.TeeReader(file, was)
	from, again := tar.NewReader(source), tar.NewWriter(is)
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = c.member(header, from, again)
		}
		if err != nil {
			return content{}, fmt.Errorf("%w: %w", ErrChanged, err)
		}
	}
	if _, err := io.Copy(io.Discard, source); err != nil { // what follows the end
		return content{}, err
	}
	if err := again.Close(); err != nil || !bytes.Equal(was.Sum(nil), is.Sum(nil)) {
		return content{}, errors.Join(ErrChanged, err)
	}
	if c.manifest == nil || c.signature == nil {
		return content{}, fmt.Errorf("%w: there is no manifest", ErrChanged)
	}
	return c, nil
}

func (c *content) member(header *tar.Header, from io.Reader, again *tar.Writer) error {
	if err := begin(again, header.Name, header.Size); err != nil {
		return err
	}
	var whole *[]byte
	switch header.Name {
	case manifestName:
		whole = &c.manifest
	case signatureName:
		whole = &c.signature
	default:
		if c.manifest != nil {
			return fmt.Errorf("%s follows the manifest", header.Name)
		}
		m := newMeasure()
		_, err := io.Copy(io.MultiWriter(again, m), from)
		c.members = append(c.members, m.member(header.Name))
		return err
	}
	if *whole != nil || header.Size > maxManifest {
		return fmt.Errorf("%s stands there twice, or is too long", header.Name)
	}
	text, err := io.ReadAll(io.TeeReader(from, again))
	*whole = text
	return err
}
