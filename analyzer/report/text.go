package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// TextOptions define the layout of a report for a terminal.
type TextOptions struct {
	Width int  // columns, at least 70 and by default 100
	Color bool // whether the terminal shows colours
	Live  bool // print each finding as it comes, and the incidents after it
	Brief bool // one paragraph per file

	Summary  bool // only the table of incidents
	All      bool // all findings, and all incidents in the table
	Incident int  // the incident with this number, with all its findings; 0: see All
}

// Text renders a report for a terminal or a mail: what was read, a table of its incidents, and the worst of them in
// full: what happened, its counts, and the finding that represents it best. Further resets of the same event are
// listed in the block of the first.
func Text(w io.Writer, opts TextOptions) Renderer {
	if opts.Brief {
		return &briefRenderer{w: bufio.NewWriter(w), page: newPage(opts)}
	}
	t := &textRenderer{w: bufio.NewWriter(w), page: newPage(opts), opts: opts}
	if opts.Live {
		t.groups.live = newLiveGrouping()
	}
	t.waiting.repeated = func(says string) string { return t.page.field("Repeated", says) }
	t.waiting.to = func(b *entry, text string) error {
		return t.blocks.keep(b.number, b.rank, t.tally.path, b.frame, text)
	}
	return t
}

type textRenderer struct {
	w       *bufio.Writer
	page    page
	opts    TextOptions
	waiting waitingList
	tally   tally
	groups  Grouping
	files   []string // what is printed of each capture with resets, or with limits
	quiet   File     // adds up the other captures
	single  string   // what is printed of the first capture, if it is the only one
	caveats string   // of it, which come last
	news    newsList

	blocks exampleList // of findings
}

func (t *textRenderer) Begin(string) error { return nil }

func (t *textRenderer) BeginFile(path string) error {
	t.tally.beginFile(path)
	t.groups.BeginFile(path)
	return nil
}

func (t *textRenderer) Reset(r *Reset) error {
	candidate := t.groups.Add(r)
	if !r.Provisional {
		t.tally.add(r)
	}
	known := r.known
	r = r.byLine()
	switch {
	case known:
		return nil
	case t.opts.Live:
		t.w.WriteString(t.page.news(r, candidate, &t.news, &t.groups))
		return t.w.Flush()
	case t.opts.Summary || t.waiting.joins(r):
		return nil
	case r.Repeats != 0 || !candidate && !t.opts.All && t.opts.Incident == 0:
		return nil
	}
	head, tail := t.page.finding(r)
	return t.waiting.add(r, head, tail)
}

func (t *textRenderer) EndFile(f *File) error {
	t.tally.endFile(f)
	overview, caveats := t.page.overview(f), t.page.caveats(f)
	if f.ResetCount > 0 || f.Partial || len(f.Warnings)+len(f.Notes) > 0 {
		t.files = append(t.files, overview+caveats)
	} else {
		t.quiet.Path = f.Path
		t.quiet.Packets += f.Packets
		t.quiet.Connections += f.Connections
		t.quiet.LeftOut += f.LeftOut
	}
	if t.tally.total.Files == 1 {
		t.single, t.caveats = overview, caveats
	}
	return t.waiting.settle()
}

func (t *textRenderer) End() error {
	defer t.blocks.close()
	list := t.groups.Incidents()
	if t.opts.Incident != 0 {
		if _, err := find(list, t.opts.Incident); err != nil {
			return err
		}
	}
	t.head()
	if err := t.incidents(list); err != nil {
		return err
	}
	if total := t.tally.done(); total.Files > 1 {
		if !t.opts.Summary && t.opts.Incident == 0 {
			t.captures()
			t.w.WriteString(t.page.total(&total))
		}
	} else {
		t.w.WriteString(t.caveats)
	}
	return t.w.Flush()
}

// A page lays out text within a width.
type page struct {
	width int
	style style
}

// leastWidth is the width of the narrowest ladder.
const leastWidth = 70

