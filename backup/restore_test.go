package backup_test

import (
	"archive/tar"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// A backup with any one byte changed, cut off or put on is refused, wherever it
// is: contents, headers and padding.
func TestEveryByteCounts(t *testing.T) {
	h := newHouse(t)
	h.fill()
	whole, err := os.ReadFile(h.take())
	must(t, err)
	path := filepath.Join(t.TempDir(), "changed.tar")
	refused := func(what string, text []byte, key *audittest.Key, want error) {
		t.Helper()
		must(t, os.WriteFile(path, text, 0o600))
		if a, err := backup.Open(path, key.Keys()[0]); !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
			if a != nil {
				_ = a.Close()
			}
		}
	}
	for at := 0; at < len(whole); at += 13 {
		changed := slices.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		must(t, os.WriteFile(path, changed, 0o600))
		if _, err := backup.Open(path, h.key.Keys()[0]); !errors.Is(err, backup.ErrChanged) && !errors.Is(err, backup.ErrForeign) {
			t.Errorf("byte %d of %d changed: %v", at, len(whole), err)
		}
	}
	for at := 0; at < len(whole); at += 509 {
		refused(fmt.Sprintf("cut at %d", at), whole[:at], h.key, backup.ErrChanged)
	}
	refused("without its last byte", whole[:len(whole)-1], h.key, backup.ErrChanged)
	refused("with a byte more", append(slices.Clone(whole), 0), h.key, backup.ErrChanged)
	refused("twice", append(slices.Clone(whole), whole...), h.key, backup.ErrChanged)
	refused("as it is, of another token", whole, audittest.NewKey(t), backup.ErrForeign)
	refused("as it is", whole, h.key, nil)
}

// Of the two signatures that are good whenever one is, only one counts.
func TestTheOtherSignature(t *testing.T) {
	h := newHouse(t)
	h.fill()
	path := h.rewritten(h.take(), func(name string, text []byte) []byte {
		if name != "manifest.sig" {
			return text
		}
		var p struct{ R, S *big.Int }
		_, err := asn1.Unmarshal(text, &p)
		must(t, err)
		p.S.Sub(elliptic.P256().Params().N, p.S)
		text, err = asn1.Marshal(p)
		must(t, err)
		return text
	})
	if _, err := backup.Open(path, h.key.Keys()[0]); !errors.Is(err, backup.ErrChanged) {
		t.Errorf("%v, want %v", err, backup.ErrChanged)
	}
}

// rewritten is a backup with members that were changed, or left out if nothing is
// left of them.
func (h *house) rewritten(path string, change func(name string, text []byte) []byte) string {
	h.t.Helper()
	file, err := os.Open(path)
	must(h.t, err)
	defer file.Close()
	path = filepath.Join(h.t.TempDir(), "other.tar")
	other, err := os.Create(path)
	must(h.t, err)
	from, to := tar.NewReader(file), tar.NewWriter(other)
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(h.t, err)
		text, err := io.ReadAll(from)
		must(h.t, err)
		if text = change(header.Name, text); text == nil {
			continue
		}
		must(h.t, to.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: header.Name, Size: int64(len(text)), Mode: 0o600, ModTime: time.Unix(0, 0),
		}))
		_, err = to.Write(text)
		must(h.t, err)
	}
	must(h.t, errors.Join(to.Close(), other.Close()))
	return path
}

