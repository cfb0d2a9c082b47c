package report

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/rstexplain/rstexplain/analyzer/incident"
	"github.com/rstexplain/rstexplain/rules"
)

//go:embed web/report.html
var htmlSource string

//go:embed web/report.css
var htmlStyle string

//go:embed web/report.js
var htmlScript string

// htmlTemplate is parsed on first use: no other format needs it.
var htmlTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Parse(htmlSource))
})

// HTMLOptions define how much an HTML report contains.
type HTMLOptions struct {
	All      bool // every finding in full, however large the page becomes
	Incident int  // only the incident with this number, with as many of its findings in full as the page may hold; 0: all
}

// What a page holds without HTMLOptions.All: it opens at once, and is small enough for a mail.
const (
	maxPage     = 2_900_000 // bytes
	maxRows     = 1_500_000 // of them, of the data of all findings
	maxFull     = 1_200_000 // of them, of findings in full: more than this takes a browser long
	fullOfEach  = 20        // findings in full of an incident, at most, if there is room
	fullInAll   = 1000      // likewise of all incidents
	maxSections = 200       // captures that have a section of their own
)

// HTML renders a report as one self-contained page: incidents as cards, the worst first, which open to their findings.
// Those that are not in the page in full are data, of which a script makes short findings when an incident is opened;
// without the script, everything else can be read. The Content-Security-Policy allows nothing but that script and the
// one style sheet, as a second line of defence against text from a capture.
func HTML(w io.Writer, opts HTMLOptions) Renderer {
	h := &htmlRenderer{w: bufio.NewWriterSize(w, 64<<10), opts: opts}
	h.kept = keptFindings{each: fullOfEach, most: fullInAll,
		repeated: func(says string) string { return h.execute("repeats", says) }}
	h.rows.limit = maxRows
	h.kept.showOnly(opts.Incident)
	if opts.Incident != 0 {
		h.rows.limit = 0 // which rows are wanted is known at the end
	}
	if opts.All {
		h.kept.each, h.kept.most, h.rows.limit = 1<<30, 1<<30, 0
	}
	return h
}

type htmlRenderer struct {
	w         *bufio.Writer
	opts      HTMLOptions
	generator string
	kept      keptFindings
	rows      rowSet
	sections  strings.Builder // of the files that are done
	shown     int             // sections
	unshown   int             // files without one
	times     resetTimes
	files     []pageFile
	packets   int
	partial   bool
	tally     tally
	err       error // of a template
}

// execute returns the text of one part of the page. The template escapes markup; bidirectional control characters,
// which a browser interprets too, are made visible here.
func (h *htmlRenderer) execute(part string, data any) string {
	var b bytes.Buffer
	if err := htmlTemplate().ExecuteTemplate(&b, part, data); err != nil && h.err == nil {
		h.err = err
	}
	return strings.Map(func(r rune) rune {
		if r != '\n' && obeyed(r) {
			return '·'
		}
		return r
	}, b.String())
}

func (h *htmlRenderer) Begin(generator string) error {
	h.generator = generator
	return nil
}

func (h *htmlRenderer) BeginFile(path string) error {
	h.files = append(h.files, pageFile{Path: Clean(path)})
	h.tally.beginFile(path)
	h.kept.beginFile(path)
	return nil
}

func (h *htmlRenderer) Reset(r *Reset) error {
	anchor := fmt.Sprintf("f%d-%d", len(h.files), r.position()) // the ID of the element
	err := h.kept.add(r, func() (head, tail string) {
		return h.execute("finding", newHTMLFinding(r.byLine(), anchor)), h.execute("end of finding", nil)
	})
	if err != nil || h.err != nil {
		return cmp.Or(err, h.err)
	}
	h.tally.anchor = fmt.Sprint(r.Incident)
	h.tally.add(r)
	h.times.add(r)
	if r.Repeats == 0 {
		h.rows.add(r, len(h.files)-1)
	}
	return nil
}

