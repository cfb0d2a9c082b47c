package report

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/rules"
)

// resetTimes are the times of the resets of a report, at twelve bytes each.
type resetTimes struct {
	at    []resetTime
	spans []span
}

type resetTime struct {
	time  Time
	cause uint8 // index into rules.Causes
}

// A span is the time between the first and the last packet of a capture.
type span struct{ first, last Time }

func (s span) length() Time { return s.last - s.first }

func (t *resetTimes) add(r *Reset) {
	t.at = append(t.at, resetTime{r.Time, uint8(max(slices.Index(rules.Causes, r.Cause), 0))})
}

// endFile adds the span of a file.
func (t *resetTimes) endFile(f *File) {
	if f.First != 0 {
		t.spans = append(t.spans, span{f.First, f.Last})
	}
}

// all draws the resets of all files in one histogram, and returns its span; or why that would be useless: most captures
// are shorter than one of its bars.
func (t *resetTimes) all() (drawing template.HTML, over span, apart string) {
	if len(t.spans) == 0 {
		return "", span{}, ""
	}
	whole := t.spans[0]
	for _, s := range t.spans {
		whole = span{min(whole.first, s.first), max(whole.last, s.last)}
	}
	short := 0
	for _, s := range t.spans {
		if s.length() < whole.length()/histogramBars {
			short++
		}
	}
	if len(t.spans) > 1 && short > len(t.spans)/2 {
		const layout = "2006-01-02 15:04"
		return "", whole, fmt.Sprintf("The captures are short and far apart (%s to %s UTC), so resets are not shown "+
			"over time.", whole.first.Std().Format(layout), whole.last.Std().Format(layout))
	}
	return histogram(t.at, whole), whole, ""
}

// histogramBars is the number of bars of a histogram.
const histogramBars = 80

// histogram draws resets over the time of a capture, stacked by cause. Fewer than three are not drawn.
func histogram(at []resetTime, over span) template.HTML {
	const bins, height, base = histogramBars, 90.0, 100.0
	length := over.length()
	if len(at) < 3 || length <= 0 {
		return ""
	}
	var count [bins][]int
	most := 0
	for _, m := range at {
		i := min(max(int(float64(m.time-over.first)/float64(length)*bins), 0), bins-1)
		if count[i] == nil {
			count[i] = make([]int, len(rules.Causes))
		}
		count[i][m.cause]++
		sum := 0
		for _, n := range count[i] {
			sum += n
		}
		most = max(most, sum)
	}
	var d drawing
	const left, breadth = 6.0, 93.0
	step := breadth / bins
	for i := range count {
		y := base
		for c, n := range count[i] {
			if n == 0 {
				continue
			}
			h := float64(n) / float64(most) * height
			y -= h
			fmt.Fprintf(&d.b, `<rect class=%q x="%s%%" y="%s" width="%s%%" height="%s"><title>%s</title></rect>`,
				rules.Causes[c],
				point(left+float64(i)*step), point(y), point(step*0.9), point(h), fmt.Sprintf("%d %s", n, rules.Causes[c]))
		}
	}
	fmt.Fprintf(&d.b, `<line class="l" x1="%s%%" x2="%s%%" y1="%s" y2="%s"/>`, point(left), point(left+breadth),
		point(base), point(base))
	fmt.Fprintf(&d.b, `<text class="s" x="0" y="%s">%s</text>`, point(base-height+8), thousands(most))
	fmt.Fprintf(&d.b, `<text class="s" x="%s%%" y="%s">%s</text>`, point(left), point(base+14),
		over.first.Std().Format("2006-01-02 15:04:05"))
	fmt.Fprintf(&d.b, `<text class="s" x="%s%%" y="%s" text-anchor="end">+%s</text>`, point(left+breadth), point(base+14),
		lasted(time.Duration(length)))
	desc := fmt.Sprintf("%d resets between %s and %s; at most %d in one of %d equal parts.",
		len(at), over.first.Std().Format(time.RFC3339), over.last.Std().Format(time.RFC3339), most, bins)
	return template.HTML(fmt.Sprintf(`<svg width="100%%" height="%s" role="img"><title>Resets over time</title><desc>%s</desc>%s</svg>`, point(base+20), desc, d.b.String()))
}
