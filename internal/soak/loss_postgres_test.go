package soak

import (
	"fmt"
	"testing"
	"time"
)

// What becomes of the server when its PostgreSQL is gone, hangs, hangs up or
// takes no more writes.
func TestLossOfPostgres(t *testing.T) {
	w := build(t, plan{stores: true, signers: 12})
	// Whatever is done to the server, we may write.
	writable := w.database + "&options=-c%20default_transaction_read_only%3Doff"
	admin := func(statement string) { w.postgres.Query(writable, statement) }
	faults := []fault{
		{name: "PostgreSQL killed and started again", essential: true, bites: everything, do: func(w *town) func() {
			w.postgres.Kill9()
			return w.postgres.Restart
		}},
		{name: "PostgreSQL shut down at once and started again", bites: everything, do: func(w *town) func() {
			w.postgres.Quit()
			return w.postgres.Restart
		}},
		{name: "PostgreSQL stopped for 3 s, its connections open", essential: true, bites: everything, hold: 3 * time.Second, do: func(w *town) func() {
			w.postgres.Freeze()
			return w.postgres.Thaw
		}},
		{name: "all connections to PostgreSQL ended, ten times", hold: time.Millisecond, do: func(w *town) func() {
			for range 10 {
				admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pecete'")
				time.Sleep(50 * time.Millisecond)
			}
			return func() {}
		}},
		{name: "PostgreSQL takes no writes", essential: true, hold: 10 * time.Millisecond, do: func(w *town) func() {
			admin("ALTER SYSTEM SET default_transaction_read_only = on")
			admin("SELECT pg_reload_conf()")
			time.Sleep(time.Second) // until all of its processes know
			w.cannotAgree()
			return func() {
				admin("ALTER SYSTEM RESET default_transaction_read_only")
				admin("SELECT pg_reload_conf()")
			}
		}},
		{name: "a table of PostgreSQL locked", bites: everything, hold: 3 * time.Second, do: func(w *town) func() {
			done := make(chan struct{})
			go func() {
				defer close(done)
				admin(fmt.Sprintf("BEGIN; LOCK TABLE clients IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(%d); COMMIT", 3))
			}()
			return func() { <-done }
		}},
	}
	for _, f := range faults {
		w.suffer(f)
	}
}
