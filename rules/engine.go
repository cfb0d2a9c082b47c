package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// Options set up an Engine. The zero value is ready to use.
type Options struct {
	// Rules are asked in this order: the first that matches gives the label. Nil: those of All. Whoever adds rules
	// of their own checks them with Validate first.
	Rules []*Rule
	// Timeouts are the known idle times to compare gaps with; nil: those of KnownTimeouts.
	Timeouts *facts.Timeouts
	// Streams bounds the connections whose findings are remembered for their repeats; 0: 16384.
	Streams int
}

// An Engine explains resets, in the order of their frames. It remembers what it said of a connection, so
// that the RSTs of one event carry one label. It is not safe for concurrent use.
type Engine struct {
	rules    []*Rule
	byID     map[string]*Rule
	timeouts *facts.Timeouts
	memory   memory
	devices  map[[16]byte]facts.Device // by the host in whose name they sent a RST

	known    Known               // of the reset in hand
	facts    facts.Facts         // of the reset in hand, its slices used again
	found    Finding             // the finding that is being made, likewise
	likely   []*programs.Program // room for the programs that a side may be
	programs map[*Rule][]string  // whose words ErrorsOf lists, made when first asked for
}

// NewEngine returns an Engine that has seen nothing.
func NewEngine(opts Options) *Engine {
	if opts.Rules == nil {
		opts.Rules = ordered
	}
	if opts.Timeouts == nil {
		opts.Timeouts = facts.KnownTimeouts()
	}
	if opts.Streams <= 0 {
		opts.Streams = 1 << 14
	}
	e := &Engine{
		rules: slices.Clone(opts.Rules), byID: make(map[string]*Rule, len(opts.Rules)+1), timeouts: opts.Timeouts,
		memory: memory{limit: opts.Streams, by: map[int]*recollection{}}, programs: map[*Rule][]string{},
		devices: map[[16]byte]facts.Device{},
	}
	e.byID[lastResort.ID] = lastResort
	for _, r := range e.rules {
		e.byID[r.ID] = r
	}
	e.found.room, e.found.facts = make([]int, 0, 64), &e.facts
	return e
}

// lastResort gives the label where none of the rules matches. It always does.
var lastResort = unexplainedRelease

// rule returns the rule of this engine that has an ID.
func (e *Engine) rule(id string) *Rule { return e.byID[id] }

// begin returns the engine's finding, emptied for a rule.
func (e *Engine) begin(rule *Rule, cause Cause, severity Severity) *Finding {
	e.found.begin(rule, cause, severity)
	return &e.found
}

// Explain returns what the rules make of r. It never returns nil. The Finding is lent: the next call overwrites
// it. Resets must come in the order of their frames, because a repeat points to the first of its event.
func (e *Engine) Explain(r *flows.Reset) *Finding { return e.ExplainKnowing(r, Known{}) }

// Known is what is known of a reset from elsewhere than its capture.
type Known struct {
	Fits   func(*Rule) bool // whether a rule can explain it; nil: any can
	Origin Origin           // who sent it; "": not known
}