// The logs that survived tell what an old registry must not allow.
func TestWhatMustNotComeBack(t *testing.T) {
	other := []string{audit.Mark([]byte("other"))}
	secrets := []string{audit.Mark([]byte("new")), audit.Mark([]byte("old"))}
	on := func(reason string) audit.Entry {
		return audit.Entry{Event: audit.CredentialChanged, User: "u_1", Credential: "c_1", Reason: reason}
	}
	user := func(reason string) audit.Entry {
		return audit.Entry{Event: audit.UserChanged, User: "u_1", Reason: reason}
	}
	client := func(reason string, kept ...string) audit.Entry {
		return audit.Entry{Event: audit.ClientChanged, Client: "app_1", Reason: reason, Kept: kept}
	}
	link := func(reason string) audit.Entry {
		return audit.Entry{Event: audit.ClientChanged, Client: "app_1", User: "u_1", Reason: reason}
	}
	const linked, account = `{"client_id":"app_1","user_id":"u_1"}`, `{"client_id":"app_1","account":"account 1","user_id":"u_1"}`
	owner := func(user string) audit.Entry {
		return audit.Entry{Event: audit.ClientChanged, Client: "app_1", User: user, Reason: audit.Account + audit.Mark([]byte("account 1"))}
	}
	paired := func(factor string) audit.Entry {
		return audit.Entry{Event: audit.FactorPaired, User: "u_1", Factor: factor, Kept: other}
	}
	factors := func(f string) audit.Entry {
		e := on(audit.FactorsSet)
		e.Kept = []string{audit.Mark([]byte(f))}
		return e
	}
	invitation := func(event audit.Event, what string, hashes ...string) audit.Entry {
		return audit.Entry{Event: event, User: "u_1", Reason: "e_1" + what, Kept: linkMarks(hashes...)}
	}
	day, over := fmt.Sprint(noon.Add(24*time.Hour).UnixMicro()), fmt.Sprint(noon.UnixMicro())
	pair := func(until string) string { return `"pair_hash":"pair 1","pair_until":` + until + `,` }
	activate := func(until string) string { return `"active_hash":"activate 1","active_until":` + until + `,` }
	lock := func(event audit.Event) audit.Entry {
		return audit.Entry{Event: event, User: "u_1", Factor: users.FactorCode}
	}
	recovers := func(reason string) audit.Entry {
		return audit.Entry{Event: audit.UserRecovers, User: "u_1", Reason: reason}
	}
	abandoned := func(serial string) audit.Entry {
		return audit.Entry{Event: audit.CertificateAbandoned, User: "u_1", Credential: "c_9", Key: "01", Serial: serial, Reason: "revoked: cessationOfOperation"}
	}
	for _, test := range []struct {
		name  string
		since []audit.Entry
		want  []string // in the rows
		not   []string
		lost  int
	}{
		{name: "nothing happened, people are invited", want: []string{`"state":"invited"`, `"email\":\"one@example.org\"`, pair(day), activate(day)}},
		{name: "nothing happened, documents were signed", want: []string{`{"id":"d_1","user_id":"u_1","credential_id":"c_1","name":"bmFtZQ==","salt":"c2FsdA==","brought":"ab","signed":"cd","at":1772366400000000}`}, not: []string{"d_2"}},
		{name: "a link was sent again", since: []audit.Entry{invitation(audit.EnrolmentSent, ": pair", "pair 2")}, want: []string{`"state":"invited"`, pair(over), activate(day)}},
		{name: "the other link was sent again", since: []audit.Entry{invitation(audit.EnrolmentSent, ": activate", "activate 2")}, want: []string{pair(day), activate(over)}},
		{name: "an authenticator was paired by a link", since: []audit.Entry{invitation(audit.EnrolmentPaired, "")}, want: []string{`"state":"invited"`, pair(over), activate(day)}},
		{name: "an account was activated by a link", since: []audit.Entry{invitation(audit.EnrolmentActivated, "")}, want: []string{`"state":"invited"`, pair(day), activate(over)}},
		{name: "a step of an activation was done", since: []audit.Entry{invitation(audit.EnrolmentChanged, ": password set")}, want: []string{pair(day), activate(day)}},
		{name: "an invitation was cancelled", since: []audit.Entry{invitation(audit.EnrolmentCancelled, "")}, want: []string{`"state":"cancelled"`}},
		{name: "an invitation came to its certificate", since: []audit.Entry{invitation(audit.EnrolmentIssued, "")}, want: []string{`"state":"cancelled"`}},
		{name: "an invitation was forgotten", since: []audit.Entry{invitation(audit.EnrolmentForgotten, ": expired")},
			want: []string{`"state":"cancelled"`, `"identity":"{}"`, `"inviter":"ra_1"`}, not: []string{"PNORO-1", "request 1"}},
		{name: "who was only invited was removed", since: []audit.Entry{{Event: audit.UserRemoved, User: "u_0", Reason: "was only invited"}}, not: []string{"u_0", "e_0", "nobody@example.org"}},
		{name: "removed, and more is heard of him", since: []audit.Entry{{Event: audit.UserRemoved, User: "u_0"}, {Event: audit.CredentialAdded, User: "u_0", Credential: "c_0"}}, want: []string{"nobody@example.org"}, lost: 1},
		{name: "a signer was added, and removed", since: []audit.Entry{{Event: audit.UserAdded, User: "u_2"}, {Event: audit.UserRemoved, User: "u_2"}}},
		{name: "another was cancelled", since: []audit.Entry{{Event: audit.EnrolmentCancelled, User: "u_1", Reason: "e_11"}}, want: []string{`"state":"invited"`}},
		{name: "a person was invited", since: []audit.Entry{{Event: audit.EnrolmentInvited, User: "u_1", Reason: "e_2", Kept: linkMarks("pair 2", "activate 2")}}, not: []string{"e_2"}, lost: 1},
		{name: "a person was invited, and no more", since: []audit.Entry{{Event: audit.EnrolmentInvited, User: "u_1", Reason: "e_2"}, {Event: audit.EnrolmentCancelled, User: "u_1", Reason: "e_2"}}},
		{name: "nothing happened", want: []string{`"jwks":"a2V5cw=="`, `"pin_hash":"pin"`, `"phone":"+40700000001"`, `"extendable":true`, `"last_step":-1`, `"revoked":false`, `"secret":"c2VhbGVk"`, `"password_hash":"hash"`}},
		{name: "a code was used", since: []audit.Entry{{Event: audit.FactorVerified, User: "u_1", Factor: users.FactorCode, Step: 57}}, want: []string{`"last_step":57`}},
		{name: "a password was right", since: []audit.Entry{{Event: audit.FactorVerified, User: "u_1", Factor: users.FactorPassword}}, want: []string{`"last_step":-1`}},
		{name: "a credential was revoked", since: []audit.Entry{on(audit.Revoked)}, want: []string{`"revoked":true`}},
		{name: "a credential was revoked for a reason", since: []audit.Entry{on("revoked: keyCompromise"), on("revoked: superseded")},
			want: []string{`"revoked":true`, `"reason":1`}, not: []string{`"suspended":0,"revoked_at":0`}},
		{name: "a credential was suspended", since: []audit.Entry{on(audit.Suspended)}, want: []string{`"revoked":false`}, not: []string{`"suspended":0`}},
		{name: "suspended and resumed", since: []audit.Entry{on(audit.Suspended), on(audit.Resumed)}, want: []string{`"suspended":0`}},
		{name: "a credential was deleted", since: []audit.Entry{{Event: audit.CredentialDeleted, User: "u_1", Credential: "c_1", Reason: "certificate not revoked"}},
			want: []string{`"disabled":true,"revoked":false`}, not: []string{`"deleted":0`}},
		{name: "deleted and revoked", since: []audit.Entry{{Event: audit.CredentialDeleted, User: "u_1", Credential: "c_1", Reason: "revoked: superseded"}},
			want: []string{`"disabled":true,"revoked":true`}, not: []string{`"deleted":0`}},
		{name: "a certificate was abandoned", since: []audit.Entry{abandoned("abc"), abandoned("abd"), abandoned("abc")},
			want: []string{
				`"serial":"abc","credential_id":"c_9","user_id":"u_1","key_id":"AQI=","begun":1772366400000000,"abandoned":true,"revoked_at":17`,
				`"serial":"abd","credential_id":"c_9","user_id":"u_1","key_id":"AQ=="`,
			}, not: []string{`"revoked_at":0,"reason":5`, `"abandoned":false`}},
		{name: "a certificate was begun", want: []string{`"abandoned":false,"revoked_at":0,"reason":0`}},
		{name: "revoked and enabled", since: []audit.Entry{on(audit.Revoked), on(audit.Enabled)}, want: []string{`"revoked":true`}},
		{name: "a credential was disabled", since: []audit.Entry{on(audit.Disabled)}, want: []string{`"disabled":true,"revoked":false`}},
		{name: "disabled and enabled again", since: []audit.Entry{on(audit.Disabled), on(audit.Enabled)}, not: []string{`"disabled":true`}},
		{name: "a signer was disabled", since: []audit.Entry{user(audit.Disabled)}, want: []string{`"disabled":true,"created":1772366400000000,"last_step"`}},
		{name: "a client was disabled", since: []audit.Entry{client(audit.Disabled)}, want: []string{`"scopes":"null","disabled":true`}},
		{name: "a client was removed", since: []audit.Entry{{Event: audit.ClientRemoved, Client: "app_1"}}, not: []string{"app_1"}},
		{name: "a link was cut", since: []audit.Entry{link(audit.Unlinked)}, not: []string{linked}, want: []string{"app_1", account}},
		{name: "cut and made again", since: []audit.Entry{link(audit.Unlinked), link(audit.Linked)}, want: []string{linked}},
		{name: "an account was ended", since: []audit.Entry{owner("")}, not: []string{account}, want: []string{linked}},
		{name: "an account is another signer", since: []audit.Entry{owner("u_2")}, not: []string{account}},
		{name: "another signer, and the first again", since: []audit.Entry{owner("u_2"), owner("u_1")}, want: []string{account}},
		{name: "another authenticator", since: []audit.Entry{paired(users.FactorCode)}, want: []string{`"secret":null`, `"password_hash":"hash"`}},
		{name: "a signer came back from a loss", since: []audit.Entry{recovers("2100-01-02T12:00:00Z: recovery"), recovers("at once: identity proven in person")}, want: []string{`"signs_from":4102574400000000`}},
		{name: "a signer came back long ago", since: []audit.Entry{recovers("2026-01-02T12:00:00Z: recovery")}, want: []string{`"signs_from":0`}},
		{name: "another password", since: []audit.Entry{paired(users.FactorPassword)}, want: []string{`"secret":"c2VhbGVk"`, `"password_hash":""`}},
		{name: "another PIN", since: []audit.Entry{paired(users.FactorPIN)}, want: []string{`"pin_hash":""`, `"password_hash":"hash"`}},
		{name: "another phone", since: []audit.Entry{paired(users.FactorSMS)}, want: []string{`"phone":"","phone_set":0`, `"pin_hash":"pin"`}},
		{name: "other factors", since: []audit.Entry{factors("PIN AND OTP")}, want: []string{`"disabled":true,"revoked":false`}},
		{name: "other factors and these again", since: []audit.Entry{factors("PIN AND OTP"), factors("OTP")}, not: []string{`"disabled":true`}},
		{name: "no extension", since: []audit.Entry{on(audit.ExtendAllowed), on(audit.ExtendForbidden)}, want: []string{`"extendable":false`}},
		{name: "an extension", since: []audit.Entry{on(audit.ExtendForbidden), on(audit.ExtendAllowed)}, want: []string{`"extendable":true`}},
		{name: "an old secret of a client was ended", since: []audit.Entry{client("old secret ended", audit.Mark([]byte("new")))}, want: []string{`"verifiers":"[\"bmV3\"]"`}},
		{name: "all secrets of a client were ended", since: []audit.Entry{client("x", other...)}, want: []string{`"verifiers":"[]"`}},
		{name: "keys of a client were replaced", since: []audit.Entry{client("keys", append(secrets, audit.Mark([]byte("more")))...)}, want: []string{`"verifiers":"[\"bmV3\",\"b2xk\"]"`, `"jwks":null`, `"scopes":"null","disabled":true`}},
		{name: "a client was renamed, and has its keys", since: []audit.Entry{client("x", append(secrets, audit.Mark([]byte("keys")))...)}, not: []string{`"disabled":true`}},
		{name: "a client changed itself, and its token", since: []audit.Entry{client("by itself", append(secrets, audit.Mark([]byte("keys")), audit.Mark([]byte("next")))...)}, want: []string{`\"hash\":\"\"`, `\"invitation\":\"inv_1\"`}, not: []string{`"disabled":true`}},
		{name: "a client was changed, and its token not", since: []audit.Entry{client("x", append(secrets, audit.Mark([]byte("keys")), audit.Mark([]byte("reg")))...)}, want: []string{`\"hash\":\"reg\"`}},
		{name: "a factor was locked", since: []audit.Entry{lock(audit.FactorLocked)}, want: []string{`"factor":"totp"`, `"locked":true`}},
		{name: "locked and unlocked", since: []audit.Entry{lock(audit.FactorLocked), lock(audit.FactorUnlocked)}, not: []string{`"locked":true`}},
		{name: "a signer was added", since: []audit.Entry{{Event: audit.UserAdded, User: "u_2"}}, not: []string{"u_2"}, lost: 1},
		{name: "a client was added and removed", since: []audit.Entry{{Event: audit.ClientAdded, Client: "app_2"}, {Event: audit.ClientRemoved, Client: "app_2"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.fill()
			path := h.take()
			h.write("operator.log", test.since...)
			r := h.restorer(path)
			checked, err := r.Check(t.Context())
			must(t, err)
			report, err := r.Restore(t.Context())
			must(t, err)
			if diff := cmp.Diff(checked, report); diff != "" {
				t.Errorf("what Check said and Restore did:\n%s", diff)
			}
			text := rows(t, r.Registry)
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %s in\n%s", want, text)
				}
			}
			for _, not := range test.not {
				if strings.Contains(text, not) {
					t.Errorf("%s in\n%s", not, text)
				}
			}
			if len(report.Lost) != test.lost {
				t.Errorf("lost %q", report.Lost)
			}
			if strings.Contains(text, `"tokens_after":0`) {
				t.Errorf("access tokens outlive a restore:\n%s", text)
			}
			h.whole(r)
		})
	}
}

