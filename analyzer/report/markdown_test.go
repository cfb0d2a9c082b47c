package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// markdownOf renders n resets of one capture as Markdown.
func markdownOf(t *testing.T, path string, n int, change func(i int, m *Reset)) string {
	t.Helper()
	var out bytes.Buffer
	r := Markdown(&out, MarkdownOptions{})
	rst, finding := dataAfterFIN()
	var b Builder
	for _, err := range []error{r.Begin("test"), r.BeginFile(path)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		m := b.Reset(rst, finding)
		m.Frame, m.Stream = m.Frame+1000*i, i
		m.Time += Time(i) * 1e9
		if change != nil {
			change(i, m)
		}
		if err := r.Reset(m); err != nil {
			t.Fatal(err)
		}
	}
	file := File{Path: path, Packets: 10 * n, Connections: n, First: Time(at(0)), Last: Time(at(float64(n) * 1000))}
	for i := range 200 {
		file.Warnings = append(file.Warnings, Warning{Says: fmt.Sprint(i, strings.Repeat(" <|*", 5*i)), Frame: 1 + i, Count: 1})
	}
	b.Finish(&file)
	for _, err := range []error{r.EndFile(&file), r.End()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// A Markdown report fits an issue, whatever the capture; it says what it leaves out, and where the report was made it
// does not.
func TestMarkdownFits(t *testing.T) {
	long := strings.Repeat("<b>@|*", 300)
	for name, c := range map[string]struct {
		n      int
		change func(i int, m *Reset)
	}{
		"one":        {1, nil},
		"many alike": {3000, nil},
		"each of its own": {500, func(i int, m *Reset) {
			m.Responder = fmt.Sprintf("192.0.%d.%d:80", i/250, i%250)
			m.Detail = fmt.Sprint("detail-", i)
		}},
		"long texts": {200, func(i int, m *Reset) {
			m.Summary, m.Detail, m.Originator, m.Remedy = long, fmt.Sprint(i, long), long, long
			m.Evidence[0].Says, m.Timeline[1].Notes = long, []string{long}
		}},
		"very long texts": {20, func(i int, m *Reset) { m.Summary, m.Filter = strings.Repeat(long, 40), strings.Repeat(long, 40) }},
	} {
		got := markdownOf(t, "/home/somebody/secret/capture.pcapng", c.n, c.change)
		if n := runes(got); n > MarkdownMax {
			t.Errorf("%s: %d characters", name, n)
		}
		if strings.Contains(got, "somebody") || !strings.Contains(got, "## Resets in capture.pcapng") {
			t.Errorf("%s: the path is not that of a ticket: %.60q", name, got)
		}
		if open, end := strings.Count(got, "\n<details>\n"), strings.Count(got, "\n</details>\n"); open == 0 || open != end {
			t.Errorf("%s: %d sections begin and %d end", name, open, end)
		}
		full := strings.Count(got, "\nWireshark:\n")
		if left := regexp.MustCompile(`the evidence and packets of ([0-9,]+) of`).FindStringSubmatch(got); full < c.n && (left == nil || left[1] != thousands(c.n-full)) {
			t.Errorf("%s: %d of %d findings are shown, and %q is said to be left out", name, full, c.n, left)
		}
		if !strings.Contains(got, "more lines of this kind") {
			t.Errorf("%s: the warnings that are left out are not counted", name)
		}
	}
	got := markdownOf(t, "capture.pcapng", 1, nil)
	for _, want := range []string{
		"<summary><b>A connection from",
		"| frame\u00a0131 | 2026-01-01 00:00:01.325566 | server | 192.0.2.10:",
		"Sent by the server \\[2001:db8::9\\]:8080 at 2026-01-01",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

func TestRepeatsInWords(t *testing.T) {
	for says, want := range map[string]string{
		"1 more RST of the same event: #3":               "1 more RST of the same event: frame 3",
		"4 more RSTs of the same event: #3, #7–#9 and 2": "4 more RSTs of the same event: frames 3, 7–9 and 2",
		"2 more RSTs of the same event: lines 3, 4":      "2 more RSTs of the same event: lines 3, 4",
	} {
		if got := repeatsInWords(says); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTicketPath(t *testing.T) {
	for path, want := range map[string]string{
		"a.pcap": "a.pcap", "traces/a.pcap": "traces/a.pcap", "/home/me/a.pcap": "a.pcap", "~/a.pcap": "a.pcap", `C:\me\a.pcap`: "a.pcap", `\\host\\share\\a.pcap`: "a.pcap",
		"/x/a.pcap and 3 more, joined": "a.pcap and 3 more, joined", "-": "-",
	} {
		if got := ticketPath(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
