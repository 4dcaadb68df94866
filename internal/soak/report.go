// Package soak hurts a whole server and judges it from outside: it kills it at
// its tenderest points, takes its stores, device and disk away, turns its
// clock, and has many contend for one authorization. The judge of how many
// signatures there are is the counting module behind the server's back.
//
// The tests are short with make test and long with make soak, which sets their
// flags. Each leaves its line of docs/reliability.md in build/soak.
package soak

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Row is a line of docs/reliability.md: what one fault did.
type Row struct {
	Group     string        `json:"group"`     // crash, loss, race or overload
	Fault     string        `json:"fault"`     // what was done to the server
	Tries     int           `json:"tries"`     // how often
	Saw       string        `json:"saw"`       // by the client
	Recovered time.Duration `json:"recovered"` // the longest, 0 where there is nothing to recover
	Lost      string        `json:"lost"`      // of what was authorized, or nothing
	Excess    int           `json:"excess"`    // signatures beyond what was authorized; 0 or the campaign failed
}

// Record keeps a row in folder until the table is made.
func Record(folder string, r Row) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(r.Group+" "+r.Fault))
	if err := os.WriteFile(filepath.Join(folder, name+".json"), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("record %s: %w", r.Fault, err)
	}
	return nil
}
