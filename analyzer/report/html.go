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
	"time"

	"github.com/rstexplain/rstexplain/rules"
)

//go:embed web/report.html
var htmlSource string

//go:embed web/report.css
var htmlStyle string

var htmlTemplate = template.Must(template.New("report").Parse(htmlSource))

// HTML renders a report as one page that needs nothing else: no network and no script. Its filters are
// style sheet rules, its ladders and plots inline SVG, and its Content-Security-Policy allows the one
// style sheet and nothing more, so that no text of a capture can do harm even if it slipped through.
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
	overview  overview
	paths     []string
	packets   int
	partial   bool
	tally     tally
	err       error // of a template; they fail only when they are wrong
}

// execute returns the text of one part of the page. The template escapes markup; what else a browser would
// obey, marks that turn the direction of writing, becomes visible here.
func (h *htmlRenderer) execute(part string, data any) string {
	var b bytes.Buffer
	if err := htmlTemplate.ExecuteTemplate(&b, part, data); err != nil && h.err == nil {
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
	return nil
}

// anchor names the article of a reset within the page.
func (h *htmlRenderer) anchor(frame int) string { return fmt.Sprintf("f%d-%d", len(h.paths), frame) }

func (h *htmlRenderer) Reset(r *Reset) error {
	h.overview.add(r, h.anchor(r.Frame))
	h.tally.add(r)
	if h.findings.joins(r) {
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
	h.overview.span(f)
	if _, err := io.WriteString(&h.files, h.execute("file", newHTMLFile(f))); err != nil {
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
	h.w.WriteString(h.execute("tail", nil))
	if h.err != nil {
		return h.err
	}
	return h.w.Flush()
}

// An htmlPage is what the head of the page says.
type htmlPage struct {
	Policy, Generator, Title, Lead string
	Style                          template.HTML
	Partial                        bool
	Causes                         []htmlCause
	CauseBoxes                     []rules.Cause
	SeverityBoxes                  []rules.Severity
	Histogram                      template.HTML
	Pairs                          []pairSum
	Servers                        []Sum // where there are several captures
}

type htmlCause struct {
	CauseSum
	Anchor string
}

func (h *htmlRenderer) page() htmlPage {
	o := &h.overview
	p := htmlPage{Generator: h.generator, Title: "rstexplain", Partial: h.partial, Causes: o.causes(), Pairs: o.topPairs(10)}
	switch len(h.paths) {
	case 0:
	case 1:
		p.Title = "Resets in " + clean(h.paths[0])
	default:
		p.Title = fmt.Sprintf("Resets in %d captures", len(h.paths))
		total := h.tally.done()
		p.Servers = total.Servers[:min(len(total.Servers), shownSums)]
	}
	if o.resets == 0 {
		p.Lead = fmt.Sprintf("No connection was reset in %s.", counted(h.packets, "packet", "packets"))
	} else {
		p.Lead = fmt.Sprintf("%s in %s of %s, in %s: %s.", counted(o.resets, "reset", "resets"), counted(h.packets, "packet", "packets"),
			counted(len(h.paths), "capture", "captures"), counted(o.findings, "finding", "findings"), o.severities)
	}
	style := htmlStyle
	for _, c := range rules.Causes {
		if o.hasCause(c) {
			p.CauseBoxes = append(p.CauseBoxes, c)
			style += hideRule("cause", string(c))
		}
	}
	for _, s := range bySeverity {
		if *o.severities.of(s) > 0 {
			p.SeverityBoxes = append(p.SeverityBoxes, s)
			style += hideRule("severity", string(s))
		}
	}
	p.Histogram = o.histogram()
	sum := sha256.Sum256([]byte(style))
	p.Policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	p.Style = template.HTML("<style>" + style + "</style>")
	return p
}

// hideRule hides the findings whose box is not ticked: a filter that needs no script.
func hideRule(kind, value string) string {
	return fmt.Sprintf("body:has(#show-%s:not(:checked)) [data-%s=%q] { display: none; }\n", value, kind, value)
}

// An htmlFile is what stands above the findings of a file.
type htmlFile struct {
	Path, Counts string
	Warnings     []htmlWarning
	Notes        []Evidence
}

type htmlWarning struct{ Says, Where, Hint string }

func newHTMLFile(f *File) htmlFile {
	p := htmlFile{Path: clean(f.Path), Counts: strings.Join(f.counts(), " · "), Notes: f.Notes}
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
	Anchor, Facts string
	Alternatives  []htmlAlternative
	Ladder        template.HTML
	Plots         []template.HTML
}

type htmlAlternative struct {
	Alternative
	Percent string
}

func newHTMLFinding(r *Reset, anchor string) htmlFinding {
	f := htmlFinding{Reset: r, Anchor: anchor, Ladder: ladderSVG(r)}
	facts := []string{percent(r.Confidence) + " sure", "sent by the " + r.Sender}
	if r.Origin == rules.OriginMiddlebox {
		facts[1] = "sent in the name of the " + r.Sender + " by a middlebox"
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

// An overview counts what the head of a page shows. It keeps a dozen octets a reset, and a bounded
// number of pairs.
type overview struct {
	resets, findings int
	first, last      Time
	at               []overviewMark
	sums             []htmlCause
	severities       Severities
	pairs            map[[2]string]*pairSum
}

type overviewMark struct {
	time  Time
	cause uint8 // index into rules.Causes
}

// A pairSum counts the resets between an originator's host and a responder's address and port.
type pairSum struct {
	Originator, Responder string
	Resets, First         int
	Anchor                string
	order                 int
}

// maxPairs bounds the pairs that an overview tells apart.
const maxPairs = 10_000

func (o *overview) add(r *Reset, anchor string) {
	if o.pairs == nil {
		o.pairs = map[[2]string]*pairSum{}
	}
	o.resets++
	o.at = append(o.at, overviewMark{r.Time, uint8(max(slices.Index(rules.Causes, r.Cause), 0))})
	if r.Repeats == 0 {
		o.findings++
	}
	o.severities.add(r)
	i := slices.IndexFunc(o.sums, func(s htmlCause) bool { return s.Cause == r.Cause && s.Detail == r.Detail })
	if i < 0 {
		i = len(o.sums)
		o.sums = append(o.sums, htmlCause{CauseSum{Cause: r.Cause, Detail: r.Detail, Severity: r.Severity, First: r.Frame}, anchor})
	}
	s := &o.sums[i]
	s.Severities.add(r)
	s.Resets++
	if r.Repeats == 0 {
		s.Findings++
	}
	if severityRank(r.Severity) > severityRank(s.Severity) {
		s.Severity = r.Severity
	}
	host, _, _ := strings.Cut(r.Originator, "]:")
	if host = strings.TrimPrefix(host, "["); host == r.Originator {
		host = host[:max(strings.LastIndexByte(host, ':'), 0)]
	}
	key := [2]string{host, r.Responder}
	p := o.pairs[key]
	if p == nil {
		if len(o.pairs) == maxPairs {
			return
		}
		p = &pairSum{Originator: host, Responder: r.Responder, First: r.Frame, Anchor: anchor, order: len(o.pairs)}
		o.pairs[key] = p
	}
	p.Resets++
}

func (o *overview) span(f *File) {
	if f.First != 0 && (o.first == 0 || f.First < o.first) {
		o.first = f.First
	}
	o.last = max(o.last, f.Last)
}

func (o *overview) hasCause(c rules.Cause) bool {
	return slices.ContainsFunc(o.sums, func(s htmlCause) bool { return s.Cause == c })
}

// causes returns the sums, what matters most first.
func (o *overview) causes() []htmlCause {
	slices.SortStableFunc(o.sums, func(a, b htmlCause) int {
		if d := severityRank(b.Severity) - severityRank(a.Severity); d != 0 {
			return d
		}
		return b.Resets - a.Resets
	})
	return o.sums
}

func (o *overview) topPairs(n int) []pairSum {
	var all []pairSum
	for _, p := range o.pairs {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b pairSum) int {
		if a.Resets != b.Resets {
			return b.Resets - a.Resets
		}
		return a.order - b.order
	})
	return all[:min(n, len(all))]
}

// histogram draws the resets over the time of the captures, stacked by cause.
func (o *overview) histogram() template.HTML {
	const bins, height, base = 80, 90.0, 100.0
	span := o.last - o.first
	if len(o.at) < 3 || span <= 0 {
		return ""
	}
	var count [bins][]int
	most := 0
	for _, m := range o.at {
		i := min(max(int(float64(m.time-o.first)/float64(span)*bins), 0), bins-1)
		if count[i] == nil {
			count[i] = make([]int, len(rules.Causes))
		}
		count[i][m.cause]++
		sum := 0
		for _, n := range count[i] {
			sum += n
		}
		most = max(most, sum)
	}
	var d drawing
	step := (plotRight - plotLeft) / bins
	for i := range count {
		y := base
		for c, n := range count[i] {
			if n == 0 {
				continue
			}
			h := float64(n) / float64(most) * height
			y -= h
			fmt.Fprintf(&d.b, `<rect class=%q x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`, rules.Causes[c],
				point(plotLeft+float64(i)*step), point(y), point(step-1), point(h), fmt.Sprintf("%d %s", n, rules.Causes[c]))
		}
	}
	d.path("l", fmt.Sprintf("M%s %sH%s", point(plotLeft), point(base), point(plotRight)))
	d.text(plotLeft-6, base-height+8, "end", "s", thousands(most))
	d.text(plotLeft, base+14, "", "s", o.first.Std().Format("2006-01-02 15:04:05"))
	d.text(plotRight, base+14, "end", "s", "+"+lasted(time.Duration(span)))
	return d.done(ladderEnd, base+20, "Resets over time", fmt.Sprintf("%d resets between %s and %s; at most %d in one of %d equal parts.",
		len(o.at), o.first.Std().Format(time.RFC3339), o.last.Std().Format(time.RFC3339), most, bins))
}
