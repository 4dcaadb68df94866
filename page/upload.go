package page

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"
)

// An Upload is a form with files, which are read as they come.
type Upload struct{ parts *multipart.Reader }

// ErrUpload says that a form with files ended before its time, or is larger than
// one may be.
var ErrUpload = errors.New("page: the files did not come through")

// Upload begins to read what one of the page's own forms sends, files and all, in
// so much time. The token stands before the files: nothing of a form that is not
// ours is read.
func (b *Book) Upload(v Visit, within time.Duration) (*Upload, error) {
	if err := http.NewCrossOriginProtection().Check(v.R); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	kind, params, err := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, fmt.Errorf("%w: content type", ErrForm)
	}
	cookie, err := v.R.Cookie(browserCookie)
	if err != nil {
		return nil, fmt.Errorf("%w: no cookie", ErrStale)
	}
	end := time.Now().Add(within) // of the connection, which knows no other clock
	control := http.NewResponseController(v.W)
	if err := errors.Join(control.SetReadDeadline(end), control.SetWriteDeadline(end)); err != nil {
		return nil, fmt.Errorf("wait for files: %w", err)
	}
	u := &Upload{multipart.NewReader(v.R.Body, params["boundary"])}
	first, err := u.parts.NextPart()
	if err != nil || first.FormName() != FieldToken {
		return nil, fmt.Errorf("%w: no token", ErrForm)
	}
	token, err := io.ReadAll(io.LimitReader(first, maxForm))
	if err != nil || !Same(string(token), b.token(v, cookie.Value)) {
		return nil, fmt.Errorf("%w: token", ErrStale)
	}
	return u, nil
}

// Next returns the next file, with what the browser calls it; io.EOF after the
// last. It ends the one before. A field for files in which none was chosen has
// none.
func (u *Upload) Next() (name string, content io.Reader, err error) {
	for {
		part, err := u.parts.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, io.EOF
		}
		if err != nil {
			return "", nil, fmt.Errorf("%w: %w", ErrUpload, err)
		}
		if part.FileName() != "" {
			return part.FileName(), uploaded{part}, nil
		}
	}
}

// uploaded is a file whose errors are those of the way here.
type uploaded struct{ from io.Reader }

func (u uploaded) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrUpload, err)
	}
	return n, err
}
