package ades

import (
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// mayBeSigned refuses documents that a further signature would break or could
// not protect. certify asks for a certification, which must come first.
func (d *Document) mayBeSigned(fields []Field, certify bool) error {
	form, err := d.form()
	if err != nil {
		return err
	}
	if form != nil {
		if xfa, err := d.Resolve(form["XFA"]); err != nil || xfa != nil {
			return orDefault(err, ErrXFA)
		}
	}
	catalog, err := d.Catalog()
	if err != nil {
		return err
	}
	permissions, err := d.Dict(catalog["Perms"])
	if err != nil {
		return err
	}
	for _, key := range []string{"UR", "UR3"} {
		if permissions[key] != nil {
			return ErrUsageRights
		}
	}
	level, err := d.certification(permissions)
	if err != nil {
		return err
	}
	if level == 1 {
		return ErrLocked
	}
	signed := func(f Field) bool { return f.Type == "Sig" && f.Value != nil }
	if certify && (level > 0 || slices.ContainsFunc(fields, signed)) {
		return ErrNotFirst
	}
	return nil
}

func orDefault(err, or error) error {
	if err != nil {
		return err
	}
	return or
}

// certification is the P of the document's DocMDP transform (ISO 32000-1
// §12.8.2.2): 1 no changes, 2 forms and signatures, 3 annotations too; 0 if the
// document is not certified.
func (d *Document) certification(permissions types.Dict) (int, error) {
	signature, err := d.Dict(permissions["DocMDP"])
	if err != nil || signature == nil {
		return 0, err
	}
	references, err := d.Array(signature["Reference"])
	if err != nil {
		return 0, err
	}
	for _, o := range references {
		reference, err := d.Dict(o)
		if err != nil {
			return 0, err
		}
		if method := reference.NameEntry("TransformMethod"); method == nil || *method != "DocMDP" {
			continue
		}
		parameters, err := d.Dict(reference["TransformParams"])
		if err != nil {
			return 0, err
		}
		if p, err := d.Resolve(parameters["P"]); err != nil {
			return 0, err
		} else if n, ok := p.(types.Integer); ok && n >= 1 && n <= 3 {
			return n.Value(), nil
		} else if p != nil {
			return 0, damaged("its certification is malformed")
		}
		return 2, nil // the default
	}
	return 0, damaged("its certification has no DocMDP transform")
}
