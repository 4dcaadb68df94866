// Package e2e goes through every page of a whole server in a real browser, as
// signers do: in both languages, on a phone and on a desk. On each it has axe-core
// judge whether everybody can use it, in light and in dark, wants no fault on the
// console, no request to another host and nothing beyond the edge of the screen,
// and keeps a picture in build/screens.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A look is a language and a width of the screen.
type look struct {
	lang  string
	width int64
}

func (l look) String() string { return fmt.Sprintf("%s-%d", l.lang, l.width) }

// looks are all that every page is seen in.
var looks = []look{{"en", 390}, {"ro", 1280}, {"ro", 390}, {"en", 1280}}

// openBrowser starts Chromium for all viewers of a test.
func openBrowser(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is missing: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.Flag("ignore-certificate-errors", true), // the server's certificate is its own
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, cancel := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	program, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	must(t, chromedp.Run(program))
	return program
}

// A viewer is somebody with a browser of his own: no cookie is anybody else's.
type viewer struct {
	look
	t         *testing.T
	tab       context.Context
	downloads string
	hosts     []string // that pages may come from
	axe       string

	mu       sync.Mutex
	faults   []string
	deaf     bool // axe is at work
	statuses []int64
}

// newViewer opens a window. Pages may come from the addresses and from nowhere else.
func newViewer(t *testing.T, program context.Context, l look, addresses ...string) *viewer {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join("..", "..", "build", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is missing: scripts/need axe: %v", err)
	}
	v := &viewer{look: l, t: t, axe: string(axe), downloads: t.TempDir()}
	for _, address := range addresses {
		at, err := url.Parse(address)
		must(t, err)
		v.hosts = append(v.hosts, at.Host)
	}
	tab, own := newWindow(t, program)
	v.tab = tab
	chromedp.ListenTarget(tab, v.hear)
	var agent string
	v.run(
		log.Enable(), network.Enable(), runtime.Enable(),
		chromedp.Evaluate(`navigator.userAgent`, &agent),
		emulation.SetDeviceMetricsOverride(l.width, 844, 1, l.width < 600),
	)
	v.run(
		emulation.SetUserAgentOverride(agent).WithAcceptLanguage(l.lang),
		browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(v.downloads).
			WithBrowserContextID(own),
	)
	return v
}

// newWindow opens a window with cookies of its own. Chromium wants a window where
// chromedp would open a tab.
func newWindow(t *testing.T, program context.Context) (context.Context, cdp.BrowserContextID) {
	t.Helper()
	all := cdp.WithExecutor(program, chromedp.FromContext(program).Browser)
	own, err := target.CreateBrowserContext().Do(all)
	must(t, err)
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(all)
	must(t, err)
	tab, cancel := chromedp.NewContext(program, chromedp.WithTargetID(id))
	t.Cleanup(cancel)
	must(t, chromedp.Run(tab)) // with a context that ends when the window does
	return tab, own
}

// hear notes what pages do that they may not.
func (v *viewer) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		v.fault("an exception: %s", e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning || e.Type == runtime.APITypeAssert {
			said, _ := json.Marshal(e.Args)
			v.fault("on the console: %s", said)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError && !v.expects(e.Entry.Text) {
			v.fault("in the log: %s (%s)", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		at, err := url.Parse(e.Request.URL)
		if err != nil || (at.Scheme == "http" || at.Scheme == "https") && !slices.Contains(v.hosts, at.Host) {
			v.fault("asks elsewhere: %s", e.Request.URL)
		}
	}
}

// expects reports whether the log speaks of a status that is wanted.
func (v *viewer) expects(text string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.statuses, func(s int64) bool {
		return strings.Contains(text, fmt.Sprintf("responded with a status of %d", s))
	})
}

// expect has pages of these statuses be right from here on.
func (v *viewer) expect(statuses ...int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.statuses = statuses
}

func (v *viewer) fault(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.deaf {
		v.faults = append(v.faults, fmt.Sprintf(format, args...))
	}
}

func (v *viewer) listen(deaf bool) (faults []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	faults, v.faults, v.deaf = v.faults, nil, deaf
	return faults
}

// run does things in the window.
func (v *viewer) run(actions ...chromedp.Action) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.tab, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		v.t.Fatalf("%s: %v\n%s", v.look, err, v.words())
	}
}

// words is what stands on the page, for who wants to know why there is no more.
func (v *viewer) words() (said string) {
	ctx, cancel := context.WithTimeout(v.tab, 5*time.Second)
	defer cancel()
	_ = chromedp.Run(ctx, chromedp.Evaluate(`location.href + "\n" + document.body.innerText`, &said)) // best effort
	return said
}

// open goes to an address.
func (v *viewer) open(address string) {
	v.t.Helper()
	v.run(chromedp.Navigate(address))
}

