package rules

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// A Finding is a rule's claim about a reset, with the events that speak for it and against it.
type Finding struct {
	Rule         *Rule
	Cause        Cause   // the rule's, but for a repeat, which carries its first reset's
	Confidence   float64 // probability that Cause is right
	Origin       Origin
	OriginWhy    []Evidence // the signs that decided
	Severity     Severity
	Harm         string // one sentence: whether the reset was harmless; "" for a repeat
	Summary      string // one sentence
	Evidence     []Evidence
	Alternatives []Alternative // other causes that the packets leave open, most likely first
	Symptom      string        // what the application on the receiving side most likely got
	Prints       []Print       // and what it printed, by the programs that it most likely is, at most MaxPrints
	MorePrints   int           // programs whose words ErrorsOf lists, and Prints does not
	Remedy       string
	CaptureNext  string     // what to capture to decide what stays open; "" when decided
	Notes        []Evidence // what else is worth telling: not accepted, did not arrive, text in the RST
	Trigger      int        // frame of the segment that the RST answers, 0 when it answers none: numbers alone may fit one
	Repeats      int        // frame of the first reset of the same event, 0 when this is the first
	Path         bool       // the summary says itself that a device on the path sent the RST

	// Refused is the rule that the packets alone would have chosen, where what is known from elsewhere excludes it.
	Refused           *Rule
	RefusedConfidence float64

	room  []int        // what Evidence.Frames are cut from
	facts *facts.Facts // of the reset
}

// begin makes f an empty finding of a rule, and uses its room again.
func (f *Finding) begin(rule *Rule, cause Cause, severity Severity) {
	*f = Finding{
		Rule: rule, Cause: cause, Severity: severity, Path: rule.Path,
		OriginWhy: f.OriginWhy[:0], Evidence: f.Evidence[:0], Alternatives: f.Alternatives[:0], Prints: f.Prints[:0],
		Notes: f.Notes[:0],
		room:  f.room[:0], facts: f.facts,
	}
}

// Clone returns a copy of f to keep: it shares nothing that an Engine writes to again.
func (f *Finding) Clone() *Finding {
	c := *f
	c.OriginWhy, c.Evidence, c.Notes = cloneEvidence(f.OriginWhy), cloneEvidence(f.Evidence), cloneEvidence(f.Notes)
	c.Alternatives, c.Prints, c.room, c.facts = slices.Clone(f.Alternatives), slices.Clone(f.Prints), nil, nil
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
	Named   bool // the bytes name the program or its protocol; otherwise it is only common
}

// MaxPrints bounds Finding.Prints, so that a finding fits into a ticket.
const MaxPrints = 5

// An Alternative is another cause, and what speaks against it.
type Alternative struct {
	Cause      Cause
	Detail     string // the rule that would speak, may be ""
	Confidence float64
	WhyNot     string
}

// Open names a cause that the packets leave open. Share is its part, from 0 to 1, of the probability that
// the finding itself leaves over.
func (f *Finding) Open(cause Cause, detail string, share float64, whyNot string) {
	f.Alternatives = append(f.Alternatives, Alternative{Cause: cause, Detail: detail, Confidence: share, WhyNot: whyNot})
}
