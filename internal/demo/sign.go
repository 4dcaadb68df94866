package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// ecdsaSHA256 is the algorithm of the demonstration's keys.
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

// line prints an exchange and what it proves.
func line(e client.Exchange, proves string) {
	fmt.Printf("  %-4s %-31s %d %7.1f ms  %s\n", e.Method, e.Path, e.Status, float64(e.Duration.Microseconds())/1000, proves)
}

// note prints what is to be said beside the exchanges.
func note(said string) { fmt.Printf("  %52s→ %s\n", "", said) }

// step makes a call that must work and says what it proves.
func (p *player) step(proves string, call func() error) error {
	err := call()
	line(p.last, proves)
	return err
}

// refused makes a call that must be refused in these words.
func (p *player) refused(proves, words string, call func() error) error {
	err := p.step(proves, call)
	var told *client.Error
	if !errors.As(err, &told) || told.Description != words {
		return fmt.Errorf("%s: want %q, got %w", proves, words, err)
	}
	note(fmt.Sprintf("%s: %s", told.Code, told.Description))
	return nil
}

// signExplicitly is way (a): the application asks the signer for the code and
// passes it on.
func (c *cast) signExplicitly(ctx context.Context, web *http.Client, pdf []byte) ([]byte, error) {
	app, other := c.player(web, c.app.ID, c.app.Secret), c.player(web, c.other.ID, c.other.Secret)
	err := errors.Join(
		app.step("the server says what it can do", func() error { _, err := app.api.Info(ctx, csc.InfoRequest{}); return err }),
		app.step("the application has a service token", func() error { return app.api.Authenticate(ctx) }),
		app.step("it sees its signer's credentials", func() error {
			_, err := app.api.List(ctx, csc.ListRequest{UserID: c.signer.ID})
			return err
		}))
	if err != nil {
		return nil, err
	}
	certificates, err := app.certificates(ctx, c.explicit)
	if err != nil {
		return nil, err
	}
	prepared, err := prepare(pdf, certificates)
	if err != nil {
		return nil, err
	}
	agreed, err := app.agree(ctx, c.signer.OTPAuth, c.explicit, prepared.Digest())
	if err != nil {
		return nil, err
	}
	signature, err := app.spend(ctx, other, c.explicit, agreed, prepared.Digest())
	if err != nil {
		return nil, err
	}
	return prepared.Finish(signature)
}

// certificates asks for a credential's chain.
func (p *player) certificates(ctx context.Context, id string) ([][]byte, error) {
	var info csc.CredentialInfo
	err := p.step("it has the certificate", func() (err error) {
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
	return chain, err
}

func prepare(pdf []byte, certificates [][]byte) (*ades.PreparedPDF, error) {
	plan := csc.Algorithm{OID: ecdsaSHA256, Scheme: csc.ECDSA, Hash: crypto.SHA256}
	prepared, err := ades.PreparePDF(pdf, ades.Signer{Certificates: certificates, Algorithm: plan}, ades.PDFOptions{
		Time: time.Now(), Name: "Demo Signer", Reason: "Demonstration",
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the document: %w", err)
	}
	note("the document is prepared: " + prepared.Digest().String()[:16] + "… is to be signed")
	return prepared, nil
}

// agree has the signer agree to the digest with the code of the moment.
func (p *player) agree(ctx context.Context, otpauth, credential string, digest csc.Digest) (csc.Secret, error) {
	right, wrong, err := codes(otpauth, 1)
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
	note(fmt.Sprintf("verified: signed by %s, trusted, the whole document;", last.Signer.Subject.CommonName))
	fmt.Printf("  %54sthe %d bytes it was made from are untouched\n", "", len(original))
	return nil
}

// period is how long an authenticator shows a code.
const period = 30 * time.Second

// settle waits where the authenticator is about to show another code, so that
// the codes below stay what they are while the demonstration runs.
func settle() {
	if left := time.Until(time.Now().Truncate(period).Add(period)); left < period/4 {
		time.Sleep(left)
	}
}

// codes are the one the authenticator showed that many codes ago, and one it
// does not show. A code is good once, and still good while the next is shown.
func codes(otpauth string, ago int) (right, wrong string, err error) {
	key, err := otp.NewKeyFromURL(otpauth)
	if err != nil {
		return "", "", fmt.Errorf("otpauth URI: %w", err)
	}
	var near []string
	for step := -3; step <= 3; step++ {
		code, err := totp.GenerateCode(key.Secret(), time.Now().Add(time.Duration(step)*period))
		if err != nil {
			return "", "", fmt.Errorf("generate code: %w", err)
		}
		near = append(near, code)
	}
	for n := 0; wrong == "" || slices.Contains(near, wrong); n++ {
		wrong = fmt.Sprintf("%06d", n)
	}
	return near[3-ago], wrong, nil
}

// decode reads a good answer, or the server's error.
func decode(resp *http.Response, want int, answer any) error {
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	body := io.LimitReader(resp.Body, 1<<20)
	if resp.StatusCode == want {
		return json.NewDecoder(body).Decode(answer)
	}
	var told csc.Error
	err := json.NewDecoder(body).Decode(&told)
	return errors.Join(err, &client.Error{Status: resp.StatusCode, Code: told.Code, Description: told.Description})
}
