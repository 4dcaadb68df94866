package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/verify"
)

// ecdsaSHA256 is the algorithm of the demonstration's key.
const ecdsaSHA256 = "1.2.840.10045.4.3.2"

// A player is an application: it knows the server's address, its own client ID
// and secret, and nothing else.
type player struct {
	api  *client.Client
	last client.Exchange
}

func (c *cast) player(web *http.Client, id, secret string) *player {
	p := &player{}
	p.api = &client.Client{
		BaseURL: c.stage.URL + csc.BasePath, HTTP: web,
		ID: id, Secret: csc.Secret(secret),
		Trace: func(e client.Exchange) { p.last = e },
	}
	return p
}

// step makes a call that must work and says what it proves.
func (p *player) step(proves string, call func() error) error {
	err := call()
	fmt.Printf("  %-4s %-30s %d %6.1f ms  %s\n", p.last.Method, p.last.Path, p.last.Status,
		float64(p.last.Duration.Microseconds())/1000, proves)
	return err
}

// refused makes a call that must be refused in these words.
func (p *player) refused(proves, words string, call func() error) error {
	err := p.step(proves, call)
	var told *client.Error
	if !errors.As(err, &told) || told.Description != words {
		return fmt.Errorf("%s: want %q, got %w", proves, words, err)
	}
	fmt.Printf("       %39s  → %s: %s\n", "", told.Code, told.Description)
	return nil
}

