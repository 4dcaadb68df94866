package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

func contract(t testing.TB) *openapi.Contract {
	t.Helper()
	c, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sentence is what the client is told of err, "" if nothing.
func sentence(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := errors.AsType[*csc.Error](err)
	if !ok || refusal.Code != csc.InvalidRequest {
		t.Errorf("got %v, which is no invalid_request", err)
		return err.Error()
	}
	return refusal.Description
}

// kinds has values of the six types of JSON, and how the contract calls them.
var kinds = []struct {
	value string
	fits  []string
}{
	{`true`, []string{"boolean"}},
	{`false`, []string{"boolean"}},
	{`7`, []string{"integer"}},
	{`1.5`, nil},
	{`"chain"`, []string{"string"}},
	{`"true"`, []string{"string"}},
	{`"7"`, []string{"string"}},
	{`[]`, []string{"array"}},
	{`["YQ=="]`, []string{"array"}},
	{`[null]`, []string{"array"}},
	{`{}`, nil},
	{`{"id":"OTP"}`, nil},
}

func TestFields(t *testing.T) {
	holdFields(t, "v2", contract(t), fields, full)
	holdFields(t, "v1", contractV1(t), fieldsV1(), fullV1())
}

func holdFields(t *testing.T, version string, c *openapi.Contract, fields []field, full map[csc.Method]body) {
	for _, f := range fields {
		t.Run(version+" "+string(f.method)+" "+f.name, func(t *testing.T) {
			base := f.base(full)
			expect := func(b body, want string) {
				t.Helper()
				if _, err := c.Check(f.method, []byte(b.String())); sentence(t, err) != want {
					t.Errorf("%.300s: %v; want %q", b, err, want)
				}
			}
			expect(base, "")
			expect(base.without(f.name), f.absent)
			expect(base.with(f.name, "null"), f.absent)
			for _, kind := range kinds {
				switch {
				case f.takes == "any":
					expect(base.with(f.name, kind.value), "")
				case f.takes == "object" && strings.HasPrefix(kind.value, "{"):
				case !slices.Contains(kind.fits, f.takes):
					expect(base.with(f.name, kind.value), f.wrong)
				case f.takes == "boolean":
					expect(base.with(f.name, kind.value), "")
				}
			}
			for value, want := range f.bad {
				expect(base.with(f.name, value), want)
			}
			for _, value := range f.good {
				expect(base.with(f.name, value), "")
			}
			for _, other := range otherSpellings(f.name) {
				expect(base.without(f.name).with(other, "{}"), f.absent)
				expect(base.with(other, "{}"), "")
			}
			for _, again := range []string{f.name, fmt.Sprintf(`\u%04x`, f.name[0]) + f.name[1:]} {
				twice := strings.TrimSuffix(base.String(), "}") + `,"` + again + `":` + base.value(f.name) + `}`
				if _, err := c.Check(f.method, []byte(twice)); sentence(t, err) != csc.InvalidRequest.Description() {
					t.Errorf("%s: %v; want it refused as malformed", twice, err)
				}
			}
		})
	}
}

func (b body) value(name string) string {
	for _, m := range b {
		if m.name == name {
			return m.value
		}
	}
	return "null"
}

// otherSpellings are names that a lenient reader takes for name.
func otherSpellings(name string) []string {
	all := []string{
		strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.ToLower(name), name + " ", " " + name, name + "\u200b",
		strings.Replace(name, "s", "\u017f", 1), strings.Replace(name, "k", "\u212a", 1), strings.Replace(name, "a", "\u0430", 1),
		strings.ReplaceAll(name, "_", ""), strings.ReplaceAll(name, "_", "-"),
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == name })
}

// Every parameter of the contract has its row above, and no other.
func TestFieldsAreAll(t *testing.T) {
	holdAllFields(t, contract(t), fields, full)
	holdAllFields(t, contractV1(t), fieldsV1(), fullV1())
}

func holdAllFields(t *testing.T, c *openapi.Contract, fields []field, full map[csc.Method]body) {
	for m, want := range requestProperties(t, c) {
		var got, given []string
		for _, f := range fields {
			if f.method == m {
				got = append(got, f.name)
			}
		}
		for _, member := range full[m] {
			given = append(given, member.name)
		}
		slices.Sort(got)
		slices.Sort(given)
		got = slices.Compact(got) // one may have rows for both modes
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows of %s (-contract +rows):\n%s", m, diff)
		}
		if diff := cmp.Diff(want, given); diff != "" {
			t.Errorf("the full body of %s (-contract +body):\n%s", m, diff)
		}
	}
}

// The body that v1 clients send lacks hashes on v2.
func TestVersion1Names(t *testing.T) {
	v1 := full[csc.MethodSignHash].without("hashes").without("hashAlgorithmOID").with("hash", "["+hashABC+"]").with("hashAlgo", `"2.16.840.1.101.3.4.2.1"`)
	if _, err := contract(t).Check(csc.MethodSignHash, []byte(v1.String())); sentence(t, err) != noHash {
		t.Errorf("got %v, want %s", err, noHash)
	}
}

