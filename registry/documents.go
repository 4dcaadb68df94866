package registry

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/documents"
)

var _ documents.Store = (*Registry)(nil)

// A documentRow is a documents.Document in the table.
type documentRow struct {
	bun.BaseModel `bun:"table:documents,alias:d"`

	ID           string `bun:"id,pk"`
	UserID       string `bun:"user_id"`
	Name         []byte `bun:"name"`
	Salt         []byte `bun:"salt"`
	Created      int64  `bun:"created"`
	Expires      int64  `bun:"expires"`
	Size         int64  `bun:"size"`
	Digest       string `bun:"digest"`
	Pages        int64  `bun:"pages"`
	Encrypted    bool   `bun:"encrypted"`
	Fault        string `bun:"fault"`
	MarkPage     int64  `bun:"mark_page"`
	MarkLeft     int64  `bun:"mark_left"`
	MarkTop      int64  `bun:"mark_top"`
	Batch        string `bun:"batch"`
	Place        int64  `bun:"place"`
	SignedAt     int64  `bun:"signed_at"`
	SignedSize   int64  `bun:"signed_size"`
	SignedDigest string `bun:"signed_digest"`
}

func rowOfDocument(d documents.Document) (*documentRow, error) {
	if !plain(d.ID, d.UserID, d.Digest, string(d.Fault), d.Batch, d.SignedDigest) {
		return nil, errText
	}
	return &documentRow{
		ID: d.ID, UserID: d.UserID, Name: d.Sealed, Salt: d.Salt, Created: micros(d.Created), Expires: micros(d.Expires),
		Size: d.Size, Digest: d.Digest, Pages: int64(d.Pages), Encrypted: d.Encrypted, Fault: string(d.Fault),
		MarkPage: int64(d.Mark.Page), MarkLeft: int64(d.Mark.Left), MarkTop: int64(d.Mark.Top),
		Batch: d.Batch, Place: int64(d.Place), SignedAt: orZero(d.SignedAt), SignedSize: d.SignedSize, SignedDigest: d.SignedDigest,
	}, nil
}

func (r documentRow) document() documents.Document {
	return documents.Document{
		ID: r.ID, UserID: r.UserID, Sealed: r.Name, Salt: r.Salt, Created: moment(r.Created), Expires: moment(r.Expires),
		Size: r.Size, Digest: r.Digest, Pages: int(r.Pages), Encrypted: r.Encrypted, Fault: documents.Fault(r.Fault),
		Mark:  documents.Mark{Page: int(r.MarkPage), Left: int(r.MarkLeft), Top: int(r.MarkTop)},
		Batch: r.Batch, Place: int(r.Place), SignedAt: zeroOr(r.SignedAt), SignedSize: r.SignedSize, SignedDigest: r.SignedDigest,
	}
}

// AddDocument keeps a new document.
func (r *Registry) AddDocument(ctx context.Context, d documents.Document) error {
	row, err := rowOfDocument(d)
	if err == nil {
		err = r.write.insert(ctx, row)
	}
	return doing("add document", err)
}

// documents asks for some of them.
func (r *Registry) documents(ctx context.Context, which which) ([]documents.Document, error) {
	return some(ctx, r.read, "documents", which, sure(documentRow.document))
}

// Document returns a document of a user; documents.ErrUnknown if there is none.
func (r *Registry) Document(ctx context.Context, userID, id string) (documents.Document, error) {
	if !plain(userID, id) {
		return documents.Document{}, documents.ErrUnknown
	}
	row, err := one[documentRow](ctx, r.read, "document", documents.ErrUnknown, where("id = ? AND user_id = ?", id, userID))
	if err != nil {
		return documents.Document{}, err
	}
	return row.document(), nil
}

// Documents returns those of a user, oldest first.
func (r *Registry) Documents(ctx context.Context, userID string) ([]documents.Document, error) {
	if !plain(userID) {
		return nil, nil
	}
	return r.documents(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).Order("created", "id")
	})
}

// DocumentsIn returns those of a batch, in their order.
func (r *Registry) DocumentsIn(ctx context.Context, userID, batch string) ([]documents.Document, error) {
	if !plain(userID, batch) || batch == "" {
		return nil, nil
	}
	return r.documents(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ? AND batch = ?", userID, batch).Order("place", "id")
	})
}

