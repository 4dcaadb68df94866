package registry_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/registry"
)

// suite is what every registry does, whatever keeps it. Each test gets the URL
// of an empty one.
var suite = []struct {
	name string
	run  func(t *testing.T, url string)
}{
	{"users come back as they were", usersComeBack},
	{"users are unique", usersAreUnique},
	{"users are found by address", usersByEmail},
	{"users change", usersChange},
	{"of many adding one user one does", raceAddUser},
	{"a step is used once and only upwards", stepsAscend},
	{"a step outlives the secret", stepOutlivesSecret},
	{"of many using one step one does", raceUseStep},
	{"attempts come back as they were", attemptsComeBack},
	{"attempts are swapped only from what they are", swapAttempts},
	{"of a thousand swaps one wins", raceSwapAttempts},
	{"attempts counted by many are all counted", raceCountAttempts},
	{"credentials come back as they were", credentialsComeBack},
	{"a credential stands between its owner and a client", holdings},
	{"credentials are unique", credentialsAreUnique},
	{"credentials are listed oldest first", credentialsInOrder},
	{"credentials change status", credentialsChange},
	{"certificates outlive a migration", certificatesOutliveMigration},
	{"of many suspending one certificate one does", raceSuspend},
	{"owners are told what became of certificates, once each", ownersAreTold},
	{"the authority is told of every certificate", statuses},
	{"an issuance ends with its credential or is revoked", issuancesEnd},
	{"of many at the end of one issuance one decides it", raceIssuance},
	{"numbers of CRLs ascend", crlNumbers},
	{"credentials are deleted", credentialsAreDeleted},
	{"of many deleting one credential one does", raceDeleteCredential},
	{"credentials are authorized otherwise", credentialsAreAuthorizedOtherwise},
	{"clients come back as they were", clientsComeBack},
	{"clients are unique", clientsAreUnique},
	{"clients are replaced", clientsAreReplaced},
	{"a change of a client is seen at once, whoever made it", clientsAreSeenAtOnce},
	{"a client that was read is its reader's", clientsAreTheirReaders},
	{"clients are removed with their links", clientsAreRemoved},
	{"clients outlive a migration", clientsOutliveMigration},
	{"of many changing one client one does", raceUpdateClient},
	{"invitations come back as they were", invitationsComeBack},
	{"invitations let clients in", invitationsLetIn},
	{"of many with one invitation as many come in as it has uses", raceAddInvited},
	{"enrolments come back as they were", enrolmentsComeBack},
	{"enrolments are unique", enrolmentsAreUnique},
	{"an enrolment ends with its credential or not at all", enrolmentsFinish},
	{"of many changing one enrolment one does", raceSwapEnrolment},
	{"enrolments are told to their inviters, once each", enrolmentsAreTold},
	{"enrolments end", enrolmentsEnd},
	{"enrolments are forgotten", enrolmentsAreForgotten},
	{"who was only invited is removed", onlyInvitedAreRemoved},
	{"who is more at this moment is not removed", raceRemove},
	{"links come and go", linksComeAndGo},
	{"permissions come and go", permissionsComeAndGo},
	{"a standing is what it is now", standings},
	{"answers are of now", answersAreOfNow},
	{"answers are one's own", answersAreOnesOwn},
	{"answers at once are of one moment, which ends", answersAtOnce},
	{"of many who ask nobody is told what was", raceAnswers},
	{"sessions come and go", sessionsComeAndGo},
	{"a session is there while its user stands by it", sessionsStand},
	{"of many permitting none is lost", racePermit},
	{"a password is swapped only from what it is", swapPassword},
	{"of many linking all agree", raceLink},
	{"accounts come and go", accountsComeAndGo},
	{"keys of accounts are replaced", accountKeysAreReplaced},
	{"refresh tokens come back as they were", refreshesComeBack},
	{"refresh tokens are forgotten when long over", refreshesAreForgotten},
	{"of many renewing one refresh token one does", raceSwapRefresh},
	{"jobs come back as they were", jobsComeBack},
	{"of many moving one job one does", jobsMoveOnce},
	{"jobs left open are found", jobsAreLeftOpen},
	{"jobs are forgotten when their time is over", jobsAreForgotten},
	{"notices are due, and one tells of each", noticesAreDue},
	{"documents come and go", documentsComeAndGo},
	{"documents are bound to one batch", documentsAreBound},
	{"of many moving one batch one does", batchesMoveOnce},
	{"receipts come back as they were", receiptsComeBack},
	{"heads come back as they were", headsComeBack},
	{"heads only follow", headsFollow},
	{"of many heads the last stays", raceHeads},
	{"serial numbers ascend", serialsAscend},
	{"of many asking for a serial number each gets another", raceSerials},
	{"all of it is there after a restart", afterRestart},
	{"any text is kept or refused", anyText},
	{"the end of a context is its error", contexts},
	{"many may open it at once", openAtOnce},
	{"a newer registry is refused", newer},
	{"ready when it is", ready},
	{"it is observed", observed},
	{"an export is of one moment", exportOfOneMoment},
	{"every table is in backups, or left out for a reason", everyTableIsAccountedFor},
	{"every row is exported", everyRowIsExported},
	{"every column is exported", everyColumnIsExported},
	{"an import that fails leaves nothing", importAllOrNothing},
}

