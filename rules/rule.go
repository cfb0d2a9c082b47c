// Package rules explains resets. It holds the documented situations in which a TCP is reset (Rule), the
// facts that they ask for (package facts), and the Engine that lets them speak in order and joins what
// they say into one Finding: label, confidence, evidence, origin, remedy.
package rules

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
)

// A Cause is one of the five labels. Each RST gets exactly one: it answers why the stack that sent the
// RST sent it.
type Cause string

// The five causes.
const (
	ClosedPort        Cause = "closed-port"
	PeerCrash         Cause = "peer-crash"
	UnknownConnection Cause = "unknown-connection"
	RetransmitTimeout Cause = "retransmit-timeout"
	FastClose         Cause = "fast-close"
)

// Causes lists the five in the order in which reports show them.
var Causes = []Cause{ClosedPort, PeerCrash, UnknownConnection, RetransmitTimeout, FastClose}

// An Origin says who really sent a RST.
type Origin string

// The origins. OriginUnknown: the signs contradict each other, or there is nothing to compare.
const (
	OriginEndpoint  Origin = "endpoint"
	OriginMiddlebox Origin = "middlebox"
	OriginUnknown   Origin = "unknown"
)

// A Severity says how much a reset matters to whoever reads the report.
type Severity string

// The severities.
const (
	Info    Severity = "info"    // harmless: nothing was lost
	Warning Severity = "warning" // something may have been lost, or will be
	Error   Severity = "error"   // an exchange was lost or a connection was refused
)

// A Rule describes one situation in which a TCP is reset, and how to recognise it.
type Rule struct {
	ID       string // keepaliveRaceID: command line, JSON "detail", docs anchor, testdata folder; never renamed once released
	Cause    Cause
	Severity Severity // the usual one; Tell may raise or lower it
	Doc      Doc
	RFC      []string // "RFC 9293 §3.10.7.1"

	// Match returns how probable it is that the rule's situation is the reset's, 0 when it is not. It is
	// pure: it reads the facts and nothing else.
	Match func(*facts.Facts) float64

	// Tell writes what the finding says: summary, evidence, alternatives. It is called for the rule that
	// gives the label, and for no other, because most of the cost of a reset lies in its sentences.
	Explain func(*facts.Facts, *Finding)

	// Fallback marks a rule that gives a label only because nothing better fits: it is no alternative to others.
	Fallback bool

	// Path says that the rule is about devices on the path: its summaries name them where the signs do.
	Path bool

	// Effects say what the rule's resets do to the applications, where the packets alone do not tell.
	Effects Effects

	// Against says why the rule is held less likely when it matches after another rule gave the label.
	WhyNot string
}

// Effects are what a rule knows about the two applications. Everything else follows from the facts.
type Effects struct {
	// Outcomes are all that applications may go through, for the manual; nil: the usual ones of the cause.
	Outcomes []programs.Outcome

	// Got is what the receiving application always gets; the zero value leaves it to the facts.
	Got programs.Outcome

	// Unanswered reports whether the client had asked for something that it did not get, although the exchange
	// before it was complete; nil: never.
	Unanswered func(*facts.Facts) bool

	// Sending says that the receiver was still sending when the RST came.
	Sending bool

	// Symptom says what the receiving application got, when that outcome is the likeliest; nil: the usual words.
	Symptom func(*facts.Facts, programs.Outcome) string

	// Own returns what the client itself went through where it was the client that reset, and a sentence about
	// it, without the full stop at its end; nil: nothing is known.
	Own func(*facts.Facts) (programs.Outcome, string)
}

// A Doc explains a rule to people: it is printed by the command line, in docs/causes.md and in reports.
type Doc struct {
	Title      string // "A kept-alive connection was closed while a request was on its way"
	Happened   string // what happened, for a developer who is no TCP expert
	Recognised string // by which packets the rule knows
	LookAlikes string // what looks the same, and how to tell it apart
	Prints     string // what the application prints
	Remedy     string // what to do
	Limits     string // what the rule cannot know
}

