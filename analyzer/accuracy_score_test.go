package analyzer_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
	"github.com/rstexplain/rstexplain/rules"
)

// A score is how the explanations of one set of captures compare with the truth.
type score struct {
	name, title string
	group       string // twin kind being compared, "" none

	missed, invented int
	blind            tally                  // resets whose cause the packets of their capture do not decide
	all              tally                  // the others
	byLabel          map[rules.Cause]*tally // by the true one
	byGroup          map[string]*tally
	bySituation      map[string]*tally
	confusion        map[rules.Cause]map[rules.Cause]int // true, then given

	forged, reportedRightly, reported, visible int // resets of middleboxes: all; reported as such, rightly; reported as such at all; that packets can show
	visibleReported                            int
	bins                                       [10]bin
	contexts, allContexts                      []calibration // as contexts; without and with the resets whose cause the packets do not decide
}

// A tally counts resets.
type tally struct {
	n     int
	first int // the label given is the true one
	two   int // the true label is the one given, or the first alternative
	also  int // the label given is the true one or one that the packets leave open
}

// A bin is the resets whose confidence lies in one tenth.
type bin struct {
	n     int
	sum   float64
	right int
}

func newScore(name, title string) *score {
	return &score{name: name, title: title, byLabel: map[rules.Cause]*tally{}, byGroup: map[string]*tally{}, bySituation: map[string]*tally{},
		confusion: map[rules.Cause]map[rules.Cause]int{}, contexts: make([]calibration, len(contexts)), allContexts: make([]calibration, len(contexts))}
}

func at[K comparable](m map[K]*tally, k K) *tally {
	if m[k] == nil {
		m[k] = &tally{}
	}
	return m[k]
}

func (c *tally) add(first, two, also bool) {
	c.n++
	for _, x := range []struct {
		n  *int
		ok bool
	}{{&c.first, first}, {&c.two, two}, {&c.also, also}} {
		if x.ok {
			*x.n++
		}
	}
}

// compare takes one capture's truth and explanations. all says that the truth covers every RST.
func (s *score) compare(t *testing.T, path string, lines []truth.Line, got map[int]*report.Reset, all bool) {
	for i := range lines {
		l := &lines[i]
		r := got[l.Frame]
		if r == nil {
			s.missed++
			t.Errorf("%s: the RST in frame %d is not explained", path, l.Frame)
			continue
		}
		s.cause(t, path, l, r)
		s.origin(t, path, l, r)
	}
	if all && len(got) > len(lines) {
		s.invented += len(got) - len(lines)
		t.Errorf("%s: %d resets explained, there are %d", path, len(got), len(lines))
	}
}

func (s *score) cause(t *testing.T, path string, l *truth.Line, r *report.Reset) {
	want := rules.Cause(l.Cause)
	first := r.Cause == want
	two := first || len(r.Alternatives) > 0 && r.Alternatives[0].Cause == want
	also := l.OK(string(r.Cause))
	s.inContext(l, r)
	if l.Blind {
		s.blind.add(first, two, also)
		return
	}
	s.all.add(first, two, also)
	at(s.byLabel, want).add(first, two, also)
	at(s.bySituation, l.Situation).add(first, two, also)
	if s.group != "" {
		at(s.byGroup, s.group).add(first, two, also)
	}
	if s.confusion[want] == nil {
		s.confusion[want] = map[rules.Cause]int{}
	}
	s.confusion[want][r.Cause]++
	b := &s.bins[min(int(r.Confidence*10), 9)]
	b.n++
	b.sum += r.Confidence
	if first {
		b.right++
	}
	if !first && *showMisses {
		t.Logf("%s #%d: given %s (%s, %.2f), is %s (%s) %v: %s; kernel %s/%s", path, l.Frame, r.Cause, r.Detail, r.Confidence, l.Cause, l.Detail, l.AlsoOK, l.Why, l.KernelReason, l.KernelState)
	}
}

