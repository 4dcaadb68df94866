package registry

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// mostAnswers is how many answers are kept at a time: some 8 MB of them.
const mostAnswers = 2048

// answers keeps what each signature asks of a SQLite file for as long as nothing
// at all is committed to it. Whether that is so is asked every time, on a
// connection that asks nothing else: PRAGMA data_version is another number there
// once any other connection, of this process or of another one, has committed.
// So what is answered from here is what the question itself would have been
// answered at that moment, in a fifth of the time. PostgreSQL tells no such
// number: a Registry of it has nil answers, and asks.
type answers struct {
	lane *lane // of the one connection

	// Whoever has the lane's only turn has these.
	conn    *sql.Conn // nil before the first question and after an error
	version statement // of conn; nil with it
	opened  uint64    // connections

	mu   sync.Mutex
	next *look // not begun, nil if nobody wants one
	at   state // of kept
	kept map[question]any
}

// A look at the file's state is shared by all who wanted to know it before it
// began.
type look struct {
	done  chan struct{}
	found state // once done is closed, as is err
	err   error
}

// A statement is one of a driver's, past database/sql.
type statement interface {
	driver.Stmt
	driver.StmtQueryContext
}

// A state is that of the file as a connection numbers them. It only ever goes up.
type state struct {
	opened  uint64
	version int64
}

func (s state) before(other state) bool {
	return s.opened < other.opened || s.opened == other.opened && s.version < other.version
}

// A question is one text of a few, and its arguments.
type question struct{ query, first, second string }

// lately answers q with what is kept, or has ask answer it. What it returns may
// be shared with others.
func lately[T any](ctx context.Context, a *answers, q question, ask func() (T, error)) (T, error) {
	if a == nil {
		return ask()
	}
	now, err := a.state(ctx)
	if err != nil { // which ask meets again, and sorts
		return ask()
	}
	if known, ok := a.find(now, q).(T); ok {
		return known, nil
	}
	answer, err := ask()
	if err == nil {
		a.keep(now, q, answer)
	}
	return answer, err
}

// find is what is kept of a state, nil if that is nothing.
func (a *answers) find(now state, q question) any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at.before(now) {
		a.at, a.kept = now, nil
	}
	if a.at != now {
		return nil // somebody was slow
	}
	return a.kept[q]
}

// keep keeps an answer that was asked for after now was. If something was
// committed in between it is of a later state, and gone with the next question.
func (a *answers) keep(now state, q question, answer any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at != now {
		return
	}
	if a.kept == nil || len(a.kept) >= mostAnswers {
		a.kept = map[question]any{} // what is asked for again comes back
	}
	a.kept[q] = answer
}

// now is the state of the file at a moment after it is asked for. One of those
// who come together looks for all.
func (a *answers) now(ctx context.Context) (state, error) {
	if err := ctx.Err(); err != nil {
		return state{}, err
	}
	l, first := a.joined()
	if first {
		a.look(ctx, l)
		return l.found, l.err
	}
	select {
	case <-l.done:
		return l.found, l.err
	case <-ctx.Done():
		return state{}, ctx.Err()
	}
}

// joined is the next look, and whether whoever asks has to begin it.
func (a *answers) joined() (l *look, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next != nil {
		return a.next, false
	}
	a.next = &look{done: make(chan struct{})}
	return a.next, true
}

// begun ends the time in which others may still join l.
func (a *answers) begun(l *look) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == l {
		a.next = nil
	}
}

// look looks, for all who joined l. Whoever could run now and wants the same is
// let come first. It does not end with the request that happens to begin it.
func (a *answers) look(ctx context.Context, l *look) {
	defer close(l.done)
	defer a.begun(l)
	ctx = context.WithoutCancel(ctx)
	runtime.Gosched()
	l.err = a.lane.turn(ctx, func() error {
		a.begun(l)
		if a.conn == nil {
			if err := a.connect(ctx); err != nil {
				return err
			}
		}
		l.found.opened = a.opened
		err := a.conn.Raw(func(any) (err error) {
			l.found.version, err = number(a.version)
			return err
		})
		if err != nil {
			a.hangUp()
		}
		return err
	})
}

// connect opens the connection. It numbers anew.
func (a *answers) connect(ctx context.Context) (err error) {
	if a.conn, err = a.lane.db.DB.Conn(ctx); err != nil {
		a.conn = nil
		return err
	}
	a.opened++
	err = a.conn.Raw(func(c any) error {
		direct, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("a connection is a %T", c)
		}
		s, err := direct.PrepareContext(ctx, "PRAGMA data_version")
		if err != nil {
			return err
		}
		if a.version, ok = s.(statement); !ok {
			return errors.Join(fmt.Errorf("a statement is a %T", s), s.Close())
		}
		return nil
	})
	if err != nil {
		a.hangUp()
	}
	return err
}

// hangUp gives the connection up, and with it the statement, whose errors were
// told.
func (a *answers) hangUp() {
	if a.version != nil {
		_ = a.version.Close()
	}
	_ = a.conn.Raw(func(any) error { return driver.ErrBadConn }) // which closes it
	_ = a.conn.Close()
	a.conn, a.version = nil, nil
}

// number asks for one number, past database/sql, which would take most of the
// time.
func number(s statement) (int64, error) {
	rows, err := s.QueryContext(context.Background(), nil)
	if err != nil {
		return 0, err
	}
	row := []driver.Value{nil}
	err = rows.Next(row)
	if ended := rows.Close(); err == nil {
		err = ended
	}
	if err != nil {
		return 0, err
	}
	n, ok := row[0].(int64)
	if !ok {
		return 0, fmt.Errorf("a number is a %T", row[0])
	}
	return n, nil
}

// close ends the connection, once nobody asks on it.
func (a *answers) close() error {
	if a == nil {
		return nil
	}
	a.lane.turns <- struct{}{}
	defer func() { <-a.lane.turns }()
	if a.conn != nil {
		a.hangUp()
	}
	return a.lane.db.Close()
}
