package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// notOurs are tables of the migrations, and of SQLite itself.
var notOurs = []string{"goose_db_version", "sqlite_sequence"}

// fillRegistry puts rows into every table of a registry.
func fillRegistry(t *testing.T, r *registry.Registry) {
	t.Helper()
	ctx := t.Context()
	for n := range 120 {
		u := user(n)
		u.Email = fmt.Sprintf("ștefan'%d\"\\@example.test", n)
		if n%2 == 0 {
			u.Secret, u.Disabled = nil, true
		}
		must(t, r.AddUser(ctx, u))
		c := credential(n, n)
		c.Revoked = n%3 == 0
		must(t, r.AddCredential(ctx, c))
	}
	must(t, r.BeginIssuance(ctx, issuance(1)))
	must(t, r.BeginIssuance(ctx, issuance(2)))
	must(t, r.AbandonIssuance(ctx, issuance(2).Serial))
	must(t, r.RevokeIssuance(ctx, issuance(2).Serial, created, 5))
	_, err := r.UseStep(ctx, user(1).ID, 57_000_000)
	must(t, err)
	_, err = r.SwapAttempts(ctx, user(1).ID, users.FactorCode, users.Attempts{}, users.Attempts{Window: created, Failures: 3, InRow: 10, Locked: true})
	must(t, err)
	must(t, r.AddClient(ctx, client(1)))
	must(t, r.Link(ctx, client(1).ID, user(1).ID))
	must(t, r.SetAccount(ctx, client(1).ID, "cont 'ș\"", user(2).ID))
	must(t, r.SetAccountKeys(ctx, client(1).ID, []oauth.AccountKey{{Verifier: "ab", Sealed: []byte{0, 0xff}}}))
	must(t, r.KeepHead(ctx, audit.Head{Log: "log_" + strings.Repeat("a", 32), Seq: 7, Hash: "00", Time: created, Signature: []byte{1, 2}}))
	_, err = r.NextSerial(ctx)
	must(t, err)
	for n := range 3 {
		must(t, r.AddEnrolment(ctx, anEnrolment(n)))
		must(t, r.AddReceipt(ctx, documents.Receipt{
			ID: aDocument(n, 1).ID, UserID: user(1).ID, CredentialID: "c_1", Sealed: []byte{0, byte(n)}, Salt: []byte{0xff}, Brought: "aa", Signed: "bb", At: created,
		}))
	}
	must(t, r.Permit(ctx, client(1).ID, user(1).ID, "service", created))
	must(t, r.AddSession(ctx, session(1, 1)))
	must(t, r.AddJob(ctx, job(1)))
	must(t, r.AddDocument(ctx, aDocument(1, 1)))
	must(t, r.AddBatch(ctx, aBatch(1, 1)))
	must(t, r.AddIssued(ctx, big.NewInt(77), created))
	must(t, r.SuspendCredential(ctx, credential(1, 1).ID, created))
	must(t, r.AddInvitation(ctx, invitation(1)))
	must(t, r.AddRefresh(ctx, oauth.Refresh{ID: "tokenfamily", Hash: "h", ClientID: client(1).ID, UserID: user(1).ID, Used: created, Expires: created.Add(time.Hour)}))
}

// exported is what Export hands out, as text.
func exported(t *testing.T, r *registry.Registry) []byte {
	t.Helper()
	var all bytes.Buffer
	must(t, r.Export(t.Context(), func(row backup.Row) error {
		line, err := row.Text()
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "%s %s\n", row.Table, line)
		return nil
	}))
	return all.Bytes()
}

