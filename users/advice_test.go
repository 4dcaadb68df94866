package users_test

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// list writes a list of stolen passwords, in order.
func list(t testing.TB, lines ...string) string {
	t.Helper()
	slices.Sort(lines)
	path := filepath.Join(t.TempDir(), "stolen")
	must(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

func hashed(password string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(password))) }

func TestAdvice(t *testing.T) {
	stolen, err := users.OpenStolen(list(t, "correct horse battery", hashed("the quick brown fox"), hashed("lorem ipsum dolor")+":371", hashed("parolă de încercare")+":2"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stolen.Close() })
	h := newHouse(t)
	user, _ := h.enrol(t)
	h.registrar.Advice = &users.Advice{Stolen: stolen}
	name := strings.ToLower(user.GivenName)
	for _, row := range []struct {
		says     string
		password csc.Secret
		want     error
	}{
		{"words that nobody put together", "purple kettle thirteen", nil},
		{"with a name in it", csc.Secret("purple kettle of " + name), nil},
		{"no word but in no list", "jh3!kQm20xPa", nil},
		{"in the list as it is", "correct horse battery", users.ErrBreached},
		{"in the list in small letters", "Correct Horse Battery", users.ErrBreached},
		{"in the list as a hash", "the quick brown fox", users.ErrBreached},
		{"in the list as a hash with a count", "lorem ipsum dolor", users.ErrBreached},
		{"in the list in composed letters", "parola\u0306 de i\u0302ncercare", users.ErrBreached},
		{"the hash itself, which nobody stole", csc.Secret(hashed("lorem ipsum dolor")), nil},
		{"the beginning of one in the list", "correct horse b", nil},
		{"after one in the list", "correct horse battery!", nil},
		{"names and a number", csc.Secret(user.GivenName + user.FamilyName + "2026"), users.ErrGuessable},
		{"the address", csc.Secret(user.Email), users.ErrGuessable},
		{"the service and a number", "pecete123456", users.ErrGuessable},
		{"one sign again and again", "aaaaaaaaaaaaaaaaaaaa", users.ErrGuessable},
		{"three signs again and again", "abcabcabcabcabc", users.ErrGuessable},
		{"a row of the keyboard", "Qwertyuiopasd", users.ErrGuessable},
		{"the alphabet", "abcdefghijklmnop", users.ErrGuessable},
		{"the digits", "012345678901", users.ErrGuessable},
		{"too short", "short", users.ErrPassword},
	} {
		if err := h.registrar.Advise(t.Context(), user.ID, row.password); !errors.Is(err, row.want) || row.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", row.says, err, row.want)
		}
		if err := h.registrar.SetPassword(t.Context(), user.ID, row.password); !errors.Is(err, row.want) || row.want == nil && err != nil {
			t.Errorf("%s is set: %v, want %v", row.says, err, row.want)
		}
	}
}

// In a list of any size everything is found, first and last too, and nothing else.
func TestStolenIsFound(t *testing.T) {
	h := newHouse(t)
	user, _ := h.enrol(t)
	for _, size := range []int{1, 2, 3, 100, 1000} {
		lines := []string{""}
		for n := range size {
			lines = append(lines, fmt.Sprintf("a stolen one %0*d", 1+n%5, n))
		}
		path := list(t, lines...)
		text, err := os.ReadFile(path)
		must(t, err)
		for _, body := range []string{string(text), strings.TrimRight(string(text), "\n"), strings.ReplaceAll(string(text), "\n", "\r\n")} {
			must(t, os.WriteFile(path, []byte(body), 0o600))
			stolen, err := users.OpenStolen(path)
			must(t, err)
			h.registrar.Advice = &users.Advice{Stolen: stolen}
			for _, line := range lines[1:] {
				if err := h.registrar.Advise(t.Context(), user.ID, csc.Secret(line)); !errors.Is(err, users.ErrBreached) {
					t.Fatalf("%q of %d: %v", line, size, err)
				}
			}
			for _, other := range []csc.Secret{"a stolen one", "a stolen one x", "zzz the last of all", "AAA the first of all"} {
				must(t, h.registrar.Advise(t.Context(), user.ID, other))
			}
			must(t, stolen.Close())
		}
	}
}

func TestListsThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stolen")
	if _, err := users.OpenStolen(path); err == nil {
		t.Error("there is no file")
	}
	must(t, os.WriteFile(path, []byte("b\na\n"), 0o600))
	if _, err := users.OpenStolen(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a list that is not in order: %v", err)
	}
	must(t, os.WriteFile(path, nil, 0o600))
	if _, err := users.OpenStolen(path); err != nil {
		t.Errorf("an empty list: %v", err)
	}
}
