package oauth

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

const (
	hashA      = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" // SHA-256 of abc
	oneDigest  = `{"hash":"` + hashA + `","label":"Contract"}`
	oneElement = `[{"type":"credential","credentialID":"c_1","documentDigests":[` + oneDigest + `],"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"}]`
)

// edited is oneElement with a part of it replaced.
func edited(part, by string) string { return strings.Replace(oneElement, part, by, 1) }

// also is oneElement with more members.
func also(more string) string { return edited(`"type"`, more+`,"type"`) }

func TestDetailsAreRefused(t *testing.T) {
	const (
		whole = "Invalid parameter authorization_details"
		first = "authorization_details[0]"
		its   = first + ".documentDigests[0]"
	)
	digests := func(list string) string { return edited("["+oneDigest+"]", list) }
	digest := func(one string) string { return digests("[" + one + "]") }
	two := func(second string) string { return strings.TrimSuffix(oneElement, "]") + "," + second + "]" }
	for _, row := range []struct{ name, text, says string }{
		{"text", "x", whole},
		{"an object", "{}", whole},
		{"null", "null", whole},
		{"nothing", "", whole},
		{"an empty array", "[]", whole},
		{"an array that does not end", oneElement[:len(oneElement)-1], whole},
		{"something after the array", oneElement + "]", whole},
		{"another array after it", oneElement + oneElement, whole},
		{"a byte order mark", "\ufeff" + oneElement, whole},
		{"an array of texts", `["credential"]`, "Invalid parameter " + first},
		{"an array of null", `[null]`, "Invalid parameter " + first},
		{"an array in the array", "[" + oneElement + "]", "Invalid parameter " + first},
		{"17 elements", "[" + strings.TrimSuffix(strings.Repeat(`{"type":"credential"},`, 17), ",") + "]", whole},
		{"nine deep", also(`"locations":` + strings.Repeat("[", 7) + strings.Repeat("]", 7)), whole},
		{"longer than 48 KiB", also(`"locations":["` + strings.Repeat("x", maxDetails) + `"]`), whole},
		{"not UTF-8", edited("Contract", "\xff"), whole},
		{"a comment", also(`/**/"locations":[]`), whole},

		{"no type", edited(`"type":"credential",`, ""), "Missing parameter " + first + ".type"},
		{"type null", edited(`"credential"`, "null"), "Missing parameter " + first + ".type"},
		{"type empty", edited(`"credential"`, `""`), "Missing parameter " + first + ".type"},
		{"a type that is no text", edited(`"credential"`, "1"), "Invalid parameter " + first + ".type"},
		{"an unknown type", edited(`"credential"`, `"x"`), "Invalid parameter " + first + ".type"},
		{"the type in another case", edited(`"credential"`, `"Credential"`), "Invalid parameter " + first + ".type"},
		{"the type of another year", edited(`"credential"`, `"https://cloudsignatureconsortium.org/2024/credential"`), "Invalid parameter " + first + ".type"},
		{"a type there is not yet", edited(`"credential"`, `"https://cloudsignatureconsortium.org/2025/credential-renewal"`), "Invalid parameter " + first + ".type"},
		{"type twice", also(`"type":"credential"`), "Invalid parameter " + first},
		{"type twice, once escaped", also(`"\u0074ype":"credential"`), "Invalid parameter " + first},
		{"an unknown member", also(`"x":1`), "Unknown member in " + first},
		{"a known member in another case", also(`"Locations":[]`), "Unknown member in " + first},
		{"the flat name of the hashes", also(`"hashes":"x"`), "Unknown member in " + first},

		{"neither credentialID nor qualifier", edited(`"credentialID":"c_1",`, ""), "Missing parameter " + first + ".credentialID"},
		{"both null", edited(`"c_1"`, `null,"signatureQualifier":null`), "Missing parameter " + first + ".credentialID"},
		{"a credentialID that is no text", edited(`"c_1"`, "1"), "Invalid parameter " + first + ".credentialID"},
		{"a credentialID of no id", edited(`c_1`, "c 1"), "Invalid parameter " + first + ".credentialID"},
		{"a credentialID over-long", edited(`c_1`, strings.Repeat("c", 129)), "Invalid parameter " + first + ".credentialID"},
		{"a qualifier of no qualifier", edited(`"credentialID":"c_1"`, `"signatureQualifier":"eu/eidas"`), "Invalid parameter " + first + ".signatureQualifier"},
		{"two elements with one credential", two(oneElement[1 : len(oneElement)-1]), "Invalid parameter authorization_details[1].credentialID"},
		{"a fault in the second element", two(`{"type":"x"}`), "Invalid parameter authorization_details[1].type"},

		{"no hashAlgorithmOID", edited(`,"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"`, ""), "Missing parameter " + first + ".hashAlgorithmOID"},
		{"hashAlgorithmOID empty", edited("2.16.840.1.101.3.4.2.1", ""), "Missing parameter " + first + ".hashAlgorithmOID"},
		{"hashAlgorithmOID of SHA-1", edited("2.16.840.1.101.3.4.2.1", "1.3.14.3.2.26"), "Invalid parameter " + first + ".hashAlgorithmOID"},
		{"hashAlgorithmOID of a longer hash", edited("2.16.840.1.101.3.4.2.1", csc.OIDSHA512), "Invalid parameter " + its + ".hash"},

		{"no documentDigests", edited(`"documentDigests":[`+oneDigest+`],`, ""), "Missing parameter " + first + ".documentDigests"},
		{"no documentDigests, but a number", edited(`"documentDigests":[`+oneDigest+`]`, `"numSignatures":1`), "Missing parameter " + first + ".documentDigests"},
		{"documentDigests empty", digests("[]"), "Missing parameter " + first + ".documentDigests"},
		{"documentDigests an object", digests(oneDigest), "Invalid parameter " + first + ".documentDigests"},
		{"documentDigests of texts", digest(`"` + hashA + `"`), "Invalid parameter " + its},
		{"a digest without hash", digest(`{"label":"x"}`), "Missing parameter " + its + ".hash"},
		{"a hash null", digest(`{"hash":null}`), "Missing parameter " + its + ".hash"},
		{"a hash that is no Base64", digest(`{"hash":"***"}`), "Invalid parameter " + its + ".hash"},
		{"a hash in base64url", digest(`{"hash":"` + strings.NewReplacer("+", "-", "/", "_").Replace(hashA) + `"}`), "Invalid parameter " + its + ".hash"},
		{"a hash without its padding", digest(`{"hash":"` + hashA[:43] + `"}`), "Invalid parameter " + its + ".hash"},
		{"a hash with a line break", digest(`{"hash":"` + hashA[:20] + `\n` + hashA[20:] + `"}`), "Invalid parameter " + its + ".hash"},
		{"a hash with spare bits", digest(`{"hash":"` + hashA[:42] + `1="}`), "Invalid parameter " + its + ".hash"},
		{"a hash of 31 bytes", digest(`{"hash":"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFQ=="}`), "Invalid parameter " + its + ".hash"},
		{"a hash twice in one digest", digest(`{"hash":"` + hashA + `","hash":"` + hashA + `"}`), "Invalid parameter " + its},
		{"a hash twice, once escaped", digest(`{"hash":"` + hashA + `","h\u0061sh":"` + hashA + `"}`), "Invalid parameter " + its},
		{"an unknown member of a digest", digest(`{"hash":"` + hashA + `","signed_props":[]}`), "Unknown member in " + its},
		{"a label that is no text", digest(`{"hash":"` + hashA + `","label":["x"]}`), "Invalid parameter " + its + ".label"},
		{"a label of 256 characters", digest(`{"hash":"` + hashA + `","label":"` + strings.Repeat("ș", 256) + `"}`), "Invalid parameter " + its + ".label"},
		{"a label with half a surrogate pair", digest(`{"hash":"` + hashA + `","label":"\ud83d"}`), "Invalid parameter " + first},
		{"a label with NUL", digest(`{"hash":"` + hashA + `","label":"\u0000"}`), "Invalid parameter " + its + ".label"},
		{"hashType sodr", digest(`{"hash":"` + hashA + `","hashType":"sodr"}`), "Invalid parameter " + its + ".hashType"},
		{"hashType of none", digest(`{"hash":"` + hashA + `","hashType":" sdr"}`), "Invalid parameter " + its + ".hashType"},

		{"numSignatures 0", also(`"numSignatures":0`), "Invalid parameter " + first + ".numSignatures"},
		{"numSignatures negative", also(`"numSignatures":-1`), "Invalid parameter " + first + ".numSignatures"},
		{"numSignatures with a fraction", also(`"numSignatures":1.0`), "Invalid parameter " + first + ".numSignatures"},
		{"numSignatures with an exponent", also(`"numSignatures":1e0`), "Invalid parameter " + first + ".numSignatures"},
		{"numSignatures a text", also(`"numSignatures":"1"`), "Invalid parameter " + first + ".numSignatures"},
		{"numSignatures beyond all numbers", also(`"numSignatures":99999999999999999999`), "Invalid parameter " + first + ".numSignatures"},
		{"more signatures than hashes", also(`"numSignatures":2`), "Invalid parameter " + first + ".numSignatures"},
		{"fewer signatures than hashes", edited(oneDigest, oneDigest+","+oneDigest+`],"numSignatures":1,"locations":[`), "Invalid parameter " + first + ".numSignatures"},

		{"locations a text", also(`"locations":"https://a.example"`), "Invalid parameter " + first + ".locations"},
		{"locations of numbers", also(`"locations":[1]`), "Invalid parameter " + first + ".locations"},
		{"17 locations", also(`"locations":["` + strings.Repeat(`","`, 16) + `"]`), "Invalid parameter " + first + ".locations"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, _, _, err := readDetails([]byte(row.text))
			if err == nil {
				t.Fatalf("taken as %+v", got)
			}
			said := worded(err)
			if said.status != 400 || said.says.Code != csc.InvalidAuthorizationDetails || said.says.Description != row.says {
				t.Errorf("got %d %v\nwant %s", said.status, err, row.says)
			}
		})
	}
}

