package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// lanes draws packets with a lane for each vantage point, in the order of the path, the hosts at both ends. All times
// are of one clock.
func lanes(c *Comparison, r *SharedReset) string {
	if len(r.Ladder) == 0 {
		return ""
	}
	cell := 4
	for _, g := range r.Ladder {
		for _, p := range g.Seen {
			cell = max(cell, len(fmt.Sprint(p.Frame))+1)
		}
	}
	for _, n := range c.Path {
		cell = max(cell, min(width(n), 12))
	}
	gap := max(16, 26-4*len(c.Path))
	var b strings.Builder
	b.WriteString(padded(" Time (ms)", 12) + padded("client", 8))
	for i, n := range c.Path {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		b.WriteString(padded(clipped(Clean(n), cell), cell))
	}
	b.WriteString(" server    SEQ    ACK   LEN\n")
	for i := range r.Ladder {
		b.WriteString(strings.TrimRight(c.lane(&r.Ladder[i], cell, gap), " ") + "\n")
	}
	return b.String()
}

// lane draws one packet.
func (c *Comparison) lane(g *Rung, cell, gap int) string {
	n := len(c.Path)
	frames := make([]string, n)
	first, last := -1, -1
	for i, name := range c.Path {
		if at := slices.IndexFunc(g.Seen, func(p PacketAt) bool { return p.At == name }); at >= 0 {
			frames[i] = fmt.Sprintf("#%d", g.Seen[at].Frame)
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	right := g.Sender == flows.Originator.String()
	var b strings.Builder
	b.WriteString(padded(fmt.Sprintf("%+10.3f", float64(g.Time)/1e6), 12))
	lost, made := strings.HasPrefix(g.Fate, "did not reach"), strings.HasPrefix(g.Fate, "was never at")
	end := func(at bool, host string) string {
		if at {
			return padded(host, 8)
		}
		return strings.Repeat(" ", 8)
	}
	// A packet goes from its host, or from where it was made, to the other, or to where it was lost.
	b.WriteString(end(right && !made || !right && !lost || first == 0, "│"))
	label := g.Flags
	for i := range n {
		if i > 0 {
			b.WriteString(c.arrow(right, i-1, first, last, lost, made, gap, label))
			if i-1 >= first && i <= last || first == last {
				label = ""
			}
		}
		b.WriteString(padded(frames[i], cell))
	}
	b.WriteString(padded(" │", 8) + fmt.Sprintf("%7d %6d %5d", g.SEQ, g.ACK, g.LEN))
	if g.Fate != "" {
		b.WriteString("  " + g.Fate)
	}
	switch g.Role {
	case RoleReset:
		b.WriteString("  this reset")
	case RoleTrigger:
		b.WriteString("  answered by the RST")
	}
	return b.String()
}

// arrow draws the way from lane i to the next.
func (c *Comparison) arrow(right bool, i, first, last int, lost, made bool, gap int, label string) string {
	between := i >= first && i < last
	line := func(n int) string { return strings.Repeat("─", max(n, 0)) }
	text := label
	if text != "" {
		text = " " + clipped(text, gap-6) + " "
	}
	switch {
	case between && right:
		return " " + line(2) + text + line(gap-5-width(text)) + "▶ "
	case between:
		return " ◀" + line(gap-5-width(text)) + text + line(2) + " "
	case right && lost && i == last, !right && made && i == last:
		if right {
			return padded(" "+line(2)+text+line(gap-7-width(text))+"✗", gap)
		}
		return padded(" ◀"+line(gap-8-width(text))+text+line(2)+"✱", gap)
	case right && made && i == first-1, !right && lost && i == first-1:
		if right {
			return strings.Repeat(" ", 3) + "✱" + line(2) + text + line(gap-8-width(text)) + "▶ "
		}
		return strings.Repeat(" ", 3) + "✗" + line(gap-7-width(text)) + text + line(2) + " "
	case first == last && (i == first || i == first-1):
		return padded(" "+strings.TrimSpace(text), gap)
	}
	return strings.Repeat(" ", gap)
}
