package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules"
)

// htmlPageOf renders n resets of two causes as one HTML page.
func htmlPageOf(t testing.TB, n int, change func(i int, m *Reset)) string {
	t.Helper()
	var page bytes.Buffer
	h := HTML(&page)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.Begin("rstexplain test"))
	must(h.BeginFile("capture.pcapng"))
	r, f := dataAfterFIN()
	var b Builder
	for i := range n {
		m := b.Reset(r, f)
		m.Frame += 1000 * i
		m.Time += Time(i) * 1e9
		if i%3 == 0 {
			m.Cause, m.Severity, m.Detail = rules.FastClose, rules.Info, "idle-release"
		}
		if change != nil {
			change(i, m)
		}
		must(h.Reset(m))
	}
	file := File{Path: "capture.pcapng", Packets: 10 * n, Connections: n, First: Time(at(0)), Last: Time(at(float64(n) * 1000))}
	b.Finish(&file)
	must(h.EndFile(&file))
	must(h.End())
	return page.String()
}

func TestHTMLIsOneSafePage(t *testing.T) {
	page := htmlPageOf(t, 4, func(i int, m *Reset) {
		m.Summary = `</p><script>alert(1)</script><img src=x onerror=alert(2)>` + "\x1b[31m"
		m.Originator = `"><svg onload=alert(3)>`
		m.Evidence[0].Says = `<a href="javascript:alert(4)">`
		m.Timeline[0].Notes = []string{`<b onclick=x>`}
		m.Zeek.History = `<i>`
	})
	for _, bad := range []string{"<script", "<img", "<svg onload", `<a href="javascript`, "<b onclick", "<i>", "http://", "https://", "style=\""} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !strings.Contains(page, "Content-Security-Policy") || !strings.Contains(page, "default-src &#39;none&#39;") {
		t.Error("the page has no policy that forbids everything")
	}
}

func TestHTMLTellsRepeatsOnce(t *testing.T) {
	page := htmlPageOf(t, 4, func(i int, m *Reset) {
		if i > 0 {
			m.Repeats = 131
		}
	})
	if n := strings.Count(page, "<article"); n != 1 {
		t.Errorf("%d articles for one event", n)
	}
	if !strings.Contains(page, "#1131, #2131, #3131") {
		t.Error("the frames of the repeats are not told")
	}
}

// TestHTMLAnchors follows every link of the page.
func TestHTMLAnchors(t *testing.T) {
	page := htmlPageOf(t, 6, nil)
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) == 0 {
		t.Fatal("the overview links to nothing")
	}
	for _, l := range links {
		if !strings.Contains(page, fmt.Sprintf(`id=%q`, l[1])) {
			t.Errorf("nothing has the anchor %s", l[1])
		}
	}
}

// TestHTMLInBrowser looks at the page as its readers do.
func TestHTMLInBrowser(t *testing.T) {
	tab := newTab(t)
	file := filepath.Join(t.TempDir(), "report.html")
	const findings = 5000
	page := htmlPageOf(t, findings, func(i int, m *Reset) { m.Summary = `reset <script>alert(1)</script> ` + m.Summary })
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.open("file://" + file)

	visible := `[...document.querySelectorAll("article")].filter(a => a.getClientRects().length).length`
	if got := tab.number(visible); got != findings {
		t.Errorf("%d findings are shown, want %d", got, findings)
	}
	info := (findings + 2) / 3
	tab.click("#show-fast-close")
	if got := tab.number(visible); got != findings-info {
		t.Errorf("without fast-close %d findings are shown, want %d", got, findings-info)
	}
	tab.click("#show-error")
	if got := tab.number(visible); got != 0 {
		t.Errorf("without fast-close and errors %d findings are shown, want none", got)
	}
	tab.click("#show-fast-close")
	if got := tab.number(visible); got != info {
		t.Errorf("with fast-close alone %d findings are shown, want %d", got, info)
	}
	if got := tab.number(`document.querySelectorAll("article details[open]").length`); got != 0 {
		t.Errorf("%d findings are open at first, want none", got)
	}
	tab.click("article[data-cause=fast-close] summary")
	if got := tab.number(`Math.round(document.querySelector("article details[open] svg").getBoundingClientRect().height)`); got < 100 {
		t.Errorf("the ladder of the opened finding is %d pixels high", got)
	}
	if got := tab.number(`document.scripts.length`); got != 0 {
		t.Errorf("the page has %d scripts, want none", got)
	}

	// Whatever text is in a report, the browser finds nothing in it to run, to load or to complain about.
	for i, s := range hostileTexts {
		if err := os.WriteFile(file, []byte(rendered(t, "html", s)), 0o600); err != nil {
			t.Fatal(err)
		}
		tab.open("file://" + file)
		if got := tab.number(`document.querySelectorAll("script, img, iframe, object, embed, link, base, form[action], [onload], [onerror], [onclick]").length`); got != 0 {
			t.Errorf("hostile text %d becomes %d elements", i, got)
		}
		if got := tab.number(`document.querySelectorAll("article").length`); got != 3 {
			t.Errorf("of hostile text %d, %d findings are shown, want 3", i, got)
		}
	}
	if said := tab.console(); len(said) > 0 {
		t.Errorf("the browser complains: %s", said)
	}
}
