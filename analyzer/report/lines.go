package report

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// A Source says what a text holds of the packets that were read from it.
type Source interface {
	Line(frame int) int             // where it stands, 0 for none
	Number(frame int) int           // as the text numbers it, 0 where it does not
	Paste(frame int) int            // of several pastes the one that holds it, from 1; 0 where there is but one so far
	Unknown(frame int) flows.Fields // what is not known of it
}

// SetSource says where in a text the packets of r stand, and what of them is not known. Sentences that name frames name
// lines from then on.
func (r *Reset) SetSource(p Source) {
	line := p.Line
	r.Line, r.Number, r.Paste = line(r.Frame), p.Number(r.Frame), p.Paste(r.Frame)
	r.TriggerLine, r.RepeatsLine = line(int(r.Trigger)), line(int(r.Repeats))
	for i := range r.Timeline {
		e := &r.Timeline[i]
		e.Line, e.Number, e.Unknown = line(e.Frame), p.Number(e.Frame), unknownOf(p.Unknown(e.Frame))
	}
	r.Summary, r.Symptom, r.Remedy = inLines(r.Summary, line), inLines(r.Symptom, line), inLines(r.Remedy, line)
	for _, list := range [...][]Evidence{r.Evidence, r.OriginWhy, r.Notes} {
		setLines(list, line)
	}
}

// SetUnknown says which fields of the segments in the timeline are not known.
func (r *Reset) SetUnknown(of func(frame int) flows.Fields) {
	for i := range r.Timeline {
		r.Timeline[i].Unknown = unknownOf(of(r.Timeline[i].Frame))
	}
}

// SetSource does the same for what f tells beside its resets, and for its counts.
func (f *File) SetSource(p Source) {
	line := p.Line
	setLines(f.Notes, line)
	for i := range f.Summary {
		f.Summary[i].FirstLine = line(f.Summary[i].First)
	}
}

func setLines(list []Evidence, line func(int) int) {
	for i := range list {
		e := &list[i]
		e.Says = inLines(e.Says, line)
		e.Lines = make([]int, len(e.Frames))
		for k, f := range e.Frames {
			e.Lines[k] = line(f)
		}
	}
}

var frameNamed = regexp.MustCompile(`\bframe [0-9]+`)

// inLines replaces "frame 3" by the line where it stands.
func inLines(says string, line func(int) int) string {
	if !strings.Contains(says, "frame ") {
		return says
	}
	return frameNamed.ReplaceAllStringFunc(says, func(s string) string {
		n, _ := strconv.Atoi(strings.TrimPrefix(s, "frame "))
		if l := line(n); l > 0 {
			return "line " + strconv.Itoa(l)
		}
		return s
	})
}

// byLine returns r with lines of the text where frames stand, r itself where it is of no text.
func (r *Reset) byLine() *Reset {
	if r.Line == 0 {
		return r
	}
	c := *r
	c.made = nil
	c.Frame, c.Trigger, c.Repeats = r.Line, FrameRef(r.TriggerLine), FrameRef(r.RepeatsLine)
	c.Timeline = slices.Clone(r.Timeline)
	for i := range c.Timeline {
		c.Timeline[i].Frame = c.Timeline[i].Line
	}
	c.Evidence, c.OriginWhy, c.Notes = evidenceByLine(r.Evidence), evidenceByLine(r.OriginWhy), evidenceByLine(r.Notes)
	return &c
}

func evidenceByLine(list []Evidence) []Evidence {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Lines != nil {
			list[i].Frames = list[i].Lines
		}
	}
	return list
}

// Named says which packet r is: "frame 3", "line 14", "line 14, packet 1023, paste 2".
func (r *Reset) Named() string {
	if r.Line == 0 {
		return "frame " + strconv.Itoa(r.Frame)
	}
	return r.place()
}

// place says where in a text r stands.
func (r *Reset) place() string {
	s := "line " + strconv.Itoa(r.Line)
	if r.Number > 0 {
		s += ", packet " + strconv.Itoa(r.Number)
	}
	if r.Paste > 0 {
		s += ", paste " + strconv.Itoa(r.Paste)
	}
	return s
}

// Marks prints the lines that show e, "" where it is of no text.
func (e Evidence) Marks() string { return lineList(e.Lines) }

// mark prints the number of a frame, or of a line.
func mark(n int, line bool) string {
	if line {
		return "line " + strconv.Itoa(n)
	}
	return "#" + strconv.Itoa(n)
}

// marks prints the frames, or lines, that show e.
func (e *Evidence) marks() string {
	if e.Lines == nil {
		return frameList(e.Frames)
	}
	return lineList(e.Lines)
}

// lineList prints "line 3" or "lines 3, 5–8".
func lineList(lines []int) string {
	s := strings.ReplaceAll(frameList(lines), "#", "")
	switch {
	case s == "":
		return ""
	case strings.ContainsAny(s, ",–"):
		return "lines " + s
	}
	return "line " + s
}

// marks prints the frames, or lines, of the resets that repeat the one of b.
func (b *entry) marks() string {
	if b.line {
		return lineList(b.repeats)
	}
	return frameList(b.repeats)
}
