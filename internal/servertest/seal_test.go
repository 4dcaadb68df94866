package servertest_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A sealer is an application that acts for an organization by itself.
type sealer struct {
	oldApp
	organization, seal string
}

func newSealer(t *testing.T, pin string, args ...string) *sealer {
	t.Helper()
	s, ctx := servertest.Raise(t), servertest.Context(t)
	z := &sealer{oldApp: oldApp{giver: giver{t: t, s: s}}}
	var err error
	z.app, err = s.AddClient(ctx, "Demo Archive")
	must(t, err)
	z.organization, z.seal, err = s.AddSeal(ctx, stage.Organization{
		Name: "Demo S.R.L.", Identifier: "VATRO-12345678", Email: "seals@example.org", Client: z.app.ID, PIN: pin,
	}, args...)
	must(t, err)
	servertest.Serve(t, s)
	_, answer := z.post(s, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"service"}})
	z.token, _ = answer["access_token"].(string)
	return z
}

// many are n digests, as they are sent.
func many(n int) (digests [][]byte, sent []string) {
	for i := range n {
		sum := sha256.Sum256(fmt.Append(nil, "document ", i))
		digests = append(digests, sum[:])
		sent = append(sent, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return digests, sent
}

// certificate is that of the seal, which names the organization.
func (z *sealer) certificate() *x509.Certificate {
	z.t.Helper()
	described := z.gets(200, csc.MethodCredentialInfo, map[string]any{"credentialID": z.seal, "certInfo": true})
	der, err := base64.StdEncoding.DecodeString(first(described["cert"].(map[string]any)["certificates"]))
	must(z.t, err)
	cert, err := x509.ParseCertificate(der)
	must(z.t, err)
	return cert
}

// signs has hashes signed under a SAD, and verifies what comes.
func (z *sealer) signs(key *ecdsa.PublicKey, sad any, digests [][]byte, sent []string) {
	z.t.Helper()
	status, answer := z.ask(csc.BasePath, csc.MethodSignHash, map[string]any{
		"credentialID": z.seal, "SAD": sad, "hashes": sent, "signAlgo": "1.2.840.10045.4.3.2",
	})
	signatures, _ := answer["signatures"].([]any)
	if status != http.StatusOK || len(signatures) != len(sent) {
		z.t.Fatalf("%d, %d signatures: %.300v", status, len(signatures), answer)
	}
	for i, signature := range signatures {
		der, err := base64.StdEncoding.DecodeString(signature.(string))
		must(z.t, err)
		if !ecdsa.VerifyASN1(key, digests[i], der) {
			z.t.Fatalf("signature %d does not verify", i)
		}
	}
}

// A seal with nothing but its client's token: a thousand hashes are authorized at
// once, signed in batches, each once, and not one more.
func TestASealOfAThousandHashes(t *testing.T) {
	const all = 1000
	z := newSealer(t, "", "--factors", "none", "--multisign", "10000")
	cert := z.certificate()
	if len(cert.Subject.Organization) != 1 || cert.Subject.Organization[0] != "Demo S.R.L." || !strings.Contains(cert.Subject.String(), "2.5.4.97") {
		t.Errorf("the certificate names %v", cert.Subject)
	}
	status, listed := z.ask(csc.BasePath, csc.MethodList, map[string]any{"userID": z.organization, "credentialInfo": true, "authInfo": true})
	if status != http.StatusOK || first(listed["credentialIDs"]) != z.seal || !strings.Contains(fmt.Sprint(listed), "objects:[]") {
		t.Errorf("the list: %v", listed)
	}
	digests, sent := many(all)
	_, answer := z.ask(csc.BasePath, csc.MethodAuthorize, map[string]any{
		"credentialID": z.seal, "numSignatures": all, "hashes": sent, "hashAlgorithmOID": csc.OIDSHA256,
	})
	sad, key := answer["SAD"], cert.PublicKey.(*ecdsa.PublicKey)
	if sad == nil {
		t.Fatalf("no SAD: %v", answer)
	}
	z.signs(key, sad, digests[:1], sent[:1])
	z.signs(key, sad, digests[500:], sent[500:])
	z.signs(key, sad, digests[1:500], sent[1:500])
	status, answer = z.ask(csc.BasePath, csc.MethodSignHash, map[string]any{
		"credentialID": z.seal, "SAD": sad, "hashes": sent[:1], "signAlgo": "1.2.840.10045.4.3.2",
	})
	if status != http.StatusBadRequest || answer["error_description"] != "Invalid parameter SAD" {
		t.Errorf("one more: %d %v", status, answer)
	}
	status, answer = z.ask(csc.BasePath, csc.MethodAuthorize, map[string]any{"credentialID": z.seal, "numSignatures": 10_001})
	if status != http.StatusBadRequest || answer["error_description"] != "Numbers of signatures is too high" {
		t.Errorf("more than one authorization is for: %d %v", status, answer)
	}
	if out, err := z.s.Run(servertest.Context(t), "audit", "verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A seal with a PIN, in the words of v1 too; another client, another PIN and a
// person's factors are refused.
func TestASealWithAPIN(t *testing.T) {
	z := newSealer(t, "270391")
	_, sent := many(1)
	ask := func(pin string) map[string]any {
		return map[string]any{"credentialID": z.seal, "numSignatures": 1, "hash": sent, "PIN": pin}
	}
	if answer := z.gets(400, csc.MethodAuthorize, ask("270392")); answer["error"] != "invalid_pin" {
		t.Errorf("another PIN: %v", answer)
	}
	sad := z.gets(200, csc.MethodAuthorize, ask("270391"))["SAD"]
	z.gets(200, csc.MethodSignHash, map[string]any{"credentialID": z.seal, "SAD": sad, "hash": sent, "signAlgo": "1.2.840.10045.4.3.2"})

	ctx := servertest.Context(t)
	other, err := z.s.AddClient(ctx, "Other")
	must(t, err)
	foreign := *z
	foreign.app = other
	_, answer := foreign.post(z.s, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}})
	foreign.token, _ = answer["access_token"].(string)
	if answer := foreign.gets(400, csc.MethodAuthorize, ask("270391")); answer["error_description"] != "Invalid parameter credentialID" {
		t.Errorf("another client: %v", answer)
	}
	for _, args := range [][]string{
		{"credential", "factors", z.seal, "OTP"}, {"credential", "add", z.organization, "--mode", "oauth2code"},
		{"credential", "add", z.organization, "--factors", "PIN", "--multisign", "10001"}, {"signer", "pair", z.organization},
		{"seal", "add", "Demo", "--identifier", "12", "--email", "x@example.org", "--factors", "none"},
		{"seal", "add", "Demo", "--identifier", "VATRO-1", "--email", "x@example.org", "--factors", "none", "--client", "app_0"},
	} {
		if out, err := z.s.Run(ctx, args...); err == nil {
			t.Errorf("%q was done: %s", args, out)
		}
	}
	if err := z.s.SetPassword(ctx, z.organization, password); err == nil {
		t.Error("an organization has a password")
	}
	_, err = z.s.Run(ctx, "credential", "add", z.organization, "--factors", "PIN", "--multisign", "10000")
	must(t, err)
	var signers []struct{ ID, Name string }
	out, err := z.s.Run(ctx, "signer", "list", "-o", "json")
	must(t, err)
	must(t, json.Unmarshal(out, &signers))
	if len(signers) != 1 || signers[0].Name != "Demo S.R.L." {
		t.Errorf("%+v", signers)
	}
	if got, _ := z.ask(v1.BasePath, csc.MethodInfo, map[string]any{}); got != 200 {
		t.Errorf("info: %d", got)
	}
}
