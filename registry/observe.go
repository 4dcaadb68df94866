package registry

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// The lanes, for whoever observes them. PostgreSQL has one for everything.
const (
	LaneRead  = "read"
	LaneWrite = "write"
	LaneBoth  = "both"
)

// LaneStats is how a lane stands.
type LaneStats struct {
	Lane  string
	InUse int // connections at work now
	Most  int // that there can be
}

// Stats is for whoever watches the registry.
func (r *Registry) Stats() []LaneStats {
	var all []LaneStats
	for name, l := range r.lanes() {
		all = append(all, LaneStats{Lane: name, InUse: len(l.turns), Most: cap(l.turns)})
	}
	return all
}

func (r *Registry) lanes() map[string]*lane {
	if r.read == r.write {
		return map[string]*lane{LaneBoth: r.write}
	}
	return map[string]*lane{LaneRead: r.read, LaneWrite: r.write}
}

func (r *Registry) watch(observe func(string, time.Duration, error)) {
	for name, l := range r.lanes() {
		l.told = func(took time.Duration, err error) { observe(name, took, err) }
	}
	if r.answers != nil { // whether one is still good is a question too
		r.answers.lane.told = r.read.told
	}
}

func (l *lane) tell(begun time.Time, err *error) {
	if l.told != nil {
		l.told(time.Since(begun), failure(*err))
	}
}

// failure is err unless it is an answer, or the end of the caller's context.
func failure(err error) error {
	for _, answer := range []error{sql.ErrNoRows, errUnique, errForeign, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, answer) {
			return nil
		}
	}
	return err
}
