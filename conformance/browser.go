package conformance

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// A browser is as much of one as a signer needs: cookies, redirects and forms.
type browser struct {
	t    *Target
	jar  http.CookieJar
	home *url.URL // the application, where the suite takes over again
}

// A page is what a browser shows in the end: an answer of the server's, or the
// way back to the application.
type page struct {
	*Answer
	at   *url.URL
	back url.Values // what the application is told; nil if this does not lead to it
	form *form      // nil if there is none
}

// mostRedirects is how many in a row a browser follows.
const mostRedirects = 10

func (t *Target) browser(home string) (*browser, error) {
	t.ready()
	u, err := url.Parse(home)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	return &browser{t, jar, u}, err
}

// open goes to an address and on from there.
func (b *browser) open(ctx context.Context, address string) *page {
	u, err := url.Parse(address)
	if err != nil {
		return &page{Answer: &Answer{err: err}}
	}
	return b.follow(ctx, u, call{verb: http.MethodGet, url: address})
}

// submit sends the page's form with these fields filled in.
func (b *browser) submit(ctx context.Context, p *page, in map[string]string) *page {
	to, err := p.at.Parse(p.form.action)
	if err != nil {
		return &page{Answer: &Answer{request: p.request, err: unmet("%s: the form's action is no URL", p.request)}}
	}
	return b.follow(ctx, to, call{url: to.String(), body: []byte(p.form.filled(in).Encode()), header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {p.at.Scheme + "://" + p.at.Host},
	}})
}

func (b *browser) follow(ctx context.Context, at *url.URL, c call) *page {
	for range mostRedirects {
		c.jar, c.method = b.jar, strings.TrimPrefix(at.Path, "/")
		a := b.t.do(ctx, c)
		if a.err != nil || a.Status < 300 || a.Status > 399 {
			return &page{Answer: a, at: at, form: readForm(a.Body)}
		}
		to, err := at.Parse(a.Header.Get("Location"))
		if err != nil || a.Header.Get("Location") == "" {
			a.err = unmet("%s: status %d, and Location is no URL", a.request, a.Status)
			return &page{Answer: a, at: at}
		}
		if to.Scheme == b.home.Scheme && to.Host == b.home.Host {
			b.t.secrets.keep(to.Query().Get("code"))
			return &page{Answer: a, at: to, back: to.Query()}
		}
		at, c = to, call{verb: http.MethodGet, url: to.String()}
	}
	return &page{Answer: &Answer{request: "GET " + at.Path, err: unmet("the redirects from %s do not end", at.Path)}}
}

// offers reports whether the page has a form with all these fields or buttons.
func (p *page) offers(names ...string) bool {
	for _, name := range names {
		if p.form == nil || !p.form.offered[name] {
			return false
		}
	}
	return true
}

// wantCode is the authorization code in a page that leads back with one.
func (p *page) wantCode() (string, error) {
	if err := p.wantBack("a code"); err != nil {
		return "", err
	}
	if p.back.Get("code") == "" || p.back.Has("error") {
		return "", p.told("a code")
	}
	return p.back.Get("code"), nil
}

// wantTold is nil if the page leads back with one of the errors; none: any.
func (p *page) wantTold(codes ...string) error {
	want := "an error"
	if len(codes) > 0 {
		want = "error=" + either(codes)
	}
	if err := p.wantBack(want); err != nil {
		return err
	}
	if p.back.Has("code") || !p.back.Has("error") || len(codes) > 0 && !contains(codes, p.back.Get("error")) {
		return p.told(want)
	}
	return nil
}

// wantBack is nil if the page leads back to the application (§8.4.2: by 302).
func (p *page) wantBack(want string) error {
	switch {
	case p.err != nil:
		return p.err
	case p.back == nil:
		return unmet("%s: want a redirect to the application with %s, got a page with status %d", p.request, want, p.Status)
	case p.Status != http.StatusFound:
		return unmet("%s: want the redirect to the application by 302, got %d", p.request, p.Status)
	}
	return nil
}

// wantPage is nil if the page says that something is wrong and leads nowhere.
func (p *page) wantPage() error {
	switch {
	case p.err != nil:
		return p.err
	case p.back != nil:
		return p.told("an error page and no redirect")
	case p.Status < 400 || p.Status > 499 || p.Status == http.StatusTooManyRequests:
		return unmet("%s: want an error page with a status of 4xx, got %d", p.request, p.Status)
	}
	return nil
}

// told is a failure that shows what the application was told, without a code.
func (p *page) told(want string) error {
	shown := url.Values{}
	for name, values := range p.back {
		if shown[name] = values; name == "code" {
			shown[name] = []string{"…"}
		}
	}
	return unmet("%s: want %s, but the application was told %v", p.request, want, map[string][]string(shown))
}
