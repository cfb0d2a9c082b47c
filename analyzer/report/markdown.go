package report

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rstexplain/rstexplain/rules"
)

// MarkdownOptions define how much a Markdown report contains.
type MarkdownOptions struct {
	Brief    bool // one paragraph per file, for the first comment of a ticket
	Incident int  // only the incident with this number, with as many of its findings as there is room for; 0: all
}

// MarkdownMax is how many characters a Markdown report has at most: trackers take 65,536 in an issue.
const MarkdownMax = 60_000

// What a Markdown report shows, as far as it fits.
const (
	tableIncidents = 20 // rows of the table of incidents
	tableBytes     = 12_000
	resetRows      = 10   // resets that an incident lists
	resetRowsInAll = 5000 // that are kept until the incidents are known
	markdownEach   = 4    // findings of an incident, beside the candidates to represent it
	captureLines   = 20   // captures that are listed
	caveatLines    = 30   // warnings and other events
	longText       = 400  // characters of a sentence or path; more are the work of a hostile capture
	leftOutRoom    = 400  // for the line that says what was left out
)

// Markdown renders a report for tickets, as GitHub and GitLab show it (GitHub Flavored Markdown): a table of incidents,
// then a folded section for each with its resets and the finding that represents it, whose ladder is a code block. It
// fits an issue, whatever the capture: what does not fit is left out, the least severe first, and counted. It contains
// no absolute paths.
func Markdown(w io.Writer, opts MarkdownOptions) Renderer {
	m := &markdownRenderer{w: bufio.NewWriterSize(w, 64<<10), opts: opts, page: page{width: 100},
		resets: map[int]*markdownResets{}}
	m.kept = keptFindings{each: markdownEach, most: fullInAll,
		repeated: func(says string) string { return "\n" + markdownText(repeatsInWords(says)) + ".\n" }}
	m.kept.showOnly(opts.Incident)
	return m
}

type markdownRenderer struct {
	w        *bufio.Writer
	opts     MarkdownOptions
	page     page
	kept     keptFindings
	resets   map[int]*markdownResets // by number of the incident
	rows     int                     // in all of them
	briefing briefing
	tally    tally
	files    []string // lines about the captures
	only     []string // counts of the only capture
	path     string   // of the last one
	caveats  []string // lines
	more     int      // lines about captures, and caveats, beyond those kept
	packets  int
}

// markdownResets are the first resets of an incident, as rows of a table.
type markdownResets struct {
	rows []markdownRow
	all  int
}

type markdownRow struct {
	time Time
	text string
}

func (m *markdownRenderer) Begin(string) error { return nil }

func (m *markdownRenderer) BeginFile(path string) error {
	m.tally.beginFile(path)
	m.briefing.beginFile()
	m.kept.beginFile(path)
	return nil
}

func (m *markdownRenderer) Reset(r *Reset) error {
	m.tally.add(r)
	if m.opts.Brief {
		m.briefing.add(r)
		return nil
	}
	name := func(s string) string { return markdownText(clipped(s, 110)) }
	err := m.kept.add(r, func() (head, tail string) { return m.finding(r.byLine().withShortTexts()) })
	list := m.resets[r.Incident]
	if list == nil {
		list = new(markdownResets)
		m.resets[r.Incident] = list
	}
	list.all++
	if len(list.rows) < resetRows && m.rows < resetRowsInAll {
		m.rows++
		list.rows = append(list.rows, markdownRow{r.Time, "| " + strings.Join([]string{strings.ReplaceAll(r.Named(),
			" ", noBreak), strings.TrimSuffix(r.Time.shown(6), " UTC"),
			name(senderSide(r)), name(r.Originator + " → " + r.Responder), name(r.Detail)}, " | ") + " |\n"})
	}
	return err
}

// repeatsInWords returns a sentence that ends with frames, "… #3, #7–#9", with words in place of the signs, which
// trackers take for issues: "… frames 3, 7–9".
func repeatsInWords(says string) string {
	head, list, ok := strings.Cut(says, "#")
	if !ok {
		return says
	}
	word := "frame "
	if strings.Contains(list, "#") {
		word = "frames "
	}
	return head + word + strings.ReplaceAll(list, "#", "")
}

// noBreak is a space at which no line ends.
const noBreak = "\u00a0"

