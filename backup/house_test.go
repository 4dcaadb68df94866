package backup_test

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A house is a registry on SQLite, a folder of audit logs, and the key that
// signs.
type house struct {
	t      *testing.T
	folder string
	key    *audittest.Key

	manifest []byte // that was written last in another form

	*registry.Registry
}

func newHouse(t *testing.T) *house {
	return &house{t: t, folder: t.TempDir(), key: audittest.NewKey(t), Registry: newRegistry(t)}
}

func newRegistry(t *testing.T) *registry.Registry {
	t.Helper()
	empty, err := template()
	must(t, err)
	path := filepath.Join(t.TempDir(), "registry.db")
	must(t, os.WriteFile(path, empty, 0o600))
	r, err := registry.Open(t.Context(), registry.Config{URL: path})
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// template is a registry that nobody has used, made once for all tests.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pecete-backup-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "registry.db")
	r, err := registry.Open(context.Background(), registry.Config{URL: path})
	if err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil { // which leaves nothing in other files
		return nil, err
	}
	return os.ReadFile(path)
})

// open opens a log of the house, which is closed at the end of the test at the
// latest.
func (h *house) open(name string) *audit.Log {
	h.t.Helper()
	log, err := audit.Open(h.t.Context(), audit.Config{
		Path: filepath.Join(h.folder, name), Signer: h.key, Keys: h.key.Keys(), Keeper: h.Registry,
	})
	must(h.t, err)
	h.t.Cleanup(func() { _ = log.Close(context.Background()) })
	return log
}

// write appends to a log of the house and closes it.
func (h *house) write(name string, entries ...audit.Entry) {
	h.t.Helper()
	log := h.open(name)
	for _, e := range entries {
		must(h.t, log.Append(h.t.Context(), e))
	}
	must(h.t, log.Close(h.t.Context()))
}

// fill adds a signer with all that one has, a client, and records of them.
func (h *house) fill() {
	h.t.Helper()
	ctx := h.t.Context()
	must(h.t, h.AddUser(ctx, users.User{ID: "u_1", Email: "one@example.org", GivenName: "One", Created: noon, Secret: []byte("sealed"), PasswordHash: "hash", PINHash: "pin", Phone: "+40700000001", PhoneSet: noon}))
	must(h.t, h.AddCredential(ctx, credentials.Credential{
		ID: "c_1", UserID: "u_1", KeyID: []byte{1, 2}, Key: csc.P256, Certificates: [][]byte{certificate(h.t)}, Created: noon,
		Factors: "OTP", Extendable: true,
	}))
	must(h.t, h.BeginIssuance(ctx, credentials.Issuance{Serial: "abc", CredentialID: "c_9", UserID: "u_1", KeyID: []byte{1, 2}, Begun: noon}))
	must(h.t, h.AddClient(ctx, oauth.Client{ID: "app_1", Name: "One", Verifiers: [][]byte{[]byte("new"), []byte("old")}, Keys: []byte("keys"), Created: noon, Managed: &oauth.Managed{Invitation: "inv_1", Hash: "reg"}}))
	must(h.t, h.Link(ctx, "app_1", "u_1"))
	must(h.t, h.SetAccount(ctx, "app_1", "account 1", "u_1"))
	must(h.t, h.SetAccountKeys(ctx, "app_1", []oauth.AccountKey{{Verifier: audit.Mark([]byte("new")), Sealed: []byte("key")}}))
	must(h.t, h.AddEnrolment(ctx, invited))
	must(h.t, h.AddUser(ctx, users.User{ID: "u_0", Email: "nobody@example.org", Created: noon}))
	must(h.t, h.AddEnrolment(ctx, enrolment.Enrolment{ID: "e_0", UserID: "u_0", State: enrolment.Cancelled, Created: noon, Changed: noon}))
	must(h.t, h.AddReceipt(ctx, documents.Receipt{ID: "d_1", UserID: "u_1", CredentialID: "c_1", Sealed: []byte("name"), Salt: []byte("salt"), Brought: "ab", Signed: "cd", At: noon}))
	must(h.t, h.AddDocument(ctx, documents.Document{ID: "d_2", UserID: "u_1", Sealed: []byte("name"), Salt: []byte("the key of a document"), Created: noon, Expires: noon}))
	h.write("operator.log",
		audit.Entry{Event: audit.EnrolmentInvited, User: "u_1", Reason: "e_1: file 7", Kept: linkMarks("pair 1", "activate 1")},
		audit.Entry{Event: audit.UserAdded, User: "u_1"},
		audit.Entry{Event: audit.FactorPaired, User: "u_1", Factor: users.FactorCode, Kept: []string{audit.Mark([]byte("sealed"))}},
		audit.Entry{Event: audit.FactorPaired, User: "u_1", Factor: users.FactorPassword, Kept: []string{audit.Mark([]byte("hash"))}},
		audit.Entry{Event: audit.CredentialAdded, User: "u_1", Credential: "c_1", Key: "0102"},
		audit.Entry{Event: audit.ClientAdded, Client: "app_1", Kept: []string{audit.Mark([]byte("new")), audit.Mark([]byte("old")), audit.Mark([]byte("keys")), audit.Mark([]byte("reg"))}},
	)
}

// invited is an enrolment that waits for its signer.
var invited = enrolment.Enrolment{
	ID: "e_1", UserID: "u_1", Inviter: "ra_1", Request: "request 1", State: enrolment.Invited, Created: noon, Changed: noon,
	Identity: enrolment.Identity{GivenName: "One", Email: "one@example.org", Identifier: "PNORO-1"},
	Pair:     enrolment.Sent{Hash: "pair 1", Expires: noon.Add(24 * time.Hour)}, Activate: enrolment.Sent{Hash: "activate 1", Expires: noon.Add(24 * time.Hour)},
}

func linkMarks(hashes ...string) (marks []string) {
	for _, hash := range hashes {
		marks = append(marks, audit.Mark([]byte(hash)))
	}
	return marks
}

func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Demo"}, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	must(t, err)
	return der
}

func (h *house) taker() backup.Taker {
	return backup.Taker{
		Registry: h.Registry, Folders: []string{h.folder}, Signer: h.key, Key: h.key.Keys()[0],
		House: backup.House{SealKey: hex.EncodeToString([]byte("seal"))}, Spool: h.t.TempDir(), Program: "test", Now: time.Now,
	}
}

// take takes a backup and returns its path.
func (h *house) take() string {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), "backup.tar")
	file, err := os.Create(path)
	must(h.t, err)
	_, err = h.taker().Take(h.t.Context(), file)
	must(h.t, err)
	must(h.t, file.Close())
	return path
}

// restorer puts a backup back into an empty registry beside the house's logs.
func (h *house) restorer(path string) backup.Restorer {
	h.t.Helper()
	archive, err := backup.Open(path, h.key.Keys()[0])
	must(h.t, err)
	h.t.Cleanup(func() { _ = archive.Close() })
	return backup.Restorer{
		Archive: archive, Registry: newRegistry(h.t), Folder: h.folder, Signer: h.key, Key: h.key.Keys()[0], Now: time.Now,
	}
}

// rows are the rows of a registry, as text.
func rows(t *testing.T, s backup.Store) string {
	t.Helper()
	var all strings.Builder
	must(t, s.Export(t.Context(), func(row backup.Row) error {
		line, err := row.Text()
		all.Write(append(line, '\n'))
		return err
	}))
	return all.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
