package hsm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// softHSM is where SoftHSM2 lies: Debian and Ubuntu, Fedora, Arch, a build of
// one's own, Homebrew.
var softHSM = []string{
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm.so",
	"/usr/lib64/pkcs11/libsofthsm2.so",
	"/usr/lib/pkcs11/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
	"/opt/homebrew/lib/softhsm/libsofthsm2.so",
	"/opt/homebrew/opt/softhsm/lib/softhsm/libsofthsm2.so",
	"/usr/local/opt/softhsm/lib/softhsm/libsofthsm2.so",
}

// FindSoftHSM is the path of SoftHSM2's library, "" if it is not installed.
func FindSoftHSM() string {
	for _, path := range softHSM {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// labelLength is that of a token's label (PKCS#11 v2.40 §5.5, C_InitToken).
const labelLength = 32

// initWait bounds how long Initialise waits for others in this process.
const initWait = 30 * time.Second

// Initialise makes a token on a free slot of the module, and its user's PIN. It
// never touches a token that is there: ErrTokenExists for one with the same
// label. One that was interrupted half-way is such a one.
func Initialise(module, label string, soPIN, pin csc.Secret) error {
	if label == "" || len(label) > labelLength {
		return fmt.Errorf("initialise token %q: a label has 1 to %d bytes", label, labelLength)
	}
	m, err := acquire(module)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), initWait)
	defer cancel()
	err = m.alone(ctx, func() error { return m.initToken(label, soPIN, pin) })
	if err != nil {
		err = fmt.Errorf("initialise token %q: %w", label, err)
	}
	return errors.Join(err, m.release(""))
}

func (m *module) initToken(label string, soPIN, pin csc.Secret) error {
	if _, _, err := m.slot(label); err == nil {
		return ErrTokenExists
	} else if !errors.Is(err, ErrNoToken) {
		return err
	}
	free, err := m.freeSlot()
	if err != nil {
		return err
	}
	if err := m.p11.InitToken(free, string(soPIN), label); err != nil {
		return fmt.Errorf("make token: %w", err)
	}
	slot, _, err := m.slot(label) // it may have moved
	if err != nil {
		return err
	}
	session, err := m.p11.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	defer func() { _ = m.p11.CloseAllSessions(slot) }() // and so out again
	if err := m.p11.Login(session, pkcs11.CKU_SO, string(soPIN)); err != nil {
		return fmt.Errorf("log in as security officer: %w", err)
	}
	if err := m.p11.InitPIN(session, string(pin)); err != nil {
		return fmt.Errorf("set PIN: %w", err)
	}
	return nil
}

// freeSlot is one with a token that is not initialised.
func (m *module) freeSlot() (uint, error) {
	slots, err := m.p11.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("list slots: %w", err)
	}
	for _, slot := range slots {
		info, err := m.p11.GetTokenInfo(slot)
		if err == nil && info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			return slot, nil
		}
	}
	return 0, errors.New("no slot is free")
}
