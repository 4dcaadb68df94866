package registry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// anyText uses texts that a statement could trip over as ids and names: each is
// found again, or refused when it is added and unknown when it is asked for.
func anyText(t *testing.T, url string) {
	r := open(t, url)
	for _, text := range []string{
		"'", "''", `\`, `\'`, `"`, "?", "?0", "??", "$1", "$$", "%", "_", ":a", "@a", "E'\\'", "`",
		"'); DROP TABLE users; --", "/*", "\t\r\n", "\u0001", "\u00a0", "\ufeff", "ș", "ş", "s\u0326", "👋", "\U0010ffff",
	} {
		u, c := user(1), client(1)
		u.ID, u.Email, u.GivenName, u.PasswordHash = text, text+"@example.test", text, text
		c.ID, c.Name, c.Scopes = text, text, []string{text}
		must(t, r.AddUser(t.Context(), u))
		must(t, r.AddClient(t.Context(), c))
		must(t, r.Link(t.Context(), text, text))
		gotUser, err := r.User(t.Context(), text)
		must(t, err)
		gotClient, err := r.Client(t.Context(), text)
		must(t, err)
		if gotUser.GivenName != text || gotClient.Name != text || gotClient.Scopes[0] != text {
			t.Errorf("%q came back as %q, %q, %q", text, gotUser.GivenName, gotClient.Name, gotClient.Scopes[0])
		}
		must(t, r.RemoveClient(t.Context(), text))
	}
	for _, text := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
		refuses(t, r, text)
	}
}

func refuses(t *testing.T, r *registry.Registry, text string) {
	t.Helper()
	u, c := user(2), client(2)
	u.FamilyName = text
	c.RedirectURIs = []string{text}
	for name, err := range map[string]error{"AddUser": r.AddUser(t.Context(), u), "AddClient": r.AddClient(t.Context(), c)} {
		if err == nil || unavailable(err) {
			t.Errorf("%s with %q: %v, want an error that stays", name, text, err)
		}
	}
	_, userErr := r.User(t.Context(), text)
	wantErr(t, userErr, users.ErrUnknown)
	_, emailErr := r.UserByEmail(t.Context(), text)
	wantErr(t, emailErr, users.ErrUnknown)
	_, clientErr := r.Client(t.Context(), text)
	wantErr(t, clientErr, oauth.ErrUnknownClient)
	_, credentialErr := r.Credential(t.Context(), text)
	wantErr(t, credentialErr, credentials.ErrUnknown)
	_, stepErr := r.UseStep(t.Context(), text, 1)
	wantErr(t, stepErr, users.ErrUnknown)
	_, accountErr := r.Account(t.Context(), text, text)
	wantErr(t, accountErr, oauth.ErrUnknownAccount)
	if linked, err := r.Linked(t.Context(), text, text); linked || err != nil {
		t.Errorf("Linked(%q) = %t, %v", text, linked, err)
	}
}

func unavailable(err error) bool {
	e, is := errors.AsType[*registry.UnavailableError](err)
	return is && e.Unavailable()
}

// verbs asks for something of each kind.
func verbs(ctx context.Context, r *registry.Registry) map[string]func() error {
	return map[string]func() error{
		"User":     func() error { _, err := r.User(ctx, user(1).ID); return err },
		"Users":    func() error { _, err := r.Users(ctx); return err },
		"AddUser":  func() error { return r.AddUser(ctx, user(7)) },
		"UseStep":  func() error { _, err := r.UseStep(ctx, user(1).ID, 5); return err },
		"Attempts": func() error { _, err := r.Attempts(ctx, user(1).ID, "totp"); return err },
		"SwapAttempts": func() error {
			_, err := r.SwapAttempts(ctx, user(1).ID, "totp", users.Attempts{}, attempts(1))
			return err
		},
		"UpdateClient": func() error { return r.UpdateClient(ctx, client(1)) },
		"AddInvited": func() error {
			if err := r.AddInvited(ctx, client(8), "none", created); !errors.Is(err, oauth.ErrUnknownInvitation) {
				return err
			}
			return nil
		},
		"Invitations": func() error { _, err := r.Invitations(ctx); return err },
		"Client":      func() error { _, err := r.Client(ctx, client(1).ID); return err },
		"Holding": func() error {
			if _, err := r.Holding(ctx, id("c", 1), client(1).ID); !errors.Is(err, credentials.ErrUnknown) {
				return err
			}
			return nil
		},
		"Linked":     func() error { _, err := r.Linked(ctx, client(1).ID, user(1).ID); return err },
		"SetAccount": func() error { return r.SetAccount(ctx, client(1).ID, "a", user(1).ID) },
		"Accounts":   func() error { _, err := r.Accounts(ctx, client(1).ID); return err },
		"SetAccountKeys": func() error {
			return r.SetAccountKeys(ctx, client(1).ID, []oauth.AccountKey{{Verifier: "1", Sealed: []byte{1}}})
		},
		"AccountKeys": func() error { _, err := r.AccountKeys(ctx, client(1).ID); return err },
		"KeepHead":    func() error { return r.KeepHead(ctx, head(1)) },
		"LastHead":    func() error { _, _, err := r.LastHead(ctx, "log-demo"); return err },
		"Ready":       func() error { return r.Ready(ctx) },
	}
}

func contexts(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddClient(t.Context(), client(1)))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	over, cancel := context.WithTimeout(t.Context(), -1)
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: over} {
		for verb, do := range verbs(ctx, r) {
			if err := do(); !errors.Is(err, want) || unavailable(err) {
				t.Errorf("%s with a context that ended: %v, want %v", verb, err, want)
			}
		}
	}
	for verb, do := range verbs(t.Context(), r) {
		if err := do(); err != nil {
			t.Errorf("%s afterwards: %v", verb, err)
		}
	}
}
