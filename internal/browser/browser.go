// Package browser is as much of a browser as a demonstration or a test needs to
// go through the server's pages: cookies, redirects and forms.
package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// A Browser is one person's.
type Browser struct {
	// Tell, if set, is told of each answer.
	Tell func(Answer)

	web  func() *http.Client
	home string
	jar  *cookiejar.Jar
}

// New is a browser without cookies. web is asked before each request for who
// makes it: always the same client, or those of several servers in turn; cookies
// and redirects are the browser's own business. Where the application wants its
// signers back, home, nobody has to listen: the browser goes no further.
func New(home string, web func() *http.Client) *Browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &Browser{web: web, home: home, jar: jar}
}

// By is the same browser, with the same cookies, on other ways to the server.
func (b *Browser) By(web func() *http.Client) *Browser {
	own := *b
	own.web = web
	return &own
}

// Always is one client every time.
func Always(web *http.Client) func() *http.Client { return func() *http.Client { return web } }

// An Answer is what came back of one request.
type Answer struct {
	Method string
	URL    *url.URL
	Form   url.Values // that was sent, nil without one
	Status int
	To     *url.URL // where it leads, nil if nowhere
	Took   time.Duration
}

// A Page is what the person sees: a form, or the way back to the application.
type Page struct {
	At     *url.URL
	Status int
	Fields url.Values // of its form, as they stand
	Back   url.Values // what the application is told, if this leads to it
}

// Open goes to an address, and on from there as far as redirects lead.
func (b *Browser) Open(ctx context.Context, address string) (*Page, error) {
	return b.follow(ctx, http.MethodGet, address, nil)
}

// Submit sends the page's form with these fields filled in.
func (b *Browser) Submit(ctx context.Context, p *Page, fill url.Values) (*Page, error) {
	for name, values := range fill {
		p.Fields[name] = values
	}
	return b.follow(ctx, http.MethodPost, p.At.String(), p.Fields)
}

func (b *Browser) follow(ctx context.Context, method, address string, form url.Values) (*Page, error) {
	for range 10 {
		resp, err := b.Do(ctx, method, address, form)
		if err != nil {
			return nil, err
		}
		location, err := resp.Location()
		if errors.Is(err, http.ErrNoLocation) {
			return read(resp)
		}
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return nil, err
		}
		if strings.HasPrefix(location.String(), b.home) {
			return &Page{At: location, Status: resp.StatusCode, Back: location.Query()}, nil
		}
		method, address, form = http.MethodGet, location.String(), nil
	}
	return nil, errors.New("the redirects do not end")
}

// do makes a request.
func (b *Browser) do(req *http.Request, form url.Values) (*http.Response, error) {
	if req.Method == http.MethodPost {
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	own := *b.web()
	own.Jar = b.jar
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	start := time.Now()
	resp, err := own.Do(req)
	if err == nil && b.Tell != nil {
		to, _ := resp.Location() // none is no fault
		b.Tell(Answer{Method: req.Method, URL: req.URL, Form: form, Status: resp.StatusCode, To: to, Took: time.Since(start)})
	}
	return resp, err
}

// read finds the fields of a page's form.
func read(resp *http.Response) (*Page, error) {
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	root, err := html.Parse(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	p := &Page{At: resp.Request.URL, Status: resp.StatusCode, Fields: url.Values{}}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode || node.Data != "input" {
			continue
		}
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		p.Fields.Set(attributes["name"], attributes["value"])
	}
	return p, nil
}
