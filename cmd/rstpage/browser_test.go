package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is the page in a headless browser. Its methods fail the test when the browser does.
type tab struct {
	t         *testing.T
	ctx       context.Context
	downloads string
	mu        sync.Mutex
	said      []string // complaints: violations of the policy, errors, exceptions
	requested []string // what the browser asked the network for
}

// patience ends a test whose browser hangs; a busy machine needs a part of it.
const patience = 10 * time.Minute

// browserPath returns the path of a browser, "" where there is none.
func browserPath() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// chromium skips the test where there is no browser.
func chromium(t *testing.T) {
	if browserPath() == "" {
		t.Skip("no chromium is installed: the page is not looked at in a browser")
	}
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

func newTab(t *testing.T) *tab {
	t.Helper()
	parent, err := theBrowser()
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, downloads: t.TempDir()}
	b.do(chromedp.Navigate("about:blank"))
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("browser: %v", err)
	}
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: b.downloads})
	return b
}

func call[P, R any](b *tab, method cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, method, params); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

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
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "blob:") && !strings.HasPrefix(u, "about:") && !strings.HasPrefix(u, "data:") {
			b.requested = append(b.requested, u)
		}
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// eval evaluates an expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("browser: %s: %v", expression, err)
	}
	return v
}

// wait waits until an expression is true.
func (b *tab) wait(expression string) {
	b.t.Helper()
	for eval[bool](b, expression) == false {
		if b.ctx.Err() != nil {
			b.t.Fatalf("%s: never; the page says %q", expression, b.status())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *tab) status() string {
	return eval[string](b, `document.getElementById("status").textContent`)
}

// drop drops a file on the page, and pastes text where there is no name.
func (b *tab) drop(name string, content []byte) {
	b.t.Helper()
	quoted, _ := json.Marshal(name)
	eval[int](b, fmt.Sprintf(`(() => {
		const raw = atob(%q), bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0)), data = new DataTransfer();
		data.items.add(new File([bytes], %s));
		document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
		return 0 })()`, base64.StdEncoding.EncodeToString(content), quoted))
}

// click clicks in the middle of an element.
func (b *tab) click(selector string) {
	b.t.Helper()
	at := eval[[]float64](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: "center" });
		const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2] })()`, selector))
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// paste puts text into the page and has it explained.
func (b *tab) paste(text string) {
	b.t.Helper()
	quoted, _ := json.Marshal(text)
	eval[int](b, fmt.Sprintf(`(() => { document.getElementById("text").value = %s; return 0 })()`, quoted))
	b.click("#paste button")
}

// settled waits until the page is at rest, and returns what it says.
func (b *tab) settled() string {
	b.t.Helper()
	b.wait(`!document.body.hasAttribute("data-busy")`)
	return b.status()
}

// report returns the HTML that the page shows.
func (b *tab) report() string {
	b.t.Helper()
	return eval[string](b, `document.getElementById("report").srcdoc`)
}

// complaints returns what the browser complained about, and what it asked the network for, so far.
func (b *tab) complaints() (said, requested []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said, b.requested
}
