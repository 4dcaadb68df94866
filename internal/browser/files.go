package browser

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// A File is one of the person's disk.
type File struct {
	Name    string
	Content []byte
}

// Send sends a form of the page with files in it to an address, the page's token
// before them.
func (b *Browser) Send(ctx context.Context, p *Page, address, field string, files ...File) (*Page, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("token", p.Fields.Get("token")); err != nil {
		return nil, err
	}
	for _, f := range files {
		part, err := form.CreateFormFile(field, f.Name)
		if err == nil {
			_, err = part.Write(f.Content)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	to, err := p.At.Parse(address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := b.do(req, nil)
	if err != nil {
		return nil, err
	}
	location, err := resp.Location()
	if err != nil {
		return read(resp)
	}
	_ = resp.Body.Close() // nothing of it is wanted
	return b.Open(ctx, location.String())
}

// Get is what stands at an address, as it comes.
func (b *Browser) Get(ctx context.Context, address string) (status int, header http.Header, body []byte, err error) {
	resp, err := b.Do(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

// Do makes one request, with the cookies there are, and follows nothing.
func (b *Browser) Do(ctx context.Context, method, address string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(req, form)
}
