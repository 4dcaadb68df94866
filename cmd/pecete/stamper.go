package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
)

// A stamperOrder is what tsa certify and tsa request are asked for.
type stamperOrder struct {
	name string
	key  string
	days int
	out  string
}

func tsaCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tsa", Short: "Make the key and the certificate that time-stamps are signed with"}
	cmd.AddCommand(tsaCertifyCommand(), tsaRequestCommand())
	return cmd
}

const stamperName = "Pecete Demo TSA, no legal value"

func (o *stamperOrder) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.name, "name", stamperName, "common `NAME` of the time-stamping authority")
	cmd.Flags().StringVar(&o.key, "key", string(csc.P256), "`KIND` of the key, if it is to be made: P-256, P-384, P-521, RSA-3072, RSA-4096")
	cmd.Flags().StringVar(&o.out, "out", "", "`FILE` to write, which must not be there yet")
}

func tsaCertifyCommand() *cobra.Command {
	var o stamperOrder
	cmd := &cobra.Command{
		Use:   "certify",
		Short: "Have the local authority certify the time-stamping key",
		Long: `Certify the key in the device that signs time-stamps, with the local authority.
The key is made if there is none. The certificate and the authority's go to FILE:
name it in tsa.certificate, with the OID of your policy in tsa.policy, and
restart the servers. A certificate that ends is renewed in the same way, into
another FILE.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.out == "" {
				return usageError{errors.New("--out FILE is missing")}
			}
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				if err := h.certifyStamper(ctx, o); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), o.out)
				return err
			})
		},
	}
	o.bind(cmd)
	cmd.Flags().IntVar(&o.days, "days", 1825, "`DAYS` the certificate is valid")
	return cmd
}

func tsaRequestCommand() *cobra.Command {
	var o stamperOrder
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Write a certificate request of the time-stamping key, for another authority",
		Long: `Write a request (PKCS#10, PEM) of the key in the device that signs time-stamps to
the standard output, or to FILE. The key is made if there is none. The
certificate must have time-stamping as its only extended key usage, critical.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				request, err := h.stamperRequest(ctx, o)
				if err != nil {
					return err
				}
				if o.out != "" {
					return writeFresh(o.out, request)
				}
				_, err = cmd.OutOrStdout().Write(request)
				return err
			})
		},
	}
	o.bind(cmd)
	return cmd
}

// stamperKey is the key that signs time-stamps, made if there is none.
func (h *house) stamperKey(ctx context.Context, kind string) (hsm.Key, error) {
	key, err := h.token.Find(ctx, labelTSA)
	if !errors.Is(err, hsm.ErrNoKey) {
		return key, err
	}
	spec := csc.KeySpec(kind)
	if !spec.Known() || spec == csc.RSA2048 {
		return key, usageError{fmt.Errorf("--key is %q, no kind of key that is made for this", kind)}
	}
	if key, err = h.token.Generate(ctx, spec, labelTSA); err != nil {
		return key, err
	}
	return key, h.log.Append(ctx, audit.Entry{Event: audit.KeyGenerated, Key: hex.EncodeToString(key.ID), Reason: labelTSA})
}

// certifyStamper has the key certified. The record comes before the certificate
// leaves.
func (h *house) certifyStamper(ctx context.Context, o stamperOrder) error {
	if _, err := os.Stat(o.out); err == nil {
		return fmt.Errorf("%s exists already", o.out)
	}
	key, err := h.stamperKey(ctx, o.key)
	if err != nil {
		return err
	}
	local, err := h.localAuthority(ctx)
	if err != nil {
		return err
	}
	chain, err := issueStamper(ctx, local, key, o.name, o.days)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(chain[0])
	err = h.log.Append(ctx, audit.Entry{
		Event: audit.CertificateIssued, Key: hex.EncodeToString(key.ID), Certificate: hex.EncodeToString(sum[:]), Reason: labelTSA,
	})
	if err != nil {
		return err
	}
	return writeFresh(o.out, pemChain(chain))
}

// issueStamper certifies a time-stamping key for as many days, or as long as the
// authority itself is certified.
func issueStamper(ctx context.Context, local *ca.Local, key hsm.Key, name string, days int) ([][]byte, error) {
	from := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	until := from.AddDate(0, 0, days)
	if local.Certificate.NotAfter.Before(until) {
		until = local.Certificate.NotAfter
	}
	if from.Before(local.Certificate.NotBefore) {
		from = local.Certificate.NotBefore
	}
	chain, err := local.IssueStamper(ctx, ca.StamperRequest{
		Public: key.Public, Name: pkix.Name{CommonName: strings.TrimSpace(name)}, NotBefore: from, NotAfter: until,
	})
	if err != nil {
		return nil, fmt.Errorf("certify time-stamping key: %w", err)
	}
	return chain, nil
}

func (h *house) stamperRequest(ctx context.Context, o stamperOrder) ([]byte, error) {
	key, err := h.stamperKey(ctx, o.key)
	if err != nil {
		return nil, err
	}
	signer, err := h.token.Signer(ctx, key.ID)
	if err != nil {
		return nil, err
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: strings.TrimSpace(o.name)}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate request: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

func pemChain(chain [][]byte) (text []byte) {
	for _, der := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

// writeFresh writes a file that is not there yet, for all to read.
func writeFresh(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