func (h *htmlRenderer) EndFile(f *File) error {
	h.packets += f.Packets
	h.tally.endFile(f)
	h.times.endFile(f)
	h.partial = h.partial || f.Partial
	h.files[len(h.files)-1].Text = f.ReadAs != ""
	quiet := f.ResetCount == 0 && len(f.Warnings) == 0 && len(f.Notes) == 0
	if quiet && len(h.files) > 1 || h.shown == maxSections && !h.opts.All {
		h.unshown++
		return h.err
	}
	h.shown++
	h.sections.WriteString(h.execute("file", newHTMLFile(f)))
	return h.err
}

func (h *htmlRenderer) End() error {
	defer h.kept.texts.close()
	stories, err := h.kept.stories()
	if err != nil {
		return err
	}
	now := h.kept.groups.Now()
	if now == nil {
		now = map[int]int{}
	}
	if h.opts.Incident != 0 {
		h.rows.keep(func(number int) bool { return now[number] == stories[0].Number })
		h.rows.limit = maxRows
	}
	data := h.rows.data(h.files, now)
	p := h.page(stories, now)
	p.Data = template.HTML(`<script type="application/json" id="data">` + string(data) + "</script>")
	page := h.execute("head", p)
	tail := h.execute("tail", struct {
		htmlPage
		Sections template.HTML
		Unshown  int
		Glossary []Term
	}{p, template.HTML(h.sections.String()), h.unshown, Glossary})
	room := maxPage - len(page) - len(tail)
	if h.opts.Incident == 0 {
		room = min(room, maxFull)
	}
	full := h.fullFindings(stories, room)
	h.w.WriteString(page)
	for i := range stories {
		s := &stories[i]
		h.w.WriteString(h.execute("incident", newHTMLIncident(s, len(h.files) > 1, h.tally.total.Findings == 1 ||
			h.opts.Incident != 0, full[i] == 0)))
		for k := range full[i] {
			text, err := h.kept.text(s.findings[k])
			if err != nil {
				return err
			}
			if k == 0 { // an incident opens to the finding that represents it
				text = strings.Replace(text, "<details>", "<details open>", 1)
			}
			h.w.WriteString(text)
		}
		rest := max(s.Findings-full[i], 0)
		h.w.WriteString(h.execute("end of incident", rest))
	}
	h.w.WriteString(tail)
	if h.err != nil {
		return h.err
	}
	return h.w.Flush()
}

// fullFindings returns of how many findings of each incident the page has the text, if there is room for so many bytes:
// first one of each, then further ones of each, the worst incidents first.
func (h *htmlRenderer) fullFindings(stories []story, room int) []int {
	full := make([]int, len(stories))
	if h.opts.All {
		for i := range stories {
			full[i] = len(stories[i].findings)
		}
		return full
	}
	for range stories { // what a card itself takes
		room -= 1200
	}
	for k, added := 0, true; added; k++ {
		added = false
		for i := range stories {
			if f := stories[i].findings; k < len(f) && full[i] == k && f[k].size() <= room {
				room -= f[k].size()
				full[i]++
				added = true
			}
		}
	}
	return full
}

// An htmlPage is the data of the head of the page.
type htmlPage struct {
	Policy, Generator, Title, Lead string
	Style, Script, Data            template.HTML
	Partial                        bool
	Several                        bool // captures
	LeftOut                        string
	Axis, Histogram                template.HTML
	Apart                          string // why there is no histogram of all captures
	Kinds                          []htmlChoice
	CauseBoxes                     []rules.Cause
	Details                        []string
	SeverityBoxes                  []rules.Severity
	Hosts, Ports                   bool // there are several
	Incidents                      int
	Single                         bool // one finding
	Causes                         []htmlSum
	Servers, Pairs                 []htmlSum // where there are several
}

// An htmlChoice is a value of a filter and its name.
type htmlChoice struct{ Value, Name string }

// An htmlSum is a row of a table of counts.
type htmlSum struct {
	*Sum
	Severities string
	Incident   int
}

