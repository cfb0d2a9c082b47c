package report

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// A briefing summarises a file in one paragraph: its counts by cause and severity, and its worst incident, or where
// that is a single finding, the first one of that severity.
type briefing struct {
	worst  *briefFinding
	groups *Grouping
}

// A briefFinding is the finding that a briefing names.
type briefFinding struct {
	mark     string
	time     Time
	severity rules.Severity
	says     string
}

func (b *briefing) beginFile() { *b = briefing{groups: new(Grouping)} }

func (b *briefing) add(r *Reset) {
	b.groups.Add(r)
	if r.Repeats == 0 && (b.worst == nil || severityRank(r.Severity) > severityRank(b.worst.severity)) {
		where := fmt.Sprintf("Frame %d", r.Frame)
		if r.Line > 0 {
			where = fmt.Sprintf("Line %d", r.Line)
		}
		b.worst = &briefFinding{where, r.Time, r.Severity, r.Summary}
	}
}

// says returns the paragraph without the name of the file, which it begins with a colon after.
func (b *briefing) says(f *File) string {
	if f.unread() {
		return "not read: " + f.Warnings[0].String()
	}
	if f.ResetCount == 0 {
		s := fmt.Sprintf("no connection was reset in %s.", counted(f.Packets, "packet", "packets"))
		if f.LeftOut > 0 {
			s = fmt.Sprintf("no reset matches; %s filtered out.", thousands(f.LeftOut))
		}
		return s
	}
	byCause := map[rules.Cause]int{}
	for _, s := range f.Summary {
		byCause[s.Cause] += s.Resets
	}
	var parts []string
	for _, c := range rules.Causes {
		if n := byCause[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", thousands(n), c))
		}
	}
	s := fmt.Sprintf("%s in %s (%s).", counted(f.ResetCount, "reset", "resets"), counted(f.Connections,
		"connection", "connections"), strings.Join(parts, ", "))
	if severities := f.Severities.String(); severities != "" {
		s += " By severity: " + severities + "."
	}
	incidents := b.groups.Incidents()
	if len(incidents) > 1 {
		s += fmt.Sprintf(" %s incidents, the worst: ", thousands(len(incidents)))
	} else {
		s += " "
	}
	switch {
	case len(incidents) > 0 && incidents[0].Findings > 1:
		s += incidents[0].Says
	case b.worst != nil && len(incidents) > 1:
		s += lowerFirst(b.worst.mark) + ": " + b.worst.says
	case b.worst != nil:
		s += b.worst.mark + ": " + b.worst.says
	}
	s = strings.TrimRight(s, " ")
	if f.Partial {
		s += " The capture could not be read completely."
	}
	return s
}

// lowerFirst returns an English phrase without the capital that it begins with.
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// A briefRenderer renders a paragraph for each file, for a terminal.
type briefRenderer struct {
	w        *bufio.Writer
	page     page
	briefing briefing
	tally    tally
}

func (b *briefRenderer) Begin(string) error { return nil }

func (b *briefRenderer) BeginFile(path string) error {
	b.tally.beginFile(path)
	b.briefing.beginFile()
	return nil
}

func (b *briefRenderer) Reset(r *Reset) error {
	b.tally.add(r)
	b.briefing.add(r)
	return nil
}

func (b *briefRenderer) EndFile(f *File) error {
	b.tally.endFile(f)
	if b.tally.total.Files > 1 {
		b.w.WriteString("\n")
	}
	text := b.page.wrap("", Clean(f.Path)+": "+b.briefing.says(f))
	if path := Clean(f.Path); strings.HasPrefix(text, path) {
		text = b.page.style.bold(path) + text[len(path):]
	}
	b.w.WriteString(text)
	return b.w.Flush()
}

func (b *briefRenderer) End() error {
	if total := b.tally.done(); total.Files > 1 {
		b.w.WriteString("\n" + b.page.wrap("", "Total: "+total.lead()))
	}
	return b.w.Flush()
}
