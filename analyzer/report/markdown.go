package report

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// MarkdownOptions define how much a Markdown report contains.
type MarkdownOptions struct {
	Brief bool // one paragraph per file, for the first comment of a ticket
}

// Markdown renders a report for tickets, as GitHub and GitLab show it (GitHub Flavored Markdown): a table
// of causes, then a folded section for each finding with its ladder as a code block.
func Markdown(w io.Writer, opts MarkdownOptions) Renderer {
	m := &markdownRenderer{w: bufio.NewWriterSize(w, 64<<10), opts: opts, page: page{width: 100}}
	m.findings.repeated = func(says string) string { return "\nFurther resets of the same event: " + markdownText(says) + ".\n" }
	return m
}

type markdownRenderer struct {
	w        *bufio.Writer
	opts     MarkdownOptions
	page     page
	findings waitingList
	briefing briefing
	tally    tally
}

func (m *markdownRenderer) Begin(string) error { return nil }

func (m *markdownRenderer) BeginFile(path string) error {
	m.tally.beginFile(path)
	m.briefing.beginFile()
	return nil
}

func (m *markdownRenderer) Reset(r *Reset) error {
	m.tally.add(r)
	if m.opts.Brief {
		m.briefing.add(r)
		return nil
	}
	r = r.byLine()
	if m.findings.joins(r) {
		return nil
	}
	head, tail := m.finding(r)
	return m.findings.add(r, head, tail)
}

func (m *markdownRenderer) EndFile(f *File) error {
	m.tally.endFile(f)
	if m.opts.Brief {
		m.w.WriteString(m.brief(f))
		return m.w.Flush()
	}
	fmt.Fprintf(m.w, "## %s\n\n%s\n\n", markdownText(f.Path), strings.Join(f.counts(), " · "))
	if len(f.Summary) > 0 {
		m.w.WriteString(markdownTable(f.Summary))
	}
	if err := m.findings.drain(m.w); err != nil {
		return err
	}
	h := newHTMLFile(f)
	if len(h.Notes) > 0 {
		m.w.WriteString("\n**Other events**\n\n" + markdownEvidence(h.Notes))
	}
	if len(h.Warnings) > 0 {
		m.w.WriteString("\n**Limits of this capture**\n\n")
		for _, w := range h.Warnings {
			says := w.Says
			if w.Where != "" {
				says += " (" + w.Where + ")"
			}
			if w.Hint != "" {
				says += ": " + w.Hint
			}
			m.w.WriteString("- " + markdownText(says) + "\n")
		}
	}
	m.w.WriteString("\n")
	return m.w.Flush()
}

func (m *markdownRenderer) End() error {
	if total := m.tally.done(); total.Files > 1 {
		m.w.WriteString(markdownTotal(&total, m.opts.Brief))
	}
	return m.w.Flush()
}

// brief summarises a file in one paragraph.
func (m *markdownRenderer) brief(f *File) string {
	return fmt.Sprintf("**%s**: %s\n\n", markdownText(f.Path), markdownText(m.briefing.says(f)))
}

// markdownTotal summarises all files; a brief total is only the first line of it.
func markdownTotal(total *Total, brief bool) string {
	if brief {
		return "**Total**: " + markdownText(total.lead()) + ".\n"
	}
	var b strings.Builder
	b.WriteString("## Total\n\n" + markdownText(total.lead()) + "\n")
	for _, table := range total.tables() {
		if len(table.rows) == 0 {
			continue
		}
		b.WriteString("\n")
		t := newMarkdownTable(&b)
		t.Header(append(table.header, "Resets", "Findings", "Captures", "Severity", "Example"))
		for i := range table.rows {
			s := &table.rows[i]
			_ = t.Append(append(markdownTexts(table.name(s)), thousands(s.Resets), thousands(s.Findings), thousands(s.Files), markdownText(s.Severities.cell(s.Severity)),
				fmt.Sprintf("%s of %s", s.Example.Named(), markdownText(s.Example.Path))))
		}
		_ = t.Render()
		if more := table.count - len(table.rows); more > 0 {
			fmt.Fprintf(&b, "\nand %s more\n", thousands(more))
		}
	}
	return b.String()
}

func newMarkdownTable(b *strings.Builder) *tablewriter.Table {
	return tablewriter.NewTable(b, tablewriter.WithRenderer(renderer.NewMarkdown()), tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithHeaderAlignment(tw.AlignLeft))
}

func markdownTable(sums []CauseSum) string {
	var b strings.Builder
	t := newMarkdownTable(&b)
	t.Header("Cause", "Detail", "Severity", "Resets", "Findings", "First frame")
	for _, s := range sums {
		// Appending fails only on types that the table cannot print.
		_ = t.Append(markdownText(string(s.Cause)), markdownText(s.Detail), markdownText(s.Severities.cell(s.Severity)), thousands(s.Resets), thousands(s.Findings), fmt.Sprint(s.First))
	}
	_ = t.Render()
	return b.String()
}

