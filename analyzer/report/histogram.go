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
	file  int // index of the first reset of the present file
	spans []span
}

type resetTime struct {
	time  Time
	cause uint8 // index into rules.Causes
}

// A span is the time between the first and the last packet of a capture.
type span struct{ first, last Time }

func (s span) length() Time { return s.last - s.first }

func (t *resetTimes) beginFile() { t.file = len(t.at) }

func (t *resetTimes) add(r *Reset) {
	t.at = append(t.at, resetTime{r.Time, uint8(max(slices.Index(rules.Causes, r.Cause), 0))})
}

// endFile draws the resets of the file.
func (t *resetTimes) endFile(f *File) template.HTML {
	if f.First != 0 {
		t.spans = append(t.spans, span{f.First, f.Last})
	}
	return histogram(t.at[t.file:], span{f.First, f.Last})
}

// all draws the resets of all files in one histogram, or returns why that would be useless: most captures are shorter
// than one of its bars.
func (t *resetTimes) all() (drawing template.HTML, apart string) {
	if len(t.spans) == 0 {
		return "", ""
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
	if short > len(t.spans)/2 {
		const layout = "2006-01-02 15:04"
		return "", fmt.Sprintf("The captures are short and far apart (%s to %s UTC), so resets over time are shown for each capture separately.",
			whole.first.Std().Format(layout), whole.last.Std().Format(layout))
	}
	return histogram(t.at, whole), ""
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
	step := (plotRight - plotLeft) / bins
	for i := range count {
		y := base
		for c, n := range count[i] {
			if n == 0 {
				continue
			}
			h := float64(n) / float64(most) * height
			y -= h
			fmt.Fprintf(&d.b, `<rect class=%q x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`, rules.Causes[c],
				point(plotLeft+float64(i)*step), point(y), point(step-1), point(h), fmt.Sprintf("%d %s", n, rules.Causes[c]))
		}
	}
	d.path("l", fmt.Sprintf("M%s %sH%s", point(plotLeft), point(base), point(plotRight)))
	d.text(plotLeft-6, base-height+8, "end", "s", thousands(most))
	d.text(plotLeft, base+14, "", "s", over.first.Std().Format("2006-01-02 15:04:05"))
	d.text(plotRight, base+14, "end", "s", "+"+lasted(time.Duration(length)))
	return d.done(ladderEnd, base+20, "Resets over time", fmt.Sprintf("%d resets between %s and %s; at most %d in one of %d equal parts.",
		len(at), over.first.Std().Format(time.RFC3339), over.last.Std().Format(time.RFC3339), most, bins))
}
