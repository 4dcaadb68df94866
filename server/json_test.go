package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// A speech is a request of a method, member by member: good would do what the
// method does, dull is refused or does nothing, but only when all of it was read.
type speech struct {
	method     csc.Method
	good, dull string
}

func (r *trial) speeches() []speech {
	ec, user := r.credentials[csc.P256].ID, r.signer.ID
	sign := `"hashes":["` + stampHash + `"],"signAlgo":"1.2.840.10045.4.3.2"`
	doc := `"documentDigests":[{"hashes":["` + stampHash + `"],"signature_format":"C","signAlgo":"1.2.840.10045.4.3.2"}]`
	agree := fmt.Sprintf(`"credentialID":%q,"numSignatures":%%d,"hashes":[%q],"hashAlgorithmOID":%q,"authData":[{"id":"OTP","value":%q}]`, ec, stampHash, csc.OIDSHA256, r.code())
	both := func(m csc.Method, members string) speech { return speech{m, members, members} }
	return []speech{
		both(csc.MethodInfo, `"lang":"en"`),
		both(csc.MethodList, fmt.Sprintf(`"userID":%q,"credentialInfo":true`, user)),
		both(csc.MethodCredentialInfo, fmt.Sprintf(`"credentialID":%q`, ec)),
		{csc.MethodAuthorize, fmt.Sprintf(agree, 1), fmt.Sprintf(agree, 1000)},
		both(csc.MethodAuthorizeCheck, `"handle":"nobodys"`),
		both(csc.MethodGetChallenge, fmt.Sprintf(`"credentialID":%q,"authObjectID":"SMS"`, ec)),
		{csc.MethodSignHash, r.asks(csc.P256) + "," + sign, fmt.Sprintf(`"credentialID":%q,"SAD":"nobodys",`, ec) + sign},
		{csc.MethodSignDoc, r.asks(csc.P256) + "," + doc, fmt.Sprintf(`"credentialID":%q,"SAD":"nobodys",`, ec) + doc},
		both(csc.MethodSignPolling, `"requestID":"nobodys"`),
		{csc.MethodTimestamp, `"hash":"` + stampHash + `","hashAlgo":"` + csc.OIDSHA256 + `"`, `"hash":"` + stampHash + `","hashAlgo":"` + csc.OIDSHA512 + `"`},
	}
}

// noJSON are bodies that are refused as they are, whatever else they say: %s
// stands for good members.
var noJSON = []struct{ says, body string }{
	{"cut after the first brace", `{`},
	{"cut before the last brace", `{%s`},
	{"cut in a name", `{%s,"x`},
	{"cut after a colon", `{%s,"x":`},
	{"blanks alone", "  \n"},
	{"an array", `[{%s}]`},
	{"a string", `"{}"`},
	{"a number", `5`},
	{"null", `null`},
	{"a form", `credentialID=a&numSignatures=1`},
	{"two objects", `{%s}{%s}`},
	{"two lines of an object each", "{%s}\n{%s}"},
	{"a brace after the end", `{%s}}`},
	{"a word after the end", `{%s} x`},
	{"a NUL after the end", "{%s}\x00"},
	{"a byte order mark", "\ufeff{%s}"},
	{"UTF-16 with its mark", "\xff\xfe{\x00}\x00"},
	{"a record separator, as in JSON text sequences", "\x1e{%s}\n"},
	{"a guard against scripts", ")]}',\n{%s}"},
	{"a call of a script", `callback({%s})`},
	{"a comma too many", `{%s,}`},
	{"two commas", `{%s,,"x":1}`},
	{"a comma first", `{,%s}`},
	{"no comma", `{%s "x":1}`},
	{"a name without quotes", `{%s,x:1}`},
	{"a name in single quotes", `{%s,'x':1}`},
	{"a number for a name", `{%s,1:1}`},
	{"null for a name", `{%s,null:1}`},
	{"a comment", `{%s,"x":1/* one */}`},
	{"a comment to the end of the line", "{%s} // done"},
	{"a hash comment", "# request\n{%s}"},
	{"NaN", `{%s,"x":NaN}`},
	{"Infinity", `{%s,"x":-Infinity}`},
	{"undefined", `{%s,"x":undefined}`},
	{"a plus sign", `{%s,"x":+1}`},
	{"a leading zero", `{%s,"x":01}`},
	{"a hexadecimal number", `{%s,"x":0x1}`},
	{"a number that ends in a point", `{%s,"x":1.}`},
	{"a number that begins with a point", `{%s,"x":.5}`},
	{"an exponent without digits", `{%s,"x":1e}`},
	{"digits of another script", `{%s,"x":١}`},
	{"a number with an underscore", `{%s,"x":1_000}`},
	{"True", `{%s,"x":True}`},
	{"a text over two lines", "{%s,\"x\":\"a\nb\"}"},
	{"a NUL in a text", "{%s,\"x\":\"a\x00b\"}"},
	{"an escape that there is not", `{%s,"x":"\q"}`},
	{"an escape in hex", `{%s,"x":"\x41"}`},
	{"half an escape", `{%s,"x":"\u12"}`},
	{"no UTF-8", "{%s,\"x\":\"\xff\"}"},
	{"no UTF-8 in a name", "{%s,\"\xff\":1}"},
	{"an overlong slash", "{%s,\"x\":\"\xc0\xaf\"}"},
	{"a surrogate in UTF-8", "{%s,\"x\":\"\xed\xa0\x80\"}"},
	{"a high surrogate alone", `{%s,"x":"\ud800"}`},
	{"a low surrogate alone", `{%s,"x":"\udc00"}`},
	{"surrogates in the wrong order", `{%s,"x":"\udc00\ud800"}`},
	{"a surrogate in a name", `{%s,"\ud800":1}`},
	{"a surrogate deep inside", `{%s,"x":[{"y":["\ud800"]}]}`},
	{"all of it twice", `{%s,%s}`},
	{"an unknown name twice", `{%s,"x":1,"x":1}`},
	{"an unknown name twice, once escaped", `{%s,"x":1,"\u0078":1}`},
	{"a name twice, both null", `{%s,"x":null,"x":null}`},
	{"a name twice deep inside", `{%s,"x":[{"y":{"z":1,"z":2}}]}`},
	{"a bracket for a brace", `{%s]`},
	{"a brace for a bracket", `{%s,"x":[}}`},
	{"nested too deep", `{%s,"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`},
	{"nested 10,000 deep", `{%s,"x":` + strings.Repeat("[", 1e4) + strings.Repeat("]", 1e4) + `}`},
	{"nested 50,000 deep and cut", `{%s,"x":` + strings.Repeat(`{"x":`, 5e4)},
}

