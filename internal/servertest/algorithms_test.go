package servertest_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A keyKind is one with what its signatures can be, typed from RFC 8017, 5480
// and 5758. An RSA key has no curve, whose bits are those of a hash it can sign.
type keyKind struct {
	spec  csc.KeySpec
	bytes int // of the modulus
	curve int // bits
	count int // of ways to sign
}

var keyKinds = []keyKind{
	{"RSA-2048", 256, 0, 27}, {"RSA-3072", 384, 0, 27}, {"RSA-4096", 512, 0, 27},
	{"P-256", 0, 256, 3}, {"P-384", 0, 384, 6}, {"P-521", 0, 521, 9},
}

// digests are the hashes, with the OIDs of what signs them alone.
var digests = []struct {
	hash            crypto.Hash
	name            string // openssl's
	oid, rsa, ecdsa string
}{
	{crypto.SHA256, "sha256", "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"},
	{crypto.SHA384, "sha384", "2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"},
	{crypto.SHA512, "sha512", "2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"},
}

// A way is one to sign, as it is asked for, and how openssl is told of it.
type way struct {
	algo, hashOID, params string
	hash                  crypto.Hash
	name                  string
	padding               string // options without their first word
}

func (w way) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", w.algo, w.name, w.hashOID, strings.ReplaceAll(w.padding, "rsa_", "")))
}

// ways are all there are with an algorithm that a key says it has: the hash
// named beside it or not where it says which, and salts of the digest's length,
// one more, and as long as they can be.
func (k keyKind) ways(algo string) (all []way) {
	for _, d := range digests {
		add := func(padding, params string, hashOIDs ...string) {
			for _, oid := range hashOIDs {
				all = append(all, way{algo, oid, params, d.hash, d.name, padding})
			}
		}
		switch size := d.hash.Size(); {
		case k.curve > 0 && size*8 > k.curve:
		case algo == "1.2.840.10045.2.1":
			add("", "", d.oid)
		case algo == d.ecdsa:
			add("", "", "", d.oid)
		case algo == "1.2.840.113549.1.1.1":
			add("rsa_padding_mode:pkcs1", "", d.oid)
		case algo == d.rsa:
			add("rsa_padding_mode:pkcs1", "", "", d.oid)
		case algo == "1.2.840.113549.1.1.10":
			for _, salt := range []int{size, size + 1, k.bytes - size - 2} {
				params := base64.StdEncoding.EncodeToString(csc.MarshalPSS(d.hash, salt))
				add(fmt.Sprintf("rsa_padding_mode:pss rsa_pss_saltlen:%d", salt), params, "", d.oid)
			}
		}
	}
	return all
}

// Whatever a credential says it can sign with it signs with, and openssl, which
// has the certificate and the text and nothing of ours, verifies it: every kind
// of key, every algorithm that is offered, every hash, several salts. Of no
// signature may a bit be another, nor of the text.
func TestOpenSSLVerifiesWhatIsSigned(t *testing.T) {
	s := servertest.Raise(t)
	reconfigure(t, s, map[string]string{"  environment:\n": "  allow_rsa_2048: true\n  environment:\n"})
	signers := map[csc.KeySpec]stage.Signer{}
	var ids []string
	for _, k := range keyKinds {
		name := strings.ToLower(string(k.spec))
		signer, err := s.AddSigner(servertest.Context(t), name+"@example.org", "Demo", "Signer", "--key", string(k.spec), "--scal", "1", "--multisign", "100")
		must(t, err)
		signers[k.spec], ids = signer, append(ids, signer.ID)
	}
	app, err := s.AddClient(servertest.Context(t), "Demo Application", ids...)
	must(t, err)
	servertest.Serve(t, s)
	api := application(t, s, app)
	for _, k := range keyKinds {
		t.Run(string(k.spec), func(t *testing.T) { k.signsAllWays(t, api, signers[k.spec]) })
		t.Run(string(k.spec)+" documents", func(t *testing.T) { k.signsDocuments(t, s, app, signers[k.spec]) })
	}
}

