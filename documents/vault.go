package documents

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Part is a file of a document.
type Part string

// The parts.
const (
	Brought   Part = "brought"
	increment Part = "increment" // what signing appends, with an empty place
	Signed    Part = "signed"
)

// parts are all there are.
var parts = []Part{Brought, increment, Signed}

// saltSize is how many random bytes the key of a document is made with. They stand
// in the index and nowhere else.
const saltSize = 32

// A Vault keeps files encrypted: AES-256-GCM, under a key for each document that
// is made of the Key of all and of the document's salt.
type Vault struct {
	Folder string
	Key    []byte // 32 bytes or more, in no folder with the files
}

var errSealed = errors.New("documents: what was sealed is not what was kept")

// newSalt draws one.
func newSalt() []byte {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return salt
}

func (v Vault) cipher(salt []byte) (cipher.AEAD, error) {
	if len(v.Key) < 32 || len(salt) != saltSize {
		return nil, fmt.Errorf("%w: no key", errSealed)
	}
	key, err := hkdf.Key(sha256.New, v.Key, salt, "pecete documents", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts something of the document, or batch, that has the salt.
func (v Vault) seal(id string, what Part, salt, plain []byte) ([]byte, error) {
	c, err := v.cipher(salt)
	if err != nil {
		return nil, err
	}
	return c.Seal(nil, nil, plain, []byte(id+"|"+string(what))), nil
}

func (v Vault) open(id string, what Part, salt, sealed []byte) ([]byte, error) {
	c, err := v.cipher(salt)
	if err != nil {
		return nil, err
	}
	plain, err := c.Open(nil, nil, sealed, []byte(id+"|"+string(what)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s of %s", errSealed, what, id)
	}
	return plain, nil
}

func (v Vault) path(d Document, what Part) string {
	return filepath.Join(v.Folder, d.ID+"."+string(what))
}

// put keeps a part, whole or not at all.
func (v Vault) put(d Document, what Part, content []byte) (err error) {
	sealed, err := v.seal(d.ID, what, d.Salt, content)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(v.Folder, d.ID+".*.new")
	if err != nil {
		return fmt.Errorf("keep document: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // it is of no use
		}
	}()
	_, err = file.Write(sealed)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("keep document: %w", err)
	}
	if err := os.Rename(file.Name(), v.path(d, what)); err != nil {
		return fmt.Errorf("keep document: %w", err)
	}
	return nil
}

// get returns a part.
func (v Vault) get(d Document, what Part) ([]byte, error) {
	sealed, err := os.ReadFile(v.path(d, what))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	return v.open(d.ID, what, d.Salt, sealed)
}

// remove deletes parts; that there are none is no error.
func (v Vault) remove(d Document, of ...Part) error {
	var faults []error
	for _, what := range of {
		if err := os.Remove(v.path(d, what)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, fmt.Errorf("delete document: %w", err))
		}
	}
	return errors.Join(faults...)
}
