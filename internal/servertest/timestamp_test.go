package servertest_test

import (
	"crypto/rand"
	"crypto/sha512"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// stamping gives a server an endpoint for whoever has the token, and returns that.
func stamping(t *testing.T, s *stage.Stage) (token string) {
	t.Helper()
	token = rand.Text() + rand.Text()
	must(t, os.WriteFile(filepath.Join(s.Folder, "secrets", "tsa"), []byte(token+"\n"), 0o600))
	reconfigure(t, s, map[string]string{
		"  # endpoint:\n": "  endpoint:\n", "  #   access: token # or open\n": "    access: token\n", "  #   token: secrets/tsa\n": "    token: secrets/tsa\n",
	})
	return token
}

// shell runs a line as somebody would who reads the documents.
func shell(t *testing.T, folder, line string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(servertest.Context(t), "sh", "-euc", line)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// With openssl and curl and nothing of ours: a question, an answer from the key in
// the device, and openssl content with it. Without the token there is none.
func TestTimestampWithCurl(t *testing.T) {
	s := servertest.Raise(t)
	token := stamping(t, s)
	servertest.Serve(t, s)
	const ask = `openssl ts -query -data contract.txt -sha512 -cert -out contract.tsq
curl -sS --fail-with-body --cacert tls.crt -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/timestamp-query' \
	--data-binary @contract.tsq -o contract.tsr "$URL/tsa"`
	env := []string{"URL=" + s.URL, "TOKEN=" + token}
	must(t, os.WriteFile(filepath.Join(s.Folder, "contract.txt"), []byte("A contract.\n"), 0o600))
	out, err := shell(t, s.Folder, ask+"\nopenssl ts -verify -queryfile contract.tsq -in contract.tsr -CAfile ca.pem\nopenssl ts -reply -in contract.tsr -text", env...)
	if err != nil || !strings.Contains(out, "Verification: OK") || !strings.Contains(out, "Policy OID: 1.3.6.1.4.1.32473.3161.1") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := shell(t, s.Folder, "echo >> contract.txt; openssl ts -verify -data contract.txt -in contract.tsr -CAfile ca.pem"); err == nil {
		t.Errorf("openssl takes the time-stamp for another text:\n%s", out)
	}
	if out, err := shell(t, s.Folder, ask, append(env, "TOKEN=wrong")...); err == nil || !strings.Contains(out, "401") {
		t.Errorf("with a wrong token: %v\n%s", err, out)
	}
}

// Over the API: by the server's own authority, and by another server's, which is
// asked over https with a name and a password.
func TestTimestampOverTheAPI(t *testing.T) {
	for _, row := range []struct {
		says  string
		other bool
	}{{"by its own authority", false}, {"by another one", true}} {
		t.Run(row.says, func(t *testing.T) {
			s := servertest.Raise(t)
			authority, log := s, "timestamp.intent"
			if row.other {
				authority, log = servertest.Raise(t), "timestamp.asked"
				upstream(t, s, authority, stamping(t, authority))
				servertest.Serve(t, authority)
			}
			app, err := s.AddClient(servertest.Context(t), "Demo Application")
			must(t, err)
			servertest.Serve(t, s)
			c := application(t, s, app)
			hash := sha512.Sum384([]byte("A contract.\n"))
			answer, err := c.Timestamp(servertest.Context(t), csc.TimestampRequest{Hash: hash[:], HashAlgo: csc.OIDSHA384, Nonce: "a1b2c3d4e5f6"})
			must(t, err)
			folder := t.TempDir()
			must(t, os.WriteFile(filepath.Join(folder, "token"), answer.Timestamp, 0o600))
			must(t, os.WriteFile(filepath.Join(folder, "contract.txt"), []byte("A contract.\n"), 0o600))
			out, err := shell(t, folder, `openssl ts -verify -token_in -in token -data contract.txt -CAfile "$CA"
openssl ts -reply -token_in -in token -text -token_out`, "CA="+filepath.Join(authority.Folder, "ca.pem"))
			if err != nil || !strings.Contains(out, "Verification: OK") || !strings.Contains(out, "Nonce: 0xA1B2C3D4E5F6") {
				t.Errorf("%v\n%s", err, out)
			}
			text, err := os.ReadFile(filepath.Join(s.Folder, "audit", "server.log"))
			must(t, err)
			if !strings.Contains(string(text), `"event":"`+log+`"`) || !strings.Contains(string(text), app.ID) {
				t.Errorf("the audit log has no %s of %s", log, app.ID)
			}
			_, err = s.Run(servertest.Context(t), "audit", "verify")
			must(t, err)
		})
	}
}

// upstream has s ask another server.
func upstream(t *testing.T, s, other *stage.Stage, token string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(s.Folder, "secrets", "upstream"), []byte(token), 0o600))
	reconfigure(t, s, map[string]string{
		"  # upstream:\n": "  upstream:\n",
		"  #   url: http://timestamp.example.org/\n": "    url: " + other.URL + "/tsa\n    user: demo\n    password: secrets/upstream\n",
		"  #   ca: timestamp-root.pem\n":             "    ca: " + filepath.Join(other.Folder, "ca.pem") + "\n",
	})
	s.Env = append(s.Env, "SSL_CERT_FILE="+filepath.Join(other.Folder, "tls.crt"))
}