func TestDetailsAreRead(t *testing.T) {
	hash, err := csc.DecodeBase64(hashA)
	if err != nil {
		t.Fatal(err)
	}
	const oid = "2.16.840.1.101.3.4.2.1"
	plain := Detail{Type: "credential", CredentialID: "c_1", Count: 1, HashOID: oid, Digests: []DocumentDigest{{Digest: hash, Label: "Contract"}}}
	but := func(change func(*Detail)) []Detail {
		d := plain
		d.Digests = append([]DocumentDigest(nil), plain.Digests...)
		change(&d)
		return []Detail{d}
	}
	for _, row := range []struct {
		name, text string
		want       []Detail
	}{
		{"as v2.0 has it", oneElement, []Detail{plain}},
		{"as v2.2 has it", `[{"type":"https://cloudsignatureconsortium.org/2025/credential","credentialID":"c_1","signatureQualifier":"eu_eidas_qes",
			"numSignatures":1,"documentDigests":[{"hash":"` + hashA + `","label":"Contract","hashType":"DTBSR"}],"hashAlgorithmOID":"` + oid + `","locations":["https://a.example"]}]`,
			but(func(d *Detail) {
				d.Type, d.Qualifier, d.Locations = csc.DetailCredential2025, "eu_eidas_qes", []string{"https://a.example"}
				d.Digests[0].Kind, d.Digests[0].Said = csc.DTBSR, "DTBSR"
			})},
		{"a qualifier", edited(`"credentialID":"c_1"`, `"signatureQualifier":"eu_eidas_aes"`), but(func(d *Detail) { d.CredentialID, d.Qualifier = "", "eu_eidas_aes" })},
		{"null where something is left out", also(`"signatureQualifier":null,"numSignatures":null,"locations":null`), []Detail{plain}},
		{"no locations", also(`"locations":[]`), []Detail{plain}},
		{"blanks", " [ \n" + oneElement[1:] + "\t", []Detail{plain}},
		{"escapes", edited("Contract", `Contr\u0061ct`), []Detail{plain}},
		{"a label that is a pair", edited("Contract", `\ud83d\ude00`), but(func(d *Detail) { d.Digests[0].Label = "😀" })},
		{"a label that hides", edited("Contract", `\u202e<b>`), but(func(d *Detail) { d.Digests[0].Label = "\u202e<b>" })},
		{"a label of 255 characters", edited("Contract", strings.Repeat("ș", 255)), but(func(d *Detail) { d.Digests[0].Label = strings.Repeat("ș", 255) })},
		{"one hash twice", edited(oneDigest, oneDigest+","+oneDigest), but(func(d *Detail) { d.Count, d.Digests = 2, append(d.Digests, d.Digests[0]) })},
		{"hashType in a mixture", edited(`"label":"Contract"`, `"hashType":"sDr"`), but(func(d *Detail) { d.Digests[0] = DocumentDigest{Digest: hash, Kind: csc.SDR, Said: "sDr"} })},
		{"two elements", strings.TrimSuffix(oneElement, "]") + "," + edited("c_1", "c_2")[1:], append(but(func(*Detail) {}), but(func(d *Detail) { d.CredentialID = "c_2" })...)},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, _, scope, err := readDetails([]byte(row.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" || scope != "credential" {
				t.Errorf("scope %q\n%s", scope, diff)
			}
			if err := (request{Details: got}).repeated(row.text); err != nil {
				t.Errorf("not what it is itself: %v", err)
			}
		})
	}
	hundred := make([]string, 100)
	for n := range hundred {
		hundred[n] = fmt.Sprintf(`{"hash":"%s","label":"Contract %d of a hundred, with a long name that says which.pdf"}`, hashA, n)
	}
	if got, _, _, err := readDetails([]byte(edited(oneDigest, strings.Join(hundred, ",")))); err != nil || got[0].Count != 100 {
		t.Errorf("a hundred documents: %v", err)
	}
}

