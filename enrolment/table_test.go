package enrolment_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/enrolment"
)

const header = "given_name,family_name,email,country\n"

func TestReadTable(t *testing.T) {
	one := enrolment.Row{Line: 2, Identity: enrolment.Identity{GivenName: "Ștefan", FamilyName: "Demo", Email: "a@example.org", Country: "RO", Locale: "en"}}
	whole := enrolment.Row{Line: 2, Identity: demoSigner()}
	whole.Identity.Locale = "ro"
	for _, test := range []struct {
		says, text string
		want       []enrolment.Row
		fault      string
	}{
		{"the four columns", header + "Ștefan,Demo,a@example.org,RO\n", []enrolment.Row{one}, ""},
		{"no line end at the end", header + "Ștefan,Demo,a@example.org,RO", []enrolment.Row{one}, ""},
		{"as a spreadsheet writes it", "\ufeffgiven_name;family_name;email;country\r\nȘtefan;Demo;a@example.org;RO\r\n", []enrolment.Row{one}, ""},
		{"all columns, in another order", "locale,reference,profile,identifier,phone,country,email,family_name,given_name\n" +
			"ro,file 7,default,PNORO-1234567890123,+40700000000,RO,demo.signer@example.org,Signer,Demo\n", []enrolment.Row{whole}, ""},
		{"an empty language", "given_name,family_name,email,country,locale\nȘtefan,Demo,a@example.org,RO,\n", []enrolment.Row{one}, ""},
		{"nobody", header, nil, ""},
		{"nothing", "", nil, "no header"},
		{"no header", "Ștefan,Demo,a@example.org,RO\n", nil, `no column is called "Ștefan"`},
		{"a column that there is not", "given_name,family_name,email,country,e-mail\n", nil, `no column is called "e-mail"`},
		{"a column in capitals", "Given_name,family_name,email,country\n", nil, "no column is called"},
		{"a column twice", "given_name,family_name,email,country,email\n", nil, "twice"},
		{"a column too few", "given_name,family_name,email\n", nil, "column country is missing"},
		{"cells too few and too many, and an address twice", header + "a,b,c@example.org\na,b,d@example.org,RO\na,b,D@example.org,RO\na,b,c,d,e\n", nil,
			"line 2: 3 cells, not 4\nline 4: the address of line 3\nline 5: 5 cells, not 4"},
		{"a line that has lines", header + "\"a\nb\",c,d@example.org,RO\ne,f\n", nil, "line 4: 2 cells"},
		{"a quote in the middle", header + "a\"b,c,d,RO\n", nil, "line 2"},
		{"a quote that does not end", header + "\"a,b,c,RO\n", nil, "line"},
		{"no UTF-8", header + "\xff,b,c,RO\n", nil, "not in UTF-8"},
		{"too long", header + strings.Repeat("x", 8<<20), nil, "longer than 8 MiB"},
		{"too many", header + func() string {
			var b strings.Builder
			for n := range 10_001 {
				b.WriteString("a,b,x" + strings.Repeat("y", n%7) + string(rune('a'+n%26)) + "@" + strings.Repeat("z", n/182+1) + ",RO\n")
			}
			return b.String()
		}(), nil, "more than 10000"},
	} {
		rows, err := enrolment.ReadTable(strings.NewReader(test.text))
		if diff := cmp.Diff(test.want, rows); diff != "" && test.fault == "" {
			t.Errorf("%s (-want +got):\n%s", test.says, diff)
		}
		if (test.fault == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), test.fault) || !errors.Is(err, enrolment.ErrIdentity)) {
			t.Errorf("%s: %.300v", test.says, err)
		}
	}
}

// Whatever is read is as many people as it has rows, and each is judged.
func FuzzReadTable(f *testing.F) {
	f.Add(header + "Demo,Signer,a@example.org,RO\n")
	f.Add("\ufeffgiven_name;family_name;email;country;locale\r\n\"a\";b;c;d;\r\n")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := enrolment.ReadTable(strings.NewReader(text))
		if err != nil && !errors.Is(err, enrolment.ErrIdentity) {
			t.Fatal(err)
		}
		for _, row := range rows {
			i, err := h.Check(row.Identity)
			if err == nil && strings.ContainsAny(i.GivenName+i.FamilyName+i.Email+i.Identifier+i.Reference, "\x00\r\n") {
				t.Fatalf("%+v", i)
			}
			if row.Line < 2 {
				t.Fatalf("line %d", row.Line)
			}
		}
	})
}