// finding is the folded section of one reset, in two parts: its repeats go between them.
func (m *markdownRenderer) finding(r *Reset) (head, tail string) {
	var b strings.Builder
	// A summary element is HTML to every Markdown reader, so its text is escaped as HTML.
	text := func(s string) string { return html.EscapeString(unlinked.Replace(Clean(s))) }
	fmt.Fprintf(&b, "\n<details>\n<summary><b>%s: %s</b> · %s · %s → %s · %s · %s</summary>\n\n", r.Named(), text(string(r.Cause)),
		text(r.Detail), text(r.Originator), text(r.Responder), text(string(r.Severity)), percent(r.Confidence))
	b.WriteString(markdownText(r.Verdict()) + "\n\n")
	b.WriteString(markdownEvidence(withSiblings(r.Evidence)))
	b.WriteString(markdownEvidence(senderSigns(r)))
	b.WriteString(markdownEvidence(r.Notes))
	head = b.String()

	b.Reset()
	for i, a := range r.Alternatives {
		if i == 0 {
			b.WriteString("\nAlternatives:\n\n")
		}
		detail := ""
		if a.Detail != "" {
			detail = " (" + markdownText(a.Detail) + ")"
		}
		fmt.Fprintf(&b, "- %s %s%s: %s\n", percent(a.Confidence), markdownText(string(a.Cause)), detail, markdownText(a.WhyNot))
	}
	field := func(label, says string) {
		if says != "" {
			fmt.Fprintf(&b, "\n**%s**: %s\n", label, markdownText(says))
		}
	}
	field("To confirm", r.CaptureNext)
	b.WriteString(markdownSymptom(r))
	field("Remedy", r.Remedy)
	field("Limits", strings.Join(defectWords(r.Conn.Defects), "; "))
	b.WriteString("\n" + codeBlock(m.page.ladder(r)))
	filter := Clean(r.Filter) + "\n"
	for _, place := range r.Places {
		filter += Clean(place.Path) + ": " + Clean(place.Filter) + "\n"
	}
	b.WriteString("\nWireshark:\n\n" + codeBlock(filter) + "\n</details>\n")
	return head, b.String()
}

// markdownSymptom describes what the application got, with a list of what programs print.
func markdownSymptom(r *Reset) string {
	var b strings.Builder
	for i, line := range r.SymptomLines() {
		switch i {
		case 0:
			fmt.Fprintf(&b, "\n**Symptom**: %s\n", markdownText(line))
		case 1:
			b.WriteString("\n")
			fallthrough
		default:
			b.WriteString("- " + markdownText(line) + "\n")
		}
	}
	return b.String()
}

func markdownEvidence(list []Evidence) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString("- " + markdownText(e.Says))
		if len(e.Frames) > 0 {
			b.WriteString(" (" + e.inWords())
			if e.Stream != nil {
				fmt.Fprintf(&b, " in stream %d", *e.Stream)
			}
			b.WriteString(")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// inWords prints the frames, or lines, that show e.
func (e *Evidence) inWords() string {
	if e.Lines != nil {
		return lineList(e.Lines)
	}
	return framesInWords(e.Frames)
}

// framesInWords prints frames without the # of frameList, which trackers would make links to tickets.
func framesInWords(frames []int) string {
	word := "frames "
	if len(frames) == 1 {
		word = "frame "
	}
	return word + strings.ReplaceAll(frameList(frames), "#", "")
}

// codeBlock fences text with more backticks than it holds in a row.
func codeBlock(s string) string {
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + "text\n" + s + fence + "\n"
}

// ticketRef matches what trackers would make a link to another ticket.
var ticketRef = regexp.MustCompile(`#(\d)`)

// markdownTexts is markdownText for several texts.
func markdownTexts(texts []string) []string {
	for i := range texts {
		texts[i] = markdownText(texts[i])
	}
	return texts
}

// linkLike matches what Markdown readers and trackers turn into links without markup: URLs, mail addresses, mentions,
// and references to tickets, changes and commits.
var linkLike = regexp.MustCompile("(?i)" + `[^\s|<>\\` + "`" + `]*(://|www\.|(mailto|xmpp|tel):|@|\bgh-\d|[!$&%~]\d|\b[0-9a-f]{40}\b)[^\s|<>\\` + "`" + `]*`)

// unlinked removes what makes a link in HTML text, where code spans are not available.
var unlinked = strings.NewReplacer("://", "·//", "@", "·", "www.", "www·", "WWW.", "WWW·", "mailto:", "mailto·", "xmpp:", "xmpp·")

// markdownText makes s plain text in Markdown, without markup, HTML, table bars, links, mentions or references to
// tickets. What readers would turn into links becomes a code span, because some of them ignore escapes there.
func markdownText(s string) string {
	s = ticketRef.ReplaceAllString(Clean(s), "frame $1")
	var b strings.Builder
	for {
		at := linkLike.FindStringIndex(s)
		if at == nil {
			return b.String() + markdownEscaped(s)
		}
		b.WriteString(markdownEscaped(s[:at[0]]) + "`" + s[at[0]:at[1]] + "`")
		s = s[at[1]:]
	}
}

// markdownEscaped makes s plain text; s must not contain anything linkLike.
func markdownEscaped(s string) string {
	if !strings.ContainsAny(s, "\\`*_{}[]<>|~#&@!$") {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '@':
			b.WriteString("&#64;") // no mention
			continue
		case '\\', '`', '*', '_', '{', '}', '[', ']', '|', '~', '#', '!', '$':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
