package report

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An htmlLadder is the ladder of a finding as a list: time runs down, the originator stands left and the responder
// right. Runs of acknowledgments are folded.
type htmlLadder struct {
	Originator, Responder [2]string // host, and port with its colon
	Parts                 []htmlRungs
}

// htmlRungs are consecutive rungs of a ladder, folded if Says is not "".
type htmlRungs struct {
	Says  string
	Rungs []htmlRung
}

// An htmlRung is one line of a ladder.
type htmlRung struct {
	ID, Frame, Since, Gap, Label string
	Skipped                      int
	States                       [2]string
	ToRight                      bool // from the originator
	Class, Mark                  string
	Notes                        string
	Cites                        []htmlCite
}

// An htmlCite is a statement of the evidence that cites a frame: whole where it cites no later frame of the ladder,
// else only its number.
type htmlCite struct {
	Number   int
	ID, Says string
}

// An htmlEvidence is a numbered statement whose frames link to the ladder.
type htmlEvidence struct {
	Number int
	ID     string
	Says   string
	Places []htmlPlace
	Stream *int
}

// An htmlPlace is a frame, or a line of a text; Ladder is the ID of its rung, "" if it is not in the ladder.
type htmlPlace struct{ Mark, Ladder string }

// numbered gives the statements of the lists numbers from 1 on.
func numbered(r *Reset, anchor string, lists ...[]Evidence) [][]htmlEvidence {
	rungs := map[int]bool{}
	for i := range r.Timeline {
		rungs[r.Timeline[i].Frame] = true
	}
	n := 0
	out := make([][]htmlEvidence, len(lists))
	for i, list := range lists {
		for k := range list {
			e := &list[k]
			n++
			h := htmlEvidence{Number: n, ID: anchor + "-e" + strconv.Itoa(n), Says: e.Says, Stream: e.Stream}
			for _, f := range e.Frames {
				p := htmlPlace{Mark: mark(f, r.Line > 0)}
				if e.Stream == nil && rungs[f] {
					p.Ladder = rungID(anchor, f)
				}
				h.Places = append(h.Places, p)
			}
			out[i] = append(out[i], h)
		}
	}
	return out
}

func rungID(anchor string, frame int) string { return anchor + "-r" + strconv.Itoa(frame) }

// leastFold is the number of acknowledgments from which a run of them is folded.
const leastFold = 3

// newHTMLLadder lays out the timeline of m, with the statements on the rungs that they cite.
func newHTMLLadder(m *Reset, anchor string, lists [][]htmlEvidence) htmlLadder {
	ends := func(addr string) [2]string {
		at := max(strings.LastIndexByte(addr, ':'), 0)
		return [2]string{addr[:at], addr[at:]}
	}
	l := htmlLadder{Originator: ends(m.Originator), Responder: ends(m.Responder)}
	cites := map[string][]htmlCite{}
	for _, list := range lists {
		for i := range list {
			e := &list[i]
			last := ""
			for _, p := range e.Places {
				if p.Ladder != "" {
					last = p.Ladder
				}
			}
			for _, p := range e.Places {
				switch c := (htmlCite{Number: e.Number, ID: e.ID}); p.Ladder {
				case "":
				case last:
					c.Says = e.Says
					fallthrough
				default:
					cites[p.Ladder] = append(cites[p.Ladder], c)
				}
			}
		}
	}
	plain := func(g *rung) bool {
		return g.Flags == "ACK" && g.LEN == 0 && g.Role == "" && len(g.Notes) == 0 && g.States == [2]string{} &&
			g.Gap == "" && g.Skipped == 0 && cites[rungID(anchor, g.Frame)] == nil
	}
	rungs := rungsOf(m)
	for i := 0; i < len(rungs); {
		end := i
		for end < len(rungs) && plain(&rungs[end]) {
			end++
		}
		part := htmlRungs{}
		if end-i >= leastFold {
			part.Says = fmt.Sprintf("%d acknowledgments, %s to %s", end-i, mark(rungs[i].Frame, m.Line > 0),
				mark(rungs[end-1].Frame, m.Line > 0))
		} else {
			end = max(end, i+1)
		}
		for k := i; k < end; k++ {
			part.Rungs = append(part.Rungs, newHTMLRung(&rungs[k], m, anchor, cites))
		}
		i = end
		if n := len(l.Parts); n > 0 && part.Says == "" && l.Parts[n-1].Says == "" {
			l.Parts[n-1].Rungs = append(l.Parts[n-1].Rungs, part.Rungs...)
			continue
		}
		l.Parts = append(l.Parts, part)
	}
	return l
}

