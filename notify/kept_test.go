package notify_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/notify"
)

// What a folder keeps it gives back, whatever letters it has.
func TestKept(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	folder := notify.Folder{Path: t.TempDir(), From: "pecete@localhost", Now: func() time.Time { now = now.Add(time.Second); return now }}
	sms := folder
	sms.SMS = true
	long := strings.Repeat("Un rând lung cu ș, ț și =3D. ", 40)
	messages := []notify.Message{
		{To: "demo.signer@example.org", Subject: "Codul dumneavoastră pentru Pecete – " + strings.Repeat("ș", 100), Text: long + "\n\n-- \nPecete\n", HTML: "<p>" + long + "</p>\n"},
		{To: "demo.signer@example.org", Subject: "Text alone", Text: "=\n.\n..\nFrom here\n"},
	}
	for _, m := range messages {
		if err := folder.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	short := notify.Message{To: "+40700000000", Text: "Două rânduri:\n\n123456"}
	if err := sms.Send(t.Context(), short); err != nil {
		t.Fatal(err)
	}
	kept, err := folder.Kept(10)
	if err != nil {
		t.Fatal(err)
	}
	var got []notify.Message
	for _, k := range kept {
		again, err := folder.Find(k.ID)
		if err != nil || again != k {
			t.Errorf("found %+v, %v", again, err)
		}
		got = append(got, k.Message)
	}
	if diff := cmp.Diff([]notify.Message{short, messages[1], messages[0]}, got); diff != "" {
		t.Error(diff)
	}
	if !kept[0].SMS || kept[1].SMS || !kept[0].At.Equal(now) {
		t.Errorf("kept %+v", kept)
	}
	if two, err := folder.Kept(2); err != nil || len(two) != 2 {
		t.Errorf("%d of the newest two, %v", len(two), err)
	}
	if _, err := folder.Find("0123456789abcdef"); !errors.Is(err, notify.ErrNotKept) {
		t.Errorf("found what is not there: %v", err)
	}
}

// What is no message of ours is left out, and leads nowhere.
func TestNotKept(t *testing.T) {
	folder := notify.Folder{Path: t.TempDir()}
	stamp := "20261122T120000.000000000 "
	for name, text := range map[string]string{
		"notes.txt": "To: me\n\nhello\n", stamp + "a.txt": "no number", stamp + "b.eml": "no mail", stamp + "c.pdf": "To: a\n\nb",
		stamp + "d.eml": "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=x\n\n--x--\n",
		stamp + "e.eml": "Content-Type: multipart/alternative; boundary=x\n\n--x\n",
	} {
		if err := os.WriteFile(filepath.Join(folder.Path, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(t.TempDir(), stamp+"f.txt")
	if err := os.WriteFile(secret, []byte("To: +40700000000\n\nsecret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(folder.Path, stamp+"g.txt")); err != nil {
		t.Fatal(err)
	}
	if kept, err := folder.Kept(10); err != nil || len(kept) != 0 {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

func FuzzKept(f *testing.F) {
	f.Add([]byte("To: a@example.org\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>\r\n--x--\r\n"))
	f.Add([]byte("Subject: =?utf-8?q?=C8=99?=\nContent-Transfer-Encoding: base64\n\nYQ=="))
	folder := notify.Folder{Path: f.TempDir()}
	name := filepath.Join(folder.Path, "20261122T120000.000000000 x.eml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		kept, err := folder.Kept(1)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kept {
			if strings.Contains(k.HTML, "\r\n") || k.SMS {
				t.Errorf("kept %+v", k)
			}
		}
	})
}