func (h *htmlRenderer) page(stories []story, now map[int]int) htmlPage {
	t := &h.tally
	p := htmlPage{Generator: h.generator, Title: "rstexplain", Partial: h.partial, Several: len(h.files) > 1,
		Incidents: len(stories), Single: t.total.Findings < 2,
		Causes: sumRows(&t.causes, len(t.causes.order), now)}
	if len(t.servers.order) > 1 {
		p.Servers = sumRows(&t.servers, shownSums, now)
	}
	if len(t.pairs.order) > 1 {
		p.Pairs = sumRows(&t.pairs, shownSums, now)
	}
	switch len(h.files) {
	case 0:
	case 1:
		p.Title = "Resets in " + h.files[0].Path
	default:
		p.Title = fmt.Sprintf("Resets in %d captures", len(h.files))
	}
	if h.opts.Incident == 0 {
		var whole span
		p.Histogram, whole, p.Apart = h.times.all()
		if p.Apart == "" {
			p.Axis = incidentAxis(stories, whole)
		}
	}
	if len(h.files) == 1 {
		p.Apart = ""
	}
	if t.total.Resets == 0 {
		p.Lead = fmt.Sprintf("No connection was reset in %s.", counted(h.packets, "packet", "packets"))
		if n := t.total.LeftOut; n > 0 {
			p.Lead = fmt.Sprintf("No reset matches; %s filtered out.", thousands(n))
		}
	} else {
		p.Lead = fmt.Sprintf("%s: %s in %s of %s, in %s: %s.", counted(len(stories), "incident",
			"incidents"), counted(t.total.Resets, "reset", "resets"),
			counted(h.packets, "packet", "packets"), counted(len(h.files), "capture", "captures"),
			counted(t.total.Findings, "finding", "findings"), t.total.Severities)
	}
	if h.opts.Incident != 0 {
		p.Lead = fmt.Sprintf("This page has one of %s: incident %d.", counted(len(h.kept.groups.Incidents()),
			"incident", "incidents"), stories[0].Number)
		p.Causes, p.Servers, p.Pairs, p.Single = nil, nil, nil, stories[0].Findings < 2
	}
	if h.rows.leftOut > 0 {
		p.LeftOut = fmt.Sprintf("To keep the page small, it does not list %s, the least severe; they are counted. A page "+
			"made with --all has every finding in full.", counted(h.rows.leftOut, "finding", "findings"))
	}
	h.filters(&p, stories)
	p.Style, p.Script = template.HTML("<style>"+htmlStyle+"</style>"), template.HTML("<script>"+htmlScript+"</script>")
	p.Policy = "default-src 'none'; style-src " + hashOf(htmlStyle) + "; script-src " + hashOf(htmlScript)
	return p
}

// hashOf returns a source expression of a Content-Security-Policy that allows this text alone.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// filters sets the values that the filters of the page offer, none where there is a single one.
func (h *htmlRenderer) filters(p *htmlPage, stories []story) {
	seen := map[string]bool{}
	for i := range stories {
		if s := &stories[i]; !seen[string(s.Kind)] {
			seen[string(s.Kind)] = true
			name := s.kindName()
			if s.Kind == incident.Alike {
				name = "other"
			}
			p.Kinds = append(p.Kinds, htmlChoice{string(s.Kind), name})
		}
	}
	for _, c := range rules.Causes {
		if slices.ContainsFunc(p.Causes, func(s htmlSum) bool { return s.Cause == c }) {
			p.CauseBoxes = append(p.CauseBoxes, c)
		}
	}
	for i := range stories {
		for _, d := range stories[i].Details {
			if detail := Clean(d.Detail); !slices.Contains(p.Details, detail) {
				p.Details = append(p.Details, detail)
			}
		}
	}
	for _, s := range bySeverity {
		if slices.ContainsFunc(stories, func(st story) bool { return *st.Severities.of(s) > 0 }) {
			p.SeverityBoxes = append(p.SeverityBoxes, s)
		}
	}
	ports := map[string]bool{}
	for _, s := range h.tally.servers.order {
		ports[portOf(s.Responder)] = true
	}
	p.Hosts, p.Ports = len(h.tally.pairs.order) > 1, len(ports) > 1
	if len(p.Kinds) < 2 {
		p.Kinds = nil
	}
	if len(p.CauseBoxes) < 2 {
		p.CauseBoxes = nil
	}
	if len(p.Details) < 2 {
		p.Details = nil
	}
	if len(p.SeverityBoxes) < 2 {
		p.SeverityBoxes = nil
	}
}

