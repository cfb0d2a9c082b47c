package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// ladder prints the timeline: time runs down, the originator stands left and the responder right, and a
// state is spelled out where it changes.
func (p page) ladder(r *Reset) string {
	g := p.rungs(r, 18, func(flags string) string { return flags })
	lines := g.lines()
	if longest(lines) > p.width {
		g = p.rungs(r, 8, flagLetters)
		lines = g.lines()
	}
	return g.paint(p.style, "", lines)
}

// rungs lays out the timeline, with arrows of the given width and flags as spell prints them.
func (p page) rungs(r *Reset, arrow int, spell func(flags string) string) *grid {
	g := &grid{header: []string{"Frame", "Time", "Originator", padded("Segment", arrow), "Responder", "SEQ", "ACK", "LEN", ""},
		right: []int{0, 1, 5, 6, 7}}
	blank := func(says string) { g.row(p.style.dim, "", "", "│", says, "│", "", "", "", "") }
	shown := [2]string{}
	for i := range r.Timeline {
		e := &r.Timeline[i]
		if e.Skipped > 0 {
			blank("⋮ " + thousands(e.Skipped) + " more")
			shown = [2]string{}
		}
		frame, delta := fmt.Sprintf("#%d", e.Frame), "0"
		if e.Inferred {
			frame = "inferred"
		}
		if i > 0 {
			delta = "+" + lasted(time.Duration(e.Time-r.Timeline[i-1].Time))
			delta = strings.Replace(delta, "+−", "−", 1)
		}
		ack := ""
		if strings.Contains(e.Flags, "ACK") {
			ack = fmt.Sprint(e.ACK)
		}
		length := ""
		if e.LEN > 0 {
			length = fmt.Sprint(e.LEN)
		}
		states := e.To
		for side := range states {
			if states[side] == shown[side] {
				states[side] = "│"
			} else {
				shown[side] = states[side]
			}
		}
		color, notes := p.style.plain, e.Notes
		switch e.Role {
		case RoleReset:
			color, notes = p.style.red, append([]string{"this reset"}, notes...)
		case RoleTrigger:
			color, notes = p.style.yellow, append([]string{"trigger"}, notes...)
		}
		g.row(color, frame, delta, states[0], arrowed(e.Sender, spell(e.Flags), arrow), states[1],
			fmt.Sprint(e.SEQ), ack, length, strings.ReplaceAll(strings.Join(notes, ", "), "-", " "))
	}
	return g
}

// arrowed draws a segment from left to right or from right to left.
func arrowed(sender, flags string, n int) string {
	shaft := strings.Repeat("─", max(n-width(flags)-2, 1))
	if sender == flows.Originator.String() {
		return flags + " " + shaft + "▶"
	}
	return "◀" + shaft + " " + flags
}

// flagLetters shortens "PSH, ACK" to "PA".
func flagLetters(flags string) string {
	var b strings.Builder
	for _, f := range strings.Split(flags, ", ") {
		b.WriteString(f[:1])
	}
	return b.String()
}

func longest(lines []string) int {
	n := 0
	for _, l := range lines {
		n = max(n, width(l))
	}
	return n
}
