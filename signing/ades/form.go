package ades

import (
	"slices"
	"unicode/utf16"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// addTo appends ref to the array under key of the object owner, and writes anew
// whichever object holds that array.
func (w *increment) addTo(owner types.IndirectRef, dict types.Dict, key string, ref types.IndirectRef) error {
	array, err := w.doc.Array(dict[key])
	if err != nil {
		return err
	}
	longer := append(slices.Clone(array), ref)
	if holder, ok := dict[key].(types.IndirectRef); ok && array != nil {
		return w.object(holder, longer)
	}
	changed := clone(dict)
	changed[key] = longer
	return w.object(owner, changed)
}

func clone(dict types.Dict) types.Dict {
	out := types.NewDict()
	for key, value := range dict {
		out[key] = value
	}
	return out
}

// addField puts field into the document's form, makes the form if there is none,
// and where certify is set names signature as the certifying one.
func (w *increment) addField(field, signature types.IndirectRef, certify bool) error {
	catalog, err := w.doc.Catalog()
	if err != nil {
		return err
	}
	changed := clone(catalog)
	form, err := w.doc.Dict(catalog["AcroForm"])
	if err != nil {
		return err
	}
	longer, err := w.form(form, field)
	if err != nil {
		return err
	}
	if holder, ok := catalog["AcroForm"].(types.IndirectRef); ok && form != nil {
		if err := w.object(holder, longer); err != nil || !certify {
			return err
		}
	} else {
		changed["AcroForm"] = longer
	}
	if certify {
		permissions, err := w.doc.Dict(catalog["Perms"])
		if err != nil {
			return err
		}
		all := clone(permissions)
		all["DocMDP"] = signature
		changed["Perms"] = all
	}
	return w.object(*w.doc.ctx.Root, changed)
}

// form is old, which may be nil, with field in its Fields and SigFlags saying
// that signatures exist and that the file may only be appended to.
func (w *increment) form(old types.Dict, field types.IndirectRef) (types.Dict, error) {
	form := clone(old)
	fields, err := w.doc.Array(form["Fields"])
	if err != nil {
		return nil, err
	}
	longer := append(slices.Clone(fields), field)
	if holder, ok := form["Fields"].(types.IndirectRef); ok && fields != nil {
		err = w.object(holder, longer)
	} else {
		form["Fields"] = longer
	}
	form["SigFlags"] = types.Integer(3)
	return form, err
}

// textString is s as a PDF text string: ASCII as it is, anything else as UTF-16
// with its mark (ISO 32000-1 §7.9.2.2).
func textString(s string) types.Object {
	ascii := true
	for _, c := range []byte(s) {
		ascii = ascii && c >= ' ' && c < 0x7f
	}
	if ascii {
		return types.NewHexLiteral([]byte(s))
	}
	text := []byte{0xfe, 0xff}
	for _, unit := range utf16.Encode([]rune(s)) {
		text = append(text, byte(unit>>8), byte(unit))
	}
	return types.NewHexLiteral(text)
}