// Backups of the form before have no invitations and no histories. They are
// restored, and it is said what they have not; those of a form to come are refused.
func TestOtherForms(t *testing.T) {
	h := newHouse(t)
	h.fill()
	now := h.take()
	report, err := h.restorer(now).Check(t.Context())
	must(t, err)
	for _, left := range backup.Absences() {
		if !slices.Contains(report.LeftOut, left.Table+": "+left.Why) {
			t.Errorf("it is not said that there are no %s: %q", left.Table, report.LeftOut)
		}
	}
	r := h.restorer(h.inForm(now, 1, "registry/enrolments.jsonl", "registry/receipts.jsonl", "registry/issuances.jsonl", "registry/issued.jsonl"))
	report, err = r.Restore(t.Context())
	must(t, err)
	if text := rows(t, r.Registry); !strings.Contains(text, `"c_1"`) || strings.Contains(text, `"e_1"`) || strings.Contains(text, `"d_1"`) {
		t.Error(text)
	}
	want := []string{"enrolments: backups of form 1 had none", "receipts: backups of form 1 had none", "issuances: backups of form 1 had none", "issued: backups of form 1 had none"}
	if got := report.LeftOut[:4]; !slices.Equal(got, want) {
		t.Errorf("left out: %q", report.LeftOut)
	}
	if want := []string{"invitation e_1 of signer u_1: signer invite"}; !slices.Equal(report.Lost, want) {
		t.Errorf("lost: %q", report.Lost)
	}
	for _, form := range []int{0, 5} {
		if _, err := backup.Open(h.inForm(now, form), h.key.Keys()[0]); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("of form %d", form)) {
			t.Errorf("form %d: %v", form, err)
		}
	}
}