// fill writes into fields, given by their IDs in pairs.
func (v *viewer) fill(pairs ...string) {
	v.t.Helper()
	for n := 0; n+1 < len(pairs); n += 2 {
		v.run(chromedp.WaitVisible("#"+pairs[n], chromedp.ByQuery),
			chromedp.Evaluate(`document.getElementById("`+pairs[n]+`").value = ""`, nil),
			chromedp.SendKeys("#"+pairs[n], pairs[n+1], chromedp.ByQuery))
	}
}

// press presses what a selector finds, and waits for the page that follows.
func (v *viewer) press(selector string) {
	v.t.Helper()
	v.run(chromedp.WaitVisible(selector, chromedp.ByQuery))
	loaded := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(v.tab)
	defer cancel()
	chromedp.ListenTarget(ctx, func(event any) {
		if _, is := event.(*page.EventLoadEventFired); is {
			select {
			case loaded <- struct{}{}:
			default:
			}
		}
	})
	v.run(chromedp.Click(selector, chromedp.ByQuery))
	select {
	case <-loaded:
	case <-time.After(time.Minute):
		v.t.Fatalf("%s: nothing comes of %s\n%s", v.look, selector, v.words())
	case <-v.tab.Done():
		v.t.Fatalf("%s: %v", v.look, v.tab.Err())
	}
}

// until waits for an expression to be true. The policy of the pages allows chromedp
// no way of its own.
func (v *viewer) until(expression string) {
	v.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var is bool
		if err := chromedp.Run(v.tab, chromedp.Evaluate(`document.readyState === "complete" && !!(`+expression+`)`, &is)); err == nil && is {
			return
		}
		if time.Now().After(end) {
			v.t.Fatalf("%s: never %s\n%s", v.look, expression, v.words())
		}
	}
}

// at waits for a page by the end of its path.
func (v *viewer) at(path string) {
	v.t.Helper()
	v.until(fmt.Sprintf("location.pathname.endsWith(%q)", path))
}

// reads wants the page to say these.
func (v *viewer) reads(wants ...string) {
	v.t.Helper()
	said := v.words()
	for _, want := range wants {
		if !strings.Contains(said, want) {
			v.t.Errorf("%s: the page does not say %q:\n%s", v.look, want, said)
		}
	}
}

// A violation is what axe-core finds.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target  any    `json:"target"`
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	}
}

// schemes are what axe-core looks for in dark and in light, where only colours are
// others. What it would preload, the policy forbids.
var schemes = []struct{ name, wants string }{
	{"dark", `runOnly: ["color-contrast"]`},
	{"light", `rules: {"target-size": {enabled: true}}`},
}

// see looks at the page: it is a good one, in the viewer's language, or the test
// fails. The picture of it gets the name.
func (v *viewer) see(name string) {
	v.t.Helper()
	v.until("true")
	for _, fault := range v.listen(true) {
		v.t.Errorf("%s, %s: %s", name, v.look, fault)
	}
	defer v.listen(false)
	var lang, title string
	var wide bool
	v.run(
		chromedp.Evaluate(`document.documentElement.lang`, &lang),
		chromedp.Evaluate(`document.title`, &title),
		chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide),
	)
	if lang != v.lang || title == "" || wide {
		v.t.Errorf("%s, %s: language %q, title %q, wider than the screen: %v", name, v.look, lang, title, wide)
	}
	var ignored any
	v.run(chromedp.Evaluate(v.axe+";0", &ignored))
	for _, scheme := range schemes {
		judge := `axe.run(document, {preload: false, resultTypes: ["violations"], ` + scheme.wants + `}).then(r => r.violations)`
		var found []violation
		v.run(
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme.name}}),
			chromedp.Evaluate(judge, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		)
		for _, f := range found {
			for _, n := range f.Nodes {
				v.t.Errorf("%s, %s, %s: %s (%s): %s\n%s\n%v\n%s", name, v.look, scheme.name, f.ID, f.Impact, f.Help, n.Summary, n.Target, n.HTML)
			}
		}
	}
	v.picture(name)
}

// picture keeps what is seen.
func (v *viewer) picture(name string) string {
	v.t.Helper()
	var shot []byte
	v.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		_, _, _, _, _, size, err := page.GetLayoutMetrics().Do(ctx)
		if err != nil {
			return err
		}
		shot, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).
			WithClip(&page.Viewport{Width: float64(v.width), Height: max(400, min(size.Height, 6000)), Scale: 1}).Do(ctx)
		return err
	}))
	if _, err := png.DecodeConfig(bytes.NewReader(shot)); err != nil {
		v.t.Errorf("%s, %s: no picture: %v", name, v.look, err)
	}
	folder := filepath.Join("..", "..", "build", "screens")
	must(v.t, os.MkdirAll(folder, 0o755))
	file := filepath.Join(folder, fmt.Sprintf("%s.%s.png", name, v.look))
	must(v.t, os.WriteFile(file, shot, 0o644))
	return file
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