func newPage(opts TextOptions) page {
	if opts.Width == 0 {
		opts.Width = 100
	}
	return page{width: max(opts.Width, leastWidth), style: style(opts.Color)}
}

// overview is the head of a file: its counts, and its resets by cause.
func (p page) overview(f *File) string {
	var b strings.Builder
	b.WriteString(p.style.bold(Clean(f.Path)) + "\n")
	if f.unread() {
		for _, w := range f.Warnings {
			b.WriteString(p.wrap("", "not read: "+w.String()))
		}
		return b.String()
	}
	b.WriteString(p.dotted(f.counts()))
	return b.String()
}

// unread reports whether nothing of f could be read.
func (f *File) unread() bool { return f.Packets == 0 && f.Partial }

// caveats lists what could not be read, and other events.
func (p page) caveats(f *File) string {
	var b strings.Builder
	if len(f.Notes) > 0 {
		b.WriteString("\n" + p.style.bold("Other events") + "\n")
		b.WriteString(p.evidence("", f.Notes, maxMark))
	}
	if len(f.Warnings) > 0 && !f.unread() {
		b.WriteString("\n" + p.style.bold("Limits of this capture") + "\n")
		for _, w := range f.Warnings {
			says := w.String()
			if w.Hint != "" {
				says += "; " + w.Hint
			}
			b.WriteString(p.field("", says))
		}
	}
	return b.String()
}

// rule is the line above a finding.
func (p page) rule() string { return "\n" + p.style.dim(strings.Repeat("─", p.width)) + "\n" }

// finding is the block of one reset, in two parts: its repeats go between them.
func (p page) finding(r *Reset) (head, tail string) {
	s := p.style
	var b strings.Builder

	name := mark(r.Frame, false) + "  "
	if r.Line > 0 {
		name = r.place() + "  "
	}
	verdict := Clean(string(r.Cause))
	if r.Detail != "" {
		verdict += " · " + Clean(r.Detail)
	}
	severity := Clean(string(r.Severity))
	sure := percent(r.Confidence) + "  " + severity
	blank := max(p.width-width(name)-width(verdict)-width(sure), 2)
	color := s.severity(r.Severity)
	b.WriteString(p.rule())
	b.WriteString(s.bold(name) + s.bold(color(verdict)) + strings.Repeat(" ", blank) + percent(r.Confidence) + "  " +
		color(severity) + "\n")

	who := "reset by the " + r.Sender
	if r.Origin == rules.OriginMiddlebox {
		who = "reset with the address of the " + r.Sender + ", probably sent by a middlebox,"
	}
	where := r.Originator + " → " + r.Responder + fmt.Sprintf(" · stream %d", r.Stream)
	if r.Conn.Protocol != "" {
		where += " · " + r.Conn.Protocol
	}
	b.WriteString(p.wrap("", where))
	if len(r.Places) > 0 {
		b.WriteString(p.wrap("", fmt.Sprintf("frame %d of %s", r.Places[0].Frames[0], r.Places[0].Path)))
	}
	b.WriteString(p.wrap("", who+" at "+r.Time.shown(6)))
	b.WriteString("\n" + p.wrap("", r.Verdict()) + "\n")

	lists := []struct {
		label string
		list  []Evidence
	}{{"Evidence", withSiblings(r.Evidence)}, {senderLabel(r), senderSigns(r)}, {"Also noted", r.Notes}}
	room := 4 // of the frames, the same in the whole block
	for _, l := range lists {
		for _, e := range l.list {
			if w := width(e.marks()); w <= maxMark {
				room = max(room, w)
			}
		}
	}
	for _, l := range lists {
		b.WriteString(p.evidence(l.label, l.list, room))
	}
	head = b.String()

	b.Reset()
	label := "Alternatives"
	for _, a := range r.Alternatives {
		if a.Confidence < 0.01 { // only in the JSON
			continue
		}
		says := string(a.Cause)
		if a.Detail != "" {
			says += " · " + a.Detail
		}
		if a.WhyNot != "" {
			says += ": " + a.WhyNot
		}
		b.WriteString(p.hang(label, percentLeft(a.Confidence), says, 4))
		label = ""
	}
	b.WriteString(p.field("To confirm", r.CaptureNext))
	label = "Symptom"
	for _, line := range r.SymptomLines() { // a line for each program
		b.WriteString(p.field(label, line))
		label = ""
	}
	b.WriteString(p.field("Remedy", r.Remedy))
	b.WriteString(p.field("Defects", strings.Join(defectWords(r), "; ")))
	b.WriteString("\n" + p.ladder(r))
	b.WriteString("\n" + p.style.dim("Filter") + "  " + Clean(r.Filter) + "\n") // in one line, so that it can be copied
	for _, place := range r.Places {
		b.WriteString("        " + Clean(place.Path) + ": " + Clean(place.Filter) + "\n")
	}
	return head, b.String()
}

