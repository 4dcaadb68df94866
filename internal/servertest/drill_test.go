package servertest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// The drill that an operator should hold: a backup under load, then everything
// lost, then the same application signs with the same credential, and the logs
// are whole across it. The backup of each database is restored to both.
func TestDrill(t *testing.T) {
	postgres := proctest.StartPostgres(t)
	for name, source := range map[string]string{"SQLite": "registry.db", "PostgreSQL": postgres.Database()} {
		t.Run("from "+name, func(t *testing.T) {
			d := newDrill(t, source)
			saved := filepath.Join(t.TempDir(), "audit")
			d.underLoad(func() { d.backup = d.run("backup", t.TempDir()) })
			d.afterwards()
			must(t, d.Stop())
			must(t, os.CopyFS(saved, os.DirFS(filepath.Join(d.Folder, "audit"))))
			d.refusals()

			d.move("another.db")
			d.logsSurvived()
			must(t, os.RemoveAll(filepath.Join(d.Folder, "audit")))
			must(t, os.Mkdir(filepath.Join(d.Folder, "audit"), 0o700))
			d.move(postgres.Database())
			d.allLost(saved)
		})
	}
}

// A drill is a server with all that a backup must bring back.
type drill struct {
	*stage.Stage
	t        *testing.T
	registry string
	backup   string

	app, ended       stage.Client
	busy, late, left stage.Signer
	replaced         stage.Signer // whose authenticator is replaced after the backup
	revoked, spared  string       // credentials
	used             csc.Secret   // a code that was used after the backup
	usedUntil        time.Time    // the last step that the busy one used
	sentAgain        string       // an invitation whose mail is sent again after the backup
}

func newDrill(t *testing.T, registry string) *drill {
	d := &drill{Stage: servertest.Raise(t), t: t, registry: "registry.db"}
	d.move(registry)
	ctx := servertest.Context(t)
	var err error
	for name, signer := range map[string]*stage.Signer{"busy": &d.busy, "late": &d.late, "left": &d.left, "replaced": &d.replaced} {
		*signer, err = d.AddSigner(ctx, name+"@example.org", "Demo", name, "--scal", "1", "--multisign", "100")
		must(t, err)
	}
	d.revoked, err = d.AddCredential(ctx, d.late.ID)
	must(t, err)
	d.spared, err = d.AddCredential(ctx, d.late.ID)
	must(t, err)
	d.run("credential", "revoke", d.spared)
	d.app, err = d.AddClient(ctx, "Demo Application", d.busy.ID, d.late.ID, d.left.ID, d.replaced.ID)
	must(t, err)
	d.ended, err = d.AddClient(ctx, "Ended", d.busy.ID)
	must(t, err)
	d.invite("semnatar.demo@example.org")
	d.sentAgain = d.invite("sent.again@example.org")
	must(t, d.Serve(ctx))
	t.Cleanup(func() { _ = d.Stop() }) // where the test did not
	return d
}

// move has the configuration name another registry.
func (d *drill) move(to string) {
	if to != d.registry {
		reconfigure(d.t, d.Stage, map[string]string{"registry: " + d.registry: "registry: " + to})
	}
	d.registry = to
}

// run runs a command and returns the last line that it printed, or its standard
// output.
func (d *drill) run(args ...string) string {
	d.t.Helper()
	out, err := d.Run(servertest.Context(d.t), args...)
	must(d.t, err)
	if args[0] == "backup" {
		found, err := filepath.Glob(filepath.Join(args[1], "pecete-*.tar"))
		if err != nil || len(found) != 1 {
			d.t.Fatalf("backups %v, %v", found, err)
		}
		return found[0]
	}
	return string(out)
}

// invite invites a person, and returns the ID of the enrolment.
func (d *drill) invite(email string) string {
	d.t.Helper()
	said := d.run("signer", "invite", "--email", email, "--given-name", "Semnatar", "--family-name", "Demo", "--locale", "ro")
	found := regexp.MustCompile(`e_[0-9a-f]{32}`).FindString(said)
	if found == "" {
		d.t.Fatalf("invited: %s", said)
	}
	return found
}

// refused runs a command that must fail and returns what it said.
func (d *drill) refused(because string, args ...string) {
	d.t.Helper()
	_, err := d.Run(servertest.Context(d.t), args...)
	if err == nil || !strings.Contains(err.Error(), because) {
		d.t.Errorf("%v: %v, want %q", args, err, because)
	}
}

// underLoad does something while a signer's grant of a hundred is spent.
func (d *drill) underLoad(do func()) {
	ctx, stop := context.WithCancel(servertest.Context(d.t))
	defer stop()
	api := application(d.t, d.Stage, d.app)
	granted := d.authorize(api, d.busy, 100, d.freshCode(d.busy))
	begun := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() {
		for n := 0; n < 100 && ctx.Err() == nil; n++ {
			if err := d.sign(api, d.busy, granted, n); err != nil {
				d.t.Errorf("signature %d: %v", n, err)
			}
			if n == 3 {
				close(begun)
			}
		}
	})
	<-begun
	do()
	stop()
	load.Wait()
}

func (d *drill) authorize(api *client.Client, who stage.Signer, count int, code csc.Secret) csc.Secret {
	d.t.Helper()
	granted, err := api.Authorize(servertest.Context(d.t), csc.AuthorizeRequest{
		CredentialID: who.Credentials[0], NumSignatures: count,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code}},
	})
	must(d.t, err)
	return granted.SAD
}

