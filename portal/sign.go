package portal

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/page"
)

// A keyView is a certificate to sign with.
type keyView struct {
	ID, Holder, Issuer string
	Until              time.Time
	Chosen             bool
}

// sheetPage lists what will be signed.
type sheetPage struct {
	frame
	Documents []documents.Document
	IDs       string
	Batch     string
	Keys      []keyView
}

// showSheet shows what the signer chose to sign, before anything happens.
func (p *Pages) showSheet(v visit) {
	chosen, note, err := p.chosen(v, v.R.URL.Query()[fieldDocument])
	if err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	if note != "" {
		p.backToDocuments(v, page.Note{Kind: note})
		return
	}
	v.Query = v.R.URL.Query() // the page again, in another language
	v.Query.Del("lang")
	shown := sheetPage{frame: p.frame(v, "sheet.title"), Documents: chosen, Batch: documents.NewID("b")}
	shown.Action = signPath
	ids := make([]string, len(chosen))
	for i, d := range chosen {
		ids[i] = d.ID
	}
	shown.IDs = strings.Join(ids, ",")
	if shown.Keys, err = p.keys(v); err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	if len(shown.Keys) == 0 {
		p.backToDocuments(v, page.Note{Kind: "documents.error.certificate"})
		return
	}
	p.book.Render(v.Visit, http.StatusOK, "sheet.html", shown)
}

// chosen are the documents that a signer chose; else there is the key of what to
// tell him.
func (p *Pages) chosen(v visit, ids []string) (chosen []documents.Document, note string, err error) {
	all, err := p.Desk.List(v.ctx, v.user.ID)
	if err != nil {
		return nil, "", err
	}
	for _, d := range all {
		if slices.Contains(ids, d.ID) && d.Free() {
			chosen = append(chosen, d)
		}
	}
	switch {
	case len(ids) == 0:
		return nil, "documents.error.choose", nil
	case len(ids) > p.Desk.Limits.Complete().Count:
		return nil, "documents.error.many", nil
	case len(chosen) != len(ids):
		return nil, "documents.error.changed", nil
	}
	return chosen, "", nil
}

func (p *Pages) keys(v visit) ([]keyView, error) {
	usable, err := p.Desk.Usable(v.ctx, v.user.ID)
	if err != nil {
		return nil, err
	}
	var all []keyView
	for i, c := range usable {
		cert, err := c.Certificate()
		if err != nil {
			return nil, err
		}
		all = append(all, keyView{c.ID, cert.Subject.CommonName, cert.Issuer.CommonName, cert.NotAfter, i == len(usable)-1})
	}
	return all, nil
}

// sign begins a batch and sends the signer to agree. The batch was named when the
// sheet was shown: a second click finds what the first one began.
func (p *Pages) sign(v visit) error {
	form := v.R.PostForm
	id := form.Get(fieldBatch)
	if !batchID(id) {
		return errDocument(documents.ErrUnknown)
	}
	b := documents.Batch{ID: id, UserID: v.user.ID, CredentialID: form.Get(fieldCredential)}
	b, err := p.Desk.Begin(v.ctx, b, strings.Split(form.Get(fieldDocuments), ","), words(v.T))
	if err != nil {
		return errDocument(err)
	}
	if !b.State.Waits() {
		v.GoTo(batchURL(b))
		return nil
	}
	return p.ask(v, b)
}

// words are what a mark says in the language of the page.
func words(t page.Tongue) documents.Words {
	return func(at time.Time) (above, below string) {
		above, err := t.Say("sign.mark")
		if err != nil {
			above = "Digitally signed by"
		}
		return above, t.Date(at)
	}
}

func batchID(id string) bool {
	hex, ok := strings.CutPrefix(id, "b_")
	return ok && len(hex) == 32 && strings.Trim(hex, "0123456789abcdef") == ""
}

func batchURL(b documents.Batch) string { return signPath + "/" + b.ID }

