package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules"
)

// play renders two files with the same resets.
func play(t *testing.T, r Renderer, resets ...*Reset) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.Begin("rstexplain test"))
	for _, path := range []string{"a.pcap", "b.pcap"} {
		must(r.BeginFile(path))
		var b Builder
		for _, m := range resets {
			b.count(m)
			must(r.Reset(m))
		}
		f := File{Path: path, Packets: 10, Partial: path == "b.pcap", Warnings: []Warning{{Says: "cut", Lost: path == "b.pcap"}}}
		b.Finish(&f)
		must(r.EndFile(&f))
	}
	must(r.End())
}

func sampleResets() []*Reset {
	var b Builder
	worst := b.Reset(dataAfterFIN()).Clone()
	harmless := worst.Clone()
	harmless.Frame, harmless.Cause, harmless.Detail, harmless.Severity = 7, rules.FastClose, "idle-release", rules.Info
	again := worst.Clone()
	again.Frame, again.Repeats = 140, 131
	return []*Reset{harmless, worst, again}
}

// The total counts over files, and shows the worst first with an example of it.
func TestTotal(t *testing.T) {
	var out bytes.Buffer
	play(t, JSON(&out), sampleResets()...)
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	got := r.Total
	if got.Files != 2 || got.Partial != 1 || got.Resets != 6 || got.Findings != 4 || len(got.Causes) != 2 || got.ServerCount != 1 || got.PairCount != 1 {
		t.Errorf("%+v", got)
	}
	want := Sum{Cause: rules.PeerCrash, Detail: "data-after-fin", Severity: rules.Error, Resets: 4, Findings: 2, Files: 2, Severities: Severities{Error: 2}, Example: Example{"a.pcap", 131, 0}}
	if got.Causes[0] != want {
		t.Errorf("worst: %+v", got.Causes[0])
	}
	both := Severities{Error: 2, Info: 2}
	if got.Severities != both || got.Servers[0].Severities != both {
		t.Errorf("by severity: %+v; of the server %+v", got.Severities, got.Servers[0].Severities)
	}
	for _, f := range r.Files {
		if want := (Severities{Error: 1, Info: 1}); f.Severities != want {
			t.Errorf("%s by severity: %+v", f.Path, f.Severities)
		}
	}
	if p := got.Pairs[0]; p.Originator != "192.0.2.10" || p.Responder != "2001:db8::9" || p.Example.Frame != 131 {
		t.Errorf("pair: %+v", p)
	}
}

// Findings are reported the gravest first, those of one severity in the order of their frames, and their counts
// are exact in every format that people read.
func TestGravestFirst(t *testing.T) {
	resets := sampleResets()
	for i, severity := range []rules.Severity{rules.Warning, rules.Error} {
		m := resets[1].Clone()
		m.Frame, m.Severity = 500+i, severity
		resets = append(resets, m)
	}
	for format, head := range map[string]string{"text": "\n#%d  ", "markdown": "**frame %d: ", "html": "id=\"f1-%d\""} {
		var out bytes.Buffer
		to := allFormats[format](&out)
		if format == "text" {
			to = Text(&out, TextOptions{All: true})
		}
		play(t, to, resets...)
		rest, found := out.String(), false
		order := []int{131, 501, 500, 7}
		if format != "text" { // by incidents, and of each first the finding that represents it
			order = []int{131, 501}
		}
		for _, frame := range order {
			if _, rest, found = strings.Cut(rest, fmt.Sprintf(head, frame)); !found {
				t.Errorf("%s: frame %d is not in its place", format, frame)
			}
		}
		if n := strings.Count(out.String(), "2 errors, 1 warning, 1 info"); n < 2 {
			t.Errorf("%s: the counts by severity stand there %d times, want them for each file", format, n)
		}
		if !strings.Contains(out.String(), "4 errors, 2 warnings, 2 info") {
			t.Errorf("%s: the counts by severity of all files are not there", format)
		}
	}
}

// Selected resets are counted by themselves, and the others by their number.
func TestSelect(t *testing.T) {
	var out bytes.Buffer
	play(t, Select(JSON(&out), func(r *Reset) bool { return r.Cause == rules.FastClose }), sampleResets()...)
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if f := r.Files[0]; f.LeftOut != 2 || f.ResetCount != 1 || len(f.Resets) != 1 || len(f.Summary) != 1 || r.Total.LeftOut != 4 {
		t.Errorf("%+v; total %+v", f, r.Total)
	}
}

// Continuous integration reads the XML: incidents are test cases, failed as the options say of their findings.
func TestJUnit(t *testing.T) {
	var out bytes.Buffer
	resets := sampleResets()
	resets[1].Summary = "a <b> & \x00 \x1b[31m"
	play(t, JUnit(&out, JUnitOptions{}), resets...)
	var doc struct {
		Suites []struct {
			Name     string      `xml:"name,attr"`
			Tests    int         `xml:"tests,attr"`
			Failures int         `xml:"failures,attr"`
			Errors   int         `xml:"errors,attr"`
			Cases    []junitCase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	// Both captures have the same resets, and their incidents stand with the first.
	if s := doc.Suites[0]; s.Tests != 2 || s.Failures != 1 || s.Errors != 0 || len(s.Cases) != 2 {
		t.Errorf("the first capture: %+v", s)
	} else if f := s.Cases[0].Failure; f == nil || strings.ContainsRune(f.Message+f.Text, 0x1b) || !strings.Contains(f.Text, "Incident ") {
		t.Errorf("%+v", s.Cases[0])
	}
	if s := doc.Suites[1]; s.Tests != 1 || s.Failures != 0 || s.Errors != 1 || len(s.Cases) != 1 {
		t.Errorf("the second capture: %+v", s)
	}
}