// ExpiredDocuments returns those whose time is over and that no batch is about to
// sign.
func (r *Registry) ExpiredDocuments(ctx context.Context, now time.Time) ([]documents.Document, error) {
	return r.documents(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("expires <= ? AND (batch = '' OR signed_at > 0)", micros(now)).Order("expires").Limit(1000)
	})
}

// Known reports whether there is such a document.
func (r *Registry) Known(ctx context.Context, id string) (known bool, err error) {
	if !plain(id) {
		return false, nil
	}
	err = r.read.do(ctx, func(ctx context.Context, db *bun.DB) (err error) {
		known, err = db.NewSelect().Model((*documentRow)(nil)).Where("id = ?", id).Exists(ctx)
		return err
	})
	return known, doing("read document", err)
}

// free is the condition of a document that waits to be signed.
const free = ` AND batch = '' AND fault = '' AND signed_at = 0`

// SetMark changes the mark of a free document; documents.ErrBusy if it is not free.
func (r *Registry) SetMark(ctx context.Context, userID, id string, m documents.Mark) error {
	if !plain(userID, id) {
		return documents.ErrBusy
	}
	rows, err := r.write.count(ctx, `UPDATE documents SET mark_page = ?, mark_left = ?, mark_top = ? WHERE id = ? AND user_id = ?`+free,
		m.Page, m.Left, m.Top, id, userID)
	if err == nil && rows == 0 {
		return documents.ErrBusy
	}
	return doing("mark document", err)
}

// RemoveDocument forgets a document that no batch is about to sign;
// documents.ErrBusy if one is.
func (r *Registry) RemoveDocument(ctx context.Context, userID, id string) error {
	if !plain(userID, id) {
		return nil
	}
	rows, err := r.write.count(ctx, `DELETE FROM documents WHERE id = ? AND user_id = ? AND (batch = '' OR signed_at > 0)`, id, userID)
	if err != nil || rows > 0 {
		return doing("remove document", err)
	}
	if _, err := r.Document(ctx, userID, id); errors.Is(err, documents.ErrUnknown) {
		return nil
	} else if err != nil {
		return err
	}
	return documents.ErrBusy
}

// SetSigned keeps what signing a document of a batch came to, once.
func (r *Registry) SetSigned(ctx context.Context, d documents.Document) error {
	if !plain(d.ID, d.SignedDigest) {
		return errText
	}
	_, err := r.write.count(ctx, `UPDATE documents SET signed_at = ?, signed_size = ?, signed_digest = ?, expires = ?
		WHERE id = ? AND batch = ? AND signed_at = 0`, micros(d.SignedAt), d.SignedSize, d.SignedDigest, micros(d.Expires), d.ID, d.Batch)
	return doing("keep signed document", err)
}

// Bind puts free documents into a batch, in this order: all, or it is
// documents.ErrBusy, and the caller releases those that are in it.
func (r *Registry) Bind(ctx context.Context, b documents.Batch, ids []string) error {
	if !plain(ids...) || len(ids) == 0 || len(ids) > maxBound {
		return documents.ErrBusy
	}
	var order strings.Builder
	args := []any{b.ID}
	for i, id := range ids {
		order.WriteString(" WHEN ? THEN ?")
		args = append(args, id, i)
	}
	places := strings.Repeat("?, ", len(ids)-1) + "?"
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := r.write.count(ctx, `UPDATE documents SET batch = ?, place = CASE id`+order.String()+` ELSE 0 END WHERE id IN (`+places+`) AND user_id = ?`+free,
		append(args, b.UserID)...)
	if err == nil && rows != int64(len(ids)) {
		return documents.ErrBusy
	}
	return doing("bind documents", err)
}

// ReleaseLeft takes out of batches that failed, or are gone, what was left in them.
func (r *Registry) ReleaseLeft(ctx context.Context) error {
	_, err := r.write.count(ctx, `UPDATE documents SET batch = '', place = 0 WHERE batch <> '' AND signed_at = 0
		AND batch NOT IN (SELECT id FROM batches WHERE state <> ?)`, string(documents.Failed))
	return doing("release documents", err)
}

// maxBound is how many documents a batch may have here.
const maxBound = 1000

// Release takes the documents of a batch that are not signed out of it again.
func (r *Registry) Release(ctx context.Context, b documents.Batch) error {
	_, err := r.write.count(ctx, `UPDATE documents SET batch = '', place = 0 WHERE batch = ? AND user_id = ? AND signed_at = 0`, b.ID, b.UserID)
	return doing("release documents", err)
}
