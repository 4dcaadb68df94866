package main

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

// A browser is as much of one as the demonstration needs: cookies, redirects
// and forms.
type browser struct {
	web  *http.Client
	home string // where the application wants its signers back
	tell func(verb, path string, status int, took time.Duration, proves string)
}

func newBrowser(web *http.Client, home string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	own := *web
	own.Jar = jar
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{web: &own, home: home}, nil
}

// A page is what the signer sees: a form, or the way back to the application.
type page struct {
	at     *url.URL
	fields url.Values // of its form, as they stand
	back   url.Values // what the application is told, if this leads to it
}

// open goes to an address, and on from there as far as redirects lead.
func (b *browser) open(ctx context.Context, address, proves string) (*page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return b.follow(req, proves)
}

// submit sends the page's form with these fields filled in.
func (b *browser) submit(ctx context.Context, p *page, fill url.Values, proves string) (*page, error) {
	for name, values := range fill {
		p.fields[name] = values
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.at.String(), strings.NewReader(p.fields.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", p.at.Scheme+"://"+p.at.Host)
	return b.follow(req, proves)
}

func (b *browser) follow(req *http.Request, proves string) (*page, error) {
	for range 10 {
		start := time.Now()
		resp, err := b.web.Do(req)
		if err != nil {
			return nil, err
		}
		b.tell(req.Method, req.URL.Path, resp.StatusCode, time.Since(start), proves)
		proves = ""
		location, err := resp.Location()
		if errors.Is(err, http.ErrNoLocation) {
			return read(resp)
		}
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return nil, err
		}
		if strings.HasPrefix(location.String(), b.home) {
			return &page{at: location, back: location.Query()}, nil
		}
		if req, err = http.NewRequestWithContext(req.Context(), http.MethodGet, location.String(), nil); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the redirects do not end")
}

// read finds the fields of a page's form.
func read(resp *http.Response) (*page, error) {
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	root, err := html.Parse(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	p := &page{at: resp.Request.URL, fields: url.Values{}}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode || node.Data != "input" {
			continue
		}
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		p.fields.Set(attributes["name"], attributes["value"])
	}
	return p, nil
}