// ask sends the signer to the authorization server. If somebody else did so at the
// same moment, the page of the batch knows.
func (p *Pages) ask(v visit, b documents.Batch) error {
	url, err := p.Desk.Ask(v.ctx, b, v.T.Tag)
	switch {
	case errors.Is(err, documents.ErrBusy):
		url = batchURL(b)
	case err != nil:
		return err
	}
	v.GoTo(url)
	return nil
}

// comeBack is where the authorization server sends the signer. What the address
// says is good once, and the page after it has another.
func (p *Pages) comeBack(v visit) {
	b, err := p.Desk.Return(v.ctx, v.user.ID, v.R.URL.Query())
	switch {
	case errors.Is(err, documents.ErrUnknown):
		p.backToDocuments(v, page.Note{Kind: "documents.error.return"})
	case err != nil:
		p.book.Fail(v.Visit, err)
	default:
		v.GoTo(batchURL(b))
	}
}

// reasons are the texts for why nothing was signed.
var reasons = map[documents.Reason]string{
	documents.ReasonDeclined: "sign.reason.declined", documents.ReasonDropped: "sign.reason.dropped", documents.ReasonLate: "sign.reason.late",
	documents.ReasonChanged: "sign.reason.changed", documents.ReasonUnreadable: "sign.reason.unreadable", documents.ReasonRefused: "sign.reason.refused",
	documents.ReasonInterrupted: "sign.reason.interrupted",
}

// batchPage is how far a batch is.
type batchPage struct {
	frame
	State     string // prepares, waits, works, done or failed
	Reason    string // key of a text
	Documents []documentView
	Batch     documents.Batch
	Hours     int
}

func (p *Pages) showBatch(v visit) {
	b, all, err := p.Desk.Batch(v.ctx, v.user.ID, v.R.PathValue("batch"))
	if err != nil {
		p.book.Fail(v.Visit, errDocument(err))
		return
	}
	title := "sign.title"
	if b.State.Over() {
		title = "sign.result"
	}
	shown := batchPage{
		frame: p.frame(v, title), Batch: b, State: "works", Hours: int(p.Desk.Limits.Complete().Life.Hours()),
	}
	for n, d := range all {
		shown.Documents = append(shown.Documents, viewOf(shown.frame, n, d))
	}
	switch {
	case b.State.Waits():
		shown.State = "waits"
	case b.State == documents.Done:
		shown.State = "done"
	case b.State == documents.Failed:
		shown.State, shown.Reason = "failed", reasons[b.Reason]
	case b.State == documents.Preparing:
		shown.State = "prepares"
	}
	if !b.State.Waits() && !b.State.Over() {
		v.W.Header().Set("Refresh", strconv.Itoa(lookAgain))
	}
	p.book.Render(v.Visit, http.StatusOK, "batch.html", shown)
}

// lookAgain is after how many seconds a browser looks how far a batch is.
const lookAgain = 3

// goOn sends the signer to agree again, or gives the batch up.
func (p *Pages) goOn(v visit) error {
	b, _, err := p.Desk.Batch(v.ctx, v.user.ID, v.R.PathValue("batch"))
	if err != nil {
		return errDocument(err)
	}
	if v.R.PostForm.Get(fieldDo) != "drop" {
		return p.ask(v, b)
	}
	if err := p.Desk.Drop(v.ctx, v.user.ID, b.ID); err != nil && !errors.Is(err, documents.ErrBusy) {
		return err
	}
	v.GoTo(batchURL(b))
	return nil
}

// historyPage is what was signed.
type historyPage struct {
	frame
	Receipts []documents.Receipt
}

// mostReceipts is how many are shown.
const mostReceipts = 200

func (p *Pages) showHistory(v visit) {
	receipts, err := p.Desk.History(v.ctx, v.user.ID, mostReceipts)
	if err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	p.book.Render(v.Visit, http.StatusOK, "history.html", historyPage{p.frame(v, "history.title"), receipts})
}
