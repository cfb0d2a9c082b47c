// Package rules explains resets: which of the documented situations (Rule) a RST belongs to, how sure that is, which
// packets show it, who sent the RST and what to do. Begin with NewEngine, and give each flows.Reset to Engine.Explain
// in the order of the frames.
//
// A Rule asks for facts (package facts) and says what it found in words (package words); programs knows what
// applications print. Options.Rules takes rules of one's own beside those of All.
package rules

import (
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
	// "keepalive-race": command line, JSON "detail", docs anchor, testdata folder; never renamed once released
	ID       string
	Cause    Cause
	Severity Severity // the usual one; Explain may raise or lower it
	Pattern  Pattern  // what makes several resets one incident
	Doc      Doc
	RFC      []string // "RFC 9293 §3.10.7.1"

	// Match returns how probable it is that the rule's situation is the reset's, 0 when it is not. It is
	// pure: it reads the facts and nothing else.
	Match func(*facts.Facts) float64

	// Explain writes what the finding says: summary, evidence, alternatives. It is called for the rule that
	// gives the label, and for no other, because most of the cost of a reset lies in its sentences.
	Explain func(*facts.Facts, *Finding)

	// Fallback marks a rule that gives a label only because nothing better fits: it is no alternative to others.
	Fallback bool

	// Path says that the rule is about devices on the path: where the signs name one, its summary does so too, and
	// the engine does not put that in front. See Finding.Path for single summaries.
	Path bool

	// Effects say what the rule's resets do to the applications, where that does not follow from the packets.
	Effects Effects
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
	Title      string // "A kept-alive connection was closed, and the next request reached a closed socket"
	Happened   string // what happened, for a developer who is no TCP expert
	Recognised string // by which packets the rule knows
	LookAlikes string // what looks the same, and how to tell it apart
	Prints     string // what the application prints
	Remedy     string // what to do
	Limits     string // what the rule cannot know
}