// sumRows returns the first n rows of a table of counts.
func sumRows(of *sums, n int, now map[int]int) []htmlSum {
	var rows []htmlSum
	for _, c := range of.ranked() {
		if len(rows) == n {
			break
		}
		row := htmlSum{Sum: &c.Sum, Severities: c.Severities.cell(c.Severity)}
		fmt.Sscan(c.anchor, &row.Incident)
		row.Incident = now[row.Incident]
		rows = append(rows, row)
	}
	return rows
}

// An htmlIncident is the data of a card.
type htmlIncident struct {
	*Incident
	Name, When, Size, Facts string
	Open                    bool
	Bare                    bool // no finding is in the page in full
}

func newHTMLIncident(s *story, several, open, bare bool) htmlIncident {
	h := htmlIncident{Incident: &s.Incident, Name: s.kindName(), When: s.when(), Size: strings.Join(s.size(),
		" · "), Open: open, Bare: bare}
	var facts []string
	if s.Client != "" {
		facts = append(facts, "client "+s.Client)
	}
	if s.Server != "" {
		facts = append(facts, "server "+s.Server)
	}
	for _, d := range s.Details {
		facts = append(facts, thousands(d.Resets)+" "+d.Detail)
	}
	if several && len(s.Captures) > 0 {
		where := Clean(s.Captures[0].Path)
		if n := len(s.Captures); n > 1 {
			where += fmt.Sprintf(" and %d more captures", n-1)
		}
		facts = append(facts, "in "+where)
	}
	h.Facts = strings.Join(facts, " · ")
	return h
}

// An htmlFile is the data of the section of a file.
type htmlFile struct {
	Path, Counts string
	Warnings     []htmlWarning
	Notes        []Evidence
}

type htmlWarning struct{ Says, Where, Hint string }

func newHTMLFile(f *File) htmlFile {
	p := htmlFile{Path: Clean(f.Path), Counts: strings.Join(f.counts(), " · "), Notes: f.Notes}
	for _, w := range f.Warnings {
		v := htmlWarning{Says: w.Says, Hint: w.Hint}
		if w.Count > 0 {
			v.Says = counted(w.Count, "packet", "packets") + ": " + w.Says
		}
		switch {
		case w.Frame > 0 && w.Count > 1:
			v.Where = fmt.Sprintf("first #%d", w.Frame)
		case w.Frame > 0:
			v.Where = fmt.Sprintf("#%d", w.Frame)
		case w.Offset > 0:
			v.Where = "byte " + thousands(int(w.Offset))
		}
		p.Warnings = append(p.Warnings, v)
	}
	return p
}

// An htmlFinding is a reset with its drawings.
type htmlFinding struct {
	*Reset
	Anchor, Facts, Place string
	Sure                 string
	Says, Who, Noted     []htmlEvidence
	Alternatives         []htmlAlternative
	Ladder               htmlLadder
	Plots                []plot
}

type htmlAlternative struct {
	Alternative
	Percent string
}

func newHTMLFinding(r *Reset, anchor string) htmlFinding {
	f := htmlFinding{Reset: r, Anchor: anchor, Sure: percent(r.Confidence) + " confidence"}
	f.Place = r.Named()
	lists := numbered(r, anchor, withSiblings(r.Evidence), senderSigns(r), r.Notes)
	f.Says, f.Who, f.Noted = lists[0], lists[1], lists[2]
	f.Ladder = newHTMLLadder(r, anchor, lists)
	facts := []string{"sent by the " + r.Sender}
	if r.Origin == rules.OriginMiddlebox {
		facts[0] = "sent by a middlebox with the address of the " + r.Sender
	}
	facts = append(facts, r.Time.shown(6), fmt.Sprintf("stream %d", r.Stream), "phase "+string(r.Phase))
	if r.Conn.Protocol != "" {
		facts = append(facts, r.Conn.Protocol)
	}
	facts = append(facts, "Zeek "+r.Zeek.State+" "+r.Zeek.History)
	facts = append(facts, defectWords(r)...)
	f.Facts = strings.Join(facts, " · ")
	for _, a := range r.Alternatives {
		f.Alternatives = append(f.Alternatives, htmlAlternative{a, percentLeft(a.Confidence)})
	}
	for _, side := range [...]string{"originator", "responder"} {
		if p, ok := sequencePlot(r, side); ok {
			f.Plots = append(f.Plots, p)
		}
	}
	return f
}
