package documents

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
)

// prepare decides what is signed of each document.
func (d *Desk) prepare(ctx context.Context, b *Batch, say Words) error {
	c, err := d.credential(ctx, *b)
	if err != nil {
		return err
	}
	p := plan{Certificates: c.Certificates, Key: c.Key}
	var algorithm csc.Algorithm
	if p.SignAlgo, algorithm, err = wayOf(c); err != nil {
		return err
	}
	all, err := d.named(d.Store.DocumentsIn(ctx, b.UserID, b.ID))
	if err != nil {
		return err
	}
	signer := ades.Signer{Certificates: c.Certificates, Algorithm: algorithm}
	for _, doc := range all {
		one, err := d.place(ctx, doc, signer, say)
		if err != nil {
			return err
		}
		p.Items = append(p.Items, one)
	}
	return d.move(ctx, b, Prepared, p)
}

// wayOf is how a credential signs PDFs: in the way that most programs know.
func wayOf(c credentials.Credential) (csc.SignAlgo, csc.Algorithm, error) {
	offered := c.Key.SignAlgos(c.PKCS1v15)
	for _, way := range ways {
		if algorithm, err := c.Key.Plan(offered, way); err == nil {
			return way, algorithm, nil
		}
	}
	return csc.SignAlgo{}, csc.Algorithm{}, fmt.Errorf("documents: no way to sign with a key of %s", c.Key)
}

// ways are those that are tried, in this order: ECDSA with SHA-512, SHA-384 and
// SHA-256, of which a curve takes those that fit, and RSA with SHA-256.
var ways = []csc.SignAlgo{
	{OID: "1.2.840.10045.4.3.4"}, {OID: "1.2.840.10045.4.3.3"}, {OID: "1.2.840.10045.4.3.2"},
	{OID: "1.2.840.113549.1.1.11"}, {OID: csc.OIDRSASSAPSS, Params: csc.PSSParams(crypto.SHA256)},
}

// algorithm is what was decided.
func (p plan) algorithm() (csc.Algorithm, error) {
	return p.Key.Plan([]string{p.SignAlgo.OID}, p.SignAlgo)
}

// place has room made for the signature, and decides what it is over.
func (d *Desk) place(ctx context.Context, doc Document, signer ades.Signer, say Words) (one item, err error) {
	options := ades.PDFOptions{Time: d.now().Truncate(time.Second), Reserve: ades.DefaultReserve}
	for _, certificate := range signer.Certificates {
		options.Reserve += len(certificate)
	}
	if doc.Mark.Visible() {
		if options.Mark, err = markOf(doc.Mark, signer.Certificates[0], say, options.Time); err != nil {
			return one, err
		}
	}
	err = d.Content(ctx, doc, Brought, func(content []byte) error {
		if digestOf(content) != doc.Digest {
			return errSealed
		}
		placed, err := d.PDFs.Place(ctx, content, options)
		if err != nil {
			return err
		}
		prepared, err := placed.Prepare(content, signer)
		if err != nil {
			return err
		}
		one = item{ID: doc.ID, From: placed.From, To: placed.To, Digest: prepared.Digest()}
		return d.Vault.put(doc, increment, placed.Increment)
	})
	return one, err
}

// markOf is what is seen of a signature.
func markOf(m Mark, certificate []byte, say Words, at time.Time) (*ades.Mark, error) {
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, err
	}
	const point = 72 / 25.4 // of a millimetre
	above, below := say(at)
	return &ades.Mark{
		Page: m.Page, Left: float64(m.Left) * point, Top: float64(m.Top) * point,
		Says: above, Name: parsed.Subject.CommonName, Adds: []string{below},
	}, nil
}
