package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/rstexplain/rstexplain/rules"
)

//go:embed web/report.html
var htmlSource string

//go:embed web/report.css
var htmlStyle string

// htmlTemplate is parsed on first use: no other format needs it.
var htmlTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Parse(htmlSource))
})

// HTML renders a report as one self-contained page without scripts. Its filters are style sheet rules, its ladders and
// plots inline SVG, and its Content-Security-Policy allows nothing but the one style sheet, as a second line of defence
// against text from a capture.
func HTML(w io.Writer) Renderer {
	h := &htmlRenderer{w: bufio.NewWriterSize(w, 64<<10)}
	h.findings.repeated = func(says string) string { return h.execute("repeats", says) }
	return h
}

type htmlRenderer struct {
	w         *bufio.Writer
	generator string
	findings  waitingList
	files     spool // everything of the files that are done
	times     resetTimes
	paths     []string
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
	h.paths = append(h.paths, path)
	h.tally.beginFile(path)
	h.times.beginFile()
	return nil
}

// anchor is the ID of the article of a reset.
func (h *htmlRenderer) anchor(frame int) string { return fmt.Sprintf("f%d-%d", len(h.paths), frame) }

func (h *htmlRenderer) Reset(r *Reset) error {
	joins := h.findings.joins(r)
	h.tally.anchor = h.anchor(r.Frame)
	if joins {
		h.tally.anchor = h.anchor(int(r.Repeats))
	}
	h.tally.add(r)
	h.times.add(r)
	if joins {
		return nil
	}
	head := h.execute("finding", newHTMLFinding(r, h.anchor(r.Frame)))
	if h.err != nil {
		return h.err
	}
	return h.findings.add(r, head, h.execute("end of finding", nil))
}

func (h *htmlRenderer) EndFile(f *File) error {
	h.packets += f.Packets
	h.tally.endFile(f)
	h.partial = h.partial || f.Partial
	page := newHTMLFile(f)
	page.Histogram = h.times.endFile(f)
	if _, err := io.WriteString(&h.files, h.execute("file", page)); err != nil {
		return err
	}
	if err := h.findings.drain(&h.files); err != nil {
		return err
	}
	_, err := io.WriteString(&h.files, h.execute("end of file", nil))
	return err
}

func (h *htmlRenderer) End() error {
	h.w.WriteString(h.execute("head", h.page()))
	if err := h.files.drain(h.w); err != nil {
		return err
	}
	h.w.WriteString(h.execute("tail", Glossary))
	if h.err != nil {
		return h.err
	}
	return h.w.Flush()
}

// An htmlPage is the data of the head of the page.
type htmlPage struct {
	Policy, Generator, Title, Lead string
	Style                          template.HTML
	Partial                        bool
	Several                        bool // captures
	CauseBoxes                     []rules.Cause
	SeverityBoxes                  []rules.Severity
	Histogram                      template.HTML
	Apart                          string // why there is no histogram of all captures
	Causes                         []htmlSum
	Servers, Pairs                 []htmlSum // where there are several
}

// An htmlSum is a row of a table of the overview.
type htmlSum struct {
	*Sum
	Severities, Anchor string
	Where              string // the capture of the example, if there are several
}

func (h *htmlRenderer) page() htmlPage {
	t := &h.tally
	p := htmlPage{Generator: h.generator, Title: "rstexplain", Partial: h.partial, Several: len(h.paths) > 1, Causes: h.sums(&t.causes, len(t.causes.order))}
	if len(t.servers.order) > 1 {
		p.Servers = h.sums(&t.servers, shownSums)
	}
	if len(t.pairs.order) > 1 {
		p.Pairs = h.sums(&t.pairs, shownSums)
	}
	switch len(h.paths) {
	case 0:
	case 1:
		p.Title = "Resets in " + Clean(h.paths[0])
	default:
		p.Title = fmt.Sprintf("Resets in %d captures", len(h.paths))
		p.Histogram, p.Apart = h.times.all()
	}
	if t.total.Resets == 0 {
		p.Lead = fmt.Sprintf("No connection was reset in %s.", counted(h.packets, "packet", "packets"))
	} else {
		p.Lead = fmt.Sprintf("%s in %s of %s, in %s: %s.", counted(t.total.Resets, "reset", "resets"), counted(h.packets, "packet", "packets"),
			counted(len(h.paths), "capture", "captures"), counted(t.total.Findings, "finding", "findings"), t.total.Severities)
	}
	style := htmlStyle
	for _, c := range rules.Causes {
		if slices.ContainsFunc(p.Causes, func(s htmlSum) bool { return s.Cause == c }) {
			p.CauseBoxes = append(p.CauseBoxes, c)
			style += hideRule("cause", string(c))
		}
	}
	for _, s := range bySeverity {
		if *t.total.Severities.of(s) > 0 {
			p.SeverityBoxes = append(p.SeverityBoxes, s)
			style += hideRule("severity", string(s))
		}
	}
	sum := sha256.Sum256([]byte(style))
	p.Policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	p.Style = template.HTML("<style>" + style + "</style>")
	return p
}

// sums returns the first n rows of a table of the overview.
func (h *htmlRenderer) sums(of *sums, n int) []htmlSum {
	var rows []htmlSum
	for _, c := range of.ranked() {
		if len(rows) == n {
			break
		}
		row := htmlSum{Sum: &c.Sum, Severities: c.Severities.cell(c.Severity), Anchor: c.anchor}
		if len(h.paths) > 1 {
			row.Where = Clean(c.Example.Path)
		}
		rows = append(rows, row)
	}
	return rows
}

// hideRule hides the findings whose box is not ticked: a filter that needs no script.
func hideRule(kind, value string) string {
	return fmt.Sprintf("body:has(#show-%s:not(:checked)) [data-%s=%q] { display: none; }\n", value, kind, value)
}

// An htmlFile is the data above the findings of a file.
type htmlFile struct {
	Path, Counts string
	Histogram    template.HTML
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
		case w.Line > 0 && w.Count > 1:
			v.Where = fmt.Sprintf("first in line %d", w.Line)
		case w.Line > 0:
			v.Where = fmt.Sprintf("line %d", w.Line)
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
	Anchor, Facts string
	Sure          string
	Alternatives  []htmlAlternative
	Ladder        template.HTML
	Plots         []template.HTML
}

type htmlAlternative struct {
	Alternative
	Percent string
}

func newHTMLFinding(r *Reset, anchor string) htmlFinding {
	f := htmlFinding{Reset: r, Anchor: anchor, Sure: percent(r.Confidence) + " confidence", Ladder: ladderSVG(r)}
	facts := []string{"sent by the " + r.Sender}
	if r.Origin == rules.OriginMiddlebox {
		facts[0] = "sent by a middlebox with the address of the " + r.Sender
	}
	facts = append(facts, r.Time.Std().Format("2006-01-02 15:04:05.000000")+" UTC", fmt.Sprintf("stream %d", r.Stream), "phase "+string(r.Phase))
	if r.Conn.Protocol != "" {
		facts = append(facts, r.Conn.Protocol)
	}
	facts = append(facts, "Zeek "+r.Zeek.State+" "+r.Zeek.History)
	facts = append(facts, defectWords(r.Conn.Defects)...)
	f.Facts = strings.Join(facts, " · ")
	for _, a := range r.Alternatives {
		f.Alternatives = append(f.Alternatives, htmlAlternative{a, percent(a.Confidence)})
	}
	for _, side := range [...]string{"originator", "responder"} {
		if plot, ok := sequencePlot(r, side); ok {
			f.Plots = append(f.Plots, plot)
		}
	}
	return f
}
