package backup

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pecete/pecete/audit"
)

// A Restorer puts a backup back.
type Restorer struct {
	Archive  *Archive
	Registry Store
	// Folder is where the audit logs belong. Logs that are there already stay,
	// if the backup's are what they begin with.
	Folder string
	// Others are folders with logs that survived elsewhere, newer than the
	// backup's.
	Others []string
	Signer audit.HeadSigner
	Key    *ecdsa.PublicKey // the Signer's
	Now    func() time.Time
}

// A Report says what a restore did, or would do.
type Report struct {
	Made time.Time `json:"made"` // the backup
	// Until is the time of the last record of all logs.
	Until time.Time `json:"until"`
	// Changes are what the logs forbid and the backup allowed.
	Changes []string `json:"changes"`
	// Lost are what the logs say was added and the backup does not have.
	Lost []string `json:"lost"`
	// LeftOut are the tables that the backup does not have, and why.
	LeftOut []string `json:"leftOut"`
	// Faults are those that the logs had when the backup was taken, Missing the
	// logs that it did not have, Findings what the audit finds in the rest.
	Faults   []string `json:"faults"`
	Missing  []string `json:"missing"`
	Findings []string `json:"findings"`
}

// Check verifies everything that Restore would, the logs and the rows, and says
// what it would do. It needs no empty registry and changes nothing.
func (r Restorer) Check(ctx context.Context) (Report, error) {
	s, report, err := r.prepare()
	if err != nil {
		return Report{}, err
	}
	defer s.clear()
	err = r.rows(s.later, func(Row) error { return ctx.Err() })
	return report.with(s.later), err
}

// Restore fills an empty registry and puts the logs into their folder: all of
// it or, with an error, nothing, but for logs, which a second try finds in their
// places. Then the registry forbids what the logs forbid, has no refresh tokens,
// and keeps the heads that the logs end with; a log of its own says that it was
// restored.
func (r Restorer) Restore(ctx context.Context) (Report, error) {
	if err := r.Registry.Empty(ctx); err != nil {
		return Report{}, err
	}
	s, report, err := r.prepare()
	if err != nil {
		return Report{}, err
	}
	defer s.clear()
	if err := s.idle(); err != nil {
		return Report{}, err
	}
	err = r.Registry.Import(ctx, func(add func(Row) error) error {
		if err := r.rows(s.later, add); err != nil {
			return err
		}
		if err := s.place(); err != nil {
			return err
		}
		head, err := r.record(ctx)
		if err != nil {
			return err
		}
		return r.heads(s.later, head, add)
	})
	if err != nil {
		return Report{}, fmt.Errorf("restore: %w", err)
	}
	return report.with(s.later), nil
}

// with adds what is known only when the rows were read.
func (r Report) with(l *later) Report {
	r.Changes, r.Lost = append([]string{}, l.changes...), l.lost()
	slices.Sort(r.Changes)
	return r
}

// prepare verifies the logs.
func (r Restorer) prepare() (*stage, Report, error) {
	switch schema, err := r.Registry.Schema(); {
	case err != nil:
		return nil, Report{}, err
	case schema != r.Archive.Schema:
		return nil, Report{}, fmt.Errorf("the backup has a registry of form %d and this program makes form %d: restore with the program that made it, %s, and upgrade then",
			r.Archive.Schema, schema, r.Archive.Program)
	}
	s, err := r.stage()
	if err != nil {
		return nil, Report{}, err
	}
	report, err := r.judge(s)
	if err != nil {
		s.clear()
		return nil, Report{}, err
	}
	return s, report, nil
}

func (r Restorer) judge(s *stage) (Report, error) {
	kept, err := r.Archive.heads()
	if err != nil {
		return Report{}, err
	}
	report := Report{
		Made: r.Archive.Made, LeftOut: r.Archive.leftOut(), Faults: []string{}, Missing: []string{}, Findings: []string{},
	}
	read := func(rec audit.Record) {
		s.later.read(rec)
		if rec.Time.After(report.Until) {
			report.Until = rec.Time
		}
	}
	found, err := audit.ReadFolder(s.final, []*ecdsa.PublicKey{r.Key}, kept, read)
	if err != nil {
		return Report{}, err
	}
	for _, f := range found.Files {
		if f.Fault == nil {
			continue
		}
		name := filepath.Base(f.Path)
		known := slices.ContainsFunc(r.Archive.Logs, func(c LogCopy) bool { return c.Name == name && c.Fault == f.Fault.Error() })
		if !known {
			return Report{}, fmt.Errorf("%w: %s: %w", ErrLogs, name, f.Fault)
		}
		report.Faults = append(report.Faults, name+": "+f.Fault.Error())
	}
	for _, h := range found.Missing {
		if !slices.Contains(r.Archive.Missing, h.Log) {
			return Report{}, fmt.Errorf("%w: the log %s is missing", ErrLogs, h.Log)
		}
		report.Missing = append(report.Missing, h.Log)
	}
	for _, finding := range found.Findings {
		report.Findings = append(report.Findings, finding.String())
	}
	return report, nil
}

// rows adds the rows of the backup as the logs allow them.
func (r Restorer) rows(l *later, add func(Row) error) error {
	return r.Archive.rows(func(row Row) error {
		if !l.hold(row) {
			return nil
		}
		return add(row)
	}, func(table string) error {
		for _, row := range l.over(table) {
			if err := add(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// record opens a log that tells of the restore and closes it again.
func (r Restorer) record(ctx context.Context) (audit.Head, error) {
	now := r.Now().UTC()
	keeper := &keeper{}
	log, err := audit.Open(ctx, audit.Config{
		Path:   filepath.Join(r.Folder, now.Format("restore-20060102T150405.000000Z")+".log"),
		Signer: r.Signer, Keys: []*ecdsa.PublicKey{r.Key}, Keeper: keeper, Now: r.Now,
	})
	if err != nil {
		return audit.Head{}, err
	}
	err = log.Append(ctx, audit.Entry{
		Event: audit.RegistryRestored, Hashes: []string{r.Archive.Mark},
		Reason: "from the backup of " + r.Archive.Made.Format(time.RFC3339),
	})
	err = errors.Join(err, log.Close(ctx), keeper.missing())
	return keeper.head, err
}

// A keeper keeps the head until the registry can.
type keeper struct {
	mu   sync.Mutex
	head audit.Head
}

func (k *keeper) KeepHead(_ context.Context, h audit.Head) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.head = h
	return nil
}

func (k *keeper) LastHead(context.Context, string) (audit.Head, bool, error) {
	return audit.Head{}, false, nil
}

func (k *keeper) missing() error {
	if k.head.Log == "" {
		return errors.New("the log of the restore has no head")
	}
	return nil
}

// heads adds the heads that the logs end with, and those of missing logs.
func (r Restorer) heads(l *later, own audit.Head, add func(Row) error) error {
	kept, err := r.Archive.heads()
	if err != nil {
		return err
	}
	last := maps.Clone(l.heads)
	last[own.Log] = own
	for _, h := range kept {
		if last[h.Log].Seq < h.Seq {
			last[h.Log] = h
		}
	}
	for _, log := range slices.Sorted(maps.Keys(last)) {
		if err := add(rowOf(last[log])); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder has a folder's names on the disk.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
