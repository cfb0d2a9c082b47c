package report

import (
	"fmt"
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A drawing collects the elements of an inline SVG. It escapes text; colours are defined in the style sheet.
type drawing struct{ b strings.Builder }

func (d *drawing) text(x, y float64, anchor, class, s string) {
	if s == "" {
		return
	}
	d.b.WriteString(`<text x="`)
	d.num(x)
	d.b.WriteString(`" y="`)
	d.num(y)
	if anchor != "" {
		d.b.WriteString(`" text-anchor="` + anchor)
	}
	if class != "" {
		d.b.WriteString(`" class="` + class)
	}
	d.b.WriteString(`">` + html.EscapeString(s) + `</text>`)
}

func (d *drawing) path(class, data string) {
	d.b.WriteString(`<path class="` + class + `" d="` + data + `"/>`)
}

func (d *drawing) num(f float64) { d.b.WriteString(point(f)) }

// point prints a coordinate to a tenth.
func point(f float64) string { return strconv.FormatFloat(f, 'f', -1, 32) }

// done returns the finished drawing with a title and a description for screen readers.
func (d *drawing) done(width, height float64, title, desc string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %s %s" width="%s" height="%s" role="img"><title>%s</title><desc>%s</desc>%s</svg>`,
		point(width), point(height), point(width), point(height), html.EscapeString(title), html.EscapeString(desc),
		d.b.String()))
}

// The frame of a time–sequence plot, in pixels: narrow enough for a telephone.
const (
	plotWidth           = 424.0
	plotLeft, plotRight = 80.0, 414.0
	plotTop, plotBottom = 22.0, 160.0
)

// A plot is a drawing with its caption.
type plot struct {
	Caption string
	SVG     template.HTML
}

// sequencePlot draws the data of one side of m over time, with the peer's acknowledgments and the reset. It returns
// false if the timeline has no data of that side.
func sequencePlot(m *Reset, sender string) (plot, bool) {
	low, high, segments := ^uint32(0), uint32(0), 0
	for i := range m.Timeline {
		e := &m.Timeline[i]
		if e.Sender == sender && e.LEN > 0 && e.SEQ < 1<<31 {
			low, high = min(low, e.SEQ), max(high, e.SEQ+e.LEN)
			segments++
		}
	}
	if segments == 0 {
		return plot{}, false
	}
	xs, gaps := timeAxis(m.Timeline)
	y := func(seq uint32) float64 {
		return plotBottom - float64(seq-low)/float64(high-low)*(plotBottom-plotTop)
	}
	var d drawing
	who := m.Originator
	if sender == "responder" {
		who = m.Responder
	}
	d.text(plotLeft-6, 12, "end", "s", "SEQ")
	d.text(plotLeft, plotBottom+15, "", "s", "0")
	if last := time.Duration(m.Timeline[len(m.Timeline)-1].Time - m.Timeline[0].Time); last > 0 {
		d.text(plotRight, plotBottom+15, "end", "s", "+"+lasted(last))
	}
	d.text((plotLeft+plotRight)/2, plotBottom+30, "middle", "s", "time since "+mark(m.Timeline[0].Frame, m.Line > 0))
	d.path("l", fmt.Sprintf("M%s %sV%sH%s", point(plotLeft), point(plotTop), point(plotBottom), point(plotRight)))
	d.text(plotLeft-6, plotTop+8, "end", "s", strconv.FormatUint(uint64(high), 10))
	d.text(plotLeft-6, plotBottom, "end", "s", strconv.FormatUint(uint64(low), 10))
	for _, x := range gaps {
		d.path("gap", fmt.Sprintf("M%s %sV%s", point(x), point(plotTop), point(plotBottom)))
	}
	var data, resent, acks, resets strings.Builder
	acked := low
	for i := range m.Timeline {
		e, x := &m.Timeline[i], xs[i]
		switch {
		case strings.Contains(e.Flags, "RST"):
			fmt.Fprintf(&resets, "M%s %sV%s", point(x), point(plotTop), point(plotBottom))
			if e.Role == RoleReset {
				d.text(min(max(x, plotLeft+30), plotRight-30), plotTop-10, "middle", "rst", "RST "+mark(e.Frame, m.Line > 0))
			}
		case e.Sender == sender && e.LEN > 0 && e.SEQ >= low && e.SEQ < high:
			to := &data
			if slices.Contains(e.Notes, "retransmitted") {
				to = &resent
			}
			top, bottom := y(e.SEQ+e.LEN), y(e.SEQ)
			if bottom-top < 2 {
				top = bottom - 2
			}
			fmt.Fprintf(to, "M%s %sV%s", point(x), point(bottom), point(top))
		case e.Sender != sender && strings.Contains(e.Flags, "ACK") && e.ACK >= low && e.ACK <= high+1:
			if acks.Len() == 0 {
				fmt.Fprintf(&acks, "M%s %s", point(x), point(y(min(e.ACK, high))))
			} else {
				fmt.Fprintf(&acks, "H%sV%s", point(x), point(y(min(max(e.ACK, acked), high))))
			}
			acked = max(acked, e.ACK)
		}
	}
	for _, p := range [...]struct {
		class string
		data  *strings.Builder
	}{{"data", &data}, {"retransmitted", &resent}, {"ack", &acks}, {"rst", &resets}} {
		if p.data.Len() > 0 {
			d.path(p.class, p.data.String())
		}
	}
	desc := fmt.Sprintf("%d data segments from the %s, sequence numbers %d to %d; the peer acknowledged up to %d.",
		segments, sender, low, high, acked)
	caption := "Data sent by " + who + ": bars are segments, broad ones retransmissions, the line is what has been " +
		"acknowledged"
	if len(gaps) > 0 {
		caption += "; idle times, at the dotted lines, are shortened"
	}
	return plot{caption + ".", d.done(plotWidth, plotBottom+36, "Time–sequence plot", desc)}, true
}

// timeAxis places the events from left to right. Times are to scale except for long idle times, which are shortened to
// a fixed width; gaps has the middle of each.
func timeAxis(events []Event) (xs, gaps []float64) {
	xs = make([]float64, len(events))
	if len(events) < 2 {
		return xs, nil
	}
	first, last := events[0].Time, events[len(events)-1].Time
	limit := max(time.Duration(last-first)/time.Duration(len(events)), time.Microsecond)
	at := make([]float64, len(events))
	broken := make([]bool, len(events))
	for i := 1; i < len(events); i++ {
		d := max(time.Duration(events[i].Time-events[i-1].Time), 0)
		if d > 4*limit {
			d, broken[i] = 2*limit, true
		}
		at[i] = at[i-1] + float64(d)
	}
	scale := (plotRight - plotLeft - 16) / max(at[len(at)-1], 1)
	for i := range xs {
		xs[i] = plotLeft + 8 + at[i]*scale
		if broken[i] {
			gaps = append(gaps, (xs[i]+xs[i-1])/2)
		}
	}
	return xs, gaps
}