func (d *drill) sign(api *client.Client, who stage.Signer, sad csc.Secret, n int) error {
	digest := sha256.Sum256(fmt.Append(nil, n))
	_, err := api.SignHash(servertest.Context(d.t), csc.SignHashRequest{
		CredentialID: who.Credentials[0], SAD: sad, Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256,
	})
	return err
}

// afterwards is what happens after the backup and must not be undone.
func (d *drill) afterwards() {
	d.used = code(d.t, d.late.OTPAuth)
	api := application(d.t, d.Stage, d.app)
	must(d.t, d.sign(api, d.late, d.authorize(api, d.late, 1, d.used), 1))
	d.run("credential", "revoke", d.revoked)
	d.run("signer", "disable", d.left.ID)
	d.run("signer", "pair", d.replaced.ID)
	d.run("client", "rotate-secret", d.ended.ID)
	d.run("client", "rotate-secret", d.ended.ID, "--end")
	d.run("signer", "add", "--email", "new@example.org", "--given-name", "Demo", "--family-name", "New")
	d.run("signer", "resend", d.sentAgain, "--link", "pair")
	d.invite("invited.since@example.org")
}

// refusals are restores that must not be.
func (d *drill) refusals() {
	d.refused("not empty", "restore", d.backup)
	whole, err := os.ReadFile(d.backup)
	must(d.t, err)
	broken := filepath.Join(d.t.TempDir(), "broken.tar")
	for name, change := range map[string]func([]byte) []byte{
		"one bit":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut short": func(b []byte) []byte { return b[:len(b)/2] },
		"its end":   func(b []byte) []byte { return b[:len(b)-1024] },
	} {
		must(d.t, os.WriteFile(broken, change([]byte(string(whole))), 0o600))
		d.t.Log(name)
		d.refused("changed, or not whole", "restore", "--check", broken)
	}
	other := servertest.Raise(d.t)
	if _, err := other.Run(servertest.Context(d.t), "restore", d.backup); err == nil || !strings.Contains(err.Error(), "of another token") {
		d.t.Errorf("on another token: %v", err)
	}
}

// logsSurvived restores the registry beside the logs of the server.
func (d *drill) logsSurvived() {
	said := d.run("restore", d.backup)
	for _, want := range []string{
		"credential " + d.revoked + " is revoked", "signer " + d.left.ID + " is disabled",
		"signer " + d.replaced.ID + " has another authenticator", "client " + d.ended.ID + " has 0 of 1 secrets",
		"signer " + d.late.ID + " has used codes since", "lost, added after the backup: signer u_",
		"invitation " + d.sentAgain + ": its pair link was used since, or another sent: signer resend", "lost, added after the backup: invitation e_",
		"not in the backup, documents: deleted in time",
	} {
		if !strings.Contains(said, want) {
			d.t.Errorf("restore does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, d.spared) {
		d.t.Errorf("restore tells of what is as it was:\n%s", said)
	}
	d.again(func(api *client.Client) {
		if _, err := api.Authorize(servertest.Context(d.t), csc.AuthorizeRequest{
			CredentialID: d.late.Credentials[0], NumSignatures: 1,
			AuthData: []csc.AuthData{{ID: "OTP", Value: d.used}},
		}); err == nil {
			d.t.Error("a used code is good again")
		}
		web, err := d.HTTP()
		must(d.t, err)
		p := &person{t: d.t, s: d.Stage, web: browser.New("https://nowhere.example.org/", browser.Always(web)), ctx: servertest.Context(d.t)}
		p.pair() // by the mail from before the backup
		if all := d.run("signer", "invitations"); !regexp.MustCompile(`paired +Semnatar Demo +semnatar\.demo@`).MatchString(all) {
			d.t.Errorf("who was invited before the backup does not go on:\n%s", all)
		}
		list := d.run("signer", "list")
		if n := strings.Count(list, "revoked"); n != 2 {
			d.t.Errorf("%d revoked credentials, want 2:\n%s", n, list)
		}
	})
}

// allLost restores where nothing is left, with the logs from elsewhere.
func (d *drill) allLost(saved string) {
	d.run("restore", "--check", d.backup)
	d.refused("no such file", "restore", "--audit-folder", filepath.Join(saved, "none"), d.backup)
	d.run("restore", d.backup)
	d.again(func(*client.Client) {})
}

// again serves, signs with the same credential as before, and has the logs
// verified.
func (d *drill) again(also func(api *client.Client)) {
	d.t.Helper()
	must(d.t, d.Serve(servertest.Context(d.t)))
	api := application(d.t, d.Stage, d.app)
	must(d.t, d.sign(api, d.busy, d.authorize(api, d.busy, 1, d.freshCode(d.busy)), 1000))
	also(api)
	must(d.t, d.Stop())
	verified := d.run("audit", "verify")
	if !strings.Contains(verified, "restore-") {
		d.t.Errorf("no log tells of the restore:\n%s", verified)
	}
}

// freshCode is a code of a step that the signer has not used in this test: of
// the next one, which is taken already, if the present one was.
func (d *drill) freshCode(who stage.Signer) csc.Secret {
	d.t.Helper()
	const step = 30 * time.Second
	at := time.Now()
	if !at.Truncate(step).After(d.usedUntil) {
		at = d.usedUntil.Add(step)
	}
	time.Sleep(time.Until(at.Truncate(step).Add(-step))) // it is taken one step early
	d.usedUntil = at.Truncate(step)
	key, err := otp.NewKeyFromURL(who.OTPAuth)
	must(d.t, err)
	text, err := totp.GenerateCode(key.Secret(), at)
	must(d.t, err)
	return csc.Secret(text)
}
