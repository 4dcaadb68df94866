package portal

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"regexp"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/page"
)

// OutboxPath is where messages are read that were kept and not sent.
const OutboxPath = "/outbox"

// mostKept is how many messages are listed.
const mostKept = 100

// An Outbox shows the messages that a folder keeps instead of sending them, with
// whatever codes and links they have: it is for trying on one's own machine. To
// everybody else, and under any other name than this machine has for itself, there
// is nothing here.
type Outbox struct {
	page.House
	Folder notify.Folder

	book *page.Book
}

// Mount adds the pages to mux.
func (o *Outbox) Mount(mux *http.ServeMux) {
	o.book = page.NewBook(o.House, files, texts(), nil)
	mux.Handle("GET "+OutboxPath, page.Safe(o.here(o.list)))
	mux.Handle("GET "+OutboxPath+"/{message}", page.Safe(o.here(o.message)))
	mux.Handle("GET "+OutboxPath+"/{message}/html", page.Safe(o.here(o.html)))
}

// here answers who asks from this machine, by its own name: another one would be
// that of a proxy, or of a page elsewhere.
func (o *Outbox) here(show http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.RemoteAddr) || !loopback(r.Host) {
			http.NotFound(w, r)
			return
		}
		show(w, r)
	}
}

// loopback reports whether host, with or without a port, is this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// An outboxPage is a list of messages, or one of them.
type outboxPage struct {
	page.Frame
	Messages []notify.Kept
	Message  notify.Kept
	Text     []piece
}

func (o *Outbox) visit(w http.ResponseWriter, r *http.Request) page.Visit {
	return page.Visit{W: w, R: r, T: o.book.Tongue(w, r, ""), Path: r.URL.EscapedPath()}
}

func (o *Outbox) list(w http.ResponseWriter, r *http.Request) {
	v := o.visit(w, r)
	all, err := o.Folder.Kept(mostKept)
	if err != nil {
		o.book.Fail(v, err)
		return
	}
	o.book.Render(v, http.StatusOK, "outbox.html", outboxPage{Frame: o.book.Frame(v, "outbox.title"), Messages: all})
}

func (o *Outbox) message(w http.ResponseWriter, r *http.Request) {
	v := o.visit(w, r)
	m, err := o.find(r)
	if err != nil {
		o.book.Fail(v, err)
		return
	}
	o.book.Render(v, http.StatusOK, "message.html", outboxPage{Frame: o.book.Frame(v, "outbox.title"), Message: m, Text: linked(m.Text)})
}

// html shows the HTML of a mail as a program for mail does: in a sandbox, where
// nothing runs, nothing is loaded, and nothing is of this host.
func (o *Outbox) html(w http.ResponseWriter, r *http.Request) {
	m, err := o.find(r)
	if err == nil && m.HTML == "" {
		err = nothing(notify.ErrNotKept)
	}
	if err != nil {
		o.book.Fail(o.visit(w, r), err)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(m.HTML)) // the browser is gone
}

func (o *Outbox) find(r *http.Request) (notify.Kept, error) {
	m, err := o.Folder.Find(r.PathValue("message"))
	if errors.Is(err, notify.ErrNotKept) {
		return m, nothing(err)
	}
	return m, err
}

func nothing(cause error) error {
	return &page.Fault{Status: http.StatusNotFound, Kind: "nothing", Cause: cause}
}

// A piece is a part of a text, and whether it is a link.
type piece struct {
	Text string
	Link bool
}

// address is a link as our letters write them, alone in its line.
var address = regexp.MustCompile(`(?m)https://\S+$`)

// linked parts a text into its links and what is between them.
func linked(text string) []piece {
	var all []piece
	last := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		all = append(all, piece{text[last:at[0]], false}, piece{text[at[0]:at[1]], true})
		last = at[1]
	}
	return append(all, piece{text[last:], false})
}