// What depends on credentialInfo is ignored without it (§11.4).
func TestIgnoredUnless(t *testing.T) {
	c := contract(t)
	for _, credentialInfo := range []string{`false`, `null`} {
		b := body{{"credentialInfo", credentialInfo}, {"certificates", `"x"`}, {"certInfo", `5`}, {"authInfo", `"true"`}, {"onlyValid", `true`}}
		got, err := c.Check(csc.MethodList, []byte(b.String()))
		want := b[:1].with("onlyValid", "true").String()
		if credentialInfo == "null" {
			want = `{"onlyValid":true}`
		}
		if err != nil || string(got) != want {
			t.Errorf("credentialInfo %s: %s, %v; want %s", credentialInfo, got, err, want)
		}
	}
}

// Of several faults the first in the order of the contract is told, wherever
// they stand in the body.
func TestOneFaultAlwaysTheSame(t *testing.T) {
	c := contract(t)
	for m, base := range full {
		var faults []string // in the order of the contract, which is that of full
		broken := slices.Clone(base)
		for i, member := range base {
			f := fields[slices.IndexFunc(fields, func(f field) bool { return f.method == m && f.name == member.name })]
			if f.wrong != "" {
				broken[i].value = map[bool]string{false: "{}", true: "5"}[f.takes == "object"]
				faults = append(faults, f.wrong)
			}
		}
		for mended := 0; len(faults) > 0; mended++ {
			for range 40 {
				shuffled := slices.Clone(broken)
				rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				if _, err := c.Check(m, []byte(shuffled.String())); sentence(t, err) != faults[0] {
					t.Fatalf("%s: %s: %v; want %s", m, shuffled, err, faults[0])
				}
			}
			if broken[mended].value != base[mended].value {
				broken[mended].value = base[mended].value
				faults = faults[1:]
			}
		}
	}
}

// What is handed on has what counts, in the order of the contract, without
// nulls, and as it was written.
func TestCheckHandsOn(t *testing.T) {
	tests := []struct {
		says, in, want string
		method         csc.Method
	}{
		{"nothing for info", ``, `{}`, csc.MethodInfo},
		{"spaces around an empty object", "\n {\t} \r\n", `{}`, csc.MethodInfo},
		{"null is absence", `{"lang":null,"clientData":null}`, `{}`, csc.MethodList},
		{"the order of the contract", `{"lang":"ro","userID":"u"}`, `{"userID":"u","lang":"ro"}`, csc.MethodList},
		{"an unknown member, however deep", `{"x":[{"a":[null,1e400]}],"lang":"ro"}`, `{"lang":"ro"}`, csc.MethodInfo},
		{"another spelling is an unknown member", `{"credentialID":"a","CREDENTIALID":"b"}`, `{"credentialID":"a"}`, csc.MethodCredentialInfo},
		{"an escaped name is the name", `{"credential\u0049D":"a"}`, `{"credentialID":"a"}`, csc.MethodCredentialInfo},
		{"escapes in a value stay", `{"lang":"\u0072o"}`, `{"lang":"\u0072o"}`, csc.MethodInfo},
		{"a null inside a factor", `{"credentialID":"a","numSignatures":1,"authData":[{"value":null,"x":1,"id":"OTP"}, {"id":"B","value":"1"}]}`, `{"credentialID":"a","numSignatures":1,"authData":[{"id":"OTP"},{"id":"B","value":"1"}]}`, csc.MethodAuthorize},
		{"members of mode A, in mode A", `{"credentialID":"a","hashes":["YQ=="],"signAlgo":"x","validity_period":1,"operationMode":"\u0041"}`, `{"credentialID":"a","hashes":["YQ=="],"signAlgo":"x","operationMode":"\u0041","validity_period":1}`, csc.MethodSignHash},
		{"members of mode A", `{"credentialID":"a","hashes":["YQ=="],"signAlgo":"x","validity_period":-1,"response_uri":"not a uri"}`, `{"credentialID":"a","hashes":["YQ=="],"signAlgo":"x"}`, csc.MethodSignHash},
	}
	c := contract(t)
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			got, err := c.Check(test.method, []byte(test.in))
			if err != nil || string(got) != test.want {
				t.Errorf("%s: %s, %v; want %s", test.in, got, err, test.want)
			}
			if !json.Valid(got) {
				t.Errorf("%s is no JSON", got)
			}
		})
	}
}

func TestUnknownMethod(t *testing.T) {
	for _, m := range []csc.Method{"", "signatures/signhash", csc.MethodSendOTP} {
		_, err := contract(t).Check(m, []byte(`{}`))
		if _, told := errors.AsType[*csc.Error](err); err == nil || told {
			t.Errorf("%q: %v; want an error that is ours", m, err)
		}
	}
}