// ExplainKnowing is Explain where something is known of the reset already. Finding.Refused is the rule that the packets
// alone would have chosen, where it is another one.
func (e *Engine) ExplainKnowing(r *flows.Reset, known Known) *Finding {
	e.known = known
	c := &e.facts
	c.Derive(r, e.memory.of(r.Conn.Stream), e.timeouts, e.devices[r.Conn.End(r.Side).Addr.IP])
	f := e.repeat(c)
	if f == nil {
		f = e.first(c)
	}
	if f.Rule.Cause == f.Cause && f.Remedy == "" {
		f.Remedy = f.Rule.Doc.Remedy
	}
	if lastError(c) && strings.HasPrefix(f.Remedy, "Harmless") {
		f.Remedy = "Read the server's last message: it says what went wrong."
	}
	if x := c.Close.Exchange; x.Protocol == "MQTT" && x.Verdict.Text == "DISCONNECT: session taken over" {
		f.Remedy = "Another client connected with the same client identifier, and the broker ended the older session: give each " +
			"client an identifier of its own."
	}
	if endedStream(c) && f.Severity == Info {
		f.Severity = Warning
		f.Remedy = "Look at why the stream was ended: the trailers before RST_STREAM (grpc-status), or the log of the side that " +
			"sent it."
	}
	if x := c.Close.Exchange; x.OtherLayer && !x.TLS {
		if f.Severity == Info {
			f.Severity = Warning
		}
		f.Remedy = "The port expects TLS, and the client speaks plain HTTP: let the client use https there, or another port."
		if !strings.HasPrefix(x.Last[flows.Responder].Text, "TLS ") {
			f.Remedy = "The server answers HTTP in another protocol: check the address and port that the client uses."
		}
	}
	if x := c.Close.Exchange; x.Protocol == "PostgreSQL" && x.VerdictSide == int(flows.Responder) && x.Verdict.Frame <= c.Close.Frame {
		f.Remedy = cmp.Or(remedyOfSession(x.Verdict.Text), f.Remedy)
	}
	if x := c.Close.Exchange; x.Request.Text == exchange.OtherProtocol && strings.HasPrefix(f.Remedy, "Harmless") {
		if f.Severity == Info {
			f.Severity = Warning
		}
		f.Remedy = words.Sentence("The client spoke another protocol than the server (%s): check the address and port that the "+
			"client uses, and whether that port expects TLS.", x.Protocol)
	}
	f.setOrigin(c)
	e.notice(c, f)
	if known.Origin != "" && known.Origin != f.Origin {
		f.correctOrigin(known.Origin)
	}
	if f.Repeats != 0 && r.Notes&flows.Duplicate != 0 {
		if prev := c.EarlierAt(f.Repeats); prev != nil {
			f.Origin = Origin(prev.Verdict.Origin)
		}
	}
	if impossible(c) {
		f.Summary = "The RST has flags that no TCP sends together, " + c.Flags.String() + ": it is most likely damaged or " +
			"forged. As it presents itself: " + f.Summary
	} else if f.Origin == OriginMiddlebox && !f.Path {
		f.Summary = "Probably a device on the path, not " + Sender(c) +
			" itself, sent this RST. As it presents itself: " + f.Summary
	}
	if c.Kind != facts.KindAbort {
		f.Trigger = c.TriggerMark().Frame
	}
	f.sayTransaction(c)
	f.setHarm(c)
	e.symptom(c, f)
	f.named(c)
	f.MorePrints = e.morePrints(f)
	f.addMoment(c)
	f.addNotes(c)
	if f.CaptureNext == "" {
		f.CaptureNext = captureNext(c, f)
	}
	f.Summary, f.Symptom, f.Remedy = words.Timeless(f.Summary), words.Timeless(f.Symptom), words.Timeless(f.Remedy)
	for i := range f.Alternatives {
		f.Alternatives[i].WhyNot = words.Timeless(f.Alternatives[i].WhyNot)
	}
	e.memory.add(c, f)
	return f
}

// lastError reports whether the server's last message before the close refuses something or reports an error.
func lastError(c *facts.Facts) bool {
	x := c.Close.Exchange
	m := &x.Last[flows.Responder]
	return !x.TLS && !x.Guess && m.Frame != 0 && m.Frame <= c.Close.Frame && !words.Opaque(m.Text) &&
		(m.Kind == exchange.Refusal || x.VerdictSide == int(flows.Responder) && x.Verdict.Frame == m.Frame)
}

// morePrints counts the programs whose words ErrorsOf lists and the finding does not.
func (e *Engine) morePrints(f *Finding) int {
	if len(f.Prints) == 0 {
		return 0
	}
	names, ok := e.programs[f.Rule]
	if !ok {
		for _, s := range ErrorsOf(f.Rule) {
			for _, p := range s.Prints {
				if !slices.Contains(names, p.Program) {
					names = append(names, p.Program)
				}
			}
		}
		e.programs[f.Rule] = names
	}
	n := len(names)
	for i, p := range f.Prints {
		if slices.Contains(names, p.Program) &&
			!slices.ContainsFunc(f.Prints[:i], func(q Print) bool { return q.Program == p.Program }) {
			n--
		}
	}
	return n
}

// maxConfidence is what no explanation from packets alone exceeds.
const maxConfidence = 0.99

// leftOut is what is left of a confidence where the source leaves packets out directly before the close: they may have
// ended the exchange, or begun another.
const leftOut = 0.85

