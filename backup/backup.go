// Package backup keeps copies of what may not be lost, the registry and the
// audit logs, and puts them back.
//
// A backup is a tar file that any tar can list: each table of the registry as
// lines of JSON, the same whichever database it is in; the audit logs; a line
// for each key in the device that the credentials need; and at the end a
// manifest with the SHA-256 of everything before it, signed by the key that
// signs the heads of audit logs. There is one way to write these bytes, and a
// file that differs from it in any of them is refused. The keys themselves are
// in the device and not in the backup, and neither is any secret of the
// configuration.
//
// It is taken while servers serve, the registry first, at one moment, and then
// the logs. A record comes before its deed, and a head is on the disk before it
// is kept, so that the logs tell of everything the registry has; what they tell
// beyond that is not lost either, see below. Of several logs, one might tell of
// the spending and another, copied a moment earlier, not yet of the grant: so
// the copies are cut back until none depends on a record that is not in them
// (cut.go).
//
// A registry that goes back in time would forget what must not be forgotten:
// that a code was used, a credential revoked, an authenticator replaced. So
// what is put back is not the old registry but the old registry with everything
// on it that the logs tell since, as far as it forbids something (later.go). The
// logs of the backup tell it for the moments between the two copies; newer ones,
// where they survived, for the time since. Nothing is ever allowed again by a
// log, only forbidden.
package backup

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"time"

	"github.com/pecete/pecete/audit"
)

// format is the number of the form of backups. Those of each form before it can be
// restored: they have fewer tables.
const format = 4

// A Manifest says what is in a backup.
type Manifest struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	Program string    `json:"program"` // version of what made it
	Schema  int64     `json:"schema"`  // of the registry
	House   House     `json:"house"`
	Members []Member  `json:"members"` // in the order of the file
	Logs    []LogCopy `json:"logs"`
	// Missing are logs of which the registry keeps a head and which were not
	// there to be copied.
	Missing []string `json:"missing"`
}

// A House is what a backup is good with: nothing of it is in the backup.
type House struct {
	AuditKey string `json:"auditKey"` // SHA-256 of the public key that signs, hex
	SealKey  string `json:"sealKey"`  // CKA_ID of what sealed the authenticators' secrets, hex
	CAKey    string `json:"caKey"`    // SHA-256 of the authority's public key, hex; "" if it is not in the device
	Pepper   string `json:"pepper"`   // mark of the pepper that client secrets are verified with
	// Portal is the mark of the key that names in receipts are sealed with; "" where
	// there are none.
	Portal string `json:"portal,omitempty"`
}

// A Member is a file in the backup.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Lines  int64  `json:"lines"`
}

// A LogCopy is the copy of an audit log.
type LogCopy struct {
	Name    string `json:"name"` // of its file
	Log     string `json:"log"`  // its id
	Records uint64 `json:"records"`
	// Fault says what was wrong with the log when it was copied; "" if it was
	// whole. A restore accepts this fault and no other.
	Fault string `json:"fault,omitempty"`
}

// A Key is a line of keys.jsonl: a key in the device that a credential needs.
type Key struct {
	ID         string `json:"id"`     // CKA_ID, hex
	SHA256     string `json:"sha256"` // of the public key, as SubjectPublicKeyInfo; hex
	Credential string `json:"credential"`
}

// Fingerprint is the SHA-256 of a public key as SubjectPublicKeyInfo, hex.
func Fingerprint(public any) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	return audit.Mark(der), nil
}

// A Store is a registry.
type Store interface {
	// Schema is the number of the form its tables have.
	Schema() (int64, error)
	// Export hands out every row as it stands at one moment, by table and by
	// primary key, while others go on writing.
	Export(ctx context.Context, each func(Row) error) error
	// Empty says whether there is no row at all: nil or ErrNotEmpty.
	Empty(ctx context.Context) error
	// Import fills an empty store, ErrNotEmpty if it is not, with what fill adds:
	// all of it or, if fill returns an error, nothing.
	Import(ctx context.Context, fill func(add func(Row) error) error) error
}

var (
	// ErrNotEmpty says that a registry has rows already.
	ErrNotEmpty = errors.New("backup: registry is not empty")
	// ErrChanged says that a file is not what the backup's maker wrote.
	ErrChanged = errors.New("backup: changed, or not whole")
	// ErrForeign says that a backup was made with another device's key.
	ErrForeign = errors.New("backup: of another token")
	// ErrLogs says that audit logs are not what the backup, or each other, say
	// they are.
	ErrLogs = errors.New("backup: audit logs do not fit")
)

// The names in the file.
const (
	manifestName  = "manifest.json"
	signatureName = "manifest.sig"
	keysName      = "keys.jsonl"
	tablePrefix   = "registry/"
	tableSuffix   = ".jsonl"
	logPrefix     = "audit/"
)

// digest is what is signed of a manifest: it is told from the head of a log by
// its first words.
func digest(manifest []byte) []byte {
	text := append([]byte("pecete backup 1"), 0)
	sum, _ := hex.DecodeString(audit.Mark(append(text, manifest...))) // it is hex
	return sum
}

// signedBy reports whether key signed the manifest.
func signedBy(manifest, signature []byte, key *ecdsa.PublicKey) bool {
	lowest, err := audit.Lower(signature)
	return err == nil && string(lowest) == string(signature) && ecdsa.VerifyASN1(key, digest(manifest), signature)
}