// inForm is a backup as a program of another form would have made it, without some
// members.
func (h *house) inForm(path string, form int, without ...string) string {
	h.t.Helper()
	return h.rewritten(path, func(name string, text []byte) []byte {
		if slices.Contains(without, name) {
			return nil
		}
		switch name {
		case "manifest.json":
			var m backup.Manifest
			must(h.t, json.Unmarshal(text, &m))
			m.Format = form
			m.Members = slices.DeleteFunc(m.Members, func(one backup.Member) bool { return slices.Contains(without, one.Name) })
			text, err := json.MarshalIndent(m, "", "  ")
			must(h.t, err)
			h.manifest = append(text, '\n')
			return h.manifest
		case "manifest.sig":
			digest := sha256.Sum256(append([]byte("pecete backup 1\x00"), h.manifest...))
			signature, err := h.key.SignHead(h.t.Context(), digest[:])
			must(h.t, err)
			signature, err = audit.Lower(signature)
			must(h.t, err)
			return signature
		}
		return text
	})
}

// whole verifies the logs against the heads of what was restored.
func (h *house) whole(r backup.Restorer) {
	h.t.Helper()
	heads, err := r.Registry.(*registry.Registry).Heads(h.t.Context())
	must(h.t, err)
	report, err := audit.VerifyFolder(h.folder, h.key.Keys(), heads)
	must(h.t, err)
	if !report.OK() || len(report.Files) != len(heads) {
		h.t.Errorf("%d heads, %+v", len(heads), report)
	}
	left, err := filepath.Glob(filepath.Join(h.folder, ".restore-*"))
	if err != nil || len(left) > 0 {
		h.t.Errorf("left behind: %v", left)
	}
}

