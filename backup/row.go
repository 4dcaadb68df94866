package backup

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Kind is what a column holds.
type Kind int

// The kinds of columns, and what they are in Go and in JSON.
const (
	Text   Kind = iota // a string
	Binary             // []byte; Base64, or null
	Truth              // a bool
	Number             // an int64
)

// A Column is one of a Table.
type Column struct {
	Name string
	Kind Kind
}

// A Table is a table of the registry as backups have it.
type Table struct {
	Name    string
	Keys    int // so many columns, the first ones, are its primary key
	Since   int // the form of backups that had it first
	Columns []Column
}

// Tables are what a backup has of a registry, those first that others refer to.
// What the registry has beside them is in Absences.
func Tables() []Table { return append(firstTables(), laterTables()...) }

// firstTables are those that backups had from the beginning.
func firstTables() []Table {
	return []Table{
		{"users", 1, 1, []Column{
			{"id", Text}, {"email", Text}, {"given_name", Text}, {"family_name", Text}, {"country", Text},
			{"locale", Text}, {"password_hash", Text}, {"secret", Binary}, {"disabled", Truth},
			{"created", Number}, {"last_step", Number}, {"pin_hash", Text}, {"phone", Text}, {"phone_set", Number},
			{"stamp", Text}, {"organization", Text}, {"identifier", Text}, {"signs_from", Number},
		}},
		{"attempts", 2, 1, []Column{
			{"user_id", Text}, {"factor", Text}, {"began", Number}, {"failures", Number}, {"in_row", Number},
			{"locked", Truth},
		}},
		{"credentials", 1, 1, []Column{
			{"id", Text}, {"user_id", Text}, {"description", Text}, {"key_id", Binary}, {"key_spec", Text},
			{"certificates", Text}, {"qualifier", Text}, {"scal", Text}, {"multisign", Number}, {"mode", Text},
			{"pkcs1v15", Truth}, {"disabled", Truth}, {"revoked", Truth}, {"created", Number},
			{"factors", Text}, {"extendable", Truth},
			{"deleted", Number}, {"reason", Number},
			{"serial", Text}, {"suspended", Number}, {"revoked_at", Number},
		}},
		{"clients", 1, 1, []Column{
			{"id", Text}, {"name", Text}, {"verifiers", Text}, {"redirect_uris", Text}, {"grants", Text},
			{"scopes", Text}, {"disabled", Truth}, {"created", Number}, {"profile", Text}, {"auth_method", Text},
			{"jwks", Binary}, {"tls_name", Text}, {"require_par", Truth}, {"bound", Text}, {"logo", Text},
			{"tokens_after", Number}, {"require_jar", Truth}, {"managed", Text}, {"revision", Number}, {"resource_server", Truth},
			{"response_uris", Text},
		}},
		{"links", 2, 1, []Column{{"client_id", Text}, {"user_id", Text}}},
		{"accounts", 2, 1, []Column{{"client_id", Text}, {"account", Text}, {"user_id", Text}}},
		{"account_keys", 2, 1, []Column{{"client_id", Text}, {"verifier", Text}, {"sealed", Binary}}},
		{"heads", 1, 1, []Column{
			{"log", Text}, {"seq", Number}, {"hash", Text}, {"at", Text}, {"signature", Binary},
		}},
		{"serials", 1, 1, []Column{{"name", Text}, {"last", Number}}},
	}
}

// laterTables are those that came with other forms.
func laterTables() []Table {
	return []Table{
		{"enrolments", 1, 2, []Column{
			{"id", Text}, {"user_id", Text}, {"identity", Text}, {"inviter", Text}, {"request", Text}, {"state", Text},
			{"replaces", Truth}, {"credential_id", Text}, {"created", Number}, {"changed", Number}, {"revision", Number},
			{"pair_hash", Text}, {"pair_until", Number}, {"pair_used", Truth},
			{"active_hash", Text}, {"active_until", Number}, {"active_used", Truth},
			{"progress", Text}, {"notice_uri", Text}, {"due", Number}, {"tries", Number},
		}},
		{"receipts", 1, 2, []Column{
			{"id", Text}, {"user_id", Text}, {"credential_id", Text}, {"name", Binary}, {"salt", Binary},
			{"brought", Text}, {"signed", Text}, {"at", Number},
		}},
		{"issuances", 1, 3, []Column{
			{"serial", Text}, {"credential_id", Text}, {"user_id", Text}, {"key_id", Binary}, {"begun", Number},
			{"abandoned", Truth}, {"revoked_at", Number}, {"reason", Number},
		}},
		{"issued", 1, 4, []Column{{"serial", Text}, {"at", Number}}},
	}
}

