package openapi_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// malformed are bodies that are refused whatever the method, made from %s, a
// good member list.
var malformed = []struct{ says, body string }{
	{"cut after the first brace", `{`},
	{"cut before the last brace", `{%s`},
	{"cut in a name", `{%s,"x`},
	{"cut after a name", `{%s,"x"`},
	{"cut after a colon", `{%s,"x":`},
	{"only spaces", "  \n"},
	{"an array", `[]`},
	{"an array of one request", `[{%s}]`},
	{"a string", `"x"`},
	{"a string that has JSON in it", `"{}"`},
	{"a number", `5`},
	{"null", `null`},
	{"true", `true`},
	{"a form", `credentialID=a&numSignatures=1`},
	{"two objects", `{%s}{%s}`},
	{"a comma after the end", `{%s},`},
	{"a brace after the end", `{%s}}`},
	{"a word after the end", `{%s} x`},
	{"a NUL after the end", "{%s}\x00"},
	{"half a string after the end", `{%s}"`},
	{"a byte order mark", "\ufeff{%s}"},
	{"UTF-16", "{\x00}\x00"},
	{"a trailing comma", `{%s,}`},
	{"two commas", `{%s,,"x":1}`},
	{"a comma first", `{,%s}`},
	{"no comma", `{%s "x":1}`},
	{"a name without quotes", `{%s,x:1}`},
	{"a name in single quotes", `{%s,'x':1}`},
	{"a number for a name", `{%s,1:1}`},
	{"an object for a name", `{%s,{}:1}`},
	{"null for a name", `{%s,null:1}`},
	{"a comment", `{%s,"x":1/* one */}`},
	{"a comment to the end of the line", "{%s} // done"},
	{"NaN", `{%s,"x":NaN}`},
	{"Infinity", `{%s,"x":-Infinity}`},
	{"a plus sign", `{%s,"x":+1}`},
	{"a leading zero", `{%s,"x":01}`},
	{"a hexadecimal number", `{%s,"x":0x1}`},
	{"a number that ends in a point", `{%s,"x":1.}`},
	{"a number that begins with a point", `{%s,"x":.5}`},
	{"an exponent without digits", `{%s,"x":1e}`},
	{"a minus alone", `{%s,"x":-}`},
	{"True", `{%s,"x":True}`},
	{"a line break in a string", "{%s,\"x\":\"a\nb\"}"},
	{"a NUL in a string", "{%s,\"x\":\"a\x00b\"}"},
	{"a tab in a name", "{%s,\"x\t\":1}"},
	{"an escape nobody knows", `{%s,"x":"\q"}`},
	{"an escaped single quote", `{%s,"x":"\'"}`},
	{"half an escape", `{%s,"x":"\u12"}`},
	{"no UTF-8", "{%s,\"x\":\"\xff\"}"},
	{"no UTF-8 in a name", "{%s,\"\xff\":1}"},
	{"an overlong slash", "{%s,\"x\":\"\xc0\xaf\"}"},
	{"half a surrogate pair in UTF-8", "{%s,\"x\":\"\xed\xa0\x80\"}"},
	{"a high surrogate alone", `{%s,"x":"\ud800"}`},
	{"a low surrogate alone", `{%s,"x":"\udc00"}`},
	{"surrogates in the wrong order", `{%s,"x":"\udc00\ud800"}`},
	{"a high surrogate before a letter", `{%s,"x":"\ud800a"}`},
	{"a high surrogate in a name", `{%s,"\ud800":1}`},
	{"a high surrogate deep inside", `{%s,"x":[{"y":["\ud800"]}]}`},
	{"an unknown name twice", `{%s,"x":1,"x":1}`},
	{"an unknown name twice, once escaped", `{%s,"x":1,"\u0078":1}`},
	{"an unknown name twice, of an escaped pair", `{%s,"😀":1,"\ud83d\ude00":1}`},
	{"a name twice deep inside", `{%s,"x":[{"y":{"z":1,"z":2}}]}`},
	{"the empty name twice", `{%s,"":1,"":2}`},
	{"a name twice, both null", `{%s,"x":null,"x":null}`},
	{"a bracket for a brace", `{%s]`},
	{"a brace for a bracket", `{%s,"x":[}}`},
	{"nested 33 deep", `{%s,"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`},
	{"nested 33 deep in objects", `{%s,"x":` + strings.Repeat(`{"x":`, 31) + `{}` + strings.Repeat("}", 31) + `,"y":` + strings.Repeat(`{"x":`, 32) + `1` + strings.Repeat("}", 32) + `}`},
	{"nested 10,000 deep", `{%s,"x":` + strings.Repeat("[", 1e4) + strings.Repeat("]", 1e4) + `}`},
	{"nested 100,000 deep and cut", `{%s,"x":` + strings.Repeat("[", 1e5)},
	{"nested 100,000 deep in objects", strings.Repeat(`{"x":`, 1e5)},
}

func TestMalformed(t *testing.T) {
	c := contract(t)
	for _, test := range malformed {
		t.Run(test.says, func(t *testing.T) {
			for m, b := range full {
				text := strings.ReplaceAll(test.body, "%s", strings.Trim(b.String(), "{}"))
				got, err := c.Check(m, []byte(text))
				if sentence(t, err) != csc.InvalidRequest.Description() || got != nil {
					t.Errorf("%s: %.300q: %s, %v; want it refused as malformed", m, text, got, err)
				}
			}
		})
	}
}