func (s *score) origin(t *testing.T, path string, l *truth.Line, r *report.Reset) {
	if l.Origin == "unsure" {
		return
	}
	is, reported := l.Origin == "middlebox", r.Origin == rules.OriginMiddlebox
	if is {
		s.forged++
		if !l.Hidden {
			s.visible++
			if reported {
				s.visibleReported++
			}
		}
	}
	if reported {
		s.reported++
		if is {
			s.reportedRightly++
		}
	}
	if *showMisses && (reported && !is || is && !l.Hidden && !reported) {
		t.Logf("%s #%d: origin %s, reported %s (%s); %s", path, l.Frame, l.Origin, r.Origin, r.Detail, l.Source)
	}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// figures are what docs/accuracy.md promises.
func (s *score) figures() map[string]float64 {
	macro := 0.0
	for _, c := range s.bySituation {
		macro += ratio(c.first, c.n) / float64(len(s.bySituation))
	}
	figures := map[string]float64{
		"top-1": ratio(s.all.first, s.all.n), "first-two": ratio(s.all.two, s.all.n), "left-open": ratio(s.all.also, s.all.n),
		"top-1-by-situation": macro, "blind-left-open": ratio(s.blind.also, s.blind.n),
		"origin-precision": ratio(s.reportedRightly, s.reported), "origin-recall": ratio(s.visibleReported, s.visible),
		"calibration-error": s.calibrationError(),
	}
	s.contextFigures(figures)
	return figures
}

// calibrationError is the expected calibration error over ten bins.
func (s *score) calibrationError() float64 {
	e := 0.0
	for _, b := range s.bins {
		if b.n > 0 {
			e += math.Abs(b.sum-float64(b.right)) / float64(max(s.all.n, 1))
		}
	}
	return e
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// text is the score as Markdown.
func (s *score) text() string {
	var b strings.Builder
	f := s.figures()
	fmt.Fprintf(&b, "%d resets of %d situations. Missed: %d. Invented: %d.\n\n", s.all.n+s.blind.n, len(s.bySituation), s.missed, s.invented)
	fmt.Fprintf(&b, "| figure | value |\n|---|---:|\n")
	for _, row := range [][2]string{
		{"top-1", "the label given is the true one"}, {"first-two", "the true label is the one given or the first alternative"},
		{"left-open", "the label given is true or cannot be ruled out by these packets"}, {"top-1-by-situation", "top-1, each situation counted once"},
		{"origin-precision", "origin: reported as a middlebox's, and is"}, {"origin-recall", "origin: a middlebox's that packets can show, and is reported"},
		{"calibration-error", "expected calibration error"},
	} {
		fmt.Fprintf(&b, "| %s | %.3f |\n", row[1], f[row[0]])
	}
	if s.blind.n > 0 {
		fmt.Fprintf(&b, "\nThe packets do not decide the cause of %d further resets; the label given to these cannot be ruled out in %.3f.\n", s.blind.n, f["blind-left-open"])
	}
	b.WriteString("\n| true label | resets | top-1 | first two | left open |\n|---|---:|---:|---:|---:|\n")
	for _, c := range rules.Causes {
		if x := s.byLabel[c]; x != nil {
			fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | %.3f |\n", c, x.n, ratio(x.first, x.n), ratio(x.two, x.n), ratio(x.also, x.n))
		}
	}
	b.WriteString("\nConfusion (rows are true, columns are given):\n\n| |")
	for _, c := range rules.Causes {
		fmt.Fprintf(&b, " %s |", c)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(rules.Causes)) + "\n")
	for _, c := range rules.Causes {
		fmt.Fprintf(&b, "| %s |", c)
		for _, d := range rules.Causes {
			fmt.Fprintf(&b, " %d |", s.confusion[c][d])
		}
		b.WriteString("\n")
	}
	if len(s.byGroup) > 0 {
		b.WriteString("\n| degraded | resets | top-1 | first two | left open |\n|---|---:|---:|---:|---:|\n")
		for _, g := range sorted(s.byGroup) {
			x := s.byGroup[g]
			fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | %.3f |\n", g, x.n, ratio(x.first, x.n), ratio(x.two, x.n), ratio(x.also, x.n))
		}
	}
	b.WriteString("\n| confidence | resets | mean confidence | right |\n|---|---:|---:|---:|\n")
	for i, x := range s.bins {
		if x.n > 0 {
			fmt.Fprintf(&b, "| %.1f–%.1f | %d | %.3f | %.3f |\n", float64(i)/10, float64(i+1)/10, x.n, x.sum/float64(x.n), ratio(x.right, x.n))
		}
	}
	return b.String()
}

// page is docs/accuracy.md.
func page(scores []*score) string {
	var b strings.Builder
	b.WriteString(`# How often rstexplain is right

<!-- Written by "go test ./analyzer -run TestAccuracy -accuracy". Do not edit by hand. -->

Measured on resets whose true reason is known. The captures of the lab (testdata, made by cmd/rstlab) come
from real sockets on a Linux kernel that recorded why it sent each RST; a few are constructed after published
behaviour. The degraded twins are computed from them: handshake missing, one direction, every packet twice,
reordered, one packet in twenty lost, short snaplen, started in the middle, rotated. The captures of other
projects were labelled by hand. A test fails when a figure falls below what stands here.
`)
	for _, s := range scores {
		fmt.Fprintf(&b, "\n## %s%s\n\n%s\n", strings.ToUpper(s.title[:1]), s.title[1:], s.text())
		f := s.figures()
		for _, name := range sorted(f) {
			v := math.Floor(f[name]*1000) / 1000
			if name == "calibration-error" {
				v = math.Ceil(f[name]*1000) / 1000
			}
			fmt.Fprintf(&b, "<!-- floor %s %s %.3f -->\n", s.name, name, v)
		}
	}
	b.WriteString(contextTable(scores))
	return b.String()
}