// A token request repeats the details, however it writes them, and no others.
func TestDetailsAreRepeated(t *testing.T) {
	was, _, _, err := readDetails([]byte(oneElement))
	if err != nil {
		t.Fatal(err)
	}
	const other = "authorization_details parameter does not match authorization_details parameter of authorization request"
	for _, row := range []struct{ name, text, says string }{
		{"as it was", oneElement, ""},
		{"with other blanks, order and escapes", "[ {" + `"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1", "documentDigests":[` + oneDigest + `],"\u0074ype":"credential","credentialID":"c_1"}]`, ""},
		{"with null and the number", also(`"numSignatures":1,"locations":null`), ""},
		{"left out", "", "Missing parameter authorization_details"},
		{"empty", "[]", "Invalid parameter authorization_details"},
		{"with a hash more", edited(oneDigest, oneDigest+","+oneDigest), other},
		{"with another hash", edited("ungW", "vngW"), other},
		{"with another label", edited("Contract", "Other"), other},
		{"with a hashType", edited(`"label"`, `"hashType":"sdr","label"`), other},
		{"with another credential", edited("c_1", "c_2"), other},
		{"with a qualifier", edited(`"c_1"`, `"c_1","signatureQualifier":"eu_eidas_aes"`), other},
		{"of the other type", edited(`"credential"`, `"https://cloudsignatureconsortium.org/2025/credential"`), other},
		{"with an element more", strings.TrimSuffix(oneElement, "]") + "," + edited("c_1", "c_2")[1:], other},
		{"that cannot be read", "x", "Invalid parameter authorization_details"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := request{Details: was}.repeated(row.text)
			if row.says == "" && err == nil {
				return
			}
			if err == nil || worded(err).says.Description != row.says {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
	if err := (request{Details: []Detail{{CredentialID: "c_1"}}}).repeated(oneElement); err == nil {
		t.Error("taken for a request with flat parameters")
	}
	if err := (request{}).repeated(""); err != nil {
		t.Error(err)
	}
}

// toldAgain demands of a Change that was read that it is one, and is told as what it
// is.
func toldAgain(t *testing.T, text []byte, all []Detail, change Change, scope string) {
	t.Helper()
	want := map[bool]string{true: csc.ScopeCreation, false: csc.ScopeDeletion}[change.Creation != nil]
	if !utf8.Valid(text) || len(all) > 0 || scope != want || (change.Creation == nil) == (change.CredentialID == "") || !plainName(change.CredentialID) {
		t.Fatalf("%q: %+v of scope %s", text, change, scope)
	}
	again, err := json.Marshal([]any{change.granted()})
	if err != nil {
		t.Fatal(err)
	}
	_, back, _, err := readDetails(again)
	if err != nil && len(again) <= maxDetails {
		t.Errorf("%q is told as %s: %v", text, again, err)
	} else if diff := cmp.Diff(&change, back); err == nil && diff != "" {
		t.Errorf("%q is told as %s: %s", text, again, diff)
	}
}

const (
	oneCreation = `[{"type":"https://cloudsignatureconsortium.org/2025/credential-creation","credentialCreationRequest":{"certificatePolicy":"1.2.3","subjectData":{"given_name":"Demo","address":{"country":"RO"}}},"locations":["x"]}]`
	oneDeletion = `[{"type":"https://cloudsignatureconsortium.org/2025/credential-deletion","credentialID":"c_1"}]`
)

// What asks for a change is read, alone, with every member it must and none that is
// not known.
func TestReadChange(t *testing.T) {
	for _, row := range []struct {
		name, text string
		scope      string
		want       Change
		says       string // of the fault, after authorization_details[0]
	}{
		{"a creation", oneCreation, csc.ScopeCreation, Change{
			Type: csc.DetailCreation2025, Locations: []string{"x"},
			Creation: &csc.CreationRequest{CertificatePolicy: "1.2.3", SubjectData: &csc.SubjectData{GivenName: "Demo", Address: &csc.Address{Country: "RO"}}},
		}, ""},
		{"a bare creation", `[{"type":"credential_creation"}]`, csc.ScopeCreation, Change{Type: csc.DetailCreation, Creation: &csc.CreationRequest{}}, ""},
		{"null is absent", `[{"type":"credential_creation","credentialCreationRequest":null}]`, csc.ScopeCreation, Change{Type: csc.DetailCreation, Creation: &csc.CreationRequest{}}, ""},
		{"a deletion", oneDeletion, csc.ScopeDeletion, Change{Type: csc.DetailDeletion2025, CredentialID: "c_1"}, ""},
		{"a deletion by its short name", `[{"type":"credential_deletion","credentialID":"c_1"}]`, csc.ScopeDeletion, Change{Type: csc.DetailDeletion, CredentialID: "c_1"}, ""},
		{"a deletion of nothing", `[{"type":"credential_deletion"}]`, "", Change{}, "Missing parameter authorization_details[0].credentialID"},
		{"of what cannot be a name", `[{"type":"credential_deletion","credentialID":"a b"}]`, "", Change{}, "Invalid parameter authorization_details[0].credentialID"},
		{"an unknown member", `[{"type":"credential_deletion","credentialID":"c","revoke":true}]`, "", Change{}, "Unknown member in authorization_details[0]"},
		{"an unknown member inside", `[{"type":"credential_creation","credentialCreationRequest":{"key":"RSA"}}]`, "", Change{}, "Unknown member in authorization_details[0].credentialCreationRequest"},
		{"an unknown claim", `[{"type":"credential_creation","credentialCreationRequest":{"subjectData":{"name":"x"}}}]`, "", Change{}, "Unknown member in authorization_details[0].credentialCreationRequest.subjectData"},
		{"an unknown part of an address", `[{"type":"credential_creation","credentialCreationRequest":{"subjectData":{"address":{"street":"x"}}}}]`, "", Change{}, "Unknown member in authorization_details[0].credentialCreationRequest.subjectData.address"},
		{"a request that is no object", `[{"type":"credential_creation","credentialCreationRequest":[]}]`, "", Change{}, "Invalid parameter authorization_details[0].credentialCreationRequest"},
		{"a policy that is no OID", `[{"type":"credential_creation","credentialCreationRequest":{"certificatePolicy":"x"}}]`, "", Change{}, "Invalid parameter authorization_details[0].credentialCreationRequest.certificatePolicy"},
		{"a name that is a number", `[{"type":"credential_creation","credentialCreationRequest":{"subjectData":{"given_name":5}}}]`, "", Change{}, "Invalid parameter authorization_details[0].credentialCreationRequest.subjectData.given_name"},
		{"two creations", `[{"type":"credential_creation"},{"type":"credential_creation"}]`, "", Change{}, "Invalid parameter authorization_details[0].type"},
		{"one beside a signature", strings.TrimSuffix(oneElement, "]") + `,{"type":"credential_creation"}]`, "", Change{}, "Invalid parameter authorization_details[1].type"},
		{"one before it", `[{"type":"credential_creation"},` + oneElement[1:], "", Change{}, "Invalid parameter authorization_details[0].type"},
	} {
		all, got, scope, err := readDetails([]byte(row.text))
		if row.says != "" {
			if said := worded(err); err == nil || said.says.Code != csc.InvalidAuthorizationDetails || said.says.Description != row.says {
				t.Errorf("%s: %+v, %v", row.name, got, err)
			}
			continue
		}
		if err != nil || len(all) > 0 || scope != row.scope {
			t.Errorf("%s: scope %s, %v", row.name, scope, err)
			continue
		}
		if diff := cmp.Diff(&row.want, got); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

// FuzzDetails: what is taken holds what a Detail promises, is told again as what
// it is, and says nothing that cannot be shown.
func FuzzDetails(f *testing.F) {
	for _, text := range []string{
		oneElement, also(`"numSignatures":1,"locations":["x"]`), edited("c_1", "c_2"), "[]", "null", `[{"type":"credential"}]`,
		edited(`"credentialID":"c_1"`, `"signatureQualifier":"eu_eidas_aes"`), strings.TrimSuffix(oneElement, "]") + "," + edited("c_1", "c_2")[1:],
		oneCreation, oneDeletion, `[{"type":"credential_creation","credentialCreationRequest":{"subjectData":{"address":{}}}}]`,
		also(`"\u0074ype":"credential"`), edited("Contract", `\ud83d`), strings.Repeat("[", 40),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, change, scope, err := readDetails(text)
		if err != nil {
			said := worded(err)
			if said.status != 400 || said.says.Code != csc.InvalidAuthorizationDetails || strings.ContainsFunc(said.says.Description, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if change != nil {
			toldAgain(t, text, all, *change, scope)
			return
		}
		if !utf8.Valid(text) || scope != csc.ScopeCredential || len(all) == 0 || len(all) > maxElements {
			t.Fatalf("%q: %d of scope %s", text, len(all), scope)
		}
		named := map[string]bool{}
		told := make([]csc.AuthorizationDetail, len(all))
		for n, d := range all {
			hash, known := csc.HashByOID(d.HashOID)
			if !known || d.Count != len(d.Digests) || d.Count < 1 || d.CredentialID == "" && d.Qualifier == "" || named[d.CredentialID] && d.CredentialID != "" {
				t.Fatalf("%q: %+v", text, d)
			}
			for _, one := range d.Digests {
				if len(one.Digest) != hash.Size() || !isText(one.Label) || !strings.EqualFold(string(one.Kind), one.Said) {
					t.Fatalf("%q: %+v", text, one)
				}
			}
			named[d.CredentialID] = true
			told[n] = d.granted(either(d.CredentialID, fmt.Sprintf("fuzz_%d", n)))
			all[n].CredentialID = told[n].CredentialID
			if d.CredentialID == "" {
				all[n].Qualifier = ""
			}
		}
		again, err := json.Marshal(told)
		if err != nil {
			t.Fatal(err)
		}
		if back, _, _, err := readDetails(again); err == nil {
			if diff := cmp.Diff(all, back); diff != "" {
				t.Errorf("%q is told as %s: %s", text, again, diff)
			}
		} else if len(again) <= maxDetails {
			t.Errorf("%q is told as %s: %v", text, again, err)
		}
	})
}
