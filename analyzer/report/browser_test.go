package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is a page in a headless browser. Its methods fail the test when the browser does.
type tab struct {
	t    *testing.T
	ctx  context.Context
	mu   sync.Mutex
	said []string
}

// browserPatience ends a test whose browser hangs, before the go command ends all tests of the package; a
// busy machine needs a part of it.
const browserPatience = 5 * time.Minute

// browserPath returns the path of a browser, "" where there is none.
func browserPath() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// theBrowser starts the browser of all tests; TestMain ends it.
var theBrowser = sync.OnceValues(func() (context.Context, error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browserPath()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, free := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, end := chromedp.NewContext(alloc)
	endBrowser = func() {
		end()
		free()
	}
	return ctx, chromedp.Do(ctx)
})

var endBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	endBrowser()
	os.Exit(code)
}

// newTab opens a tab of the browser, or skips the test where there is none.
func newTab(t *testing.T) *tab {
	t.Helper()
	if testing.Short() || browserPath() == "" {
		t.Skip("no chromium is installed, or the tests are to be short: the page is not looked at in a browser")
	}
	parent, err := theBrowser()
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, browserPatience)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("browser: %v", err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("browser: %v", err)
	}
	return b
}

// hear notes what the browser complains about: violations of the page's policy, errors, exceptions.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprint("console.", e.Type))
	case *log.EventEntryAdded:
		b.said = append(b.said, e.Entry.Text)
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// click clicks the middle of the first element that a CSS selector finds. The place is asked of the page,
// because chromedp's own queries fetch the whole document, and that is large on purpose.
func (b *tab) click(selector string) {
	b.t.Helper()
	at := func(side, size string) float64 {
		return float64(b.number(fmt.Sprintf(`(e => { e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect();
			return Math.round(r.%s + r.%s / 2) })(document.querySelector(%q))`, side, size, selector)))
	}
	b.do(chromedp.MouseClickXY(at("left", "width"), at("top", "height")))
}

// number evaluates an expression whose value is a number.
func (b *tab) number(expression string) int {
	b.t.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](expression))
	if err != nil {
		b.t.Fatalf("browser: %v", err)
	}
	return n
}

// console returns the browser's complaints so far.
func (b *tab) console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said
}
