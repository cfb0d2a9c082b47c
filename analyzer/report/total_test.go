package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
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
		for _, m := range resets {
			must(r.Reset(m))
		}
		f := File{Path: path, Packets: 10, Partial: path == "b.pcap", Warnings: []Warning{{Says: "cut", Lost: path == "b.pcap"}}}
		var b Builder
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
	want := Sum{Cause: rules.PeerCrash, Detail: "data-after-fin", Severity: rules.Error, Resets: 4, Findings: 2, Files: 2, Example: Example{"a.pcap", 131}}
	if got.Causes[0] != want {
		t.Errorf("worst: %+v", got.Causes[0])
	}
	if p := got.Pairs[0]; p.Originator != "192.0.2.10" || p.Responder != "2001:db8::9" || p.Example.Frame != 131 {
		t.Errorf("pair: %+v", p)
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

// Continuous integration reads the XML: findings are test cases, failed as the options say.
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
	for i, want := range []int{0, 1} {
		s := doc.Suites[i]
		if s.Tests != 2+want || s.Failures != 1 || s.Errors != want || len(s.Cases) != s.Tests {
			t.Errorf("suite %d: %+v", i, s)
		}
		if f := s.Cases[1].Failure; f == nil || strings.ContainsRune(f.Message, 0x1b) {
			t.Errorf("%+v", s.Cases[1])
		}
	}
}
