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
	for i, layout := range ladderLayouts {
		g := p.rungs(r, layout)
		lines := g.ladderLines()
		if longest(lines) > p.width && i+1 < len(ladderLayouts) {
			continue
		}
		text := g.paint(p.style, "", lines)
		if layout.left != "" {
			text += p.style.dim("Not shown for lack of width: "+layout.left+".") + "\n"
		}
		return text
	}
	return ""
}

// A ladderLayout is a way to draw a ladder.
type ladderLayout struct {
	arrow   int    // columns of an arrow
	letters bool   // flags by their first letters: PA
	stacked bool   // a line for each note
	left    string // columns that are left out, in words
	numbers int    // columns of numbers that are shown, from the right: LEN, ACK, SEQ
}

// ladderLayouts are the layouts from the widest to the narrowest; the first that fits is taken.
var ladderLayouts = []ladderLayout{
	{arrow: 18, numbers: 3},
	{arrow: 12, numbers: 3},
	{arrow: 8, letters: true, numbers: 3},
	{arrow: 8, letters: true, stacked: true, numbers: 3},
	{arrow: 7, letters: true, stacked: true, numbers: 2, left: "SEQ"},
	{arrow: 7, letters: true, stacked: true, numbers: 1, left: "SEQ and ACK"},
	{arrow: 7, letters: true, stacked: true, numbers: 0, left: "SEQ, ACK and LEN"},
}

// rungs lays out the timeline.
func (p page) rungs(r *Reset, layout ladderLayout) *grid {
	const numbers = 3
	g := &grid{header: append([]string{"Frame", "Time", "Originator", padded("Segment", layout.arrow), "Responder"},
		append([]string{"SEQ", "ACK", "LEN"}[numbers-layout.numbers:], "")...), right: []int{0, 1}}
	for i := range layout.numbers {
		g.right = append(g.right, 5+i)
	}
	spell := Clean
	if layout.letters {
		spell = flagLetters
	}
	row := func(color func(string) string, frame, time, originator, segment, responder, seq, ack, length, note string) {
		cells := append([]string{frame, time, Clean(originator), segment, Clean(responder)},
			[]string{seq, ack, length}[numbers-layout.numbers:]...)
		g.row(color, append(cells, Clean(note))...)
	}
	blank := func(says, note string) { row(p.style.dim, "", "", "│", says, "│", "", "", "", note) }
	shown, skipped, last, timeless := [2]string{}, 0, Time(0), false
	tells := shownEvents(r)
	for i := range r.Timeline {
		e := &r.Timeline[i]
		skipped += e.Skipped
		if !tells[i] {
			skipped++
			continue
		}
		if skipped > 0 {
			blank("⋮ "+thousands(skipped)+" more", "")
			shown, skipped = [2]string{}, 0
		}
		frame, delta := mark(e.Frame, e.Line > 0), "0"
		switch {
		case slices.Contains(e.Unknown, lacksTime), timeless:
			delta = ""
		case i > 0:
			delta = strings.Replace("+"+lasted(time.Duration(e.Time-last)), "+−", "−", 1)
		}
		last, timeless = e.Time, slices.Contains(e.Unknown, lacksTime)
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
		beside := []string{strings.ReplaceAll(strings.Join(notes, ", "), "-", " ")}
		if layout.stacked {
			beside = strings.SplitAfter(beside[0], ", ")
		}
		row(color, frame, delta, states[0], arrowed(e.Sender, spell(e.Flags), layout.arrow), states[1], fmt.Sprint(e.SEQ),
			ack, length, beside[0])
		for _, note := range beside[1:] {
			blank("", note)
		}
	}
	return g
}

// shownEvents marks the events that a ladder shows: the first, those that changed a state or have notes, those that the
// evidence names, and those near the reset. The JSON has all.
func shownEvents(r *Reset) []bool {
	const first, near = 3, 6
	at := slices.IndexFunc(r.Timeline, func(e Event) bool { return e.Role == RoleReset })
	named := map[int]bool{}
	for _, list := range [][]Evidence{r.Evidence, r.OriginWhy, r.Notes} {
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
	for _, f := range strings.Split(Clean(flags), ", ") {
		for _, letter := range f {
			b.WriteRune(letter)
			break
		}
	}
	return b.String()
}

// ladderLines lays g out as lines does, but much faster: a report has a ladder for each reset, and tablewriter would
// take more time than the rest of the program.
func (g *grid) ladderLines() []string {
	rows := append([][]string{g.header}, g.rows...)
	widths := make([]int, len(g.header))
	for _, cells := range rows {
		for i, c := range cells {
			widths[i] = max(widths[i], width(c))
		}
	}
	lines := make([]string, len(rows))
	var b strings.Builder
	for n, cells := range rows {
		b.Reset()
		for i, c := range cells {
			blanks := strings.Repeat(" ", widths[i]-width(c))
			if slices.Contains(g.right, i) {
				b.WriteString(blanks + c)
			} else {
				b.WriteString(c + blanks)
			}
			b.WriteString("  ")
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

func longest(lines []string) int {
	n := 0
	for _, l := range lines {
		n = max(n, width(l))
	}
	return n
}
