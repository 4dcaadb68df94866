package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

// write writes a file beside the configuration.
func write(t *testing.T, c *Config, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTermsText(t *testing.T) {
	c := &Config{dir: t.TempDir()}
	h := &house{config: c}
	got, err := h.terms()
	if diff := cmp.Diff(portal.Terms{Version: "1", Text: map[string][]string{}}, got); diff != "" || err != nil {
		t.Errorf("without any: %v\n%s", err, diff)
	}
	c.Enrolment.TermsText = map[string]string{"ro": "terms.ro.txt"}
	if err := c.checkEnrolment(); err == nil || !strings.Contains(err.Error(), "enrolment.terms is missing") {
		t.Errorf("terms without a version: %v", err)
	}
	c.Enrolment.Terms = "2026-11"
	if err := c.checkEnrolment(); err != nil {
		t.Error(err)
	}
	if _, err := h.terms(); err == nil {
		t.Error("there is no such file")
	}
	write(t, c, "terms.ro.txt", "Primul rând\r\nși al doilea.\r\n\r\n\n\nUn paragraf.\n")
	got, err = h.terms()
	want := portal.Terms{Version: "2026-11", Text: map[string][]string{"ro": {"Primul rând\nși al doilea.", "Un paragraf."}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestBreachedPasswords(t *testing.T) {
	c := &Config{dir: t.TempDir()}
	h := &house{config: c}
	if registrar, err := h.signersRegistrar(&users.Prover{}); err != nil || registrar.Advice == nil || registrar.Advice.Stolen != nil {
		t.Errorf("without a list: %+v, %v", registrar.Advice, err)
	}
	c.Passwords.Breached = "stolen.txt"
	write(t, c, "stolen.txt", "b\na\n")
	if _, err := h.signersRegistrar(&users.Prover{}); err == nil || !strings.Contains(err.Error(), "passwords.breached") {
		t.Errorf("a list that is not in order: %v", err)
	}
	write(t, c, "stolen.txt", "a\nb\n")
	registrar, err := h.signersRegistrar(&users.Prover{})
	if err != nil || registrar.Advice.Stolen == nil {
		t.Errorf("%v", err)
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
}
