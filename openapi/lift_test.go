package openapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// bed is a rule with one member that is decoded apart.
func bed(t testing.TB) *Contract {
	t.Helper()
	c, err := load([]byte(`
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /info:
    post:
      responses: {'200': {description: d}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [list]
              properties:
                text: {type: string}
                list:
                  type: array
                  x-csc-error: {items: own}
                  items:
                    type: object
                    required: [document]
                    properties:
                      document: {type: string, format: byte, x-csc-apart: true, x-csc-error: {format: not Base64}}
                one:
                  type: object
                  properties:
                    document: {type: string, format: byte, x-csc-apart: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDocumentsAreDecodedApart(t *testing.T) {
	c := bed(t)
	long := bytes.Repeat([]byte("a document of many words "), 200_000)
	body := `{"list":[{"document":"` + base64.StdEncoding.EncodeToString(long) + `"},{"document" : "YQ=="}, {"docu\u006dent":"Yg=="}],` +
		`"one":{"document":"` + strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte("???>>>")), "/", `\/`) + `"},"text":"document","more":{"document":"***"}}`
	checked, documents, err := c.CheckFrom("info", strings.NewReader(body), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"text":"document","list":[{"document":""},{"document":""},{"document":""}],"one":{"document":""}}`; string(checked) != want {
		t.Errorf("%s", checked)
	}
	for i, want := range [][]byte{long, []byte("a"), []byte("b"), []byte("???>>>")} {
		if !bytes.Equal(documents[i], want) {
			t.Errorf("document %d is %.50q", i, documents[i])
		}
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	c := bed(t)
	for _, test := range []struct{ says, body, want string }{
		{"another character", `{"list":[{"document":"YQ=*"}]}`, "not Base64"},
		{"no padding", `{"list":[{"document":"YQ"}]}`, "not Base64"},
		{"padding in the middle", `{"list":[{"document":"YQ==YQ=="}]}`, "not Base64"},
		{"spare bits", `{"list":[{"document":"YR=="}]}`, "not Base64"},
		{"a line break", `{"list":[{"document":"YWFh\nYWFh"}]}`, "not Base64"},
		{"the alphabet of URLs", `{"list":[{"document":"_-8="}]}`, "not Base64"},
		{"an escape", `{"list":[{"document":"\u0059Q=="}]}`, "not Base64"},
		{"padding alone", `{"list":[{"document":"===="}]}`, "not Base64"},
		{"a number", `{"list":[{"document":5}]}`, "Missing (or invalid type) string parameter document"},
		{"none", `{"list":[{}]}`, "Missing (or invalid type) string parameter document"},
		{"twice", `{"list":[{"document":"YQ==","document":"YQ=="}]}`, csc.InvalidRequest.Description()},
		{"a control character in it", "{\"list\":[{\"document\":\"YQ\x01\"}]}", csc.InvalidRequest.Description()},
		{"an end in the middle", `{"list":[{"document":"YQ==`, csc.InvalidRequest.Description()},
		{"half an escape", `{"list":[{"document":"YQ\`, csc.InvalidRequest.Description()},
		{"two colons", `{"list":[{"document"::"YQ=="}]}`, csc.InvalidRequest.Description()},
		{"a name without a value", `{"list":[{"document"}]}`, csc.InvalidRequest.Description()},
		{"nonsense where nobody looks", "{\"list\":[],\"x\":{\"document\":\"YQ\x01\"}}", csc.InvalidRequest.Description()},
		{"nothing", ``, csc.InvalidRequest.Description()},
	} {
		_, _, err := c.CheckFrom("info", strings.NewReader(test.body), 1000)
		if told, ok := errors.AsType[*csc.Error](err); !ok || told.Description != test.want {
			t.Errorf("%s: %v, want %q", test.says, err, test.want)
		}
	}
}

// What is not a document is bounded, what is need not be: the body's own bound
// is another's.
func TestTheRestIsBounded(t *testing.T) {
	c := bed(t)
	for _, body := range []string{
		`{"text":"` + strings.Repeat("x", 1000) + `","list":[]}`,
		`{"list":[{"document":"*` + strings.Repeat("x", 1000) + `"}]}`,
		`{"list":[{"docu\u006dent":"` + strings.Repeat("YWFh", 300) + `"}]}`,
		strings.Repeat(" ", 1001),
	} {
		var large *TooLargeError
		if _, _, err := c.CheckFrom("info", strings.NewReader(body), 1000); !errors.As(err, &large) || large.Most != 1000 {
			t.Errorf("%.60s: %v", body, err)
		}
	}
}

// A broken connection is no fault of the body.
func TestReadersFailures(t *testing.T) {
	want := errors.New("hung up")
	_, _, err := bed(t).CheckFrom("info", broken{strings.NewReader(`{"list":[{"document":"YWFh`), want}, 1000)
	if !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
}

type broken struct {
	*strings.Reader
	err error
}

func (b broken) Read(p []byte) (int, error) {
	if b.Len() == 0 {
		return 0, b.err
	}
	return b.Reader.Read(p)
}

// Decoding documents apart says of a body what reading it in one piece does:
// taken or not, in the same words, with the same documents.
func FuzzLift(f *testing.F) {
	for _, seed := range []string{
		`{"list":[{"document":"YQ=="},{"document":"***"}]}`, `{"list":[{"document":"Y\/Q="}],"one":{"document":"YQ=="}}`,
		`{"text":"document","list":[]}`, `{"list":[{"document" : "YQ==" , "document":1}]}`, `{"list":[{"\u0064ocument":"YQ=="}]}`, `"document":"YQ=="`, `{"list":[{"document":"YQ\u003d="}]}`,
	} {
		f.Add([]byte(seed))
	}
	c := bed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		whole, wholeDocuments, wholeErr := c.check("info", body, nil)
		lifted, documents, err := c.CheckFrom("info", bytes.NewReader(body), 1<<20)
		if bytes.Contains(body, []byte(`\`)) && wholeErr == nil && err != nil {
			return // an escape in Base64 that nobody writes
		}
		if (err == nil) != (wholeErr == nil) || err != nil && sameFault(err) != sameFault(wholeErr) {
			t.Fatalf("%q: apart %v, whole %v", body, err, wholeErr)
		}
		if !bytes.Equal(lifted, whole) || len(documents) != len(wholeDocuments) {
			t.Fatalf("%q: apart %s with %d documents, whole %s with %d", body, lifted, len(documents), whole, len(wholeDocuments))
		}
		for i := range documents {
			if !bytes.Equal(documents[i], wholeDocuments[i]) {
				t.Fatalf("%q: document %d is %q apart and %q whole", body, i, documents[i], wholeDocuments[i])
			}
		}
		if err == nil && !json.Valid(lifted) {
			t.Fatalf("%q: %q is no JSON", body, lifted)
		}
	})
}

func sameFault(err error) string {
	if told, ok := errors.AsType[*csc.Error](err); ok {
		return told.Description
	}
	return err.Error()
}