// sign is the application's way from a document to a signed one.
func (c *cast) sign(ctx context.Context, pdf []byte) ([]byte, error) {
	web, err := c.stage.HTTP()
	if err != nil {
		return nil, err
	}
	app, other := c.player(web, c.app.ID, c.app.Secret), c.player(web, c.other.ID, c.other.Secret)
	credential, certificates, err := app.find(ctx, c.signer.ID)
	if err != nil {
		return nil, err
	}
	plan := csc.Algorithm{OID: ecdsaSHA256, Scheme: csc.ECDSA, Hash: crypto.SHA256}
	prepared, err := ades.PreparePDF(pdf, ades.Signer{Certificates: certificates, Algorithm: plan}, ades.PDFOptions{
		Time: time.Now(), Name: "Demo Signer", Reason: "Demonstration",
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the document: %w", err)
	}
	fmt.Printf("       the document is prepared: %s… is to be signed\n", prepared.Digest().String()[:16])
	agreed, err := app.agree(ctx, c.signer.OTPAuth, credential, prepared.Digest())
	if err != nil {
		return nil, err
	}
	signature, err := app.spend(ctx, other, credential, agreed, prepared.Digest())
	if err != nil {
		return nil, err
	}
	signed, err := prepared.Finish(signature)
	if err != nil {
		return nil, fmt.Errorf("finish the document: %w", err)
	}
	return signed, c.check(pdf, signed)
}

// find is how an application learns of a signer's credential.
func (p *player) find(ctx context.Context, signer string) (string, [][]byte, error) {
	var list csc.ListResponse
	var info csc.CredentialInfo
	err := errors.Join(
		p.step("the server says what it can do", func() error { _, err := p.api.Info(ctx, csc.InfoRequest{}); return err }),
		p.step("the application has a service token", func() error { return p.api.Authenticate(ctx) }),
		p.step("it sees its signer's credentials", func() (err error) {
			list, err = p.api.List(ctx, csc.ListRequest{UserID: signer})
			return err
		}))
	if err != nil || len(list.CredentialIDs) != 1 {
		return "", nil, errors.Join(err, fmt.Errorf("%d credentials, want 1", len(list.CredentialIDs)))
	}
	id := list.CredentialIDs[0]
	err = p.step("it has the certificate", func() (err error) {
		info, err = p.api.CredentialInfo(ctx, csc.CredentialInfoRequest{
			CredentialID: id, View: csc.View{Certificates: csc.CertificatesChain, CertInfo: true, AuthInfo: true},
		})
		return err
	})
	var chain [][]byte
	for _, text := range info.Cert.Certificates {
		der, decodeErr := base64.StdEncoding.DecodeString(text)
		err = errors.Join(err, decodeErr)
		chain = append(chain, der)
	}
	return id, chain, err
}

// agree has the signer agree to the digest with the code of the moment.
func (p *player) agree(ctx context.Context, otpauth, credential string, digest csc.Digest) (csc.Secret, error) {
	right, wrong, err := codes(otpauth)
	if err != nil {
		return "", err
	}
	request := func(code string) csc.AuthorizeRequest {
		return csc.AuthorizeRequest{
			CredentialID: credential, NumSignatures: 1,
			Hashes: []csc.Digest{digest}, HashAlgorithmOID: csc.OIDSHA256,
			AuthData: []csc.AuthData{{ID: "OTP", Value: csc.Secret(code)}},
		}
	}
	err = p.refused("a wrong code is refused", "The authentication data is invalid", func() error {
		_, err := p.api.Authorize(ctx, request(wrong))
		return err
	})
	if err != nil {
		return "", err
	}
	var answer csc.AuthorizeResponse
	err = p.step("the signer agrees to this hash, with the app's code", func() (err error) {
		answer, err = p.api.Authorize(ctx, request(right))
		return err
	})
	return answer.SAD, err
}

// spend signs once, and shows what else the same authorization does not sign.
func (p *player) spend(ctx context.Context, other *player, credential string, agreed csc.Secret, digest csc.Digest) ([]byte, error) {
	foreign := sha256.Sum256([]byte("something the signer never saw"))
	request := func(d csc.Digest) csc.SignHashRequest {
		return csc.SignHashRequest{CredentialID: credential, SAD: agreed, Hashes: []csc.Digest{d}, SignAlgo: ecdsaSHA256}
	}
	call := func(who *player, d csc.Digest) func() error {
		return func() error { _, err := who.api.SignHash(ctx, request(d)); return err }
	}
	err := p.refused("another hash is refused", "Hash is not authorized by the SAD.", call(p, foreign[:]))
	if err == nil {
		err = other.step("another application has its own token", func() error { return other.api.Authenticate(ctx) })
	}
	if err == nil {
		err = other.refused("another application is refused", "Invalid parameter SAD", call(other, digest))
	}
	if err != nil {
		return nil, err
	}
	var answer csc.SignHashResponse
	err = p.step("the hash is signed in the device, once", func() (err error) {
		answer, err = p.api.SignHash(ctx, request(digest))
		return err
	})
	if err != nil {
		return nil, err
	}
	err = p.refused("the same authorization again is refused", "Invalid parameter SAD", call(p, digest))
	return answer.Signatures[0], err
}

// check verifies the signed document as its reader would.
func (c *cast) check(original, signed []byte) error {
	if !bytes.HasPrefix(signed, original) {
		return errors.New("the original bytes changed")
	}
	report, err := verify.PDF(signed, verify.Options{Roots: c.roots, Now: time.Now()})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	last := report.Signatures[len(report.Signatures)-1]
	if !last.OK() {
		return fmt.Errorf("verify: %v", last.Problems)
	}
	fmt.Printf("\n  Verified: signed by %s, trusted, covers the whole document;\n"+
		"  the %d original bytes are untouched.\n", last.Signer.Subject.CommonName, len(original))
	return nil
}

// codes are the authenticator's code of the moment and one it never shows now.
func codes(otpauth string) (right, wrong string, err error) {
	key, err := otp.NewKeyFromURL(otpauth)
	if err != nil {
		return "", "", fmt.Errorf("otpauth URI: %w", err)
	}
	var near []string
	for steps := -3; steps <= 3; steps++ {
		code, err := totp.GenerateCode(key.Secret(), time.Now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			return "", "", fmt.Errorf("generate code: %w", err)
		}
		near = append(near, code)
	}
	for n := 0; wrong == "" || slices.Contains(near, wrong); n++ {
		wrong = fmt.Sprintf("%06d", n)
	}
	return near[3], wrong, nil
}