// senderSide names who sent r.
func senderSide(r *Reset) string {
	who := "client"
	if r.Sender != sides[0] {
		who = "server"
	}
	if r.Origin == rules.OriginMiddlebox {
		return "middlebox, in the name of the " + who
	}
	return who
}

// senderWords names who sent r, with the address.
func senderWords(r *Reset) string {
	addr := r.Originator
	if r.Sender != sides[0] {
		addr = r.Responder
	}
	return senderSide(r) + " " + addr
}

// markdownCell is markdownText for a cell of a table or a line, cut if it is very long.
func markdownCell(s string) string { return markdownText(clipped(s, longText)) }

// ticketPath is path without what it tells about the machine: of an absolute path only the name.
func ticketPath(path string) string {
	windows := len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') || strings.HasPrefix(path, `\\`)
	if strings.HasPrefix(path, "/") || strings.HasPrefix(path, "~") || windows {
		return path[strings.LastIndexAny(path, `/\`)+1:]
	}
	return path
}

func (m *markdownRenderer) EndFile(f *File) error {
	m.tally.endFile(f)
	m.packets += f.Packets
	m.path = ticketPath(f.Path)
	if m.opts.Brief {
		m.w.WriteString(fmt.Sprintf("**%s**: %s\n\n", markdownCell(m.path), markdownText(m.briefing.says(f))))
		return m.w.Flush()
	}
	m.only = f.counts()
	if f.ResetCount > 0 || f.Partial {
		m.files = m.line(m.files, captureLines, "- "+markdownCell(m.path)+": "+strings.Join(f.counts(), " · ")+"\n")
	}
	h := newHTMLFile(f)
	for _, n := range h.Notes {
		n.Says = clipped(n.Says, longText)
		m.caveats = m.line(m.caveats, caveatLines, markdownEvidence([]Evidence{n}))
	}
	for _, w := range h.Warnings {
		says := w.Says
		if w.Where != "" {
			says += " (" + w.Where + ")"
		}
		if w.Hint != "" {
			says += ": " + w.Hint
		}
		for _, part := range f.Parts {
			says = strings.ReplaceAll(says, part.Path, ticketPath(part.Path))
		}
		if m.tally.total.Files > 1 {
			says = m.path + ": " + says
		}
		m.caveats = m.line(m.caveats, caveatLines, "- "+markdownCell(says)+"\n")
	}
	return nil
}

// line appends a line to a list of at most so many; others are counted.
func (m *markdownRenderer) line(list []string, most int, line string) []string {
	if len(list) == most {
		m.more++
		return list
	}
	return append(list, line)
}

func (m *markdownRenderer) End() error {
	total := m.tally.done()
	if m.opts.Brief {
		if total.Files > 1 {
			m.w.WriteString("**Total**: " + markdownText(total.lead()) + ".\n")
		}
		return m.w.Flush()
	}
	defer m.kept.texts.close()
	stories, err := m.kept.stories()
	if err != nil {
		return err
	}
	doc := issue{room: MarkdownMax - leftOutRoom}
	title, lead := "Resets in "+markdownCell(m.path), strings.Join(m.only, " · ")
	if total.Files > 1 {
		title, lead = "Resets in "+counted(total.Files, "capture", "captures"), total.lead()
	}
	if m.opts.Incident != 0 {
		title = fmt.Sprintf("Incident %d", stories[0].Number) + strings.TrimPrefix(title, "Resets")
	}
	doc.add("## " + title + "\n\n" + markdownText(lead) + "\n\n")
	if len(stories) > 0 && m.opts.Incident == 0 {
		doc.add(markdownIncidents(stories))
	}
	tail := m.tail(total.Files > 1)
	doc.room -= runes(tail)
	sections, err := m.sections(stories, doc.room)
	if err != nil {
		return err
	}
	m.w.WriteString(doc.b.String())
	for _, s := range sections {
		m.w.WriteString(s.text)
	}
	m.w.WriteString(tail)
	m.w.WriteString(m.leftOut(stories, sections))
	return m.w.Flush()
}

// An issue is the text of a report that must not become too long.
type issue struct {
	b    strings.Builder
	room int // characters that are left
}

// add appends text if there is room for it, and reports whether there was.
func (d *issue) add(text string) bool {
	n := runes(text)
	if n > d.room {
		return false
	}
	d.room -= n
	d.b.WriteString(text)
	return true
}

func runes(s string) int { return utf8.RuneCountInString(s) }

// markdownIncidents is the table of incidents.
func markdownIncidents(stories []story) string {
	var b strings.Builder
	b.WriteString("| Incident | Severity | Resets | When |\n|---|---|---|---|\n")
	for i := range stories {
		if i == tableIncidents || b.Len() > tableBytes {
			b.WriteString("\nand " + counted(len(stories)-i, "more incident", "more incidents") + ", the least severe\n")
			break
		}
		s := &stories[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", markdownCell(s.Says), markdownCell(string(s.Severity)),
			thousands(s.Resets), s.when())
	}
	return b.String()
}

// A section is the part of an issue about one incident.
type section struct {
	text     string
	findings int // in full
}

// sections returns as much about the incidents as there is room for: first each with the finding that represents it,
// the worst first, then further findings of each.
func (m *markdownRenderer) sections(stories []story, room int) ([]section, error) {
	type draft struct{ head, tail string }
	drafts, full := []draft{}, [][]string{}
	resets := m.resetsNow()
	for i := range stories {
		s := &stories[i]
		d := draft{m.sectionHead(s, resets[s.Number]), "\n</details>\n"}
		n := runes(d.head) + runes(d.tail)
		if n > room {
			break
		}
		room -= n
		drafts, full = append(drafts, d), append(full, nil)
		if err := m.addFinding(s, 0, &full[i], &room); err != nil {
			return nil, err
		}
	}
	for k, added := 1, true; added; k++ {
		added = false
		for i := range drafts {
			if len(full[i]) == k && k < len(stories[i].findings) {
				before := len(full[i])
				if err := m.addFinding(&stories[i], k, &full[i], &room); err != nil {
					return nil, err
				}
				added = added || len(full[i]) > before
			}
		}
	}
	out := make([]section, len(drafts))
	for i, d := range drafts {
		out[i] = section{d.head + strings.Join(full[i], "") + d.tail, len(full[i])}
	}
	return out, nil
}

// addFinding appends the text of a finding to list if there is room for it.
func (m *markdownRenderer) addFinding(s *story, k int, list *[]string, room *int) error {
	if k >= len(s.findings) {
		return nil
	}
	text, err := m.kept.text(s.findings[k])
	if n := runes(text); err == nil && n <= *room {
		*room -= n
		*list = append(*list, text)
	}
	return err
}

// resetsNow returns the first resets of each incident.
func (m *markdownRenderer) resetsNow() map[int]*markdownResets {
	now := m.kept.groups.Now()
	out := map[int]*markdownResets{}
	for _, number := range slices.Sorted(maps.Keys(m.resets)) {
		list := m.resets[number]
		to := out[now[number]]
		if to == nil {
			out[now[number]] = &markdownResets{slices.Clone(list.rows), list.all}
			continue
		}
		to.rows, to.all = append(to.rows, list.rows...), to.all+list.all
	}
	for _, list := range out {
		slices.SortStableFunc(list.rows, func(a, b markdownRow) int { return cmp.Compare(a.time, b.time) })
		list.rows = list.rows[:min(len(list.rows), resetRows)]
	}
	return out
}

// sectionHead is the beginning of the section of an incident: the answer in one sentence, its counts, and its resets.
func (m *markdownRenderer) sectionHead(s *story, resets *markdownResets) string {
	var b strings.Builder
	// A summary element is HTML to every Markdown reader, so its text is escaped as HTML.
	text := func(s string) string { return html.EscapeString(unlinked.Replace(Clean(clipped(s, longText)))) }
	fmt.Fprintf(&b, "\n<details>\n<summary><b>%s</b> · %s</summary>\n\n", text(s.Says), text(string(s.Severity)))
	facts := append([]string{s.kindName()}, append(s.size(), s.when())...)
	for _, d := range s.Details {
		facts = append(facts, thousands(d.Resets)+" "+d.Detail)
	}
	if len(s.findings) == 0 && s.Remedy != "" {
		b.WriteString("**Remedy**: " + markdownCell(s.Remedy) + "\n\n")
	}
	b.WriteString(markdownCell(strings.Join(facts, " · ")) + "\n")
	if resets != nil && len(resets.rows) > 0 {
		b.WriteString("\n| Where | Time (UTC) | Sent by | Connection | Detail |\n|---|---|---|---|---|\n")
		for _, r := range resets.rows {
			b.WriteString(r.text)
		}
		if more := resets.all - len(resets.rows); more > 0 {
			b.WriteString("\nand " + counted(more, "more reset", "more resets") + "\n")
		}
	}
	return b.String()
}

// tail lists the captures and what could not be read.
func (m *markdownRenderer) tail(several bool) string {
	d := issue{room: MarkdownMax / 4}
	left := m.more
	list := func(title string, lines []string) {
		if len(lines) == 0 || !d.add("\n**"+title+"**\n\n") {
			left += len(lines)
			return
		}
		for _, line := range lines {
			if !d.add(line) {
				left++
			}
		}
	}
	if several {
		list("Captures with resets", m.files)
	}
	list("Other events, and limits of what was read", m.caveats)
	if left > 0 {
		d.b.WriteString("\nand " + counted(left, "more line", "more lines") + " of this kind\n")
	}
	return d.b.String()
}

// leftOut says what the report does not show, "" if it shows everything.
func (m *markdownRenderer) leftOut(stories []story, sections []section) string {
	shown, all, flag := 0, m.tally.total.Findings, "--all"
	if m.opts.Incident != 0 {
		all, flag = stories[0].Findings, fmt.Sprintf("--incident %d", stories[0].Number)
	}
	for _, s := range sections {
		shown += s.findings
	}
	var parts []string
	if n := len(stories) - len(sections); n > 0 {
		parts = append(parts, counted(n, "incident", "incidents"))
	}
	if n := all - shown; n > 0 {
		parts = append(parts, "the evidence and packets of "+thousands(n)+" of "+counted(all, "finding", "findings"))
	}
	if len(parts) == 0 {
		return ""
	}
	return "\nLeft out to keep this short: " + strings.Join(parts, ", and ") +
		". `rstexplain --format html " + flag + "` shows everything.\n"
}

// finding is the text of one reset, in two parts: its repeats go between them.
func (m *markdownRenderer) finding(r *Reset) (head, tail string) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n**%s: %s · %s** · %s · %s\n\n", r.Named(), markdownText(string(r.Cause)), markdownText(r.Detail),
		markdownText(string(r.Severity)), percent(r.Confidence))
	fmt.Fprintf(&b, "Sent by the %s at %s · %s → %s · stream %d\n\n", markdownText(senderWords(r)),
		r.Time.shown(6), markdownText(r.Originator), markdownText(r.Responder), r.Stream)
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
		fmt.Fprintf(&b, "- %s %s%s: %s\n", percentLeft(a.Confidence), markdownText(string(a.Cause)), detail,
			markdownText(a.WhyNot))
	}
	field := func(label, says string) {
		if says != "" {
			fmt.Fprintf(&b, "\n**%s**: %s\n", label, markdownText(says))
		}
	}
	field("To confirm", r.CaptureNext)
	b.WriteString(markdownSymptom(r))
	field("Remedy", r.Remedy)
	field("Limits", strings.Join(defectWords(r), "; "))
	b.WriteString("\n" + codeBlock(m.page.ladder(r)))
	filter := Clean(r.Filter) + "\n"
	for _, place := range r.Places {
		filter += Clean(ticketPath(place.Path)) + ": " + Clean(place.Filter) + "\n"
	}
	b.WriteString("\nWireshark:\n\n" + codeBlock(filter))
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

// linkLike matches what Markdown readers and trackers turn into links without markup: URLs, mail addresses, mentions,
// and references to tickets, changes and commits.
var linkLike = regexp.MustCompile("(?i)" + `[^\s|<>\\` + "`" +
	`]*(://|www\.|(mailto|xmpp|tel):|@|\bgh-\d|[!$&%~#]\d|\b[0-9a-f]{40}\b)[^\s|<>\\` + "`" + `]*`)

// unlinked removes what makes a link in HTML text, where code spans are not available.
var unlinked = strings.NewReplacer("://", "·//", "@", "·", "www.", "www·", "WWW.", "WWW·",
	"mailto:", "mailto·", "xmpp:", "xmpp·")

// markdownText makes s plain text in Markdown, without markup, HTML, table bars, links, mentions or references to
// tickets. What readers would turn into links becomes a code span, because some of them ignore escapes there.
func markdownText(s string) string {
	s = Clean(s)
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
