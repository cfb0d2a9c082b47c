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
		point(width), point(height), point(width), point(height), html.EscapeString(title), html.EscapeString(desc), d.b.String()))
}

// The columns of a ladder, in pixels.
const (
	ladderLeft  = 300.0 // originator's lifeline
	ladderRight = 660.0 // responder's
	ladderEnd   = 860.0
	rungHeight  = 30.0
	breakHeight = 24.0
)

// ladderSVG draws the ladder of m: the states of both ends down the sides, arrows between them, idle times as breaks,
// retransmissions dashed, and the reset in its own colour.
func ladderSVG(m *Reset) template.HTML {
	var d drawing
	d.text(ladderLeft, 14, "middle", "", m.Originator)
	d.text(ladderRight, 14, "middle", "", m.Responder)
	unit, sign := "frame", "#"
	if m.Line > 0 {
		unit, sign = "line", ""
	}
	d.text(0, 14, "", "s", unit)
	d.text(58, 14, "", "s", "since")
	y := 26.0
	rungs := rungsOf(m)
	var lines, breaks, shafts, again, heads strings.Builder
	life := func(to float64) {
		for _, x := range [...]float64{ladderLeft, ladderRight} {
			fmt.Fprintf(&lines, "M%s %sV%s", point(x), point(y), point(to))
		}
	}
	for i := range rungs {
		g := &rungs[i]
		if g.Skipped > 0 {
			d.text((ladderLeft+ladderRight)/2, y+15, "middle", "s", fmt.Sprintf("%d more segments", g.Skipped))
			life(y + breakHeight)
			y += breakHeight
		}
		if g.Gap != "" {
			for _, x := range [...]float64{ladderLeft, ladderRight} {
				fmt.Fprintf(&breaks, "M%s %sV%s", point(x), point(y), point(y+breakHeight))
			}
			d.text((ladderLeft+ladderRight)/2, y+15, "middle", "s", "idle for "+g.Gap)
			y += breakHeight
		}
		life(y + rungHeight)
		from, to, dir := ladderLeft, ladderRight, 1.0
		if g.Sender == "responder" {
			from, to, dir = to, from, -1
		}
		base := y + 20
		shaft := fmt.Sprintf("M%s %sL%s %s", point(from), point(base-2), point(to-4*dir), point(base+2))
		head := fmt.Sprintf("M%s %sl%s -4.5v8z", point(to), point(base+2.5), point(-9*dir))
		class := ""
		switch {
		case strings.Contains(g.Flags, "RST"):
			d.path("rst", shaft)
			d.path("rsth", head)
			class = "rst"
		case slices.Contains(g.Notes, "retransmitted"):
			again.WriteString(shaft)
			heads.WriteString(head)
		default:
			shafts.WriteString(shaft)
			heads.WriteString(head)
		}
		label := g.Label
		if len(g.Notes) > 0 {
			label += " (" + strings.Join(g.Notes, ", ") + ")"
		}
		d.text((ladderLeft+ladderRight)/2, base-6, "middle", class, label)
		place := g.Frame
		if g.Line > 0 {
			place = g.Line
		}
		d.text(0, base, "", class, sign+strconv.Itoa(place))
		d.text(58, base, "", "s", g.Since)
		d.text(ladderLeft-10, base, "end", class, g.States[0])
		d.text(ladderRight+10, base, "", class, g.States[1])
		y += rungHeight
	}
	d.path("l", lines.String())
	for _, p := range [...]struct {
		class string
		data  *strings.Builder
	}{{"gap", &breaks}, {"a", &shafts}, {"a again", &again}, {"h", &heads}} {
		if p.data.Len() > 0 {
			d.path(p.class, p.data.String())
		}
	}
	return d.done(ladderEnd, y+6, "Ladder diagram of the connection around the reset", ladderInWords(rungs))
}

// ladderInWords describes the ladder for screen readers.
func ladderInWords(rungs []rung) string {
	var b strings.Builder
	for i := range rungs {
		g := &rungs[i]
		if g.Skipped > 0 {
			fmt.Fprintf(&b, "%d more segments. ", g.Skipped)
		}
		if g.Gap != "" {
			fmt.Fprintf(&b, "Idle for %s. ", g.Gap)
		}
		fmt.Fprintf(&b, "Frame %d, %s: %s", g.Frame, g.Sender, g.Label)
		if len(g.Notes) > 0 {
			fmt.Fprintf(&b, ", %s", strings.Join(g.Notes, ", "))
		}
		b.WriteString(". ")
	}
	return strings.TrimSpace(b.String())
}

// The frame of a time–sequence plot, in pixels.
const (
	plotLeft, plotRight = 90.0, 840.0
	plotTop, plotBottom = 22.0, 180.0
)

// sequencePlot draws the data of one side of m over time, with the peer's acknowledgments and the reset. It returns
// false if the timeline has no data of that side.
func sequencePlot(m *Reset, sender string) (template.HTML, bool) {
	low, high, segments := ^uint32(0), uint32(0), 0
	for i := range m.Timeline {
		e := &m.Timeline[i]
		if e.Sender == sender && e.LEN > 0 && e.SEQ < 1<<31 {
			low, high = min(low, e.SEQ), max(high, e.SEQ+e.LEN)
			segments++
		}
	}
	if segments == 0 {
		return "", false
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
	d.text(plotLeft, 12, "", "s", "data sent by "+who+" over time; retransmissions are broad, the line is what has been acknowledged")
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
				d.text(x, plotBottom+14, "middle", "rst", "RST "+e.mark())
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
	return d.done(ladderEnd, plotBottom+20, "Time–sequence plot", desc), true
}

// timeAxis places the events from left to right. Times are to scale except for long idle times, which are shortened to a
// fixed width; gaps has the middle of each.
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
	scale := (plotRight - plotLeft - 20) / max(at[len(at)-1], 1)
	for i := range xs {
		xs[i] = plotLeft + 8 + at[i]*scale
		if broken[i] {
			gaps = append(gaps, (xs[i]+xs[i-1])/2)
		}
	}
	return xs, gaps
}