// What the backup's own logs tell counts where no others are left.
func TestLogsAreRestored(t *testing.T) {
	h := newHouse(t)
	h.fill()
	h.write("server.log", audit.Entry{Event: audit.CredentialChanged, Credential: "c_1", Reason: audit.Revoked})
	path := h.take() // the record came before the deed, which the registry has not seen
	h.folder = t.TempDir()
	r := h.restorer(path)
	_, err := r.Restore(t.Context())
	must(t, err)
	if text := rows(t, r.Registry); !strings.Contains(text, `"revoked":true`) {
		t.Error(text)
	}
	h.whole(r)
}

func TestRestoreRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(h *house, r *backup.Restorer)
		want string
	}{
		{"a registry with a row", func(h *house, r *backup.Restorer) {
			must(h.t, r.Registry.(*registry.Registry).AddUser(h.t.Context(), users.User{ID: "u_9"}))
		}, "not empty"},
		{"logs that a process writes to", func(h *house, _ *backup.Restorer) { h.open("operator.log") }, "stop it first"},
		{"a log that another was put in the place of", func(h *house, _ *backup.Restorer) {
			must(h.t, os.Remove(filepath.Join(h.folder, "operator.log")))
			h.Registry = newRegistry(h.t)
			h.write("operator.log", audit.Entry{Event: audit.UserAdded, User: "u_3"})
		}, "two logs are called operator.log"},
		{"a log that was changed", func(h *house, _ *backup.Restorer) { h.edit(`"u_1"`, `"u_2"`) }, "of one log and differ"},
		{"a log that was changed after the backup", func(h *house, _ *backup.Restorer) {
			h.write("operator.log", audit.Entry{Event: audit.UserAdded, User: "u_8"})
			h.edit(`"u_8"`, `"u_9"`)
		}, "the record was changed"},
		{"logs that are not whole elsewhere", func(h *house, r *backup.Restorer) {
			r.Others = []string{h.t.TempDir()}
			must(h.t, os.WriteFile(filepath.Join(r.Others[0], "x.log"), []byte("{}\n"), 0o600))
		}, "x.log"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.fill()
			path := h.take()
			r := h.restorer(path)
			test.do(h, &r)
			before := rows(t, r.Registry)
			_, err := r.Restore(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if after := rows(t, r.Registry); after != before {
				t.Errorf("all the same there is\n%s", after)
			}
			if restored, _ := filepath.Glob(filepath.Join(h.folder, "*restore-*")); len(restored) > 0 {
				t.Errorf("all the same there is %v", restored)
			}
		})
	}
}

// edit changes text in the operator's log.
func (h *house) edit(from, to string) {
	h.t.Helper()
	path := filepath.Join(h.folder, "operator.log")
	text, err := os.ReadFile(path)
	must(h.t, err)
	must(h.t, os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}
