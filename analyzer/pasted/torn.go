package pasted

import (
	"bytes"
	"slices"
)

// Mail programs wrap long lines between words, terminals wherever their width ends. The rest of a line is known by that
// it begins no packet of its own.

// terminals are widths at which terminals break lines, as a rule.
var terminals = []int{80, 100, 120, 132, 160}

// A tear is where a line was broken.
type tear struct {
	width int  // of the lines so far that were continued
	same  int  // how many of them had it
	mixed bool // their widths differ
}

// join appends the rest of a line to what was read of it, whose last line was so many characters wide.
func (t *tear) join(text []byte, width int, rest []byte) []byte {
	hard := slices.Contains(terminals, width) || !t.mixed && t.same > 1 && width == t.width
	switch {
	case t.width == width:
		t.same++
	case t.width != 0:
		t.mixed = true
	default:
		t.width, t.same = width, 1
	}
	if hard {
		return append(text, rest...)
	}
	return append(append(bytes.TrimRight(text, " \t"), ' '), bytes.TrimLeft(rest, " \t")...)
}

// A torn is a line that may be the beginning of a packet's.
type torn struct {
	text  []byte
	line  int
	width int
	lines int

	unread bool // it was counted so
}

// maxTorn is how long a line is that may be torn.
const maxTorn = 512

// tears notes a line that no style knows, if it can be the first part of a packet's.
func (r *Reader) tears(line []byte) {
	r.torn.text = r.torn.text[:0]
	if len(line) < maxTorn && beginsTimed(line) {
		r.torn = torn{append(r.torn.text, line...), r.lines.n, r.lines.columns, 1, false}
	}
}

// mend tries whether a line that no style knows continues the line before it.
func (r *Reader) mend(line []byte) bool {
	t := &r.torn
	if len(t.text) == 0 || t.lines >= maxJoined || len(line) == 0 || len(t.text)+len(line) > 2*maxTorn ||
		beginsTimed(line) {
		return false
	}
	t.text = r.tear.join(t.text, t.width, line)
	t.width, t.lines = r.lines.columns, t.lines+1
	at := r.lines.n
	r.lines.n = t.line
	defer func() { r.lines.n = at }()
	for _, s := range r.styles {
		if r.begins(s, t.text) {
			r.last = s
			t.text = t.text[:0]
			if t.unread {
				r.Left[Unread].Count--
			}
			return true
		}
	}
	return true
}
