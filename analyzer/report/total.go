package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// A Total summarises all files of a report, worst first.
type Total struct {
	Files    int `json:"files"`
	Partial  int `json:"partial"` // of them, not read completely
	Resets   int `json:"reset_count"`
	Findings int `json:"finding_count"`
	LeftOut  int `json:"left_out"` // resets that were filtered out

	Severities Severities `json:"findings_by_severity"`

	Causes  []Sum `json:"causes"`
	Servers []Sum `json:"servers"` // at most MaxSums
	Pairs   []Sum `json:"pairs"`   // of hosts; at most MaxSums

	ServerCount int `json:"server_count"` // servers in all; counted up to 10,000
	PairCount   int `json:"pair_count"`   // likewise
}

// A Sum counts the resets of one kind over all files.
type Sum struct {
	Cause      rules.Cause    `json:"cause,omitempty"`
	Detail     string         `json:"detail,omitempty"`
	Originator string         `json:"originator,omitempty"` // host, without its port
	Responder  string         `json:"responder,omitempty"`  // host and port
	Severity   rules.Severity `json:"severity"`             // the worst
	Resets     int            `json:"resets"`
	Findings   int            `json:"findings"`
	Files      int            `json:"files"`
	Severities Severities     `json:"findings_by_severity"`
	Example    Example        `json:"example"` // the first of the worst
}

// An Example points at one reset.
type Example struct {
	Path  string `json:"path"`
	Frame int    `json:"frame"`
	Line  int    `json:"line,omitempty"` // of a text
}

// Named says which packet it is: "frame 3", "line 14".
func (e *Example) Named() string {
	if e.Line > 0 {
		return mark(e.Line, true)
	}
	return "frame " + strconv.Itoa(e.Frame)
}

func (e *Example) mark() string {
	if e.Line > 0 {
		return mark(e.Line, true)
	}
	return mark(e.Frame, false)
}

// MaxSums is how many servers, and pairs, a Total lists.
const MaxSums = 100

// sumsKept is how many servers, and pairs, are counted separately.
const sumsKept = 10_000

// A tally adds up the Total of what a Renderer gets.
type tally struct {
	total                  Total
	path                   string
	anchor                 string // of the current reset in a page
	causes, servers, pairs sums
}

// sums are Sums by what they count, and in order of first occurrence.
type sums struct {
	by    map[sumOf]*countedSum
	order []*countedSum
}

// A sumOf is what a Sum counts: cause and detail, the server alone, or both hosts. Ten thousand pairs of hosts are
// kept, so it is small.
type sumOf [2]string

type countedSum struct {
	Sum
	lastFile int
	anchor   string // of the example
}

func (t *tally) beginFile(path string) {
	t.path = path
	t.total.Files++
}

func (t *tally) add(r *Reset) {
	t.total.Resets++
	if r.Repeats == 0 {
		t.total.Findings++
	}
	t.total.Severities.add(r)
	t.causes.add(t, r, sumOf{string(r.Cause), r.Detail}, Sum{Cause: r.Cause, Detail: r.Detail})
	t.servers.add(t, r, sumOf{r.Responder}, Sum{Responder: r.Responder})
	from, to := hostOf(r.Originator), hostOf(r.Responder)
	t.pairs.add(t, r, sumOf{from, to}, Sum{Originator: from, Responder: to})
}

func (t *tally) endFile(f *File) {
	t.total.LeftOut += f.LeftOut
	if f.Partial {
		t.total.Partial++
	}
}

// add counts r in the sum of k, which is created from empty.
func (s *sums) add(t *tally, r *Reset, k sumOf, empty Sum) {
	c := s.by[k]
	if c == nil {
		if len(s.by) == sumsKept {
			return
		}
		if s.by == nil {
			s.by = map[sumOf]*countedSum{}
		}
		c = &countedSum{Sum: empty}
		s.by[k] = c
		s.order = append(s.order, c)
	}
	c.Resets++
	if r.Repeats == 0 {
		c.Findings++
	}
	c.Severities.add(r)
	if c.lastFile != t.total.Files {
		c.Files, c.lastFile = c.Files+1, t.total.Files
	}
	if c.Severity == "" || severityRank(r.Severity) > severityRank(c.Severity) {
		c.Severity, c.Example, c.anchor = r.Severity, Example{t.path, r.Frame, r.Line}, t.anchor
	}
}

// done returns the Total.
func (t *tally) done() Total {
	out := t.total
	out.Causes, out.Servers, out.Pairs = t.causes.worstFirst(), t.servers.worstFirst(), t.pairs.worstFirst()
	out.ServerCount, out.PairCount = len(t.servers.order), len(t.pairs.order)
	return out
}

// ranked returns the sums, the worst severity first, and then the most resets.
func (s *sums) ranked() []*countedSum {
	list := slices.Clone(s.order)
	slices.SortStableFunc(list, func(a, b *countedSum) int {
		return cmp.Or(severityRank(b.Severity)-severityRank(a.Severity), b.Resets-a.Resets)
	})
	return list
}

func (s *sums) worstFirst() []Sum {
	list := s.ranked()
	out := make([]Sum, 0, min(len(list), MaxSums))
	for _, c := range list[:min(len(list), MaxSums)] {
		out = append(out, c.Sum)
	}
	return out
}

// hostOf returns the host of host:port, an IPv6 one without its brackets.
func hostOf(addr string) string {
	if i := strings.LastIndexByte(addr, ':'); i >= 0 {
		addr = addr[:i]
	}
	return strings.Trim(addr, "[]")
}

// shownSums is how many rows of each table are shown.
const shownSums = 10

// totalTables are the tables in which a Total is shown.
func (t *Total) tables() []totalTable {
	list := []totalTable{{[]string{"Cause", "Detail"}, t.Causes, len(t.Causes),
		func(s *Sum) []string { return []string{string(s.Cause), s.Detail} }},
		{[]string{"Server"}, t.Servers, t.ServerCount, func(s *Sum) []string { return []string{s.Responder} }},
		{[]string{"From", "To"}, t.Pairs, t.PairCount, func(s *Sum) []string { return []string{s.Originator, s.Responder} }}}
	for i := range list[1:] {
		list[i+1].rows = list[i+1].rows[:min(len(list[i+1].rows), shownSums)]
	}
	return list
}

// A totalTable is one way to break a Total down.
type totalTable struct {
	header []string
	rows   []Sum
	count  int // rows there are, shown or not
	name   func(*Sum) []string
}

// lead summarises a Total in one line.
func (t *Total) lead() string {
	parts := append([]string{counted(t.Files, "capture", "captures")},
		resetCounts(t.Resets, t.Findings, t.Severities, t.LeftOut)...)
	s := strings.Join(parts, " · ")
	if t.Partial > 0 {
		s += " · " + thousands(t.Partial) + " not read completely"
	}
	return s
}
