// Command demo shows the whole way of a signature: it raises a server from
// nothing, and then, as any other application would, over HTTPS alone, has a
// PDF signed by a key that never leaves the device.
package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/http"
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
		"authority whose key is in it, a signer with an authenticator, three applications.\n",
		cast.stage.URL, time.Since(began).Seconds())
	return cast.play(ctx, out, pdf)
}

// play signs the document in both ways.
func (c *cast) play(ctx context.Context, out string, pdf []byte) error {
	web, err := c.stage.HTTP()
	if err != nil {
		return err
	}
	settle()
	for _, way := range []struct {
		says, file string
		sign       func(context.Context, *http.Client, []byte) ([]byte, error)
	}{
		{"(a) The application asks the signer for the code.", "signed.pdf", c.signExplicitly},
		{"(b) The signer agrees on the server's own pages.", "signed-on-pages.pdf", c.signOnPages},
	} {
		fmt.Printf("\n%s\n\n", way.says)
		signed, err := way.sign(ctx, web, pdf)
		if err != nil {
			return err
		}
		if err := errors.Join(c.check(pdf, signed), os.WriteFile(filepath.Join(out, way.file), signed, 0o644)); err != nil {
			return err
		}
	}
	return c.keep(out)
}

func document(file string) ([]byte, error) {
	if file == "" {
		return samplepdf.New("A document to sign",
			"This page was made to be signed by the demonstration.",
			"Its signature has no legal value."), nil
	}
	return os.ReadFile(file)
}

// signerEmail is the demonstration's signer's.
const signerEmail = "demo.signer@example.org"

// A cast is a raised server and who plays: a signer with two credentials, two
// applications that may act for the signer, and one that sends the signer to the
// server's pages.
type cast struct {
	stage    *stage.Stage
	signer   stage.Signer
	password string
	explicit string // credentials, by how they are authorized
	onPages  string
	app      stage.Client
	other    stage.Client
	web      stage.Client
	roots    *x509.CertPool
}

func raise(ctx context.Context, program, data string) (c *cast, err error) {
	s, err := stage.Raise(ctx, program, data)
	if err != nil {
		return nil, err
	}
	c = &cast{stage: s, password: rand.Text()}
	if c.signer, err = s.AddSigner(ctx, signerEmail, "Demo", "Signer"); err != nil {
		return nil, err
	}
	c.explicit = c.signer.Credentials[0]
	if c.onPages, err = s.AddCredential(ctx, c.signer.ID, "--mode", "oauth2code"); err != nil {
		return nil, err
	}
	if err := s.SetPassword(ctx, c.signer.ID, c.password); err != nil {
		return nil, err
	}
	if c.app, err = s.AddClient(ctx, "Demo Application", c.signer.ID); err != nil {
		return nil, err
	}
	if c.other, err = s.AddClient(ctx, "Other Application", c.signer.ID); err != nil {
		return nil, err
	}
	if c.web, err = s.AddWebClient(ctx, "Demo Web Application", home); err != nil {
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

// keep leaves the authority's certificate beside the signed documents.
func (c *cast) keep(out string) error {
	ca, err := os.ReadFile(filepath.Join(c.stage.Folder, "ca.pem"))
	if err != nil {
		return err
	}
	path := filepath.Join(out, "ca.pem")
	fmt.Printf("\n%s and %s are signed; trust %s to check them elsewhere.\n",
		filepath.Join(out, "signed.pdf"), filepath.Join(out, "signed-on-pages.pdf"), path)
	return os.WriteFile(path, ca, 0o644)
}
