package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// shown counts the elements of a selector that are displayed.
func shown(selector string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.checkVisibility()).length`, selector)
}

// TestHTMLInBrowser uses the page as its readers do.
func TestHTMLInBrowser(t *testing.T) {
	tab := newTab(t)
	dir := t.TempDir()
	write := func(name, page string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	const findings = 14_000
	url := write("report.html", htmlPageOf(t, findings, func(i int, m *Reset) {
		m.Summary = fmt.Sprintf(`reset %d <script>alert(1)</script> `, i) + m.Summary
		m.Responder = fmt.Sprintf("198.51.100.%d:443", i%4)
	}))

	// It opens in less than a second. A busy machine gets more tries, and a multiple of what an empty page takes.
	fastest := func(url string) int {
		least := 1 << 30
		for try := 0; try < 3 || try < 8 && least > 1000; try++ {
			tab.open(url)
			least = min(least, tab.number(`Math.ceil(performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd)`))
		}
		return least
	}
	empty := fastest(write("empty.html", "<!doctype html><title>empty</title>"))
	if loaded := fastest(url); loaded > 1000 && loaded > 60*empty {
		t.Errorf("the page is loaded after %d ms, an empty one after %d", loaded, empty)
	} else {
		t.Logf("loaded after %d ms, an empty page after %d", loaded, empty)
	}

	incidents := tab.number(`document.querySelectorAll("article.incident").length`)
	if n := tab.number(shown("article.incident")); n != incidents || n < 2 {
		t.Fatalf("%d of %d incidents are shown", n, incidents)
	}
	if n := tab.number(shown(".finding")); n != 0 {
		t.Errorf("%d findings are shown before an incident is opened", n)
	}

	// An incident opens to the finding that represents it, with its ladder, and to the first of the others.
	tab.click("article.incident summary")
	if n := tab.number(shown(".finding")); n < 2 || n > 200 {
		t.Errorf("an incident opens to %d findings", n)
	}
	if n := tab.number(`document.querySelectorAll(".incident details[open] .finding details[open] .rung").length`); n < 5 {
		t.Errorf("the ladder of the first finding has %d rungs", n)
	}
	before := tab.number(shown(".finding"))
	tab.click("article.incident details[open] .rest button")
	if n := tab.number(shown(".finding")); n != before+200 {
		t.Errorf("%d findings, and %d when more are asked for", before, n)
	}

	// Filters. Info findings are every third.
	info := (findings + 2) / 3
	filtered := `+(document.querySelector(".filters output").textContent.match(/, ([0-9,]+) of/) || ["", "0"])[1].replaceAll(",", "")`
	tab.click("input[value=error]")
	if n := tab.number(filtered); n != info {
		t.Errorf("without errors %d findings match, want %d", n, info)
	}
	tab.click("input[value=info]")
	if n := tab.number(shown("article.incident")); n != 0 {
		t.Errorf("without errors and info %d incidents are shown", n)
	}
	if n := tab.number(shown("#none")); n != 1 {
		t.Error("an empty result does not say so")
	}
	tab.click("#none button")
	if n := tab.number(shown("article.incident")); n != incidents {
		t.Errorf("%d incidents are shown when all are asked for", n)
	}
	set := func(name, value string) {
		tab.number(fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); return 0 })(document.forms[0].elements[%q])`, value, name))
	}
	for _, c := range []struct {
		name, value string
		want        int
	}{{"host", "198.51.100.2", findings / 4}, {"text", "reset 1313 <script", 1}, {"detail", "idle-release", info}} {
		set(c.name, c.value)
		if n := tab.number(filtered); n != c.want {
			t.Errorf("%s %s: %d findings, want %d", c.name, c.value, n, c.want)
		}
		set(c.name, "")
	}

	// A link to a finding opens it, also if it is not in the page yet.
	tab.open(url + "#f1-13000131")
	if n := tab.number(shown("#f1-13000131")); n != 1 {
		t.Error("a link to a finding does not show it")
	}
	tab.open(url + "#f1-131-e2")
	if n := tab.number(shown("#f1-131-e2")); n != 1 {
		t.Error("a link to a statement does not show it")
	}

	// On a telephone nothing scrolls sideways but the ladder.
	tab.do(chromedp.EmulateViewport(400, 800))
	tab.open(url + "#f1-131")
	if n := tab.number(`document.documentElement.scrollWidth`); n > 400 {
		t.Errorf("at 400 pixels the page is %d wide", n)
	}
	sideways := `[...document.querySelectorAll("body *")].filter(e => e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && !e.querySelector(":scope > .ladder")).length`
	if n := tab.number(sideways); n != 0 {
		t.Errorf("%d elements scroll sideways", n)
	}
	if n := tab.number(`Math.round(document.querySelector("#f1-131 svg").getBoundingClientRect().width)`); n < 100 || n > 400 {
		t.Errorf("a plot is %d pixels wide", n)
	}
	tab.do(chromedp.EmulateViewport(1200, 800))

	// A single finding is open at once, and has no filters.
	tab.open(write("one.html", htmlPageOf(t, 1, nil)))
	if n := tab.number(shown(".finding .ladder")); n != 1 {
		t.Error("a single finding is not open")
	}
	if n := tab.number(shown(".filters")); n != 0 {
		t.Error("a single finding has filters")
	}

	// Without the script, what is in full can be read, and how much is not there is said.
	tab.open(write("plain.html", strings.Replace(htmlPageOf(t, 3*fullOfEach, nil), htmlScript, "", 1)))
	tab.click("article.incident summary")
	if n := tab.number(shown(".finding .ladder")); n != 1 {
		t.Errorf("without the script, an incident opens to %d ladders", n)
	}
	if n := tab.number(shown(".filters")); n != 0 {
		t.Error("without the script, there are filters")
	}
	if n := tab.number(shown(".rest")); n != 1 {
		t.Error("without the script, the page does not say what is missing")
	}

	// Whatever text is in a report, the browser finds nothing in it to run, to load or to complain about.
	for i, s := range hostileTexts {
		tab.open(write("report.html", rendered(t, "html", s)))
		if got := tab.number(`document.querySelectorAll("img, iframe, object, embed, link, base, form[action], [onload], [onerror], [onclick]").length + document.scripts.length`); got != 2 {
			t.Errorf("hostile text %d becomes %d elements", i, got-2)
		}
		if got := tab.number(`document.querySelectorAll(".finding").length`); got != 3 {
			t.Errorf("of hostile text %d, there are %d findings, want 3", i, got)
		}
	}
	if said := tab.console(); len(said) > 0 {
		t.Errorf("the browser complains: %s", said)
	}
}
