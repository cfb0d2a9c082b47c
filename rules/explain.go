package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// Options set up an Engine. The zero value is ready to use.
type Options struct {
	// Timeouts are the known idle times to compare gaps with; nil: those of KnownTimeouts.
	Timeouts *Timeouts
	// Streams bounds the connections whose findings are remembered for their repeats; 0: 16384.
	Streams int
}

// An Engine explains resets, in the order of their frames. It remembers what it said of a connection, so
// that the RSTs of one event carry one label. It is not safe for concurrent use.
type Engine struct {
	timeouts *Timeouts
	memory   memory
	present  Facts               // the reset in hand and what is found of it, its slices used again
	programs map[string][]string // by rule: the programs whose words SaidIn tells, made when first asked for
}

// NewEngine returns an Engine that has seen nothing.
func NewEngine(opts Options) *Engine {
	if opts.Timeouts == nil {
		opts.Timeouts = KnownTimeouts()
	}
	if opts.Streams <= 0 {
		opts.Streams = 1 << 14
	}
	e := &Engine{timeouts: opts.Timeouts, memory: memory{limit: opts.Streams, by: map[int]*recollection{}}, programs: map[string][]string{}}
	e.present.found.room = make([]int, 0, 64)
	return e
}

// Explain returns what the rules make of r. It never returns nil. The Finding is lent: the next call overwrites
// it. Resets must come in the order of their frames, because a repeat points to the first of its event.
func (e *Engine) Explain(r *flows.Reset) *Finding {
	c := &e.present
	c.begin(r, e.memory.of(r.Conn.Stream), e.timeouts)
	f := c.repeat()
	if f == nil {
		f = c.first()
	}
	if f.Rule.Cause == f.Cause && f.Remedy == "" {
		f.Remedy = f.Rule.Doc.Remedy
	}
	f.setOrigin(c)
	if f.Repeats != 0 && r.Notes&flows.Duplicate != 0 {
		if prev := c.earlier(f.Repeats); prev != nil {
			f.Origin = prev.Origin
		}
	}
	if f.Origin == OriginMiddlebox && !aboutPath[f.Rule.ID] && !strings.Contains(f.Summary, "a device on the path") {
		f.Summary = "Probably a device on the path, not " + c.sender() + " itself, sent this RST. As it presents itself: " + f.Summary
	}
	if c.Kind != KindAbort {
		f.Trigger = c.mark().Frame
	}
	c.symptom(f)
	f.MorePrints = e.morePrints(f)
	c.beside(f)
	if f.CaptureNext == "" {
		f.CaptureNext = c.captureNext(f)
	}
	e.memory.add(c, f)
	return f
}

// morePrints counts the programs whose words SaidIn tells and the finding does not.
func (e *Engine) morePrints(f *Finding) int {
	if len(f.Prints) == 0 {
		return 0
	}
	names, ok := e.programs[f.Rule.ID]
	if !ok {
		for _, s := range SaidIn(f.Rule) {
			for _, p := range s.Prints {
				if !slices.Contains(names, p.Program) {
					names = append(names, p.Program)
				}
			}
		}
		e.programs[f.Rule.ID] = names
	}
	n := len(names)
	for i, p := range f.Prints {
		if slices.Contains(names, p.Program) && !slices.ContainsFunc(f.Prints[:i], func(q Print) bool { return q.Program == p.Program }) {
			n--
		}
	}
	return n
}

// aboutPath holds the rules whose summary already speaks of a device on the path.
var aboutPath = map[string]bool{"policy-reject": true, "idle-reset": true, "idle-expiry": true, "wrong-host": true, "forged-reset": true}

// maxConfidence is what no explanation from packets alone exceeds.
const maxConfidence = 0.99

// first explains a reset that begins an event: the first rule that matches gives the label, the others of
// other causes stay as alternatives.
func (c *Facts) first() *Finding {
	var f *Finding
	for _, rule := range ordered {
		if f != nil && (rule.Cause == f.Cause || rule.weak() || slices.ContainsFunc(f.Alternatives, func(a Alternative) bool { return a.Cause == rule.Cause })) {
			continue
		}
		p := min(rule.Match(c), maxConfidence)
		switch {
		case p <= 0:
		case f == nil:
			f = c.finding(rule, rule.Cause, rule.Severity)
			f.Confidence = p
			rule.Explain(c, f)
		default:
			f.open(rule.Cause, rule.ID, p/2, rule.WhyNot)
		}
	}
	f.settle()
	return f
}

// weak reports whether a rule is asked only because nothing better fits.
func (r *Rule) weak() bool { return strings.HasPrefix(r.ID, "unexplained-") }

// settle turns the shares of the alternatives into probabilities: together they are at most what the
// finding leaves over.
func (f *Finding) settle() {
	sum := 0.0
	for _, a := range f.Alternatives {
		sum += a.Confidence
	}
	left := 1 - f.Confidence
	scale := left
	if sum > 1 {
		scale = left / sum
	}
	out := f.Alternatives[:0]
	for _, a := range f.Alternatives {
		if a.Confidence *= scale; a.Cause != f.Cause && a.Confidence >= 0.003 {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b Alternative) int { return cmp.Compare(b.Confidence, a.Confidence) })
	f.Alternatives = out
}

// lowered returns a confidence, lowered for each defect of the capture that its evidence rests on.
func (c *Facts) lowered(confidence float64, by flows.Defects) float64 {
	for _, d := range defectCosts {
		if c.Conn.Defects&by&d.defect != 0 {
			confidence *= d.factor
		}
	}
	return confidence
}

// defectCosts are the factors by which a defect lowers what rests on it.
var defectCosts = []struct {
	defect flows.Defects
	factor float64
}{
	{flows.NoHandshake, 0.96},
	{flows.OneDirection, 0.93},
	{flows.MissedPackets, 0.97},
	{flows.Reordered, 0.985},
	{flows.SnapCut, 0.95},
	{flows.Evicted, 0.93},
}

// Sets of defects that rules rest on.
const (
	anyDefect  = flows.NoHandshake | flows.OneDirection | flows.MissedPackets | flows.Reordered | flows.SnapCut | flows.Evicted
	lostOctets = flows.OneDirection | flows.MissedPackets
)