func (k keyKind) signsAllWays(t *testing.T, api *client.Client, signer stage.Signer) {
	info, err := api.CredentialInfo(servertest.Context(t), csc.CredentialInfoRequest{
		CredentialID: signer.Credentials[0], View: csc.View{Certificates: csc.CertificatesSingle},
	})
	must(t, err)
	var all []way
	for _, algo := range info.Key.Algo {
		ways := k.ways(algo)
		if len(ways) == 0 {
			t.Errorf("nobody here knows the algorithm %s", algo)
		}
		all = append(all, ways...)
	}
	if len(all) != k.count {
		t.Errorf("%d ways to sign, want %d: %v", len(all), k.count, all)
	}
	granted, err := api.Authorize(servertest.Context(t), csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: len(all), AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	for _, w := range all {
		t.Run(w.String(), func(t *testing.T) {
			folder := t.TempDir()
			text := []byte("A contract, signed with " + w.String())
			state := w.hash.New()
			state.Write(text)
			digest := state.Sum(nil)
			signed, err := api.SignHash(servertest.Context(t), csc.SignHashRequest{
				CredentialID: signer.Credentials[0], SAD: granted.SAD, Hashes: []csc.Digest{digest},
				SignAlgo: w.algo, HashAlgorithmOID: w.hashOID, SignAlgoParams: w.params,
			})
			must(t, err)
			certificate, err := base64.StdEncoding.DecodeString(info.Cert.Certificates[0])
			must(t, err)
			write(t, folder, map[string][]byte{
				"certificate.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
				"text":            text, "digest": digest, "signature": signed.Signatures[0],
				"text.bad": flipped(text), "digest.bad": flipped(digest), "signature.bad": flipped(signed.Signatures[0]),
			})
			w.verified(t, folder)
		})
	}
}

// verified has openssl judge what lies in a folder: the text, the digest alone,
// and each with a bit of it or of the signature flipped.
func (w way) verified(t *testing.T, folder string) {
	t.Helper()
	options := func(word string) (all string) {
		for _, option := range strings.Fields(w.padding) {
			all += " " + word + " " + option
		}
		return all
	}
	whole := func(text, signature string) string {
		return fmt.Sprintf("openssl dgst -%s -verify key.pem%s -signature %s %s", w.name, options("-sigopt"), signature, text)
	}
	alone := func(digest, signature string) string {
		return fmt.Sprintf("openssl pkeyutl -verify -pubin -inkey key.pem -in %s -sigfile %s -pkeyopt digest:%s%s", digest, signature, w.name, options("-pkeyopt"))
	}
	out, err := shell(t, folder, "openssl x509 -in certificate.pem -noout -pubkey > key.pem\n"+whole("text", "signature")+"\n"+alone("digest", "signature"))
	if err != nil {
		t.Fatalf("openssl does not verify it: %v\n%s", err, out)
	}
	for _, line := range []string{
		whole("text", "signature.bad"), whole("text.bad", "signature"), alone("digest", "signature.bad"), alone("digest.bad", "signature"),
	} {
		if out, err := shell(t, folder, line); err == nil {
			t.Errorf("openssl takes another bit: %s\n%s", line, out)
		}
	}
}

// flipped is a copy with its last bit another.
func flipped(b []byte) []byte {
	other := append([]byte{}, b...)
	other[len(other)-1] ^= 1
	return other
}

func write(t *testing.T, folder string, files map[string][]byte) {
	t.Helper()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}
}

// signsDocuments has a key sign a document in each of its schemes, and openssl
// judge the CMS with the authority's certificate: beside the document, in it, and
// beside another.
func (k keyKind) signsDocuments(t *testing.T, s *stage.Stage, app stage.Client, signer stage.Signer) {
	schemes := map[string]string{"1.2.840.113549.1.1.11": "", "1.2.840.113549.1.1.10": csc.PSSParams(crypto.SHA384)}
	if k.curve > 0 {
		schemes = map[string]string{map[int]string{256: digests[0].ecdsa, 384: digests[1].ecdsa, 521: digests[2].ecdsa}[k.curve]: ""}
	}
	api := application(t, s, app)
	granted, err := api.Authorize(servertest.Context(t), csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 2 * len(schemes), AuthData: []csc.AuthData{{ID: "OTP", Value: nextCode(t, signer.OTPAuth)}},
	})
	must(t, err)
	text := []byte("A contract.\n")
	for algo, params := range schemes {
		kind := csc.Document{
			Document: text, AdESParameters: csc.AdESParameters{SignatureFormat: csc.CAdES, SignedEnvelopeProperty: csc.Detached},
			SigningAlgorithm: csc.SigningAlgorithm{SignAlgo: algo, SignAlgoParams: params},
		}
		whole := kind
		whole.SignedEnvelopeProperty = csc.Attached
		signed := signDoc(t, s, app, csc.SignDocRequest{CredentialID: signer.Credentials[0], SAD: granted.SAD, Documents: []csc.Document{kind, whole}})
		folder := t.TempDir()
		write(t, folder, map[string][]byte{"text": text, "text.bad": flipped(text), "beside": signed.SignatureObject[0], "inside": signed.DocumentWithSignature[0]})
		const verify = "openssl cms -verify -binary -inform DER -purpose any -CAfile \"$CA\" -in "
		ca := "CA=" + filepath.Join(s.Folder, "ca.pem")
		out, err := shell(t, folder, verify+"beside -content text -out got\ncmp got text\n"+verify+"inside -out got\ncmp got text", ca)
		if err != nil {
			t.Errorf("%s: openssl does not verify it: %v\n%s", algo, err, out)
		}
		if out, err := shell(t, folder, verify+"beside -content text.bad -out got", ca); err == nil {
			t.Errorf("%s: openssl takes it for another document\n%s", algo, out)
		}
	}
}

// nextCode is what the authenticator shows in the next step: that of this one was
// used.
func nextCode(t *testing.T, otpauth string) csc.Secret {
	t.Helper()
	key, err := otp.NewKeyFromURL(otpauth)
	must(t, err)
	text, err := totp.GenerateCode(key.Secret(), time.Now().Add(30*time.Second))
	must(t, err)
	return csc.Secret(text)
}

// signDoc calls signatures/signDoc.
func signDoc(t *testing.T, s *stage.Stage, app stage.Client, request csc.SignDocRequest) (answer csc.SignDocResponse) {
	t.Helper()
	web, err := s.HTTP()
	must(t, err)
	defer web.CloseIdleConnections()
	resp, err := web.PostForm(s.URL+"/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret}})
	must(t, err)
	var granted struct {
		Token string `json:"access_token"`
	}
	must(t, json.NewDecoder(resp.Body).Decode(&granted))
	must(t, resp.Body.Close())
	body, err := json.Marshal(request)
	must(t, err)
	ask, err := http.NewRequestWithContext(servertest.Context(t), http.MethodPost, s.URL+csc.BasePath+"/"+string(csc.MethodSignDoc), bytes.NewReader(body))
	must(t, err)
	ask.Header.Set("Content-Type", "application/json")
	ask.Header.Set("Authorization", "Bearer "+granted.Token)
	resp, err = web.Do(ask)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("signDoc: %s %s", resp.Status, text)
	}
	must(t, json.Unmarshal(text, &answer))
	return answer
}
