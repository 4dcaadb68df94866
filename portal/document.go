package portal

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/page"
)

// The paths of the signing pages, which are there if there is a Desk.
const (
	DocumentsPath = Path + "/documents"
	documentPath  = DocumentsPath + "/{document}"
	filePath      = documentPath + "/file"
	signedPath    = documentPath + "/signed"
	deletePath    = DocumentsPath + "/delete"
	fetchPath     = DocumentsPath + "/fetch"
	signPath      = Path + "/sign"
	batchPath     = signPath + "/{batch}"
	allPath       = batchPath + "/all"
	HistoryPath   = Path + "/history"
	// ReturnPath is where the authorization server sends signers back to.
	ReturnPath = Path + "/signed"
)

// UploadTime is how long documents may take to come in.
const UploadTime = 14 * time.Minute

// The names of the fields.
const (
	fieldDocument   = "document"
	fieldDocuments  = "documents"
	fieldBatch      = "batch"
	fieldCredential = "credential"
	fieldDo         = "do"
)

// mountDesk adds the signing pages to mux.
func (p *Pages) mountDesk(mux *http.ServeMux) {
	if p.Desk == nil {
		return
	}
	for pattern, show := range map[string]func(visit){
		DocumentsPath: p.showDocuments, documentPath: p.showDocument, filePath: p.file, signedPath: p.signedFile,
		signPath: p.showSheet, batchPath: p.showBatch, allPath: p.allFiles, ReturnPath: p.comeBack, HistoryPath: p.showHistory,
	} {
		mux.Handle("GET "+pattern, p.here(show))
	}
	for pattern, answer := range map[string]func(visit) error{
		documentPath: p.mark, deletePath: p.deleteDocument, fetchPath: p.fetchDocument, signPath: p.sign, batchPath: p.goOn,
	} {
		mux.Handle("POST "+pattern, p.here(p.answered(answer)))
	}
	mux.Handle("POST "+DocumentsPath, p.here(p.bring))
	mux.HandleFunc("GET "+staticPath+"{file...}", static)
}

// here is inside, at the path of the request.
func (p *Pages) here(show func(visit)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.inside(r.URL.Path, show).ServeHTTP(w, r) })
}

// start is where a signer begins who has just logged in.
func (p *Pages) start() string {
	if p.Desk == nil {
		return SecurityPath
	}
	return DocumentsPath
}

// A documentView is a document in words.
type documentView struct {
	documents.Document
	Kilobytes int64
	Why       string // key of a text, of one that was not taken
	Fetch     fetchView
}

// faults are the texts for what can be wrong with a file.
var faults = map[documents.Fault]string{
	documents.FaultEmpty: "documents.fault.empty", documents.FaultLarge: "documents.fault.large", documents.FaultKind: "documents.fault.kind",
	documents.FaultDamaged: "documents.fault.damaged", documents.FaultPassword: "documents.fault.password", documents.FaultLocked: "documents.fault.locked",
	documents.FaultForm: "documents.fault.form", documents.FaultHostile: "documents.fault.hostile", documents.FaultFull: "documents.fault.full",
}

// A fetchView is a signed document that can be had. Of is the id of the element
// that names it.
type fetchView struct {
	T             page.Tongue
	Token, ID, Of string
}

// viewOf is a document in words, the nth on a page with forms.
func viewOf(f frame, n int, d documents.Document) documentView {
	return documentView{d, (d.Size + 1023) >> 10, faults[d.Fault], fetchView{f.T, f.Token, d.ID, fmt.Sprintf("document-%d", n)}}
}

// documentsPage is what the page with all documents shows.
type documentsPage struct {
	frame
	Refused, Free, Waiting, Signed []documentView
	Count, Megabytes, Hours        int
	Able                           bool // there is a certificate to sign with
}

func (p *Pages) showDocuments(v visit) {
	shown := documentsPage{frame: p.frame(v, "documents.title")}
	limits := p.Desk.Limits.Complete()
	shown.Count, shown.Megabytes, shown.Hours = limits.Count, int(limits.Size>>20), int(limits.Life.Hours())
	usable, err := p.Desk.Usable(v.ctx, v.user.ID)
	if err != nil {
		p.book.Fail(v.Visit, fmt.Errorf("look up certificates: %w", err))
		return
	}
	shown.Able = len(usable) > 0
	all, err := p.Desk.List(v.ctx, v.user.ID)
	if err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	for n, d := range all {
		seen := viewOf(shown.frame, n, d)
		switch {
		case d.Fault != "":
			shown.Refused = append(shown.Refused, seen)
		case d.Signed():
			shown.Signed = append(shown.Signed, seen)
		case d.Batch != "":
			shown.Waiting = append(shown.Waiting, seen)
		default:
			shown.Free = append(shown.Free, seen)
		}
	}
	p.book.Render(v.Visit, http.StatusOK, "documents.html", shown)
}

// bring takes what a signer brings. Each file is told of by itself: those that are
// not taken do not keep the others out.
func (p *Pages) bring(v visit) {
	files, err := p.book.Upload(v.Visit, UploadTime)
	if err == nil {
		err = p.forgetFaults(v)
	}
	note := page.Note{Kind: "documents.error.none"}
	for n := 0; err == nil; n++ {
		var name string
		var content io.Reader
		if name, content, err = files.Next(); err != nil {
			break
		}
		if n >= p.Desk.Limits.Complete().Count {
			note = page.Note{Kind: "documents.error.many"}
			break
		}
		if _, err = p.Desk.Take(v.ctx, v.user.ID, name, content); err == nil {
			note = page.Note{}
		}
	}
	switch {
	case err == nil, errors.Is(err, io.EOF):
	case errors.Is(err, page.ErrUpload):
		note = page.Note{Kind: "documents.error.upload"}
	default:
		p.book.Fail(v.Visit, err)
		return
	}
	p.backToDocuments(v, note)
}

// forgetFaults takes away what was told of files that were not taken.
func (p *Pages) forgetFaults(v visit) error {
	all, err := p.Desk.List(v.ctx, v.user.ID)
	for _, d := range all {
		if d.Fault != "" {
			err = errors.Join(err, p.Desk.Delete(v.ctx, v.user.ID, d.ID))
		}
	}
	return err
}

func (p *Pages) backToDocuments(v visit, note page.Note) {
	if note.Kind == "" {
		v.GoTo(DocumentsPath)
		return
	}
	p.book.Back(v.on(DocumentsPath), DocumentsPath, note)
}

// errDocument says what there is to say of a document that cannot be had.
func errDocument(err error) error {
	if errors.Is(err, documents.ErrUnknown) {
		return &page.Fault{Status: http.StatusNotFound, Kind: "nothing", Home: Path, Cause: err}
	}
	return err
}

// document is the one that the path names.
func (p *Pages) document(v visit) (documents.Document, error) {
	d, err := p.Desk.Find(v.ctx, v.user.ID, v.R.PathValue("document"))
	return d, errDocument(err)
}

func (p *Pages) deleteDocument(v visit) error {
	err := p.Desk.Delete(v.ctx, v.user.ID, v.R.PostForm.Get(fieldDocument))
	note := page.Note{Kind: "documents.done.deleted", Good: true}
	switch {
	case errors.Is(err, documents.ErrBusy):
		note = page.Note{Kind: "documents.error.busy"}
	case err != nil:
		return err
	}
	p.backToDocuments(v, note)
	return nil
}
