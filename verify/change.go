package verify

import (
	"reflect"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/pecete/pecete/signing/ades"
)

// A Change is a kind of thing that later versions of a file did to the one that
// was signed.
type Change string

// The changes. What is none of them is OtherChange; one that cannot be told is
// UnknownChange.
const (
	SignatureAdded Change = "signature"  // somebody signed after
	FormFilled     Change = "form"       // form fields were added or filled in
	Annotated      Change = "annotation" // comments, drawings or links were added or taken away
	PagesChanged   Change = "pages"      // pages, or what is on them, are others
	DetailsChanged Change = "details"    // what the file says about itself: its title, its author
	OtherChange    Change = "other"
	UnknownChange  Change = "unknown" // the signed version cannot be read by itself
)

// compare tells what became of the version that was signed.
func (s *Signature) compare(doc *ades.Document, pdf []byte, o Options) {
	if s.Covered == 0 || s.CoversDocument {
		return
	}
	signed, err := ades.Open(pdf[:s.Covered], o.Password)
	if err != nil {
		s.Changes = []Change{UnknownChange}
		s.problem(Altered, found(signedUnread))
		return
	}
	since := map[Change]bool{}
	for _, number := range doc.ChangedSince(signed) {
		before, errBefore := signed.Object(number)
		after, errAfter := doc.Object(number)
		if errBefore != nil || errAfter != nil {
			since[UnknownChange] = true
			continue
		}
		since[kindOf(before, after)] = true
	}
	for _, change := range []Change{SignatureAdded, FormFilled, Annotated, DetailsChanged, PagesChanged, OtherChange, UnknownChange} {
		if since[change] {
			s.Changes = append(s.Changes, change)
		}
	}
	switch {
	case since[PagesChanged]:
		s.problem(Altered, found(pagesAltered))
	case since[OtherChange], since[UnknownChange]:
		s.problem(Altered, found(otherAltered))
	}
}

// kindOf says what it means that an object became another, "" for nothing. A new
// object that is none of the kinds is seen only through one that was changed.
func kindOf(before, after types.Object) Change {
	if before == nil && after == nil || reflect.DeepEqual(before, after) {
		return ""
	}
	old, _ := before.(types.Dict)
	switch now := after.(type) {
	case types.Dict:
		return kindOfDict(old, before != nil, now)
	case types.StreamDict:
		return kindOfStream(before != nil, now.Dict)
	case types.ObjectStreamDict:
		return kindOfStream(before != nil, now.Dict)
	case types.XRefStreamDict:
		return ""
	case types.Array:
		if was, ok := before.(types.Array); ok && len(was) <= len(now) && reflect.DeepEqual(was, now[:len(was)]) {
			return "" // longer: of fields or annotations, which are objects of their own
		}
	}
	if before == nil {
		return ""
	}
	return OtherChange
}

func kindOfDict(old types.Dict, was bool, now types.Dict) Change {
	isSignature := now.HasEntry("ByteRange") && now.HasEntry("Contents")
	kind, form := nameOf(now, "Type"), nameOf(now, "FT")
	switch {
	case isSignature, form == "Sig":
		return SignatureAdded
	case form != "" || nameOf(now, "Subtype") == "Widget":
		return FormFilled
	case kind == "Annot" || now.HasEntry("Subtype") && now.HasEntry("Rect"):
		return Annotated
	case kind == "Catalog":
		if was && sameBut(old, now, "AcroForm", "DSS", "Extensions", "Perms", "Version", "Metadata") {
			return ""
		}
		return OtherChange
	case kind == "Page":
		if was && sameBut(old, now, "Annots") && grew(old["Annots"], now["Annots"]) {
			return ""
		}
		return PagesChanged
	case kind == "Pages":
		return PagesChanged
	case now.HasEntry("Fields") && was && sameBut(old, now, "Fields", "SigFlags", "DR", "DA"):
		return ""
	case now.HasEntry("Producer") || now.HasEntry("ModDate") || now.HasEntry("CreationDate"):
		return DetailsChanged
	case !was, kind == "DSS", kind == "VRI":
		return ""
	}
	return OtherChange
}

// kindOfStream: one that was there is on a page, or is what a page is written in.
func kindOfStream(was bool, now types.Dict) Change {
	switch kind := nameOf(now, "Type"); {
	case kind == "Metadata":
		return DetailsChanged
	case !was, kind == "XRef":
		return ""
	}
	return PagesChanged
}

func nameOf(d types.Dict, key string) string {
	if name := d.NameEntry(key); name != nil {
		return *name
	}
	return ""
}

// sameBut reports whether two dictionaries differ in no entry but these.
func sameBut(a, b types.Dict, but ...string) bool {
	for _, pair := range [][2]types.Dict{{a, b}, {b, a}} {
		for key, value := range pair[0] {
			if other, there := pair[1][key]; !slices.Contains(but, key) && (!there || !reflect.DeepEqual(value, other)) {
				return false
			}
		}
	}
	return true
}

// grew reports whether a page's annotations are those it had, and others.
func grew(before, after types.Object) bool {
	if before == nil {
		return true
	}
	old, ok := before.(types.Array)
	if !ok {
		return reflect.DeepEqual(before, after)
	}
	now, ok := after.(types.Array)
	return ok && len(old) <= len(now) && reflect.DeepEqual(old, now[:len(old)])
}