// A Finding is a rule's claim about a reset, with the events that speak for it and against it.
type Finding struct {
	Rule         *Rule
	Cause        Cause   // the rule's, but for a repeat, which carries its first reset's
	Confidence   float64 // probability that Cause is right
	Origin       Origin
	OriginWhy    []Evidence // the signs that decided
	Severity     Severity
	Summary      string // one sentence
	Evidence     []Evidence
	Alternatives []Alternative // other causes that the packets leave open, most likely first
	Symptom      string        // what the application on the receiving side most likely got
	Prints       []Print       // and what it printed, by the programs that it most likely is, at most MaxPrints
	MorePrints   int           // programs whose words ErrorsOf tells, and Prints does not
	Remedy       string
	CaptureNext  string     // what to capture to decide what stays open; "" when decided
	Notes        []Evidence // what else is worth telling: not accepted, did not arrive, text in the RST
	Trigger      int        // frame of the segment that the RST answers, 0 when it answers none: numbers alone may fit one
	Repeats      int        // frame of the first reset of the same event, 0 when this is the first
	Path         bool       // the summary says itself that a device on the path sent the RST

	room []int // what Evidence.Frames are cut from
}

// begin makes f an empty finding of a rule, and uses its room again.
func (f *Finding) begin(rule *Rule, cause Cause, severity Severity) {
	*f = Finding{
		Rule: rule, Cause: cause, Severity: severity, Path: rule.Path,
		OriginWhy: f.OriginWhy[:0], Evidence: f.Evidence[:0], Alternatives: f.Alternatives[:0], Prints: f.Prints[:0], Notes: f.Notes[:0],
		room: f.room[:0],
	}
}

// Clone returns a copy of f to keep: it shares nothing that an Engine writes to again.
func (f *Finding) Clone() *Finding {
	c := *f
	c.OriginWhy, c.Evidence, c.Notes = cloneEvidence(f.OriginWhy), cloneEvidence(f.Evidence), cloneEvidence(f.Notes)
	c.Alternatives, c.Prints, c.room = slices.Clone(f.Alternatives), slices.Clone(f.Prints), nil
	return &c
}

func cloneEvidence(list []Evidence) []Evidence {
	list = slices.Clone(list)
	for i := range list {
		list[i].Frames = slices.Clone(list[i].Frames)
	}
	return list
}

// A Print is what a program most likely printed.
type Print struct {
	By      flows.Side // who runs it
	Program string
	Says    string
}

// MaxPrints bounds Finding.Prints, so that a finding fits into a ticket.
const MaxPrints = 5

// Evidence is one checkable statement and the frames that show it.
type Evidence struct {
	Frames []int
	Stream int // connection that the frames belong to, −1: the reset's own
	Says   string
}

// An Alternative is another cause, and what speaks against it.
type Alternative struct {
	Cause      Cause
	Detail     string // the rule that would speak, may be ""
	Confidence float64
	WhyNot     string
}

// Say adds a statement about the reset's own connection. Frames that are 0 (never seen) are left out; a
// statement that no frame shows is still made.
func (f *Finding) Say(says string, frames ...int) {
	f.Evidence = append(f.Evidence, f.evidence(-1, says, frames))
}

// SayOf adds a statement about another connection.
func (f *Finding) SayOf(stream int, says string, frames ...int) {
	f.Evidence = append(f.Evidence, f.evidence(stream, says, frames))
}

// Open names a cause that the packets leave open. Share is its part, from 0 to 1, of the probability that
// the finding itself leaves over.
func (f *Finding) Open(cause Cause, detail string, share float64, whyNot string) {
	f.Alternatives = append(f.Alternatives, Alternative{Cause: cause, Detail: detail, Confidence: share, WhyNot: whyNot})
}

// evidence makes a statement, with the frames that were seen, in order and each once.
func (f *Finding) evidence(stream int, says string, frames []int) Evidence {
	start := len(f.room)
	for _, n := range frames {
		if n == 0 {
			continue
		}
		if i, known := slices.BinarySearch(f.room[start:], n); !known {
			f.room = slices.Insert(f.room, start+i, n)
		}
	}
	end := len(f.room)
	return Evidence{Frames: f.room[start:end:end], Stream: stream, Says: says}
}
