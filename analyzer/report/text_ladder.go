package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// ladder prints the timeline: time runs down, the originator stands left and the responder right, and a
// state is spelled out where it changes.
func (p page) ladder(r *Reset) string {
	whole := func(flags string) string { return flags }
	g := p.rungs(r, 18, whole)
	lines := g.lines()
	if longest(lines) > p.width {
		g = p.rungs(r, 12, whole)
		lines = g.lines()
	}
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
	shown, skipped, last := [2]string{}, 0, Time(0)
	tells := telling(r)
	for i := range r.Timeline {
		e := &r.Timeline[i]
		skipped += e.Skipped
		if !tells[i] {
			skipped++
			continue
		}
		if skipped > 0 {
			blank("⋮ " + thousands(skipped) + " more")
			shown, skipped = [2]string{}, 0
		}
		frame, delta := fmt.Sprintf("#%d", e.Frame), "0"
		if e.Inferred {
			frame = "inferred"
		}
		if i > 0 {
			delta = strings.Replace("+"+lasted(time.Duration(e.Time-last)), "+−", "−", 1)
		}
		last = e.Time
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

// telling marks the events that a reader needs: the first, those that changed a state or are noteworthy,
// what the evidence names, and what stands near the reset. The JSON has all.
func telling(r *Reset) []bool {
	const first, near = 3, 6
	at := slices.IndexFunc(r.Timeline, func(e Event) bool { return e.Role == RoleReset })
	named := map[int]bool{}
	for _, list := range [][]Evidence{r.Evidence, r.OriginWhy, r.Beside} {
		for _, e := range list {
			if e.Stream == nil {
				for _, f := range e.Frames {
					named[f] = true
				}
			}
		}
	}
	tells := make([]bool, len(r.Timeline))
	for i := range r.Timeline {
		e := &r.Timeline[i]
		tells[i] = i < first || i >= at-near || e.Role != "" || e.From != e.To || len(e.Notes) > 0 || named[e.Frame]
	}
	for i := 1; i+1 < len(tells); i++ { // to leave out a single event saves nothing
		if !tells[i] && tells[i-1] && tells[i+1] {
			tells[i] = true
		}
	}
	return tells
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
