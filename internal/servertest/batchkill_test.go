package servertest_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A killed is a signer's desk on a server that is killed again and again.
type killed struct {
	*desk
	order, clock, log string // files
}

// newKilled raises a server that dies where a file says, by a clock that another
// says, and that counts the signatures of its device in a third.
func newKilled(t *testing.T) *killed {
	t.Helper()
	program := servertest.Tagged(t) // which takes its time
	ctx, folder := servertest.Context(t), t.TempDir()
	k := &killed{order: filepath.Join(folder, "order"), clock: filepath.Join(folder, "clock"), log: filepath.Join(folder, "signatures")}
	s, err := stage.Raise(ctx, program, filepath.Join(folder, "data"))
	must(t, err)
	g := newGiver(t, s)
	countSignatures(t, s, k.log)
	reconfigure(t, s, map[string]string{"  pin: secrets/pin\n": "  pin: secrets/pin\n  sessions: 1\n"}) // few signatures at once
	s.Env = append(s.Env, "PECETE_FAILPOINT=@"+k.order, "PECETE_CLOCK_FILE="+k.clock)
	servertest.Serve(t, s)
	k.desk = newDesk(t, s, g)
	return k
}

// dies brings so many documents, agrees to sign them, and has the server die at a
// point of that. It returns the documents, the batch's page, and the address at which
// the browser was left.
func (k *killed) dies(point string, count int) (ids []string, batch, left string) {
	k.t.Helper()
	var files []browser.File
	for n := range count {
		files = append(files, browser.File{Name: named(point, n), Content: samplepdf.New("A contract", named(point, n))})
	}
	k.bring(files...)
	ids = k.waiting()
	if len(ids) != count {
		k.t.Fatalf("%d documents wait", len(ids))
	}
	sheet := k.sheet(ids...)
	batch = "/portal/sign/" + sheet.Fields.Get("batch")
	must(k.t, os.WriteFile(k.order, []byte(point), 0o600))
	_, err := k.agreeing(sheet)
	var cut *url.Error
	if !errors.As(err, &cut) {
		k.t.Fatalf("at %s the server lives: %v", point, err)
	}
	if err := k.s.Wait(servertest.Context(k.t)); err == nil {
		k.t.Fatalf("at %s the server ended by itself", point)
	}
	must(k.t, os.Remove(k.order))
	return ids, batch, cut.URL
}

// rise starts the server again, longer after that than it leaves a batch alone.
func (k *killed) rise() {
	k.t.Helper()
	k.ahead += 150 * time.Second
	k.codes = 0
	must(k.t, os.WriteFile(k.clock, []byte(strconv.Itoa(int(k.ahead.Seconds()))), 0o600))
	must(k.t, k.s.Serve(servertest.Context(k.t)))
}

// becomes waits until a page says something, and returns it.
func (k *killed) becomes(path, says string) string {
	k.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		text := k.text(path)
		if strings.Contains(text, says) {
			return text
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("%s does not say %q:\n%s", path, says, text)
		}
	}
}

// made is how many signatures the device made with the signer's key.
func (k *killed) made() int {
	k.t.Helper()
	calls, err := count.Read(k.log)
	must(k.t, err)
	return ofCredential(k.t, k.s, k.signer.Credentials[0], calls)
}

// named is what a document of a batch is called.
func named(point string, n int) string { return fmt.Sprintf("%s %d.pdf", point, n+1) }

// signed wants the page of a batch to give so many documents soon, each with one
// signature.
func (k *killed) signed(path string, count int) {
	k.t.Helper()
	text := k.becomes(path, fmt.Sprintf("%d documents are signed", count))
	links := signedLinks.FindAllStringSubmatch(text, -1)
	if len(links) != count {
		k.t.Fatalf("not signed:\n%s\n%s", text, k.desk.log("documents not signed"))
	}
	for _, link := range links {
		_, _, pdf, err := k.at.Get(servertest.Context(k.t), k.s.URL+link[1])
		must(k.t, err)
		if said := pdfsig(k.t, k.s, pdf); strings.Count(said, "Signature is Valid.") != 1 || !strings.Contains(said, "Total document signed") || strings.Contains(said, "Signature #2") {
			k.t.Errorf("pdfsig says\n%s", said)
		}
	}
}

// A server that is killed with a batch in its hands has signed no document twice and
// loses none that is signed. What is over is told, with what to do, and can be signed
// with the next code.
func TestABatchIsKilled(t *testing.T) {
	k := newKilled(t)
	for _, row := range []struct {
		point       string
		count       int  // documents
		least, most int  // signatures, by the device, before the server died
		done        bool // the batch comes to its end without the signer
	}{
		{failpoint.TokenKept, 2, 0, 0, false},     // the code is spent, nothing is signed
		{failpoint.AfterSign, 8, 1, 7, false},     // the device has signed some, and not all
		{failpoint.DocumentSigned, 2, 2, 2, true}, // one document has its signature, the other not
	} {
		before := k.made()
		ids, batch, left := k.dies(row.point, row.count)
		made := k.made() - before
		if made < row.least || made > row.most {
			t.Errorf("%s: the device made %d signatures, want %d to %d", row.point, made, row.least, row.most)
		}
		k.rise()
		if row.done {
			k.signed(batch, row.count)
		} else {
			k.becomes(batch, "Something broke after you had agreed, and what you agreed to is over.")
			k.becomes(batch, "Choose it again, with the next code.")
			if got := k.waiting(); !slices.Equal(got, ids) {
				t.Fatalf("%s: %q wait, want %q", row.point, got, ids)
			}
			result := k.agree(k.sheet(ids...))
			k.signed(result.At.Path, row.count)
			made += row.count
		}
		again, err := k.at.Open(servertest.Context(t), left) // as who reloads the page
		must(t, err)
		if again.At.Path != batch {
			t.Errorf("%s: the way back once more leads to %s", row.point, again.At)
		}
		if all := k.made() - before; all != made {
			t.Errorf("%s: in the end the device made %d signatures, want %d", row.point, all, made)
		}
		history := k.text("/portal/history")
		for n := range row.count {
			if times := strings.Count(history, named(row.point, n)); times != 1 {
				t.Errorf("%s is %d times in the history", named(row.point, n), times)
			}
		}
	}
	if out, err := k.s.Run(servertest.Context(t), "audit", "verify"); err != nil || !strings.Contains(string(out), "whole") {
		t.Errorf("%v\n%s", err, out)
	}
}
