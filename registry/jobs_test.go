package registry_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing"
)

func job(n int) signing.Job {
	return signing.Job{
		ID: id("job", n), Owner: "log_a", Method: csc.MethodSignHash, ClientID: id("app", n), UserID: id("u", n), State: signing.JobAccepted,
		Accepted: created, Deadline: created.Add(10 * time.Minute), Validity: time.Hour,
		Notice: signing.Notice{URI: "https://app.example.test/signed", Name: []byte{0, 1, 0xff}},
	}
}

// ended is the job at its end.
func ended(j signing.Job) signing.Job {
	j.State, j.Result, j.Until, j.Notice.Due = signing.JobDone, []byte{1, 0, 2}, created.Add(time.Hour), created.Add(time.Minute)
	return j
}

func jobsComeBack(t *testing.T, url string) {
	r := open(t, url)
	quiet := job(2)
	quiet.Notice = signing.Notice{}
	for _, want := range []signing.Job{job(1), quiet} {
		must(t, r.AddJob(t.Context(), want))
		got, err := r.Job(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("job changed (-want +got):\n%s", diff)
		}
	}
	if err := r.AddJob(t.Context(), job(1)); err == nil {
		t.Error("the same job twice")
	}
	_, err := r.Job(t.Context(), id("job", 9))
	wantErr(t, err, signing.ErrUnknownJob)
	moved, err := r.MoveJob(t.Context(), ended(job(1)), signing.JobAccepted)
	if !moved || err != nil {
		t.Fatal(moved, err)
	}
	got, err := r.Job(t.Context(), job(1).ID)
	must(t, err)
	if diff := cmp.Diff(ended(job(1)), got); diff != "" {
		t.Errorf("job at its end (-want +got):\n%s", diff)
	}
	must(t, r.RemoveJob(t.Context(), job(1).ID))
	must(t, r.RemoveJob(t.Context(), job(1).ID))
	_, err = r.Job(t.Context(), job(1).ID)
	wantErr(t, err, signing.ErrUnknownJob)
}

func jobsMoveOnce(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddJob(t.Context(), job(1)))
	begun := job(1)
	begun.State = signing.JobBegun
	if wins := race(t, 40, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		if i%3 == 0 {
			return at.MoveJob(t.Context(), ended(job(1)), signing.JobAccepted)
		}
		return at.MoveJob(t.Context(), begun, signing.JobAccepted)
	}); wins != 1 {
		t.Errorf("%d moved a job on from the same state", wins)
	}
	if moved, err := r.MoveJob(t.Context(), ended(job(9)), signing.JobAccepted); moved || err != nil {
		t.Errorf("no job was moved: %t, %v", moved, err)
	}
}

func jobsAreLeftOpen(t *testing.T, url string) {
	r := open(t, url)
	theirs, late, over := job(2), job(3), ended(job(4))
	theirs.Owner = "log_b"
	late.Owner, late.Deadline = "log_c", created.Add(-time.Minute)
	for _, j := range []signing.Job{job(1), theirs, late, over} {
		must(t, r.AddJob(t.Context(), j))
	}
	find := func(owner string, before time.Time) (ids []string) {
		t.Helper()
		jobs, err := r.OpenJobs(t.Context(), owner, before)
		must(t, err)
		for _, j := range jobs {
			ids = append(ids, j.ID)
		}
		slices.Sort(ids)
		return ids
	}
	if diff := cmp.Diff([]string{job(1).ID}, find("log_a", time.Time{})); diff != "" {
		t.Errorf("of an owner (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{late.ID}, find("", created)); diff != "" {
		t.Errorf("past their deadline (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{job(1).ID, theirs.ID, late.ID}, find("", created.Add(time.Hour))); diff != "" {
		t.Errorf("an hour later (-want +got):\n%s", diff)
	}
}

func jobsAreForgotten(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddJob(t.Context(), job(1)))
	must(t, r.AddJob(t.Context(), ended(job(2))))
	for _, row := range []struct {
		at   time.Time
		want int
	}{{created.Add(time.Hour), 0}, {created.Add(time.Hour + time.Microsecond), 1}, {created.Add(1000 * time.Hour), 0}} {
		if n, err := r.ForgetJobs(t.Context(), row.at); n != row.want || err != nil {
			t.Errorf("at %v %d were forgotten, %v; want %d", row.at, n, err, row.want)
		}
	}
	if _, err := r.Job(t.Context(), job(1).ID); err != nil {
		t.Errorf("one that has not ended: %v", err)
	}
}

func noticesAreDue(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	first, second := ended(job(1)), ended(job(2))
	first.Notice.Due = created.Add(time.Second)
	for _, j := range []signing.Job{second, first, job(3)} {
		must(t, r.AddJob(t.Context(), j))
	}
	due := func(at time.Time, most int) (ids []string) {
		t.Helper()
		jobs, err := r.DueNotices(t.Context(), at, most)
		must(t, err)
		for _, j := range jobs {
			ids = append(ids, j.ID)
			if j.Result != nil || j.Notice.Name == nil {
				t.Errorf("of a notice too much or too little is read: %+v", j)
			}
		}
		return ids
	}
	if ids := due(created, 10); ids != nil {
		t.Errorf("too early: %v", ids)
	}
	if diff := cmp.Diff([]string{first.ID, second.ID}, due(created.Add(time.Minute), 10)); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{first.ID}, due(created.Add(time.Minute), 1)); diff != "" {
		t.Errorf("the first of them (-want +got):\n%s", diff)
	}
	if wins := race(t, 20, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		return at.SwapNotice(t.Context(), first.ID, first.Notice.Due, created.Add(time.Hour), 1)
	}); wins != 1 {
		t.Errorf("%d took the same notice", wins)
	}
	got, err := r.Job(t.Context(), first.ID)
	must(t, err)
	if !got.Notice.Due.Equal(created.Add(time.Hour)) || got.Notice.Tries != 1 || got.State != signing.JobDone {
		t.Errorf("%+v", got)
	}
	if swapped, err := r.SwapNotice(t.Context(), second.ID, second.Notice.Due, time.Time{}, 0); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	if ids := due(created.Add(1000*time.Hour), 10); len(ids) != 1 || ids[0] != first.ID {
		t.Errorf("one that was told: %v", ids)
	}
}