// first explains a reset that begins an event: the first rule that matches gives the label, the others of
// other causes stay as alternatives.
func (e *Engine) first(c *facts.Facts) *Finding {
	var f *Finding
	var refused *Rule
	var refusedConfidence float64
	for _, rule := range e.rules {
		if e.known.Fits != nil && !e.known.Fits(rule) {
			if p := min(rule.Match(c), maxConfidence); f == nil && refused == nil && p > 0 {
				refused, refusedConfidence = rule, p
			}
			continue
		}
		if f != nil && (rule.Cause == f.Cause || rule.Fallback ||
			slices.ContainsFunc(f.Alternatives, func(a Alternative) bool { return a.Cause == rule.Cause })) {
			continue
		}
		p := min(rule.Match(c), maxConfidence)
		switch {
		case p <= 0:
		case f == nil:
			f = e.label(c, rule, p)
		default:
			f.Open(rule.Cause, rule.ID, p/2, lessClosely)
		}
	}
	if f == nil {
		f = e.label(c, lastResort, lastResort.Match(c))
	}
	f.Refused, f.RefusedConfidence = refused, refusedConfidence
	f.settle()
	return f
}

// label lets a rule explain the reset.
func (e *Engine) label(c *facts.Facts, rule *Rule, confidence float64) *Finding {
	f := e.begin(rule, rule.Cause, rule.Severity)
	f.Confidence = confidence
	rule.Explain(c, f)
	f.sayClosedWindow(c)
	f.sayImpossible(c)
	f.hedge()
	f.temper()
	return f
}

// lessClosely is what speaks against a rule that matches behind the one that gives the label.
const lessClosely = "the packets fit this too, but less closely"

// hedge says of a summary that it rests on what the capture shows, where that could not have shown the opposite of an
// absence among the claims that the summary is made of.
func (f *Finding) hedge() {
	limited := func(e Evidence) bool { return e.Limited }
	if slices.ContainsFunc(f.Evidence, limited) && !strings.Contains(f.Summary, "capture") && !strings.Contains(f.Summary,
		" seen") {
		f.Summary = strings.TrimSuffix(f.Summary, ".") + ", as far as this capture shows."
	}
}

// unproven is the highest confidence in peer-crash where nothing that the capture bears out in full shows an
// interruption.
const unproven = 0.89

// cutComplete is the highest confidence that an exchange was complete where the snaplen cut the messages that say so: a
// response whose header was cut looks complete, and so does the half of one.
const cutComplete = 0.75

// preceded is the highest confidence where the capture has a segment behind the RST that is older.
const preceded = 0.85

// smallMessage is the most bytes that an encrypted alert has, the longest of the closing messages.
const smallMessage = 40

// shown reports whether e shows an interruption, and the capture bears it out: what data is that the snaplen cut, a
// request or a closing message, is not shown.
func (f *Finding) shown(e Evidence) bool {
	if e.Limited || !e.Interruption() {
		return false
	}
	cut := f.facts.Conn.Defects.Has(flows.SnapCut)
	if e.Kind == claim.ReplyTo || e.Kind == claim.EchoesBoth {
		return !cut && !f.facts.AnswersGoodbye() // a reply to a goodbye shows no loss
	}
	if cut {
		switch e.Kind {
		case claim.AfterClose, claim.Unanswered:
			return e.Text != ""
		case claim.UnackedData:
			return e.Bytes > smallMessage
		}
	}
	return true
}

// temper holds back a finding that says more than its claims: that an exchange was lost is an error where the capture
// shows it, and a guess where it could not have shown the opposite.
func (f *Finding) temper() {
	if c := f.facts; c.Kind == facts.KindAbort && c.Conn.Omitted.Within(c.LastData().Frame, c.Close.Frame) {
		f.Confidence *= leftOut
	}
	if f.facts.Preceded() {
		if f.Confidence = min(f.Confidence, preceded); f.Cause == FastClose && f.Severity == Info {
			f.Severity = Warning // what came before the RST is not known
		}
	}
	if f.Cause == FastClose && f.facts.CutCompletion() {
		f.Confidence = min(f.Confidence, cutComplete)
		if f.Severity == Info {
			f.Severity = Warning // whether an answer was whole is not known
		}
	}
	if f.Cause != PeerCrash || slices.ContainsFunc(f.Evidence, f.shown) {
		return
	}
	if !f.Rule.Path {
		f.Confidence = min(f.Confidence, unproven)
	}
	if f.Severity == Error {
		f.Severity = Warning
	}
}

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
