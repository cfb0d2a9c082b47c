package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/incident"
)

// Bounds of a report that does not show everything.
const (
	shownInFull  = 20  // incidents
	shownInTable = 150 // incidents
	shownFrames  = 24  // frames, or streams, of an incident
	shownQuiet   = 1   // captures without resets that are named
)

// head prints what was read: a single capture as a whole, of several the sum, since their list comes last.
func (t *textRenderer) head() {
	if t.opts.Live && t.tally.total.Resets > 0 {
		t.w.WriteString(t.page.rule())
	}
	if t.tally.total.Files == 1 {
		t.w.WriteString(t.single)
		return
	}
	total := t.tally.done()
	t.w.WriteString(t.page.wrap("", total.lead()))
}

// captures lists several captures: those with resets or limits, and how many others there are.
func (t *textRenderer) captures() {
	t.w.WriteString(t.page.rule() + t.page.style.bold("Captures") + "\n")
	for i, f := range t.files {
		if i > 0 {
			t.w.WriteString("\n")
		}
		t.w.WriteString(f)
	}
	n := t.tally.total.Files - len(t.files)
	if n == 0 {
		return
	}
	if len(t.files) > 0 {
		t.w.WriteString("\n")
	}
	says := fmt.Sprintf("%s without resets", counted(n, "capture", "captures"))
	if n == shownQuiet {
		says = Clean(t.quiet.Path)
	}
	parts := append([]string{says}, t.quiet.counts()[:2]...)
	if n == shownQuiet {
		parts = append(parts, "no resets")
	}
	if t.quiet.LeftOut > 0 {
		parts = append(parts, thousands(t.quiet.LeftOut)+" filtered out")
	}
	t.w.WriteString(t.page.dotted(parts))
}

// incidents prints the table of incidents, and those in full that are to be.
func (t *textRenderer) incidents(list []Incident) error {
	alone := len(list) == 1 && list[0].Findings <= 1 // its finding says everything
	if len(list) > 1 || len(list) == 1 && t.opts.Summary {
		t.w.WriteString("\n" + t.page.incidentTable(list, t.opts))
	}
	switch {
	case t.opts.Summary || t.opts.Live:
		return nil
	case t.opts.Incident != 0:
		return t.oneInFull(list)
	case t.opts.All:
		return t.allFindings(list)
	}
	for i := range list {
		if i == shownInFull {
			t.w.WriteString(t.page.rule() + t.page.wrap("", fmt.Sprintf("%s more in the table above. "+
				"--incident N shows one of them in full, --all shows all findings.", counted(len(list)-i,
				"incident", "incidents"))))
			break
		}
		block, err := t.blocks.of(&list[i])
		if err != nil {
			return err
		}
		if alone {
			t.w.WriteString(block)
			continue
		}
		t.w.WriteString(t.page.incident(&list[i], t.tally.total.Files > 1))
		if list[i].Findings > 1 {
			t.w.WriteString("\n" + t.page.style.dim("For example") + "\n")
		}
		t.w.WriteString(strings.TrimPrefix(block, t.page.rule()))
	}
	return nil
}

// oneInFull prints the incident that is asked for, with all its findings.
func (t *textRenderer) oneInFull(list []Incident) error {
	i, err := find(list, t.opts.Incident)
	if err != nil {
		return err
	}
	t.w.WriteString(t.page.incident(&list[i], t.tally.total.Files > 1))
	now := numbersOf(list)
	return t.blocks.each(func(r record) error {
		if now[r.number] == list[i].Number {
			t.w.Write(r.text)
		}
		return nil
	})
}

