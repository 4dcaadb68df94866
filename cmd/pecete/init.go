package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed" // the configuration of a new folder
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
)

// A foundation is what init is asked for.
type foundation struct {
	Folder string
	Listen string
	Module string
	CAName string
	TSA    string
	Token  string
}

func initCommand() *cobra.Command {
	f := foundation{Token: "pecete"}
	cmd := &cobra.Command{
		Use:   "init FOLDER",
		Short: "Make a folder with all a server of one process needs",
		Long: `Make a folder with all a server of one process needs: a PKCS#11 token with
random PINs, a local certification authority and a time-stamping authority whose
keys are in it, a TLS certificate for this machine, and pecete.yaml. What it makes is for trying and
for enterprises that run their own authority; it has no legal value by itself.`,
		Args: exactArgs("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Folder = args[0]
			if err := f.lay(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(f.Folder, "pecete.yaml"))
			return nil
		},
	}
	cmd.Flags().StringVar(&f.Listen, "listen", "127.0.0.1:8443", "`ADDRESS` to serve on")
	cmd.Flags().StringVar(&f.Module, "module", "", "PKCS#11 `LIBRARY` (default: SoftHSM, with its tokens in FOLDER)")
	cmd.Flags().StringVar(&f.CAName, "ca-name", "Pecete Demo CA, no legal value", "common `NAME` of the authority")
	cmd.Flags().StringVar(&f.TSA, "tsa-name", stamperName, "common `NAME` of the time-stamping authority")
	return cmd
}

// lay makes the folder. One that has a configuration already is left alone.
func (f *foundation) lay(ctx context.Context) error {
	if _, err := os.Stat(f.file("pecete.yaml")); err == nil {
		return fmt.Errorf("%s exists already", f.file("pecete.yaml"))
	}
	for _, dir := range []string{"", "audit", "tokens", "secrets", "outbox", "documents"} {
		if err := os.MkdirAll(f.file(dir), 0o700); err != nil {
			return err
		}
	}
	environment, err := f.softHSM()
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(f.Listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	if err := f.secrets(); err != nil {
		return err
	}
	if err := f.certifyTLS(host); err != nil {
		return err
	}
	if err := f.configure(environment); err != nil {
		return err
	}
	return f.keys(ctx)
}

func (f *foundation) file(name string) string { return filepath.Join(f.Folder, name) }

// softHSM points SoftHSM at the folder unless another module was named.
func (f *foundation) softHSM() (map[string]string, error) {
	if f.Module != "" {
		return nil, nil
	}
	f.Module = hsm.FindSoftHSM()
	if f.Module == "" {
		return nil, errors.New("SoftHSM2 is not installed: apt-get install softhsm2, brew install softhsm, or --module LIBRARY")
	}
	tokens, err := filepath.Abs(f.file("tokens"))
	if err != nil {
		return nil, err
	}
	conf := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens)
	if err := os.WriteFile(f.file("softhsm2.conf"), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return map[string]string{"SOFTHSM2_CONF": "./softhsm2.conf"}, nil
}

// secrets writes the PINs and the keys of this server, each random and for the owner only.
func (f *foundation) secrets() error {
	for name, size := range map[string]int{
		"so-pin": 12, "pin": 12, // some devices take no longer PIN
		"pepper": 32, "steps": 32, "documents": 32,
	} {
		b := make([]byte, size)
		_, _ = rand.Read(b) // never fails
		text := base64.RawURLEncoding.EncodeToString(b) + "\n"
		if err := os.WriteFile(f.file("secrets/"+name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

//go:embed pecete.yaml
var configTemplate string

func (f *foundation) configure(environment map[string]string) error {
	_, port, err := net.SplitHostPort(f.Listen)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.file("pecete.yaml"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = template.Must(template.New("pecete.yaml").Parse(configTemplate)).Execute(file, map[string]any{
		"URL": "https://localhost:" + port, "Listen": f.Listen, "Module": f.Module,
		"Token": f.Token, "Environment": environment,
	})
	return errors.Join(err, file.Close())
}

// certifyTLS makes a self-signed TLS certificate for this machine.
func (f *foundation) certifyTLS(host string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	now := time.Now()
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip == nil && host != "" {
		leaf.DNSNames = append(leaf.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		writePEM(f.file("tls.crt"), "CERTIFICATE", der, 0o644),
		writePEM(f.file("tls.key"), "PRIVATE KEY", private, 0o600))
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// keys makes the token, the keys that are not a signer's, and the authority.
func (f *foundation) keys(ctx context.Context) error {
	config, err := loadConfig(f.file("pecete.yaml"))
	if err != nil {
		return err
	}
	if err := config.environment(); err != nil {
		return err
	}
	soPIN, err := config.secret("secrets/so-pin")
	if err != nil {
		return err
	}
	pin, err := config.secret(config.HSM.PIN)
	if err != nil {
		return err
	}
	if err := hsm.Initialise(config.HSM.Module, config.HSM.Token, soPIN, pin); err != nil {
		return fmt.Errorf("initialise token: %w", err)
	}
	h := &house{config: config, logger: slog.New(slog.DiscardHandler)}
	if err := h.openToken(ctx); err != nil {
		return err
	}
	return errors.Join(f.found(ctx, h.token), h.close())
}

// found makes the authority, the keys that seal and that sign the audit log's
// heads, notices and OCSP answers, and the time-stamping authority.
func (f *foundation) found(ctx context.Context, token *hsm.Token) error {
	if _, err := token.GenerateSecret(ctx, labelSeal); err != nil {
		return fmt.Errorf("generate sealing key: %w", err)
	}
	if _, err := token.Generate(ctx, csc.P256, labelCallbacks); err != nil {
		return fmt.Errorf("generate callbacks key: %w", err)
	}
	if _, err := token.Generate(ctx, csc.P256, labelOCSP); err != nil {
		return fmt.Errorf("generate ocsp key: %w", err)
	}
	audit, err := token.Generate(ctx, csc.P256, labelAudit)
	if err != nil {
		return fmt.Errorf("generate audit key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(audit.Public)
	if err != nil {
		return err
	}
	key, err := token.Generate(ctx, csc.P384, labelCA)
	if err != nil {
		return fmt.Errorf("generate ca key: %w", err)
	}
	signer, err := token.Signer(ctx, key.ID)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	name := pkix.Name{CommonName: strings.TrimSpace(f.CAName)}
	root, err := ca.SelfSign(signer, name, now.Add(-time.Hour), now.AddDate(10, 0, 0))
	if err != nil {
		return fmt.Errorf("certify ca: %w", err)
	}
	return errors.Join(
		writePEM(f.file("ca.pem"), "CERTIFICATE", root.Raw, 0o644),
		writePEM(f.file("audit/audit.pub"), "PUBLIC KEY", public, 0o644),
		f.foundTSA(ctx, token, &ca.Local{Signer: signer, Certificate: root, Now: time.Now}))
}

// foundTSA makes the time-stamping authority, for five years.
func (f *foundation) foundTSA(ctx context.Context, token *hsm.Token, local *ca.Local) error {
	key, err := token.Generate(ctx, csc.P256, labelTSA)
	if err != nil {
		return fmt.Errorf("generate time-stamping key: %w", err)
	}
	chain, err := issueStamper(ctx, local, key, f.TSA, 1825)
	if err != nil {
		return err
	}
	return os.WriteFile(f.file("tsa.pem"), pemChain(chain), 0o644)
}