func TestEmptyBody(t *testing.T) {
	c := contract(t)
	for _, m := range c.Methods() {
		for _, body := range [][]byte{nil, {}} {
			got, err := c.Check(m, body)
			if m == csc.MethodInfo || m == csc.MethodAuthLogin {
				if err != nil || string(got) != "{}" {
					t.Errorf("%s: %s, %v", m, got, err)
				}
			} else if sentence(t, err) != csc.InvalidRequest.Description() {
				t.Errorf("%s: %v; want it refused as malformed", m, err)
			}
		}
	}
}

// Odd, and allowed.
func TestWellFormed(t *testing.T) {
	c := contract(t)
	var keys strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&keys, `,"key%d":%d`, i, i)
	}
	for says, more := range map[string]string{
		"nested 32 deep":            `,"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31),
		"nested 32 deep in objects": `,"x":` + strings.Repeat(`{"x":`, 30) + `{}` + strings.Repeat("}", 30),
		"100,000 unknown members":   keys.String(),
		"an unknown member of 1 MB": `,"x":"` + strings.Repeat("é", 1<<19) + `"`,
		"an unknown array of 1 MB":  `,"x":[` + strings.Repeat("1,", 1<<19) + `1]`,
		"numbers nobody can hold":   `,"x":[1e400,-0,-0.0,1E-999,123456789012345678901234567890]`,
		"every escape":              `,"x":"\"\\\/\b\f\n\r\t\u0000\uFFFF\ud83d\uDE00"`,
		"spaces":                    " \t\r\n, \t\r\n\"x\" \t\r\n: \t\r\n1 \t\r\n",
		"the empty name":            `,"":{"":[]}`,
		"a prototype":               `,"__proto__":{},"constructor":null`,
	} {
		t.Run(says, func(t *testing.T) {
			for m, b := range full {
				want, err := c.Check(m, []byte(b.String()))
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				got, err := c.Check(m, []byte(strings.TrimSuffix(b.String(), "}")+more+"}"))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %.300s, %v; want %s", m, got, err, want)
				}
				if took := time.Since(begin); took > 5*time.Second {
					t.Errorf("%s took %v", m, took)
				}
			}
		})
	}
}

// Neither a fault nor what is logged of it has a word of the body: what stands
// where JSON breaks can be a SAD or a code.
func TestFaultsKeepSecrets(t *testing.T) {
	c := contract(t)
	for _, value := range []string{
		`hunter2`, `"hunter2`, `"\ud800hunter2"`, `"hunter2\q"`, `"\uhunter2"`, `"hunter2","SAD":"hunter2"`, `"x","hunter2":1,"hunter2":1`, `"hunter2" hunter2`,
		"\"hunter2\n\"", `["hunter2"]`, `{"hunter2":"hunter2"}`, `"x"},{"hunter2":1`, `"x","hashes":["hunter2"]`, `"x","hashes":[{"hunter2":2}]`, `"x","credentialID":"hunter2 hunter2"`,
		`"x","authData":[{"id":"OTP","value":["hunter2"]}],"numSignatures":1,"credentialID":"c"`, `"x","description":"` + strings.Repeat("hunter2", 100) + `"`,
	} {
		for _, m := range c.Methods() {
			_, err := c.Check(m, []byte(`{"SAD":`+value+`}`))
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "unter") {
				t.Errorf("%s, %s: %v", m, value, err)
			}
		}
	}
	if _, err := openapi.Decode[csc.SignHashRequest]([]byte(`{"SAD":["hunter2"]}`)); err == nil || strings.Contains(err.Error(), "unter") {
		t.Errorf("decode: %v", err)
	}
	if _, err := openapi.Decode[csc.AuthorizeRequest]([]byte(`{"numSignatures":"hunter2"}`)); err == nil || strings.Contains(err.Error(), "unter") {
		t.Errorf("decode: %v", err)
	}
}

// Where in the body it broke is in the cause, for whoever reads the log.
func TestFaultsTellTheLogWhere(t *testing.T) {
	for body, want := range map[string]string{
		`{"lang":"ro"}x`:                   "body, after byte 13: goes on after its end",
		`{"lang":"ro","lang":"ro"}`:        "body, after byte 12: a name twice in an object",
		`{"lang":"ro"`:                     "body, after byte 12: ends too early",
		`{"lang":'ro'}`:                    "body, after byte 7: not JSON in UTF-8",
		`{"x":` + strings.Repeat("[", 40):  "body, after byte 36: nested too deep",
		`{"x":` + strings.Repeat("[", 1e5): "body, after byte 36: nested too deep",
		`[]`:                               "not an object",
	} {
		_, err := contract(t).Check(csc.MethodInfo, []byte(body))
		if err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%.40s: %v; want it to end in %s", body, err, want)
		}
	}
	authorize := full[csc.MethodAuthorize].with("authData", `[{"id":"OTP"},{"value":"1"}]`)
	_, err := contract(t).Check(csc.MethodAuthorize, []byte(authorize.String()))
	if err == nil || !strings.Contains(err.Error(), "element 1: invalid_request: Missing (or invalid type) string parameter id") {
		t.Errorf("a factor without id: %v", err)
	}
}

// A contract has no state: many may ask at once, and a body is not written to.
func TestCheckAtOnce(t *testing.T) {
	c := contract(t)
	var all sync.WaitGroup
	for m, b := range full {
		text := []byte(b.String())
		want, err := c.Check(m, text)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			all.Go(func() {
				for range 200 {
					if got, err := c.Check(m, text); err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s: %s, %v", m, got, err)
						return
					}
				}
			})
		}
		all.Wait()
		if string(text) != b.String() {
			t.Errorf("%s: the body became %s", m, text)
		}
	}
}
