package report

import (
	"strings"
	"testing"
)

// Captures of one time share a drawing of their resets; of others the page says why they do not.
func TestHistogramOfSeveralCaptures(t *testing.T) {
	const minute = Time(60e9)
	for name, c := range map[string]struct {
		apart  Time // between the beginnings of captures of a minute
		shared bool
	}{"ring": {minute, true}, "overlapping": {minute / 2, true}, "years": {1e6 * minute, false}} {
		var times resetTimes
		for i := range Time(3) {
			start := 1e18 + i*c.apart
			times.beginFile()
			for k := range Time(3) {
				times.add(&Reset{Time: start + k*minute/3, Cause: "fast-close"})
			}
			if times.endFile(&File{First: start, Last: start + minute}) == "" {
				t.Errorf("%s: capture %d has no drawing", name, i)
			}
		}
		drawing, apart := times.all()
		if (drawing != "") != c.shared || (apart == "") != c.shared {
			t.Errorf("%s: drawing %v, said %q", name, drawing != "", apart)
		}
	}
	var none resetTimes
	if drawing, apart := none.all(); drawing != "" || apart != "" {
		t.Errorf("no capture: %q, %q", drawing, apart)
	}
}

// The overview of several captures names the capture of each example, and a closed finding its confidence.
func TestHTMLNamesCaptures(t *testing.T) {
	var b strings.Builder
	play(t, HTML(&b), sampleResets()...)
	for _, want := range []string{`<a href="#f1-131">frame 131</a> of a.pcap`, "<span>96 % confidence</span>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
