package enrolment

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A column is a member of an Identity in a table.
type column struct {
	name string
	of   func(*Identity) *string
}

// columns are what the header of a table may name; the first four must be there.
var columns = []column{
	{"given_name", func(i *Identity) *string { return &i.GivenName }},
	{"family_name", func(i *Identity) *string { return &i.FamilyName }},
	{"email", func(i *Identity) *string { return &i.Email }},
	{"country", func(i *Identity) *string { return &i.Country }},
	{"phone", func(i *Identity) *string { return &i.Phone }},
	{"identifier", func(i *Identity) *string { return &i.Identifier }},
	{"locale", func(i *Identity) *string { return &i.Locale }},
	{"profile", func(i *Identity) *string { return &i.Profile }},
	{"reference", func(i *Identity) *string { return &i.Reference }},
}

const needed = 4

// The bounds of a table.
const (
	maxTable = 8 << 20
	maxRows  = 10_000
)

// A Row is a person in a table.
type Row struct {
	Line     int // in the file, from 1
	Identity Identity
}

// ReadTable reads people from CSV (RFC 4180) whose first row names the columns, in
// any order; a mark of byte order before it is passed over, and semicolons part the
// columns if the first row has no comma. Nothing is corrected: cells are as they
// are. All that is wrong with its form is told at once, by line.
func ReadTable(r io.Reader) ([]Row, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxTable+1))
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	first, _, _ := bytes.Cut(text, []byte("\n"))
	switch {
	case len(text) > maxTable:
		return nil, fmt.Errorf("%w: the table is longer than 8 MiB", ErrIdentity)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%w: the table is not in UTF-8", ErrIdentity)
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = -1 // so that all lines are told of
	if !bytes.ContainsRune(first, ',') && bytes.ContainsRune(first, ';') {
		reader.Comma = ';'
	}
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: no header: %w", ErrIdentity, err)
	}
	order, err := readHeader(header)
	if err != nil {
		return nil, err
	}
	return readRows(reader, order)
}

// readHeader finds the column of each cell.
func readHeader(header []string) (order []int, err error) {
	for _, cell := range header {
		at := slices.IndexFunc(columns, func(c column) bool { return c.name == cell })
		switch {
		case at < 0:
			return nil, fmt.Errorf("%w: line 1: no column is called %.40q", ErrIdentity, cell)
		case slices.Contains(order, at):
			return nil, fmt.Errorf("%w: line 1: column %s is there twice", ErrIdentity, cell)
		}
		order = append(order, at)
	}
	for i := range needed {
		if !slices.Contains(order, i) {
			return nil, fmt.Errorf("%w: line 1: column %s is missing", ErrIdentity, columns[i].name)
		}
	}
	return order, nil
}

func readRows(reader *csv.Reader, order []int) (rows []Row, err error) {
	var faults []error
	seen := map[string]int{}
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // which says the line; after it nothing can be trusted
			return nil, fmt.Errorf("%w: %w", ErrIdentity, errors.Join(append(faults, err)...))
		}
		line, _ := reader.FieldPos(0)
		row := Row{Line: line, Identity: Identity{Locale: "en"}}
		if len(cells) != len(order) {
			faults = append(faults, fmt.Errorf("line %d: %d cells, not %d", line, len(cells), len(order)))
			continue
		}
		for i, cell := range cells {
			if c := columns[order[i]]; cell != "" || c.name != "locale" {
				*c.of(&row.Identity) = cell
			}
		}
		address := strings.ToLower(row.Identity.Email)
		if before, twice := seen[address]; twice {
			faults = append(faults, fmt.Errorf("line %d: the address of line %d", line, before))
		}
		seen[address] = line
		if rows = append(rows, row); len(rows) > maxRows {
			return nil, fmt.Errorf("%w: the table has more than %d people", ErrIdentity, maxRows)
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, errors.Join(faults...))
	}
	return rows, nil
}