func TestSQLite(t *testing.T) {
	for _, test := range suite {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, "sqlite://"+filepath.Join(t.TempDir(), "registry.db"))
		})
	}
}

func TestPostgres(t *testing.T) {
	server := proctest.StartPostgres(t)
	for _, test := range suite {
		t.Run(test.name, func(t *testing.T) { test.run(t, server.Database()) })
	}
}

// created is a moment with all the digits that are kept.
var created = time.Date(2026, 3, 1, 12, 30, 45, 123456000, time.UTC)

func open(t *testing.T, url string) *registry.Registry {
	t.Helper()
	r, err := registry.Open(t.Context(), registry.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// raw opens the database without the package under test.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite://"); ok {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// race has n goroutines do the same at once and returns how many won.
func race(t *testing.T, n int, try func(i int) (bool, error)) int {
	t.Helper()
	var (
		all   sync.WaitGroup
		wins  atomic.Int64
		start = make(chan struct{})
	)
	for i := range n {
		all.Go(func() {
			<-start
			won, err := try(i)
			if err != nil {
				t.Errorf("contender %d: %v", i, err)
			}
			if won {
				wins.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(wins.Load())
}

func openAtOnce(t *testing.T, url string) {
	all := make([]*registry.Registry, 8)
	race(t, len(all), func(i int) (bool, error) {
		var err error
		all[i], err = registry.Open(t.Context(), registry.Config{URL: url})
		return err == nil, err
	})
	for i, r := range all {
		if r == nil {
			continue
		}
		must(t, r.AddUser(t.Context(), user(i)))
		t.Cleanup(func() { _ = r.Close() })
	}
	for _, r := range all {
		if got, err := r.Users(t.Context()); err != nil || len(got) != len(all) {
			t.Errorf("%d users, %v; want %d", len(got), err, len(all))
		}
	}
}

func newer(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.Close())
	db := raw(t, url)
	_, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)")
	must(t, err)
	must(t, db.Close())
	_, err = registry.Open(t.Context(), registry.Config{URL: url})
	wantErr(t, err, registry.ErrNewer)
	if err != nil && !strings.Contains(err.Error(), "99999") {
		t.Errorf("the error names no version: %v", err)
	}
}

func ready(t *testing.T, url string) {
	r := open(t, url)
	for range 3 {
		must(t, r.Ready(t.Context()))
	}
	must(t, r.Close())
	if r.Ready(t.Context()) == nil {
		t.Error("ready when it is closed")
	}
}

func afterRestart(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	must(t, r.AddClient(t.Context(), client(1)))
	must(t, r.Link(t.Context(), client(1).ID, user(1).ID))
	must(t, r.KeepHead(t.Context(), head(7)))
	if ok, err := r.UseStep(t.Context(), user(1).ID, 100); !ok || err != nil {
		t.Fatalf("UseStep = %t, %v", ok, err)
	}
	must(t, r.Close())

	r = open(t, url)
	if ok, err := r.UseStep(t.Context(), user(1).ID, 100); ok || err != nil {
		t.Errorf("the same step after a restart: %t, %v", ok, err)
	}
	_, err := r.Credential(t.Context(), credential(1, 1).ID)
	must(t, err)
	if linked, err := r.Linked(t.Context(), client(1).ID, user(1).ID); !linked || err != nil {
		t.Errorf("Linked = %t, %v", linked, err)
	}
	if _, ok, err := r.LastHead(t.Context(), head(7).Log); !ok || err != nil {
		t.Errorf("LastHead = %t, %v", ok, err)
	}
}

// id makes an id of the form the ids have.
func id(prefix string, n int) string { return fmt.Sprintf("%s_%032x", prefix, n) }
