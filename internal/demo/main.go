// Command demo shows the whole way of a signature: it raises a server from
// nothing, and then, as any other application would, over HTTPS alone, has a
// PDF signed by a key that never leaves the device.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/stage"
)

func main() {
	program := flag.String("pecete", "bin/pecete", "the server's `PROGRAM`")
	out := flag.String("out", "build/demo", "`FOLDER` for what the demo makes")
	file := flag.String("file", "", "`PDF` to sign; a sample if none is given")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx, *program, *out, *file); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, out, file string) (err error) {
	pdf, err := document(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	data := filepath.Join(out, "data")
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	began := time.Now()
	cast, err := raise(ctx, program, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cast.stage.Stop()) }()
	fmt.Printf("\nA server at %s, raised in %.1f s: a token with random PINs, an\n"+
		"authority whose key is in it, a signer with an authenticator, two clients.\n\n",
		cast.stage.URL, time.Since(began).Seconds())
	signed, err := cast.sign(ctx, pdf)
	if err != nil {
		return err
	}
	return cast.keep(out, signed)
}

func document(file string) ([]byte, error) {
	if file == "" {
		return samplepdf.New("A document to sign",
			"This page was made to be signed by the demonstration.",
			"Its signature has no legal value."), nil
	}
	return os.ReadFile(file)
}

// A cast is a raised server and who plays: a signer and two applications that
// may both act for the signer.
type cast struct {
	stage  *stage.Stage
	signer stage.Signer
	app    stage.Client
	other  stage.Client
	roots  *x509.CertPool
}

func raise(ctx context.Context, program, data string) (c *cast, err error) {
	s, err := stage.Raise(ctx, program, data)
	if err != nil {
		return nil, err
	}
	c = &cast{stage: s}
	if c.signer, err = s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer"); err != nil {
		return nil, err
	}
	if c.app, err = s.AddClient(ctx, "Demo Application", c.signer.ID); err != nil {
		return nil, err
	}
	if c.other, err = s.AddClient(ctx, "Other Application", c.signer.ID); err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(filepath.Join(data, "ca.pem"))
	if err != nil {
		return nil, err
	}
	c.roots = x509.NewCertPool()
	c.roots.AppendCertsFromPEM(ca)
	if err := s.Serve(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return c, nil
}

// keep leaves the signed document and the authority's certificate.
func (c *cast) keep(out string, signed []byte) error {
	ca, err := os.ReadFile(filepath.Join(c.stage.Folder, "ca.pem"))
	if err != nil {
		return err
	}
	pdfPath, caPath := filepath.Join(out, "signed.pdf"), filepath.Join(out, "ca.pem")
	if err := errors.Join(os.WriteFile(pdfPath, signed, 0o644), os.WriteFile(caPath, ca, 0o644)); err != nil {
		return err
	}
	fmt.Printf("\n%s is signed; trust %s to check it elsewhere.\n", pdfPath, caPath)
	return nil
}