func newHTMLRung(g *rung, m *Reset, anchor string, cites map[string][]htmlCite) htmlRung {
	h := htmlRung{
		ID: rungID(anchor, g.Frame), Frame: mark(g.Frame, m.Line > 0), Since: g.Since, Gap: g.Gap, Skipped: g.Skipped,
		Label: g.Label, States: g.States,
		ToRight: g.Sender == sides[0], Notes: strings.ReplaceAll(strings.Join(g.Notes, ", "), "-", " "),
	}
	h.Cites = cites[h.ID]
	delete(cites, h.ID) // a frame may be in a timeline twice, an ID in a page once
	switch {
	case strings.Contains(g.Flags, "RST"):
		h.Class = "rst"
	case slices.Contains(g.Notes, "retransmitted"):
		h.Class = "again"
	}
	switch g.Role {
	case RoleReset:
		h.Mark, h.Class = "this reset", h.Class+" this"
	case RoleTrigger:
		h.Mark, h.Class = "trigger", h.Class+" trigger"
	}
	return h
}

// incidentAxis draws when the incidents were, the worst on top: a bar from the first reset of each to its last, linked
// to its card. At most axisRows are drawn.
func incidentAxis(stories []story, whole span) template.HTML {
	if len(stories) < 2 || whole.length() <= 0 {
		return ""
	}
	const rowHeight, left, breadth = 20.0, 34.0, 64.0
	shown := stories[:min(len(stories), axisRows)]
	var d drawing
	at := func(t Time) float64 {
		return left + breadth*min(max(float64(t-whole.first)/float64(whole.length()), 0), 1)
	}
	height := rowHeight*float64(len(shown)) + 4
	fmt.Fprintf(&d.b, `<line class="l" x1="%s%%" x2="%s%%" y1="%s" y2="%s"/>`, point(left), point(left+breadth),
		point(height), point(height))
	for i := range shown {
		s := &shown[i]
		y := rowHeight * float64(i)
		from, to := at(s.First), at(s.Last)
		fmt.Fprintf(&d.b, `<a href="#i%d" class="%s"><title>%s</title>`, s.Number, cssName(string(s.Severity)),
			template.HTMLEscapeString(Clean(s.Says)))
		fmt.Fprintf(&d.b, `<text x="0" y="%s">%s`, point(y+14),
			template.HTMLEscapeString(clipped(fmt.Sprintf("%d %s", s.Number, s.kindName()), 18)))
		if s.Server != "" {
			fmt.Fprintf(&d.b, `<tspan class="s wide"> · %s</tspan>`, template.HTMLEscapeString(clipped(Clean(s.Server), 22)))
		}
		d.b.WriteString("</text>")
		fmt.Fprintf(&d.b, `<rect class="hit" x="0" y="%s" width="100%%" height="%s"/>`, point(y), point(rowHeight))
		fmt.Fprintf(&d.b, `<rect class="bar" x="%s%%" y="%s" width="%s%%" height="8" rx="4"/>`, point(from), point(y+6),
			point(to-from))
		fmt.Fprintf(&d.b, `<circle class="bar" cx="%s%%" cy="%s" r="4"/></a>`, point(from), point(y+10))
	}
	const layout = "2006-01-02 15:04:05"
	fmt.Fprintf(&d.b, `<text class="s" x="0" y="%s">time (UTC)</text>`, point(height+15))
	fmt.Fprintf(&d.b, `<text class="s" x="%s%%" y="%s">%s</text>`, point(left), point(height+15),
		whole.first.Std().Format(layout))
	fmt.Fprintf(&d.b, `<text class="s" x="%s%%" y="%s" text-anchor="end">+%s</text>`, point(left+breadth),
		point(height+15), lasted(time.Duration(whole.length())))
	return template.HTML(fmt.Sprintf(
		`<svg class="axis" width="100%%" height="%s" role="img"><title>Incidents over time</title>%s</svg>`,
		point(height+22), d.b.String()))
}

// axisRows is how many incidents a time axis shows.
const axisRows = 40

// clipped shortens s to n characters.
func clipped(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// cssName is a severity or cause as the name of a class, "" for any other text.
func cssName(s string) string {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '-' {
			return ""
		}
	}
	return s
}