// What is no JSON, or more than one reading of it: nothing is done of what the
// rest of the body asks for.
func TestNoJSON(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	for _, s := range r.speeches() {
		for _, row := range noJSON {
			n++
			t.Run(string(s.method)+"/"+row.says, func(t *testing.T) {
				r.bad(t, r.call(s.method, strings.ReplaceAll(row.body, "%s", s.good)), long)
			})
		}
	}
	counted(t, "JSON that is none", n, 600)
}

// besides are members that nobody knows, also if somebody thinks he does: names
// in another case or with letters that fold to those of ours, and values that no
// program can hold.
var besides = []struct{ says, members string }{
	{"unknown members", `"x":1,"y":[{}],"":null,"__proto__":{},"constructor":5`},
	{"names in capitals", `"CREDENTIALID":5,"HASHES":5,"SIGNALGO":5,"USERID":5,"HANDLE":5,"REQUESTID":5,"HASH":5,"LANG":5,"sad":5`},
	{"names in lower case", `"credentialid":5,"signalgo":5,"userid":5,"requestid":5,"numsignatures":5,"hashalgo":5,"authobjectid":5`},
	{"a long s for an s", `"haſhes":5,"ſAD":5,"ſignAlgo":5,"uſerID":5,"haſh":5,"requeſtID":5,"numSignatureſ":5`},
	{"a Kelvin sign and a dotless i", `"\u212a":5,"credent\u0131alID":5,"userıD":5,"handle\u200b":5`},
	{"names with blanks", `" credentialID":5,"hashes ":5,"SAD\t":5,"user ID":5`},
	{"names with a NUL", `"credentialID\u0000":5,"hashes\u0000":5,"SAD\u0000x":5`},
	{"names with a byte order mark", `"\ufeffcredentialID":5,"\ufeffSAD":5`},
	{"names in paths", `"request.credentialID":5,"hashes[0]":5,"/SAD":5,"$.userID":5`},
	{"numbers that nobody can hold", `"x":[1e400,-1e400,-0,-0.0,1E-999,9007199254740993,123456789012345678901234567890]`},
	{"nesting that is not too deep", `"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31)},
	{"every escape", `"x":"\"\\\/\b\f\n\r\t\u0000\uFFFF\ud83d\uDE00"`},
	{"50,000 members", manyMembers()},
	{"a text of half a megabyte", `"x":"` + strings.Repeat("ă", 250_000) + `"`},
}

func manyMembers() string {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// Members that nobody knows, before and behind the others: it is as if they were
// not there.
func TestMembersThatNobodyKnows(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	for _, s := range r.speeches() {
		plain := r.call(s.method, "{"+s.dull+"}")
		r.stamps.asked = nil
		r.before = r.state(r.watched)
		for _, row := range besides {
			for _, body := range []string{"{" + s.dull + "," + row.members + "}", "{" + row.members + "," + s.dull + "}"} {
				n++
				t.Run(string(s.method)+"/"+row.says, func(t *testing.T) {
					if got := r.call(s.method, body); got.status != plain.status || got.body != plain.body {
						t.Errorf("%d %.300s\nwithout: %d %.300s", got.status, got.body, plain.status, plain.body)
					}
					r.unchanged(t)
				})
			}
		}
	}
	counted(t, "JSON with more in it", n, 200)
}

// ofType are values of the types of JSON, among them numbers and texts that some
// reader would take for something else.
var ofType = map[string][]string{
	"string":  {`""`, `"x"`, `"1"`, `"true"`, `"null"`, `"[]"`},
	"integer": {`0`, `1`, `-1`},
	"number":  {`1.0`, `1e0`, `1.5`, `-0.0`, `1e400`, `9007199254740992`, `-9007199254740993`},
	"boolean": {`true`, `false`},
	"array":   {`[]`, `["x"]`, `[1]`, `[[]]`},
	"object":  {`{}`, `{"x":1}`, `{"value":"x"}`},
}

// Each parameter with values of every type that it does not have.
func TestParametersOfAnotherType(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	missing := func(kind, name string) string {
		return "Missing (or invalid type) " + kind + " parameter " + name
	}
	members := map[csc.Method]string{}
	for _, s := range r.speeches() {
		members[s.method] = s.good
	}
	for _, p := range []struct {
		method      csc.Method
		name, takes string
		told        string // the usual sentence of its type if none
	}{
		{csc.MethodInfo, "lang", "string", "Invalid parameter lang"},
		{csc.MethodList, "userID", "string", "Invalid parameter userID"},
		{csc.MethodList, "credentialInfo", "boolean", ""},
		{csc.MethodList, "certificates", "string", "Invalid parameter certificates"},
		{csc.MethodList, "certInfo", "boolean", ""},
		{csc.MethodList, "authInfo", "boolean", ""},
		{csc.MethodList, "onlyValid", "boolean", ""},
		{csc.MethodList, "clientData", "string", "Invalid parameter clientData"},
		{csc.MethodCredentialInfo, "credentialID", "string", ""},
		{csc.MethodCredentialInfo, "certificates", "string", "Invalid parameter certificates"},
		{csc.MethodCredentialInfo, "certInfo", "boolean", ""},
		{csc.MethodCredentialInfo, "authInfo", "boolean", ""},
		{csc.MethodCredentialInfo, "lang", "string", "Invalid parameter lang"},
		{csc.MethodAuthorize, "credentialID", "string", ""},
		{csc.MethodAuthorize, "numSignatures", "integer", ""},
		{csc.MethodAuthorize, "hashes", "array", ""},
		{csc.MethodAuthorize, "hashAlgorithmOID", "string", ""},
		{csc.MethodAuthorize, "authData", "array", ""},
		{csc.MethodAuthorize, "description", "string", "Invalid parameter description"},
		{csc.MethodAuthorize, "clientData", "string", "Invalid parameter clientData"},
		{csc.MethodAuthorizeCheck, "handle", "string", "Invalid parameter handle"},
		{csc.MethodGetChallenge, "credentialID", "string", ""},
		{csc.MethodGetChallenge, "authObjectID", "string", "Invalid parameter authObjectID"},
		{csc.MethodSignHash, "credentialID", "string", ""},
		{csc.MethodSignHash, "SAD", "string", ""},
		{csc.MethodSignHash, "hashes", "array", missing("array", "hash")},
		{csc.MethodSignHash, "hashAlgorithmOID", "string", ""},
		{csc.MethodSignHash, "signAlgo", "string", ""},
		{csc.MethodSignHash, "signAlgoParams", "string", ""},
		{csc.MethodSignHash, "operationMode", "string", "Invalid parameter operationMode"},
		{csc.MethodSignHash, "clientData", "string", "Invalid parameter clientData"},
		{csc.MethodSignDoc, "credentialID", "string", ""},
		{csc.MethodSignDoc, "SAD", "string", ""},
		{csc.MethodSignDoc, "documentDigests", "array", "Invalid object parameter documentDigests"},
		{csc.MethodSignDoc, "documents", "array", "Invalid array parameter documents"},
		{csc.MethodSignDoc, "signatureCreationRequest", "object", "Invalid parameter signatureCreationRequest"},
		{csc.MethodSignDoc, "operationMode", "string", "Invalid parameter operationMode"},
		{csc.MethodSignDoc, "returnValidationInfo", "boolean", ""},
		{csc.MethodSignDoc, "clientData", "string", "Invalid parameter clientData"},
		{csc.MethodSignPolling, "requestID", "string", ""},
		{csc.MethodSignPolling, "userID", "string", `Invalid parameter "userID"`},
		{csc.MethodTimestamp, "hash", "string", ""},
		{csc.MethodTimestamp, "hashAlgo", "string", "Invalid parameter hashAlgo"},
		{csc.MethodTimestamp, "nonce", "string", "Invalid parameter nonce"},
		{csc.MethodTimestamp, "clientData", "string", "Invalid parameter clientData"},
	} {
		if p.told == "" {
			p.told = missing(p.takes, p.name)
		}
		for kind, values := range ofType {
			if kind == p.takes {
				continue
			}
			for _, value := range values {
				n++
				t.Run(fmt.Sprintf("%s/%s is %s", p.method, p.name, value), func(t *testing.T) {
					r.bad(t, r.call(p.method, "{"+without(members[p.method], p.name)+fmt.Sprintf(`,%q:%s}`, p.name, value)), p.told)
				})
			}
		}
	}
	counted(t, "types", n, 700)
}

// without calls a member of a request otherwise, so that another can have its
// name.
func without(members, name string) string {
	return strings.Replace(members, `"`+name+`":`, `"was `+name+`":`, 1)
}

// A body that says it is something else than it is, or than we read, is not read:
// not as JSON, and not as what it says.
func TestMediaTypes(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	var packed bytes.Buffer
	for _, s := range r.speeches() {
		body := "{" + s.good + "}"
		packed.Reset()
		w := gzip.NewWriter(&packed)
		_, _ = w.Write([]byte(body))
		must(t, w.Close())
		for _, row := range []struct{ header, body string }{
			{"Content-Type: ", body}, {"Content-Type: text/plain", body}, {"Content-Type: text/html", body}, {"Content-Type: */*", body},
			{"Content-Type: application/x-www-form-urlencoded", body}, {"Content-Type: multipart/form-data; boundary=x", body},
			{"Content-Type: application/xml", body}, {"Content-Type: application/octet-stream", body}, {"Content-Type: application/problem+json", body},
			{"Content-Type: application/jsonp", body}, {"Content-Type: application/json-seq", body}, {"Content-Type: text/json", body},
			{"Content-Type: application/json; charset=utf-16", body}, {"Content-Type: application/json; charset=latin1", body}, {"Content-Type: application/json; charset=", body},
			{"Content-Type: application/json, text/plain", body}, {"Content-Type: application/json application/json", body}, {"Content-Type: json", body},
			{"Content-Encoding: gzip", packed.String()}, {"Content-Encoding: gzip", body}, {"Content-Encoding: deflate", body}, {"Content-Encoding: br", body},
			{"Content-Encoding: identity", body}, {"Content-Encoding: gzip, gzip", packed.String()},
		} {
			n++
			t.Run(string(s.method)+"/"+row.header, func(t *testing.T) {
				r.refused(t, r.call(s.method, row.body, row.header), 415, "invalid_request", "The body must be application/json")
			})
		}
	}
	counted(t, "media types", n, 200)
}

// A megabyte that unpacks to a gigabyte is not unpacked, and a body that is too
// long is not read to its end.
func TestBodiesThatGrow(t *testing.T) {
	t.Parallel()
	r := newTrial(t)
	var megabyte bytes.Buffer
	w := gzip.NewWriter(&megabyte)
	_, _ = w.Write(make([]byte, 1<<20))
	must(t, w.Close())
	bomb := strings.Repeat(megabyte.String(), 900) // members one after the other are one text (RFC 1952 §2.2)
	for _, s := range r.speeches() {
		r.refused(t, r.call(s.method, bomb, "Content-Encoding: gzip"), 415, "invalid_request", "The body must be application/json")
		if s.method != csc.MethodSignDoc { // which takes documents
			r.refused(t, r.call(s.method, "{"+s.good+`,"x":"`+strings.Repeat("A", 16<<20)+`"}`), 413, "invalid_request", "The body is larger than 1048576 bytes")
		}
	}
}
