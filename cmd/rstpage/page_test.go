package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// builtPage returns the path of the page: the one that RSTEXPLAIN_PAGE names, or one that is built for all tests.
func builtPage(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("RSTEXPLAIN_PAGE"); path != "" {
		return path
	}
	if testing.Short() {
		t.Skip("building the page takes a minute; RSTEXPLAIN_PAGE can name one")
	}
	dir, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "index.html")
}

// buildOnce builds the page in a directory that TestMain removes.
var buildOnce = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "rstpage-test-"); err != nil {
		return "", err
	}
	built = dir
	return dir, build(dir, "(devel)")
})

var built string // directory of the page, if it was built

func TestMain(m *testing.M) {
	code := m.Run()
	endBrowser()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// native is what the program writes about a capture in its directory.
func native(t *testing.T, dir, name, format string) []byte {
	t.Helper()
	t.Chdir(dir)
	var out bytes.Buffer
	opts := analyzer.Options{Generator: "rstexplain (devel)"}
	if format == "pcapng" {
		f, err := capture.OpenFile(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var comments rewrite.Comments
		if _, err := analyzer.ExplainFile(context.Background(), f, &comments, opts); err != nil {
			t.Fatal(err)
		}
		r, err := f.Reader(capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := rewrite.Annotate(context.Background(), r, &out, &comments); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	r := map[string]func(io.Writer) report.Renderer{
		"html": func(w io.Writer) report.Renderer { return report.HTML(w, report.HTMLOptions{}) },
		"md":   func(w io.Writer) report.Renderer { return report.Markdown(w, report.MarkdownOptions{}) },
		"json": report.JSON,
	}[format](&out)
	if _, err := analyzer.Explain(context.Background(), name, r, opts); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPage uses the page as its readers do, from a file, and compares all it writes with the program.
func TestPage(t *testing.T) {
	chromium(t)
	page, err := filepath.Abs(builtPage(t))
	if err != nil {
		t.Fatal(err)
	}
	testdata, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := newTab(t)
	b.do(chromedp.Navigate("file://" + page))
	b.wait(`document.body.hasAttribute("data-ready")`)

	// A capture is dropped: the report is the program's, and so is each download.
	dir := filepath.Join(testdata, "data-after-fin")
	capture := read(filepath.Join(dir, "capture.pcapng"))
	b.drop("capture.pcapng", capture)
	if said := b.settled(); !strings.HasPrefix(said, "capture.pcapng: 27 packets, 1 reset, in ") {
		t.Fatalf("after a drop the page says %q", said)
	}
	if got, want := b.report(), string(native(t, dir, "capture.pcapng", "html")); got != want {
		t.Errorf("the report has %d bytes, the program's %d", len(got), len(want))
	}
	if !eval[bool](b, `document.getElementById("result").checkVisibility()`) {
		t.Error("the report is not shown")
	}
	for button, d := range map[string]struct{ file, format string }{
		"html": {"capture.pcapng.html", "html"}, "markdown": {"capture.pcapng.md", "md"}, "json": {"capture.pcapng.json", "json"},
		"pcapng": {"capture.pcapng.rstexplain.pcapng", "pcapng"},
	} {
		b.click("#" + button)
		b.settled()
		path := filepath.Join(b.downloads, d.file)
		var got []byte
		for range 500 { // the browser writes it in its own time
			if got, err = os.ReadFile(path); err == nil && len(got) > 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if want := native(t, dir, "capture.pcapng", d.format); !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, the program's %d (%v)", d.file, len(got), len(want), err)
		}
	}

	// Text is pasted.
	text := string(read(filepath.Join(testdata, "pasted", "issue.md")))
	b.paste(text)
	if said := b.settled(); !strings.HasPrefix(said, "pasted text: 2 packets, 1 reset") || !strings.Contains(b.report(), "no-listener") {
		t.Errorf("after a paste the page says %q", said)
	}
	if eval[bool](b, `document.getElementById("pcapng").checkVisibility()`) {
		t.Error("text can be annotated")
	}

	// What is no capture, an empty file, and text without packets get a clear word.
	for name, c := range map[string]struct {
		content, want string
	}{
		"picture.png": {"\x89PNG\r\n\x1a\n\x00\x00\x00\x00", "not a capture"},
		"empty.pcap":  {"", "empty"},
		"prose.txt":   {"nothing to see here\n", "shows no packets"},
	} {
		b.drop(name, []byte(c.content))
		if said := b.settled(); !strings.Contains(said, c.want) {
			t.Errorf("of %s the page says %q", name, said)
		}
	}
	b.drop("cut.pcapng", capture[:len(capture)-10])
	if said := b.settled(); !strings.Contains(said, "1 reset") && !strings.Contains(said, "26 packets") {
		t.Errorf("of a cut capture the page says %q", said)
	}

	// A large capture shows its progress while the page stays alive, and can be cancelled. It is one capture again and again.
	eval[int](b, `(() => { const raw = atob("`+base64.StdEncoding.EncodeToString(capture)+`"), one = Uint8Array.from(raw, (c) => c.charCodeAt(0)), data = new DataTransfer();
		data.items.add(new File(Array(40000).fill(one), "large.pcapng"));
		document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); return 0 })()`)
	b.wait(`document.getElementById("progress").checkVisibility() && document.getElementById("progress").value > 0.01`)
	first := eval[float64](b, `document.getElementById("progress").value`)
	b.wait(`document.getElementById("progress").value > ` + fmt.Sprint(first))
	b.click("#cancel")
	if said := b.settled(); said != "Cancelled." {
		t.Errorf("after cancelling the page says %q", said)
	}
	b.drop("capture.pcapng", capture)
	if said := b.settled(); !strings.HasPrefix(said, "capture.pcapng: 27 packets") {
		t.Errorf("after a cancelled capture the page says %q", said)
	}

	// Names and text are text, whatever they contain.
	const hostile = `<img src=x onerror=alert(1)>"'&lt;script>alert(1)<\/script>.pcapng`
	b.drop(hostile, capture)
	if said := b.settled(); !strings.HasPrefix(said, hostile) {
		t.Errorf("of a hostile name the page says %q", said)
	}
	b.paste(`</textarea><script>alert(1)</script> 10:21:33.000000 IP 192.0.2.10.41000 > 198.51.100.20.8080: Flags [S], seq 1, win 1, length 0
10:21:33.000420 IP 198.51.100.20.8080 > 192.0.2.10.41000: Flags [R.], seq 0, ack 2, win 0, length 0`)
	b.settled()
	if n := eval[int](b, `document.querySelectorAll("img, object, embed, link, base, [onload], [onerror], [onclick]").length + document.scripts.length`); n != 3 {
		t.Errorf("hostile text becomes %d elements", n-3)
	}

	// Each control has a name, the status is announced, and the keyboard reaches all.
	if n := eval[int](b, `[...document.querySelectorAll("button, input, textarea, iframe, progress")].filter((e) =>
		!(e.textContent.trim() || e.labels?.length || e.title || e.getAttribute("aria-label"))).length`); n != 0 {
		t.Errorf("%d controls have no name", n)
	}
	if n := eval[int](b, `document.querySelectorAll("[role=status][aria-live=polite]").length + document.querySelectorAll("h1").length + document.querySelectorAll("main").length`); n != 3 {
		t.Error("the page has no status, heading or main part")
	}
	if n := eval[int](b, `document.querySelectorAll("[tabindex]").length`); n != 0 {
		t.Error("the order of the keyboard is not that of the page")
	}

	// On a telephone nothing scrolls sideways; screenshots can be kept to be looked at.
	b.drop("capture.pcapng", capture)
	b.settled()
	b.do(chromedp.EmulateViewport(400, 800))
	if n := eval[int](b, `document.documentElement.scrollWidth`); n > 400 {
		t.Errorf("at 400 pixels the page is %d wide", n)
	}
	keep := os.Getenv("RSTEXPLAIN_SCREENSHOTS")
	shot := func(name string) {
		if keep == "" {
			return
		}
		png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(keep, name+".png"), png, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	shot("page-400")
	b.do(chromedp.EmulateViewport(1200, 900))
	shot("page-light")
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); got != "rgb(20, 24, 27)" {
		t.Errorf("dark, the page is %s", got)
	}
	shot("page-dark")

	said, requested := b.complaints()
	if len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
	if len(requested) > 0 {
		t.Errorf("the page asks the network for %q", requested)
	}
}