// imported fills a registry with what exported returned.
func imported(r *registry.Registry, ctx context.Context, text []byte) error {
	return r.Import(ctx, func(add func(backup.Row) error) error {
		for line := range bytes.Lines(text) {
			table, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
			row, err := backup.ParseRow(string(table), rest)
			if err != nil {
				return err
			}
			if err := add(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// What is exported from the one database and imported into the other is
// exported from there byte by byte the same.
func TestExportIsTheSameEverywhere(t *testing.T) {
	server := proctest.StartPostgres(t)
	sqlite := func() string { return "sqlite://" + filepath.Join(t.TempDir(), "registry.db") }
	for _, way := range []struct{ name, from, to string }{
		{"SQLite to PostgreSQL", sqlite(), server.Database()},
		{"PostgreSQL to SQLite", server.Database(), sqlite()},
	} {
		t.Run(way.name, func(t *testing.T) {
			from, to := open(t, way.from), open(t, way.to)
			fillRegistry(t, from)
			text := exported(t, from)
			if bytes.Contains(text, []byte("tokenfamily")) {
				t.Error("refresh tokens are exported")
			}
			must(t, to.Empty(t.Context()))
			must(t, imported(to, t.Context(), text))
			if diff := cmp.Diff(string(text), string(exported(t, to))); diff != "" {
				t.Error(diff)
			}
			if _, err := to.Refresh(t.Context(), "tokenfamily"); !errors.Is(err, oauth.ErrUnknownRefresh) {
				t.Errorf("a refresh token came along: %v", err)
			}
			got, err := to.Credential(t.Context(), credential(3, 3).ID)
			want := credential(3, 3)
			want.Revoked = true
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			wantErr(t, to.Empty(t.Context()), backup.ErrNotEmpty)
			wantErr(t, imported(to, t.Context(), text), backup.ErrNotEmpty)
		})
	}
}

func importAllOrNothing(t *testing.T, url string) {
	source := open(t, filepath.Join(t.TempDir(), "source.db"))
	fillRegistry(t, source)
	text := exported(t, source)
	other := open(t, url)
	broken := errors.New("as asked")
	err := other.Import(t.Context(), func(add func(backup.Row) error) error {
		for line := range bytes.Lines(text) {
			table, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
			row, err := backup.ParseRow(string(table), rest)
			must(t, err)
			must(t, add(row))
		}
		return broken
	})
	wantErr(t, err, broken)
	must(t, other.Empty(t.Context()))
}

// An export is of one moment: what is written while it goes on is not in it,
// and nobody waits for it.
func exportOfOneMoment(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	var seen []string
	must(t, r.Export(t.Context(), func(row backup.Row) error {
		if row.Table == "users" && len(seen) == 0 {
			must(t, r.AddUser(t.Context(), user(2)))
			must(t, r.AddCredential(t.Context(), credential(2, 2)))
			must(t, r.SetUserDisabled(t.Context(), user(1).ID, true, "a stamp"))
		}
		seen = append(seen, fmt.Sprint(row.Table, " ", row.Values["id"], " ", row.Values["disabled"]))
		return nil
	}))
	want := []string{"users " + user(1).ID + " false"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// A table that a migration adds is in backups, or is left out of them for a reason.
func everyTableIsAccountedFor(t *testing.T, url string) {
	r := open(t, url)
	fillRegistry(t, r)
	accounted := map[string]bool{}
	for _, table := range backup.Tables() {
		accounted[table.Name] = true
	}
	for _, left := range backup.Absences() {
		if accounted[left.Table] = true; left.Why == "" {
			t.Errorf("%s is left out, and nobody says why", left.Table)
		}
	}
	there := map[string]bool{}
	for table, rows := range counted(t, url) {
		if there[table] = true; rows == 0 {
			t.Errorf("nothing is in %s: nothing here is tried with it", table)
		}
	}
	if diff := cmp.Diff(there, accounted); diff != "" {
		t.Errorf("tables of the database, and those that backups have or leave out:\n%s", diff)
	}
}

// What is exported is all there is of a table, and what is imported as well; what is
// left out stays out.
func everyRowIsExported(t *testing.T, url string) {
	r := open(t, url)
	fillRegistry(t, r)
	elsewhere := "sqlite://" + filepath.Join(t.TempDir(), "elsewhere.db")
	must(t, imported(open(t, elsewhere), t.Context(), exported(t, r)))
	want := counted(t, url)
	for _, left := range backup.Absences() {
		want[left.Table] = 0
	}
	if diff := cmp.Diff(want, counted(t, elsewhere)); diff != "" {
		t.Errorf("rows by table (-want +got):\n%s", diff)
	}
}

// counted are the tables of a database, with how many rows they have.
func counted(t *testing.T, url string) map[string]int {
	t.Helper()
	rows := map[string]int{}
	for _, c := range columnsOf(t, url) {
		table, _, _ := strings.Cut(c, ".")
		rows[table] = 0
	}
	db := raw(t, url)
	for table := range rows {
		var n int
		must(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
		rows[table] = n
	}
	return rows
}

// columnsOf are the columns of our tables in a database, as table.column.
func columnsOf(t *testing.T, url string) (all []string) {
	t.Helper()
	query := `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`
	if strings.HasPrefix(url, "sqlite") {
		query = `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`
	}
	rows, err := raw(t, url).QueryContext(t.Context(), query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, column string
		must(t, rows.Scan(&table, &column))
		if !slices.Contains(notOurs, table) {
			all = append(all, table+"."+column)
		}
	}
	must(t, rows.Err())
	return all
}

// A column that a migration adds to a table in backups is in them too.
func everyColumnIsExported(t *testing.T, url string) {
	r := open(t, url)
	fillRegistry(t, r)
	there, has := map[string]bool{}, map[string]bool{}
	for _, column := range columnsOf(t, url) {
		table, _, _ := strings.Cut(column, ".")
		if !slices.ContainsFunc(backup.Absences(), func(left backup.Absence) bool { return left.Table == table }) {
			there[column] = true
		}
	}
	must(t, r.Export(t.Context(), func(row backup.Row) error {
		for column := range row.Values {
			has[row.Table+"."+column] = true
		}
		return nil
	}))
	if diff := cmp.Diff(there, has); diff != "" {
		t.Errorf("columns of the database and of backups:\n%s", diff)
	}
}

func TestParseRowRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"another order":    `{"user_id":"u","client_id":"c"}`,
		"a space":          `{"client_id":"c", "user_id":"u"}`,
		"another member":   `{"client_id":"c","user_id":"u","more":1}`,
		"a member twice":   `{"client_id":"c","user_id":"u","user_id":"u"}`,
		"a member missing": `{"client_id":"c"}`,
		"another kind":     `{"client_id":"c","user_id":1}`,
		"null":             `{"client_id":"c","user_id":null}`,
		"nothing":          ``,
	} {
		if row, err := backup.ParseRow("links", []byte(line)); err == nil {
			t.Errorf("%s: %v", name, row)
		}
	}
	if _, err := backup.ParseRow("links", []byte(`{"client_id":"c","user_id":"u"}`)); err != nil {
		t.Error(err)
	}
}
