package portal

import (
	"archive/zip"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/page"
)

// file hands out what a signer brought, for the page that shows it, or the signed
// file in its place.
func (p *Pages) file(v visit) {
	d, err := p.document(v)
	what := documents.Brought
	if d.Signed() {
		what = documents.Signed
	}
	if err == nil && d.Fault != "" {
		err = errDocument(documents.ErrUnknown)
	}
	if err == nil {
		err = errDocument(p.Desk.Content(v.ctx, d, what, func(content []byte) error {
			_ = send(v.W, "inline", d.Name, content) // the browser is gone
			return nil
		}))
	}
	if err != nil {
		p.book.Fail(v.Visit, err)
	}
}

// signedFile hands out the signed file.
func (p *Pages) signedFile(v visit) {
	d, err := p.signed(v, v.R.PathValue("document"))
	if err == nil {
		err = p.handOutSigned(v, d)
	}
	if err != nil {
		p.book.Fail(v.Visit, err)
	}
}

// signed is a document that is signed.
func (p *Pages) signed(v visit, id string) (documents.Document, error) {
	d, err := p.Desk.Find(v.ctx, v.user.ID, id)
	if err == nil && !d.Signed() {
		err = documents.ErrUnknown
	}
	return d, errDocument(err)
}

func (p *Pages) handOutSigned(v visit, d documents.Document) error {
	return errDocument(p.Desk.Content(v.ctx, d, documents.Signed, func(content []byte) error {
		if err := send(v.W, "attachment", p.signedName(v.T, d.Name), content); err != nil {
			return nil //nolint:nilerr // the browser is gone, and nobody is there to be told
		}
		return nil
	}))
}

// fetchDocument hands out the signed file and deletes it when the browser has it.
func (p *Pages) fetchDocument(v visit) error {
	d, err := p.signed(v, v.R.PostForm.Get(fieldDocument))
	if err != nil {
		return err
	}
	whole := false
	err = p.Desk.Content(v.ctx, d, documents.Signed, func(content []byte) error {
		whole = send(v.W, "attachment", p.signedName(v.T, d.Name), content) == nil
		return nil
	})
	if err != nil || !whole {
		return errDocument(err)
	}
	if err := p.Desk.Delete(v.ctx, v.user.ID, d.ID); err != nil {
		p.book.Logger.Error("document not deleted") // it is answered; the sweeper will
	}
	return nil
}

// signedName is what a signed file is called, in the signer's language.
func (p *Pages) signedName(t page.Tongue, name string) string {
	suffix, err := t.Say("sign.suffix")
	if err != nil {
		suffix = "signed"
	}
	return documents.SignedName(name, suffix)
}

// send answers with a file. Whatever is in it, it is a PDF and nothing else, and
// runs nothing if a browser shows it.
func send(w http.ResponseWriter, how, name string, content []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Content-Disposition", disposition(how, name))
	_, err := w.Write(content)
	return err
}

// disposition names a file, in letters of any language.
func disposition(how, name string) string {
	if text := mime.FormatMediaType(how, map[string]string{"filename": name}); text != "" {
		return text
	}
	return how
}

// allFiles hands out the signed files of a batch in one.
func (p *Pages) allFiles(v visit) {
	_, all, err := p.Desk.Batch(v.ctx, v.user.ID, v.R.PathValue("batch"))
	if err != nil {
		p.book.Fail(v.Visit, errDocument(err))
		return
	}
	var signed []documents.Document
	for _, d := range all {
		if d.Signed() && p.Now().Before(d.Expires) {
			signed = append(signed, d)
		}
	}
	if len(signed) == 0 {
		p.book.Fail(v.Visit, errDocument(documents.ErrUnknown))
		return
	}
	v.W.Header().Set("Content-Type", "application/zip")
	v.W.Header().Set("Content-Disposition", disposition("attachment", p.zipName(v.T)))
	if err := p.pack(v, signed); err != nil {
		p.book.Logger.Warn("not all documents were handed out")
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
}

func (p *Pages) zipName(t page.Tongue) string {
	return strings.TrimSuffix(p.signedName(t, "documents"), ".pdf") + ".zip"
}

// pack writes the files as they are read. They are compressed already. Two of one
// name are told apart by a number.
func (p *Pages) pack(v visit, all []documents.Document) error {
	out := zip.NewWriter(v.W)
	taken := map[string]bool{}
	for _, d := range all {
		name := p.signedName(v.T, d.Name)
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = p.signedName(v.T, fmt.Sprintf("%s (%d).pdf", strings.TrimSuffix(d.Name, ".pdf"), n))
		}
		taken[strings.ToLower(name)] = true
		to, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: d.SignedAt})
		if err != nil {
			return err
		}
		err = p.Desk.Content(v.ctx, d, documents.Signed, func(content []byte) error {
			_, err := to.Write(content)
			return err
		})
		if err != nil {
			return err
		}
	}
	return out.Close()
}
