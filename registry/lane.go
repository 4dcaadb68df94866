package registry

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// A lane is a way into the database for as many at once as it has turns. A
// database that is busy and one that is away differ in whether turns come: so
// the wait for a turn is long, and the wait for an answer is short.
type lane struct {
	db     *bun.DB
	turns  chan struct{}
	queue  time.Duration                       // longest wait for a turn
	answer time.Duration                       // longest wait for an answer
	told   func(took time.Duration, err error) // of every question; nil for nobody

	// prepares says that a statement is worth keeping: SQLite reads it anew each
	// time otherwise, which takes longer than to answer it.
	prepares bool
	mu       sync.Mutex
	prepared map[string]*sql.Stmt
}

func newLane(db *bun.DB, turns int, queue, answer time.Duration) *lane {
	db.SetMaxOpenConns(turns)
	db.SetMaxIdleConns(turns)
	return &lane{db: db, turns: make(chan struct{}, turns), queue: queue, answer: answer}
}

var errBusy = errors.New("too many wait")

// do calls f when it is its turn and sorts its error.
func (l *lane) do(ctx context.Context, f func(context.Context, *bun.DB) error) error {
	return l.turn(ctx, func() error {
		soon, cancel := context.WithTimeout(ctx, l.answer)
		defer cancel()
		return f(soon, l.db)
	})
}

// turn is do for what takes no longer than it takes.
func (l *lane) turn(ctx context.Context, f func() error) (err error) {
	defer l.tell(time.Now(), &err)
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer func() { <-l.turns }()
	return sorted(ctx, f())
}

// enter waits for a turn.
func (l *lane) enter(ctx context.Context) error {
	select {
	case l.turns <- struct{}{}:
		return nil
	default: // others have them all
	}
	queue := time.NewTimer(l.queue)
	defer queue.Stop()
	select {
	case l.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-queue.C:
		return &UnavailableError{Cause: errBusy}
	}
}

// count is do for a statement that changes rows; it returns how many.
func (l *lane) count(ctx context.Context, query string, args ...any) (rows int64, err error) {
	err = l.do(ctx, func(ctx context.Context, db *bun.DB) error {
		result, err := db.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	return rows, err
}

// insert keeps a new row, which is a pointer to one of a table's.
func (l *lane) insert(ctx context.Context, row any) error {
	return l.do(ctx, func(ctx context.Context, db *bun.DB) error {
		_, err := db.NewInsert().Model(row).Exec(ctx)
		return err
	})
}

// hold calls f when it is its turn, however long it takes. Its errors are not
// sorted.
func (l *lane) hold(ctx context.Context, f func(*bun.DB) error) error {
	select {
	case l.turns <- struct{}{}:
		defer func() { <-l.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return f(l.db)
}

// row asks for one row, by one of a few texts that are always the same.
//
// SQLite is asked without a way to interrupt it. It waits for nobody when it
// reads a write-ahead log, and an interruption would not reach it in the one
// thing that can take long, which is the disk; the two goroutines that stand by
// to interrupt took a fifth of the time.
func (l *lane) row(ctx context.Context, query string, args []any, into ...any) error {
	if !l.prepares {
		return l.do(ctx, func(ctx context.Context, db *bun.DB) error {
			return db.QueryRowContext(ctx, query, args...).Scan(into...)
		})
	}
	return l.turn(ctx, func() error {
		statement, err := l.statement(ctx, query)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		return statement.QueryRowContext(context.WithoutCancel(ctx), args...).Scan(into...)
	})
}

// statement is the prepared form of a text. It is closed with the database.
func (l *lane) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.prepared[query]; s != nil {
		return s, nil
	}
	s, err := l.db.DB.PrepareContext(ctx, query)
	if err == nil {
		if l.prepared == nil {
			l.prepared = map[string]*sql.Stmt{}
		}
		l.prepared[query] = s
	}
	return s, err
}
