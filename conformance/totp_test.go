package conformance

import (
	"testing"
	"time"
)

// The values of RFC 6238 Appendix B, the last six digits of each.
func TestTOTPCode(t *testing.T) {
	key, err := totpKey("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")
	if err != nil || string(key) != "12345678901234567890" {
		t.Fatalf("key %q, %v", key, err)
	}
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471",
		1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpCode(key, totpStep(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestCodes(t *testing.T) {
	const step = 100
	middle := totpStart(step).Add(15 * time.Second)
	for _, row := range []struct {
		says   string
		at     time.Time
		window int64
		used   int64
		want   int64
		wait   time.Duration
	}{
		{"nothing used: the step before", middle, 1, 0, 99, 0},
		{"that one used: the present one", middle, 1, 99, 100, 0},
		{"then the next", middle, 1, 100, 101, 0},
		{"then the one after, in 15 seconds and a margin", middle, 1, 101, 102, 15*time.Second + margin},
		{"no window: the present one", middle, 0, 0, 100, 0},
		{"no window, that used: the next when it begins", middle, 0, 100, 101, 15 * time.Second},
		{"near the end the step before is let go", totpStart(step + 1).Add(-time.Second), 1, 0, 100, 0},
		{"soon after the beginning the next has to wait", totpStart(step).Add(time.Second), 1, 100, 101, margin - time.Second},
	} {
		c := newCodes()
		c.spend("u", row.used)
		got, wait := c.next("u", row.window, row.at)
		if got != row.want || wait != row.wait {
			t.Errorf("%s: step %d in %v, want %d in %v", row.says, got, wait, row.want, row.wait)
		}
	}
}

func TestCodesAreDoubtful(t *testing.T) {
	now := totpStart(100)
	c := newCodes()
	if !c.doubtful("u") {
		t.Error("an earlier run may have used the first code")
	}
	c.spend("u", 100)
	if c.doubtful("u") {
		t.Error("after a success the next code is fresh")
	}
	c.show("u")
	if !c.doubtful("u") {
		t.Error("a code that was sent and not judged may be used")
	}
	c.skip("u", 1, now)
	if step, _ := c.next("u", 1, now); step != 102 || c.doubtful("u") {
		t.Errorf("after a skip the next step is %d, want 102, and beyond doubt", step)
	}
	c.fail("u")
	if used, failed := c.load("u"); used != 2 || failed != 1 {
		t.Errorf("used %d, failed %d", used, failed)
	}
	if c.spend("u", 102); c.users["u"].failed != 0 {
		t.Error("a success ends a row of failures")
	}
}
