package registry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/oauth"
)

// clientsAreSeenAtOnce reads a client again after each change that another process
// made of it, and after those that somebody made by hand, counting nothing.
func clientsAreSeenAtOnce(t *testing.T, url string) {
	here, there := open(t, url), open(t, url)
	by := raw(t, url)
	want := client(1)
	must(t, there.AddClient(t.Context(), want))
	read := func(after string) {
		t.Helper()
		for range 2 { // the second time it was read before
			got, err := here.Client(t.Context(), want.ID)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %s (-want +got):\n%s", after, diff)
			}
		}
	}
	read("it was added")
	for _, change := range []struct {
		says string
		do   func(c *oauth.Client)
	}{
		{"it was disabled", func(c *oauth.Client) { c.Disabled = true }},
		{"it was enabled", func(c *oauth.Client) { c.Disabled = false }},
		{"its secret was changed", func(c *oauth.Client) { c.Verifiers = [][]byte{{3}} }},
		{"its tokens were ended", func(c *oauth.Client) { c.TokensAfter = created.Add(time.Minute) }},
		{"it lost a scope", func(c *oauth.Client) { c.Scopes = []string{"service"} }},
		{"its tokens must be bound", func(c *oauth.Client) { c.Bound = oauth.BoundDPoP }},
		{"it is a resource server no more", func(c *oauth.Client) { c.ResourceServer = false }},
		{"its keys were changed", func(c *oauth.Client) { c.Keys = []byte("{}") }},
		{"it goes elsewhere", func(c *oauth.Client) { c.RedirectURIs = []string{"https://b.example.test/"} }},
	} {
		change.do(&want)
		must(t, there.UpdateClient(t.Context(), want))
		want.Revision++
		read(change.says)
	}
	for says, change := range map[string]struct {
		query string
		do    func()
	}{
		"it was disabled by hand":       {`UPDATE clients SET disabled = TRUE`, func() { want.Disabled = true }},
		"its secrets went by hand":      {`UPDATE clients SET verifiers = '[]'`, func() { want.Verifiers = [][]byte{} }},
		"its tokens were ended by hand": {`UPDATE clients SET tokens_after = 1`, func() { want.TokensAfter = time.UnixMicro(1).UTC() }},
	} {
		_, err := by.ExecContext(t.Context(), change.query)
		must(t, err)
		change.do()
		read(says)
	}
	must(t, there.RemoveClient(t.Context(), want.ID))
	if _, err := here.Client(t.Context(), want.ID); !errors.Is(err, oauth.ErrUnknownClient) {
		t.Errorf("after it was removed: %v", err)
	}
	want = client(1)
	want.Name, want.Created = "Another", created.Add(time.Hour)
	must(t, there.AddClient(t.Context(), want))
	read("another has its id")
}

// clientsAreTheirReaders has readers change all that they were given.
func clientsAreTheirReaders(t *testing.T, url string) {
	r := open(t, url)
	want := client(1)
	must(t, r.AddClient(t.Context(), want))
	for range 3 {
		got, err := r.Client(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		got.Verifiers[0][0], got.Keys[0] = 9, 'x'
		for _, list := range [][]string{got.RedirectURIs, got.ResponseURIs, got.Grants, got.Scopes, got.Managed.Allows.Grants, got.Managed.Allows.Scopes} {
			list[0] = "changed"
		}
		got.Managed.Hash = "changed"
	}
}
