package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rstexplain/rstexplain/rules"
)

// htmlPageOf renders n resets of two causes as one HTML page.
func htmlPageOf(t testing.TB, n int, change func(i int, m *Reset)) string {
	t.Helper()
	var page bytes.Buffer
	h := HTML(&page, HTMLOptions{})
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
	page := htmlPageOf(t, 40, func(i int, m *Reset) {
		m.Summary = `</p></script><script>alert(1)</script><img src=x onerror=alert(2)>` + "\x1b[31m"
		m.Originator = `"><svg onload=alert(3)>`
		m.Evidence[0].Says = `<a href="javascript:alert(4)">`
		m.Timeline[0].Notes = []string{`<b onclick=x>`}
		m.Zeek.History = `<i>`
	})
	for _, bad := range []string{"<script>alert", "<img", "<svg onload", `<a href="javascript`, "<b onclick", "<i>", "http://", "https://", "style=\""} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("%d scripts, want the data and the one of the page", n)
	}
	policy := regexp.MustCompile(`content="default-src &#39;none&#39;; style-src &#39;(sha256-[^ ]+)&#39;; script-src &#39;(sha256-[^ ]+)&#39;"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("the page has no policy that forbids everything else")
	}
	for i, part := range []string{between(t, page, "<style>", "</style>"), between(t, page, "<script>", "</script>")} {
		if want := html.UnescapeString(policy[i+1]); "'"+want+"'" != hashOf(part) {
			t.Errorf("the policy allows %s, not this page's own: %s", want, hashOf(part))
		}
	}
}

// between returns the text of a page between two others.
func between(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, from)
	text, _, end := strings.Cut(rest, to)
	if !ok || !end {
		t.Fatalf("the page has no %s", from)
	}
	return text
}

func TestHTMLTellsRepeatsOnce(t *testing.T) {
	page := htmlPageOf(t, 4, func(i int, m *Reset) {
		if i > 0 {
			m.Repeats = 131
		}
	})
	if n := strings.Count(page, `<section class="finding"`); n != 1 {
		t.Errorf("%d findings for one event", n)
	}
	if !strings.Contains(page, "#1131, #2131, #3131") {
		t.Error("the frames of the repeats are not reported")
	}
}

// TestHTMLAnchors follows every link of the page, and finds no ID twice.
func TestHTMLAnchors(t *testing.T) {
	page := htmlPageOf(t, 6, nil)
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 20 {
		t.Fatalf("%d links", len(links))
	}
	for _, l := range links {
		if n := strings.Count(page, fmt.Sprintf(`id=%q`, l[1])); n != 1 {
			t.Errorf("%d elements have the ID %s", n, l[1])
		}
	}
	// Both ways: from a statement to the rung that it cites, and back.
	for _, want := range []string{`<a href="#f1-131-r131">#131</a>`, `<a href="#f1-131-e2">[2]</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// A ladder folds runs of acknowledgments, marks trigger and reset, and folds nothing that the evidence cites.
func TestHTMLLadder(t *testing.T) {
	m := Reset{Frame: 20, Originator: "a:1", Responder: "b:2"}
	for i := range 12 {
		e := Event{Frame: 1 + i, Time: Time(i) * 1e6, Sender: sides[1], Flags: "ACK", From: [2]string{"ESTABLISHED", "ESTABLISHED"}, To: [2]string{"ESTABLISHED", "ESTABLISHED"}}
		if i == 0 || i == 6 {
			e.Flags, e.LEN = "PSH, ACK", 10
		}
		m.Timeline = append(m.Timeline, e)
	}
	m.Timeline[6].Role = RoleTrigger
	m.Timeline = append(m.Timeline, Event{Frame: 20, Time: 13e6, Sender: sides[0], Flags: "RST", Role: RoleReset})
	m.Evidence = []Evidence{{Frames: []int{9}, Says: "it acknowledges"}}
	f := newHTMLFinding(&m, "f1-20")
	var got []string
	for _, p := range f.Ladder.Parts {
		if p.Says != "" {
			got = append(got, "fold: "+p.Says)
			continue
		}
		for _, r := range p.Rungs {
			got = append(got, r.Frame+" "+r.Mark)
		}
	}
	want := []string{"#1 ", "fold: 5 acknowledgments, #2 to #6", "#7 trigger", "#8 ", "#9 ", "fold: 3 acknowledgments, #10 to #12", "#20 this reset"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a page without --all holds is bounded, whatever the report does, and what it does not hold is said.
func TestHTMLSize(t *testing.T) {
	if testing.Short() {
		t.Skip("writes large pages")
	}
	long := strings.Repeat("words, ", 60)
	for name, c := range map[string]struct {
		n      int
		change func(i int, m *Reset)
		all    bool // are listed
	}{
		"14,000 findings": {14_000, nil, true},
		"each of its own kind": {3000, func(i int, m *Reset) {
			m.Originator, m.Responder, m.Summary = fmt.Sprintf("10.%d.%d.9:4000", i/250, i%250), fmt.Sprintf("192.168.%d.%d:80", i/250, i%250), fmt.Sprint(long, words[i%26], i)
		}, true},
		"with long summaries": {20_000, func(i int, m *Reset) {
			m.Summary = long + words[i%26] + words[i/26%26] + words[i/676%26] + words[i/17576]
		}, false},
	} {
		page := htmlPageOf(t, c.n, c.change)
		if len(page) > 3_000_000 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		var data pageData
		if err := json.Unmarshal([]byte(between(t, page, `id="data">`, "</script>")), &data); err != nil {
			t.Fatal(err)
		}
		var rows [][]any
		if err := json.Unmarshal(data.Rows, &rows); err != nil {
			t.Fatal(err)
		}
		said := regexp.MustCompile(`it does not list ([0-9,]+) findings`).FindStringSubmatch(page)
		switch {
		case c.all && (said != nil || len(rows) != c.n):
			t.Errorf("%s: %d rows, %q", name, len(rows), said)
		case !c.all && (said == nil || said[1] != thousands(c.n-len(rows))):
			t.Errorf("%s: %d rows of %d, but said to be left out: %q", name, len(rows), c.n, said)
		}
	}
}

// words are 26 different ones.
var words = strings.Split("abcdefghijklmnopqrstuvwxyz", "")

// With All, each finding is there in full.
func TestHTMLAll(t *testing.T) {
	var out bytes.Buffer
	h := HTML(&out, HTMLOptions{All: true})
	r, f := dataAfterFIN()
	var b Builder
	var list []*Reset
	for i := range 2 * fullOfEach {
		m := b.Reset(r, f).Clone()
		m.Frame += 1000 * i
		list = append(list, m)
	}
	play(t, h, list...)
	if n := strings.Count(out.String(), `<section class="finding"`); n != 2*len(list) { // of two captures
		t.Errorf("%d findings in full, want %d", n, 2*len(list))
	}
}
