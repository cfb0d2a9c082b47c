package analyzer_test

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
	"github.com/rstexplain/rstexplain/rules"
)

// A circumstance is a kind of circumstances under which resets are explained: what the capture lacks of the connection, or
// that it shows an attack.
type circumstance struct {
	name, title string
	is          func(*truth.Line, *report.Reset) bool
}

var contexts = []circumstance{
	{"complete", "complete: all of the connection was captured", func(_ *truth.Line, r *report.Reset) bool {
		return !lacks(r, "no-handshake", "one-direction", "missed-packets", "snap-cut", "evicted")
	}},
	{"cut", "cut: payload cut by the snaplen", func(_ *truth.Line, r *report.Reset) bool { return lacks(r, "snap-cut") }},
	{"one-sided", "one-sided: segments of one direction only", func(_ *truth.Line, r *report.Reset) bool { return lacks(r, "one-direction") }},
	{"begun", "begun before the capture", func(_ *truth.Line, r *report.Reset) bool { return lacks(r, "no-handshake", "evicted") }},
	{"missed", "missed: acknowledged bytes are not in the capture", func(_ *truth.Line, r *report.Reset) bool { return lacks(r, "missed-packets") }},
	twins("one-direction", "twins with the packets of one direction only"),
	twins("short-snaplen", "twins cut to 64 bytes (IPv6: 80)"),
	twins("snaplen-96", "twins cut to 96 bytes"),
	twins("snaplen-256", "twins cut to 256 bytes"),
	twins("first-third", "twins without the first third of the packets"),
	{"attack", "attack traffic: scans, probes, and resets of devices on the path", func(l *truth.Line, _ *report.Reset) bool {
		return l.Origin == string(rules.OriginMiddlebox) || slices.Contains([]string{"port-scan", "syn-probe", "half-open", "forged-reset", "stray-segment"}, l.Detail)
	}},
}

// twins are the resets of captures that were degraded in one way.
func twins(kind, title string) circumstance {
	return circumstance{"twins-" + kind, title, func(l *truth.Line, _ *report.Reset) bool {
		return strings.HasPrefix(l.Situation, kind+": ")
	}}
}

// lacks reports whether a connection has one of the defects.
func lacks(r *report.Reset, defects ...string) bool {
	return slices.ContainsFunc(r.Conn.Defects, func(d string) bool { return slices.Contains(defects, d) })
}

// A calibration compares confidences with how often they were right.
type calibration struct {
	n, right        int
	sum             float64
	sure, sureRight int // confidence 0.9 or more
	bins            [10]bin
}

func (c *calibration) add(confidence float64, right bool) {
	b := &c.bins[min(int(confidence*10), 9)]
	c.n, b.n = c.n+1, b.n+1
	c.sum, b.sum = c.sum+confidence, b.sum+confidence
	if right {
		c.right, b.right = c.right+1, b.right+1
	}
	if confidence >= 0.9 {
		if c.sure++; right {
			c.sureRight++
		}
	}
}

func (c *calibration) error() (e float64) {
	for _, b := range c.bins {
		e += math.Abs(b.sum-float64(b.right)) / float64(max(c.n, 1))
	}
	return e
}

// inContext takes one reset into the contexts that it belongs to.
func (s *score) inContext(l *truth.Line, r *report.Reset) {
	for i := range contexts {
		if contexts[i].is(l, r) {
			right := r.Cause == rules.Cause(l.Cause)
			if s.allContexts[i].add(r.Confidence, right); !l.Blind {
				s.contexts[i].add(r.Confidence, right)
			}
		}
	}
}

// contextTable is the section of docs/accuracy.md that has the figures of all sets by context, and floors for them.
func contextTable(scores []*score) string {
	var b strings.Builder
	b.WriteString("\n## By context\n\nWhat the capture lacks of a reset's connection, as the report itself says; a reset may be in several rows. Resets\nwhose cause the packets do not decide are left out, except in the last two columns, where they count as right only if\nthe label given is the true one.\n")
	for _, s := range scores {
		fmt.Fprintf(&b, "\n%s%s:\n\n| context | resets | mean confidence | right | calibration error | confidence ≥ 0.9 | right of these | including undecided | right of these |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n", strings.ToUpper(s.title[:1]), s.title[1:])
		for i, c := range s.contexts {
			if c.n > 0 {
				fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | %.3f | %d | %.3f | %d | %.3f |\n", contexts[i].title, c.n, c.sum/float64(c.n), ratio(c.right, c.n), c.error(),
					c.sure, ratio(c.sureRight, c.sure), s.allContexts[i].sure, ratio(s.allContexts[i].sureRight, s.allContexts[i].sure))
			}
		}
	}
	return b.String()
}

// contextFigures are the floors of the contexts: how often a label with a confidence of 0.9 or more is right.
func (s *score) contextFigures(figures map[string]float64) {
	for i, c := range s.contexts {
		if c.sure > 0 {
			figures["sure-"+contexts[i].name] = ratio(c.sureRight, c.sure)
		}
	}
}
