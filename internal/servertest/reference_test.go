package servertest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/pecete/pecete/internal/servertest"
)

// Somebody reads about the API on a phone, gets a token and tries a call, with
// the keyboard alone.
func TestACallIsTriedInABrowser(t *testing.T) {
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	app, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	servertest.Serve(t, s)
	tab, _ := openBrowser(t, ctx)
	var width, missing int
	var foreign, said string
	must(t, chromedp.Run(tab,
		emulation.SetDeviceMetricsOverride(390, 844, 2, true),
		chromedp.Navigate(s.URL+"/docs"),
		chromedp.WaitVisible("#token", chromedp.ByQuery),
		chromedp.Evaluate(`document.documentElement.scrollWidth`, &width),
		chromedp.Evaluate(`[...document.querySelectorAll("form.try")].filter(f => f.hidden).length`, &missing),
		chromedp.Click("#access summary", chromedp.ByQuery),
		chromedp.SendKeys("#client", app.ID, chromedp.ByQuery),
		chromedp.SendKeys("#secret", app.Secret+"\r", chromedp.ByQuery),
		until(`document.getElementById("token").value.length > 20`),
		chromedp.SetValue("#credentials-list-body", `{"userID":"`+signer.ID+`"}`, chromedp.ByQuery),
		chromedp.Focus("#credentials-list-body", chromedp.ByQuery),
		chromedp.KeyEvent("\t"),
		chromedp.KeyEvent("\r"),
		chromedp.WaitVisible("#credentials-list-said pre", chromedp.ByQuery),
		chromedp.Text("#credentials-list-said", &said, chromedp.ByQuery),
		chromedp.Evaluate(`performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin)).join(" ")`, &foreign),
	))
	if width > 390 {
		t.Errorf("the page is %d pixels wide", width)
	}
	if missing > 0 || foreign != "" {
		t.Errorf("%d forms are not shown; asked elsewhere: %q", missing, foreign)
	}
	for _, want := range []string{"200", signer.Credentials[0], "request "} {
		if !strings.Contains(said, want) {
			t.Errorf("the answer does not say %q: %s", want, said)
		}
	}
}

// until waits for an expression to be true. The page's policy allows chromedp no
// way of its own.
func until(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for is := false; !is; {
			if err := chromedp.Evaluate(expression, &is).Do(ctx); err != nil {
				return err
			}
			if err := chromedp.Sleep(50 * time.Millisecond).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
