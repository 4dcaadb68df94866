package registry

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// A kind is what a column holds in the portable form.
type kind int

const (
	text   kind = iota
	binary      // Base64, or null
	truth
	number
)

type field struct {
	name string
	kind kind
}

// A relation is a table as backups have it: its columns, of which the first
// keys are the primary key.
type relation struct {
	name   string
	keys   int
	fields []field
}

// relations are the tables that a backup has, those first that others refer
// to. Refresh tokens are not among them: one that was used since would be good
// again after a restore.
var relations = []relation{
	{"users", 1, []field{
		{"id", text}, {"email", text}, {"given_name", text}, {"family_name", text}, {"country", text},
		{"locale", text}, {"password_hash", text}, {"secret", binary}, {"disabled", truth},
		{"created", number}, {"last_step", number},
	}},
	{"attempts", 2, []field{
		{"user_id", text}, {"factor", text}, {"began", number}, {"failures", number}, {"in_row", number},
		{"locked", truth},
	}},
	{"credentials", 1, []field{
		{"id", text}, {"user_id", text}, {"description", text}, {"key_id", binary}, {"key_spec", text},
		{"certificates", text}, {"qualifier", text}, {"scal", text}, {"multisign", number}, {"mode", text},
		{"pkcs1v15", truth}, {"disabled", truth}, {"revoked", truth}, {"created", number},
	}},
	{"clients", 1, []field{
		{"id", text}, {"name", text}, {"verifiers", text}, {"redirect_uris", text}, {"grants", text},
		{"scopes", text}, {"disabled", truth}, {"created", number}, {"profile", text}, {"auth_method", text},
		{"jwks", binary}, {"tls_name", text}, {"require_par", truth}, {"bound", text}, {"logo", text},
		{"tokens_after", number},
	}},
	{"links", 2, []field{{"client_id", text}, {"user_id", text}}},
	{"heads", 1, []field{
		{"log", text}, {"seq", number}, {"hash", text}, {"at", text}, {"signature", binary},
	}},
}

// A Row is a row of a table, by column: a string, a bool, an int64, or bytes,
// which may be nil. It is the same on every database.
type Row struct {
	Table  string
	Values map[string]any
}

// Tables are the tables of Export and Import, in their order.
func Tables() []string {
	var names []string
	for _, t := range relations {
		names = append(names, t.name)
	}
	return names
}

func relationOf(table string) (relation, error) {
	at := slices.IndexFunc(relations, func(t relation) bool { return t.name == table })
	if at < 0 {
		return relation{}, fmt.Errorf("no table %q", table)
	}
	return relations[at], nil
}

// Text is the row as one line of JSON, without a newline: its columns in the
// order of the table, bytes in Base64. Equal rows have equal texts.
func (r Row) Text() ([]byte, error) {
	t, err := relationOf(r.Table)
	if err != nil {
		return nil, err
	}
	line := []byte{'{'}
	for i, f := range t.fields {
		value, err := f.kind.encode(r.Values[f.name])
		if err != nil {
			return nil, fmt.Errorf("column %s.%s: %w", t.name, f.name, err)
		}
		if i > 0 {
			line = append(line, ',')
		}
		line = append(strconv.AppendQuote(line, f.name), ':')
		line = append(line, value...)
	}
	return append(line, '}'), nil
}

var errKind = errors.New("a value of another kind")

func (k kind) encode(value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		if k != text || !plain(v) {
			return nil, errKind
		}
		return json.Marshal(v)
	case []byte:
		if k != binary {
			return nil, errKind
		}
		return json.Marshal(v)
	case bool:
		if k != truth {
			return nil, errKind
		}
		return strconv.AppendBool(nil, v), nil
	case int64:
		if k != number {
			return nil, errKind
		}
		return strconv.AppendInt(nil, v, 10), nil
	}
	return nil, errKind
}

// ParseRow reads what Text wrote, and refuses any other text.
func ParseRow(table string, line []byte) (Row, error) {
	t, err := relationOf(table)
	if err != nil {
		return Row{}, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return Row{}, fmt.Errorf("a row of %s is not JSON", table)
	}
	row := Row{Table: table, Values: make(map[string]any, len(t.fields))}
	for _, f := range t.fields {
		if row.Values[f.name], err = f.kind.decode(raw[f.name]); err != nil {
			return Row{}, fmt.Errorf("column %s.%s: %w", table, f.name, err)
		}
	}
	again, err := row.Text()
	if err != nil || !bytes.Equal(again, line) {
		return Row{}, fmt.Errorf("a row of %s is not in its one form", table)
	}
	return row, nil
}

func (k kind) decode(value json.RawMessage) (any, error) {
	switch k {
	case text:
		return decoded[string](value)
	case truth:
		return decoded[bool](value)
	case number:
		return decoded[int64](value)
	case binary:
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
