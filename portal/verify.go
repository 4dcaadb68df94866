package portal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/verify"
)

// VerifyPath is where anybody has a signed PDF verified.
const VerifyPath = "/verify"

// MostVerified is how many bytes a file may have that is verified there.
const MostVerified = 20 << 20

// VerifyForm is how many bytes may stand around the file.
const VerifyForm = 64 << 10

const (
	fieldPDF         = "pdf"
	verifyWithin     = 2 * time.Minute // from the first byte to the answer
	verifiedTogether = 4               // how many files are held at once, of all visitors
)

// A Verifier says who signed a PDF; verify.Inspector does. A file that cannot be
// read is a *verify.UnreadableError.
type Verifier interface {
	PDF(ctx context.Context, pdf []byte) (verify.Facts, error)
}

// mountVerify adds the page, for whoever comes.
func (p *Pages) mountVerify(mux *http.ServeMux) {
	if p.Verifier == nil {
		return
	}
	p.verifying = make(chan struct{}, verifiedTogether)
	mux.Handle("GET "+VerifyPath, page.Safe(p.showVerify))
	mux.Handle("POST "+VerifyPath, page.Safe(p.verify))
}

// verifyPage is the form.
type verifyPage struct {
	page.Frame
	Note     page.Note
	Most     int // MB
	LoggedIn bool
}

func (p *Pages) showVerify(w http.ResponseWriter, r *http.Request) {
	at := p.visit(w, r, VerifyPath)
	if err := p.loaded(r); err != nil {
		p.book.Fail(at, err)
		return
	}
	p.askForFile(at, http.StatusOK, p.book.Note(at))
}

// askForFile shows the form, with what was wrong with the last one.
func (p *Pages) askForFile(at page.Visit, status int, note page.Note) {
	p.book.Render(at, status, "verify.html", verifyPage{
		Frame: p.book.Frame(at, "verify.title"), Note: note, Most: MostVerified >> 20,
	})
}

// verify answers with what there is to say of a file. Nothing of it is kept, so
// that the answer is to the form itself.
func (p *Pages) verify(w http.ResponseWriter, r *http.Request) {
	at := p.visit(w, r, VerifyPath)
	err := p.answerFile(at)
	var unreadable *verify.UnreadableError
	switch {
	case err == nil:
	case errors.Is(err, errLarge):
		p.askForFile(at, http.StatusRequestEntityTooLarge, page.Note{Kind: "verify.error.large"})
	case errors.As(err, &unreadable):
		p.Logger.LogAttrs(r.Context(), slog.LevelInfo, "file not verified", slog.String("why", string(unreadable.Why)))
		p.askForFile(at, http.StatusUnprocessableEntity, page.Note{Kind: unreadables[unreadable.Why]})
	default:
		p.book.Fail(at, err)
	}
}

// unreadables are the texts for files that there is nothing to say of.
var unreadables = map[verify.Reason]string{
	verify.NotPDF: "verify.error.notpdf", verify.TooLarge: "verify.error.large", verify.Damaged: "verify.error.damaged",
	verify.Protected: "verify.error.password", verify.Encrypted: "verify.error.encrypted", verify.TooMany: "verify.error.many",
	verify.Hurting: "verify.error.hurting",
}

func (p *Pages) answerFile(at page.Visit) error {
	if wait := p.Verifications.Count(quota.Network(at.R.RemoteAddr)); wait > 0 {
		return tooOften(wait, nil)
	}
	select {
	case p.verifying <- struct{}{}:
		defer func() { <-p.verifying }()
	default:
		return &page.Fault{Status: http.StatusServiceUnavailable, Kind: "busy", Wait: 10 * time.Second, Cause: errBusy}
	}
	name, file, err := p.fileToVerify(at)
	if errors.Is(err, io.EOF) {
		p.askForFile(at, http.StatusUnprocessableEntity, page.Note{Kind: "verify.error.none"})
		return nil
	}
	if err != nil {
		return err
	}
	facts, err := p.Verifier.PDF(at.R.Context(), file)
	if err != nil {
		return err
	}
	p.book.Render(at, http.StatusOK, "verified.html", told(p.book.Plain(at, "verified.title"), name, facts))
	return nil
}

// fileToVerify reads the first file of the form; io.EOF if none was chosen.
func (p *Pages) fileToVerify(at page.Visit) (name string, file []byte, err error) {
	if at.R.ContentLength > MostVerified+VerifyForm {
		return "", nil, errLarge
	}
	form, err := p.book.Upload(at, verifyWithin)
	if err != nil {
		return "", nil, err
	}
	name, content, err := form.Next()
	if err != nil {
		return "", nil, cutOff(err)
	}
	file, err = io.ReadAll(io.LimitReader(content, MostVerified+1))
	if err == nil && len(file) > MostVerified {
		err = errLarge
	}
	return name, file, cutOff(err)
}

// cutOff is why a form with a file cannot be read to its end.
func cutOff(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errLarge
	case errors.Is(err, page.ErrUpload):
		return &page.Fault{Status: http.StatusBadRequest, Kind: "form", Cause: err}
	}
	return err
}

var (
	errBusy  = errors.New("portal: as many files as can be held are being verified")
	errLarge = errors.New("portal: the file is larger than what is verified")
)
