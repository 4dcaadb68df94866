package registry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/registry"
)

// certified is a credential with a certificate of that number.
func certified(t *testing.T, n, ofUser int, serial int64) credentials.Credential {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Demo"}, NotBefore: created, NotAfter: created.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	must(t, err)
	c := credential(n, ofUser)
	c.Certificates = [][]byte{der}
	return c
}

// certificatesOutliveMigration: what a program wrote that knew neither serial
// numbers nor times of revocations gets them when it is opened; what is not a
// certificate does no harm.
func certificatesOutliveMigration(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddCredential(t.Context(), certified(t, 1, 1, 0x1a2b)))
	must(t, r.AddCredential(t.Context(), credential(2, 1))) // of bytes
	none := credential(3, 1)
	none.Certificates = nil
	must(t, r.AddCredential(t.Context(), none))
	must(t, r.RevokeCredential(t.Context(), id("c", 1), created, 1))
	must(t, r.Close())
	db := raw(t, url)
	_, err := db.Exec(`UPDATE credentials SET serial = '', revoked_at = 0`)
	must(t, err)
	must(t, db.Close())
	before := time.Now().UnixMicro()
	for range 2 {
		r, err := registry.Open(t.Context(), registry.Config{URL: url})
		must(t, err)
		must(t, r.Close())
	}
	var serial string
	var at int64
	must(t, raw(t, url).QueryRow(`SELECT serial, revoked_at FROM credentials WHERE revoked`).Scan(&serial, &at))
	if serial != "1a2b" || at < before || at > time.Now().UnixMicro() {
		t.Errorf("serial %q, revoked at %d", serial, at)
	}
}

func raceSuspend(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	won := race(t, 20, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		err := at.SuspendCredential(t.Context(), id("c", 1), created)
		if errors.Is(err, credentials.ErrWithdrawn) {
			return false, nil
		}
		return err == nil, err
	})
	if won != 1 {
		t.Errorf("%d suspended it", won)
	}
}
