package oauth

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ory/fosite"
)

// A session is the same after the store, to the nanosecond.
func TestSessionInJSON(t *testing.T) {
	end := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	s := session{UserID: "u_1", GrantID: "g"}
	s.SetExpiresAt(fosite.AccessToken, end)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"user":"u_1","grant":"g","expires":{"access_token":"2026-03-01T12:00:00.123456789Z"}}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	var back session
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back, cmp.AllowUnexported(session{})); diff != "" {
		t.Error(diff)
	}
}

func TestSessionClone(t *testing.T) {
	var none *session
	if none.Clone() != nil {
		t.Error("a clone of nothing")
	}
	a := &session{UserID: "u_1"}
	a.SetExpiresAt(fosite.AccessToken, time.Unix(1, 0))
	b, ok := a.Clone().(*session)
	if !ok || !cmp.Equal(a, b, cmp.AllowUnexported(session{})) {
		t.Fatalf("%+v is cloned to %+v", a, b)
	}
	b.SetExpiresAt(fosite.AccessToken, time.Unix(2, 0))
	if !a.GetExpiresAt(fosite.AccessToken).Equal(time.Unix(1, 0)) {
		t.Error("the clone shares its ends")
	}
	if (&session{}).GetExpiresAt(fosite.RefreshToken) != (time.Time{}) {
		t.Error("an end that was never set")
	}
}