// An Absence is a table of the registry that no backup has.
type Absence struct {
	Table string
	Why   string // and what comes of it, for whoever restores
}

// Absences are what backups leave out on purpose.
func Absences() []Absence {
	return []Absence{
		{"refreshes", "a refresh token that was used since would be good again: users log in again"},
		{"invitations", "one that clients used up since would be good again: invite them again"},
		{"permissions", "given under stamps that nobody has any more: users agree again"},
		{"sessions", "begun under stamps that nobody has any more: signers log in again"},
		{"jobs", "requests of mode A, which are forgotten within a day: applications ask again"},
		{"documents", "deleted in time, which no copy may outlive: signers add again what is not signed yet"},
		{"batches", "of documents, which are not there: signers choose again"},
		{"credential_notices", "mails that were still to leave: they went since, or tell of what may not be so any more"},
	}
}

// A Row is a row of a table, by column: a string, a bool, an int64, or bytes,
// which may be nil. It is the same on every database.
type Row struct {
	Table  string
	Values map[string]any
}

// TableOf is the table with that name.
func TableOf(name string) (Table, error) {
	all := Tables()
	at := slices.IndexFunc(all, func(t Table) bool { return t.Name == name })
	if at < 0 {
		return Table{}, fmt.Errorf("no table %q", name)
	}
	return all[at], nil
}

// Text is the row as one line of JSON, without a newline: its columns in the
// order of the table, bytes in Base64. Equal rows have equal texts.
func (r Row) Text() ([]byte, error) {
	t, err := TableOf(r.Table)
	if err != nil {
		return nil, err
	}
	line := []byte{'{'}
	for i, f := range t.Columns {
		value, err := f.Kind.encode(r.Values[f.Name])
		if err != nil {
			return nil, fmt.Errorf("column %s.%s: %w", t.Name, f.Name, err)
		}
		if i > 0 {
			line = append(line, ',')
		}
		line = append(strconv.AppendQuote(line, f.Name), ':')
		line = append(line, value...)
	}
	return append(line, '}'), nil
}

var errKind = errors.New("a value of another kind")

func (k Kind) encode(value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		if k != Text || !plain(v) {
			return nil, errKind
		}
		return json.Marshal(v)
	case []byte:
		if k != Binary {
			return nil, errKind
		}
		return json.Marshal(v)
	case bool:
		if k != Truth {
			return nil, errKind
		}
		return strconv.AppendBool(nil, v), nil
	case int64:
		if k != Number {
			return nil, errKind
		}
		return strconv.AppendInt(nil, v, 10), nil
	}
	return nil, errKind
}

// ParseRow reads what Text wrote, and refuses any other text.
func ParseRow(table string, line []byte) (Row, error) {
	t, err := TableOf(table)
	if err != nil {
		return Row{}, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return Row{}, fmt.Errorf("a row of %s is not JSON", table)
	}
	row := Row{Table: table, Values: make(map[string]any, len(t.Columns))}
	for _, f := range t.Columns {
		if row.Values[f.Name], err = f.Kind.decode(raw[f.Name]); err != nil {
			return Row{}, fmt.Errorf("column %s.%s: %w", table, f.Name, err)
		}
	}
	again, err := row.Text()
	if err != nil || !bytes.Equal(again, line) {
		return Row{}, fmt.Errorf("a row of %s is not in its one form", table)
	}
	return row, nil
}

func (k Kind) decode(value json.RawMessage) (any, error) {
	switch k {
	case Text:
		return decoded[string](value)
	case Truth:
		return decoded[bool](value)
	case Number:
		return decoded[int64](value)
	case Binary:
		if string(value) == "null" {
			return []byte(nil), nil
		}
		encoded, err := decoded[string](value)
		if err != nil {
			return nil, err
		}
		b, err := base64.StdEncoding.DecodeString(encoded.(string))
		if err != nil {
			return nil, errKind
		}
		return b, nil
	}
	return nil, errKind
}

// decoded says nothing of a value that it cannot read: it may be a secret.
func decoded[T any](value json.RawMessage) (any, error) {
	var v T
	if err := json.Unmarshal(value, &v); err != nil {
		return nil, errKind
	}
	return v, nil
}

// plain reports whether both databases keep the text.
func plain(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