// senderLabel is the label of senderSigns.
func senderLabel(r *Reset) string {
	if r.Origin == rules.OriginEndpoint {
		return "Genuine"
	}
	return "Sender"
}

// senderSigns returns the evidence for who sent the RST, without what r.Evidence has already.
func senderSigns(r *Reset) []Evidence {
	var out []Evidence
	for _, e := range r.OriginWhy {
		if !slices.ContainsFunc(r.Evidence, func(known Evidence) bool { return known.Says == e.Says }) {
			out = append(out, e)
		}
	}
	return out
}

// gutter is the width of the labels on the left.
const gutter = 13

// field prints a label and an indented text, or nothing if the text is empty.
func (p page) field(label, says string) string {
	if says == "" {
		return ""
	}
	pad := strings.Repeat(" ", gutter)
	return p.style.dim(padded(label, gutter)) + strings.TrimPrefix(p.wrap(pad, says), pad)
}

// maxMark is the width of a list of frames beyond which it gets a line of its own.
const maxMark = 16

// hang prints a label, a short mark in a column of its own, and an indented text.
func (p page) hang(label, mark, says string, room int) string {
	pad := strings.Repeat(" ", gutter+room+2)
	text := strings.TrimPrefix(p.wrap(pad, says), pad)
	if width(mark) > room {
		return p.style.dim(padded(label, gutter)) + mark + "\n" + pad + text
	}
	return p.style.dim(padded(label, gutter)) + padded(mark, room+2) + text
}

func (p page) evidence(label string, list []Evidence, room int) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(p.hang(label, e.marks(), e.Says, room))
		label = ""
	}
	return b.String()
}

// dottedField prints a label and parts, which it does not break.
func (p page) dottedField(label string, parts []string) string {
	narrow := page{width: p.width - gutter}
	pad := strings.Repeat(" ", gutter)
	lines := strings.TrimSuffix(narrow.dotted(parts), "\n")
	return p.style.dim(padded(label, gutter)) + strings.ReplaceAll(lines, "\n", "\n"+pad) + "\n"
}

// dotted prints parts with dots between them, and breaks lines nowhere else.
func (p page) dotted(parts []string) string {
	var b strings.Builder
	const dot = " · "
	n := 0
	for i, s := range parts {
		switch {
		case i == 0:
		case n+width(dot)+width(s) > p.width:
			b.WriteString("\n")
			n = 0
		default:
			b.WriteString(dot)
			n += width(dot)
		}
		b.WriteString(s)
		n += width(s)
	}
	return b.String() + "\n"
}

// wrap breaks s into lines that fit the page, each after indent. Newlines in s are treated as any control character, so
// that text from a packet cannot add lines.
func (p page) wrap(indent, s string) string {
	var b strings.Builder
	n := 0
	b.WriteString(indent)
	for _, word := range strings.Fields(Clean(s)) {
		w := width(word)
		switch {
		case n == 0:
		case len(indent)+n+1+w > p.width:
			b.WriteString("\n" + indent)
			n = 0
		default:
			b.WriteString(" ")
			n++
		}
		b.WriteString(word)
		n += w
	}
	return b.String() + "\n"
}
