package portal

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/page"
)

// documentPage shows a document, and where its signature is seen.
type documentPage struct {
	frame
	Document documents.Document
	Mark     documents.Mark // what the fields say to begin with
	File     string         // URL
}

// usual is where a mark is put that was not put anywhere yet: low on the page.
func usual(d documents.Document) documents.Mark {
	if d.Mark.Visible() {
		return d.Mark
	}
	return documents.Mark{Page: d.Pages, Left: 120, Top: 255}
}

func (p *Pages) showDocument(v visit) {
	d, err := p.document(v)
	if err == nil && d.Fault != "" {
		err = errDocument(documents.ErrUnknown)
	}
	if err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	v.Scripts = true
	shown := documentPage{frame: p.frame(v, "document.title"), Document: d, Mark: usual(d), File: v.Path + "/file"}
	p.book.Render(v.Visit, http.StatusOK, "document.html", shown)
}

// mark keeps where the signature is to be seen.
func (p *Pages) mark(v visit) error {
	d, err := p.document(v)
	if err != nil {
		return err
	}
	form := v.R.PostForm
	var m documents.Mark
	if form.Get("mark") == "visible" {
		for name, into := range map[string]*int{"page": &m.Page, "left": &m.Left, "top": &m.Top} {
			n, err := strconv.Atoi(form.Get(name))
			if err != nil {
				n = -1
			}
			*into = n
		}
	}
	note := page.Note{Kind: "documents.done.mark", Good: true}
	switch err := p.Desk.SetMark(v.ctx, d, m); {
	case errors.Is(err, documents.ErrMark):
		p.book.Back(v.Visit, v.Path, page.Note{Kind: "document.error.place"})
		return nil
	case errors.Is(err, documents.ErrBusy):
		note = page.Note{Kind: "documents.error.changed"}
	case err != nil:
		return err
	}
	p.backToDocuments(v, note)
	return nil
}
