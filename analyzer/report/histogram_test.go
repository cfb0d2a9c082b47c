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
			for k := range Time(3) {
				times.add(&Reset{Time: start + k*minute/3, Cause: "fast-close"})
			}
			times.endFile(&File{First: start, Last: start + minute})
		}
		drawing, _, apart := times.all()
		if (drawing != "") != c.shared || (apart == "") != c.shared {
			t.Errorf("%s: drawing %v, said %q", name, drawing != "", apart)
		}
	}
	var none resetTimes
	if drawing, _, apart := none.all(); drawing != "" || apart != "" {
		t.Errorf("no capture: %q, %q", drawing, apart)
	}
}

// The page of several captures names the capture of each incident, and a closed finding its confidence.
func TestHTMLNamesCaptures(t *testing.T) {
	var b strings.Builder
	play(t, HTML(&b, HTMLOptions{}), sampleResets()...)
	for _, want := range []string{"in a.pcap", "<span>96 % confidence</span>", `<h3 class="path">a.pcap</h3>`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