// allFindings prints all findings, the most severe first, and in front of each to which incident it belongs.
func (t *textRenderer) allFindings(list []Incident) error {
	now := numbersOf(list)
	for rank := range bySeverity {
		err := t.blocks.each(func(r record) error {
			if r.rank != rank {
				return nil
			}
			text := string(r.text)
			if len(list) > 1 {
				text = t.page.rule() + t.page.style.dim(fmt.Sprintf("Incident %d", now[r.number])) +
					"\n" + strings.TrimPrefix(text, t.page.rule())
			}
			_, err := t.w.WriteString(text)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// incidentTable lists incidents, each with its number, its severity and its sentence.
func (p page) incidentTable(list []Incident, opts TextOptions) string {
	shown := list
	if !opts.All && !opts.Summary && len(shown) > shownInTable {
		shown = shown[:shownInTable]
	}
	var b strings.Builder
	room := len("Incident")
	for i := range shown {
		room = max(room, len(shown[i].shownNumber(opts)))
	}
	const severity = 8
	pad := strings.Repeat(" ", room+2+severity+2)
	b.WriteString(p.style.dim(padded("Incident", room+2)+padded("Severity", severity+2)+"What happened") + "\n")
	for i := range shown {
		in := &shown[i]
		number := in.shownNumber(opts)
		name := Clean(string(in.Severity))
		b.WriteString(strings.Repeat(" ", room-len(number)) + p.style.bold(number) + "  " +
			p.style.severity(in.Severity)(name) + strings.Repeat(" ", max(severity-width(name), 0)+2) +
			strings.TrimPrefix(p.wrap(pad, in.Says), pad))
	}
	if more := len(list) - len(shown); more > 0 {
		b.WriteString(p.wrap("", fmt.Sprintf("and %s, which --all or --summary lists", counted(more,
			"more incident", "more incidents"))))
	}
	return b.String()
}

// shownNumber is the number of an incident in the table: its place there or, in a live report, the number that was
// printed with its resets.
func (in *Incident) shownNumber(opts TextOptions) string {
	if opts.Live {
		return strconv.Itoa(in.ID)
	}
	return strconv.Itoa(in.Number)
}

// incident is the head of an incident in full; the finding that represents it follows.
func (p page) incident(in *Incident, several bool) string {
	var b strings.Builder
	if in.Findings <= 1 { // which says what happened
		says := fmt.Sprintf("Incident %d", in.Number)
		if several {
			says += ", in " + in.Example.Path
		}
		return p.rule() + p.style.dim(Clean(says)) + "\n"
	}
	name := fmt.Sprintf("Incident %d  ", in.Number)
	kind, severity := Clean(in.name()), Clean(string(in.Severity))
	color := p.style.severity(in.Severity)
	blank := max(p.width-width(name)-width(kind)-width(severity), 2)
	b.WriteString(p.rule())
	b.WriteString(p.style.bold(name) + p.style.bold(color(kind)) + strings.Repeat(" ", blank) + color(severity) + "\n")
	b.WriteString(p.wrap("", in.Says) + "\n")
	if in.First != 0 {
		b.WriteString(p.field("Time", in.when()+" ("+lasted(in.Last.Std().Sub(in.First.Std()))+")"))
	}
	b.WriteString(p.dottedField("Counts", in.counts()))
	if len(in.Details) > 1 {
		b.WriteString(p.dottedField("Details", in.detailList()))
	}
	for i := range in.Captures {
		if i == shownQuiet && several {
			b.WriteString(p.field("", "and in "+counted(len(in.Captures)-i, "more capture", "more captures")))
			break
		}
		b.WriteString(p.field("Frames", in.frameList(i, several)))
		b.WriteString(p.field("Streams", in.streamList(i)))
	}
	return b.String()
}

// name is the kind of an incident with the rule of its findings.
func (in *Incident) name() string {
	kind := string(in.Kind)
	if in.Kind == incident.Alike {
		kind = string(in.Cause)
	}
	if in.Detail == "" || in.Detail == kind {
		return kind
	}
	return kind + nameDot + in.Detail
}

// counts lists the numbers of an incident.
func (in *Incident) counts() []string {
	parts := resetCounts(in.Resets, in.Findings, in.Severities, 0)
	parts = append(parts, counted(in.Connections, "connection", "connections"))
	if in.Clients > 1 {
		parts = append(parts, counted(in.Clients, "client", "clients"))
	}
	if in.Services > 1 {
		parts = append(parts, counted(in.Services, "service", "services"))
	}
	return parts
}

// detailList lists the rules of an incident.
func (in *Incident) detailList() []string {
	var parts []string
	for _, d := range in.Details {
		parts = append(parts, thousands(d.Resets)+" "+Clean(d.Detail))
	}
	return parts
}

// frameList prints frames of an incident in one capture, which it names if there are several.
func (in *Incident) frameList(i int, several bool) string {
	c := &in.Captures[i]
	if in.Example.Line > 0 {
		return ""
	}
	frames := c.Frames[:min(len(c.Frames), shownFrames)]
	says := frameList(frames)
	if more := in.Resets - len(frames); more > 0 && len(in.Captures) == 1 {
		says += " and " + thousands(more) + " more"
	} else if more := len(c.Frames) - len(frames); more > 0 {
		says += " and more"
	}
	if several {
		says += " of " + c.Path
	}
	return says
}

// streamList prints streams of an incident in one capture as Wireshark's display filter finds them.
func (in *Incident) streamList(i int) string {
	list := in.Captures[i].Streams
	if in.Example.Line > 0 || len(list) > shownFrames || in.LeftOut > 0 {
		return ""
	}
	list = slices.Sorted(slices.Values(list))
	return string(appendSet([]byte("tcp.stream in "), list))
}

// A newsList is what a live report has printed of each incident.
type newsList map[int]int // resets by number

// news is a finding as a live report prints it: in full if it is the first of its incident, or graver than those
// before, else in one line. What the incident has become is printed when it has ten times as many resets as when it
// was printed last, and at the end. A finding that what followed has changed is printed again.
func (p page) news(r *Reset, candidate bool, l *newsList, g *Grouping) string {
	grown := !r.Revised && l.grown(r.Incident)
	name := mark(r.Frame, r.Line > 0)
	if r.Repeats != 0 {
		says := "another RST of the same event as " + mark(int(r.Repeats), r.Line > 0)
		if r.Revised {
			says = fmt.Sprintf("belongs to incident %d, as what followed shows: %s · %s", r.Incident, r.Cause, r.Detail)
		}
		return "\n" + p.style.bold(name) + "  " + p.wrap("", says)
	}
	if candidate {
		head, tail := p.finding(r)
		in := fmt.Sprintf("Incident %d", r.Incident)
		if r.Revised {
			in += ": what followed has changed this finding"
		}
		return strings.Replace(head, p.rule(), p.rule()+p.style.dim(in)+"\n", 1) + tail
	}
	says := fmt.Sprintf("%s · %s: incident %d again, %s → %s, stream %d, reset by the %s", r.Cause, r.Detail, r.Incident,
		r.Originator, r.Responder, r.Stream, r.Sender)
	out := "\n" + p.style.bold(name) + "  " + p.wrap("", says)
	if grown {
		if in := g.soFar(r.Incident); in != nil {
			out += p.wrap("", fmt.Sprintf("Incident %d so far: %s", in.ID, in.Says))
		}
	}
	return out
}

// maxNews is how many incidents a live report keeps apart.
const maxNews = 1 << 12

// grown counts a reset of an incident, and reports whether it is the tenth, hundredth, and so on.
func (l *newsList) grown(number int) bool {
	if *l == nil || len(*l) >= maxNews {
		*l = newsList{}
	}
	(*l)[number]++
	n := (*l)[number]
	for n > 1 && n%10 == 0 {
		n /= 10
	}
	return n == 1 && (*l)[number] > 1
}
