package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const restartWindowSure = 0.99

var restartWindow = &Rule{
	ID:       "restart-window",
	Cause:    ClosedPort,
	Severity: Error,
	Pattern:  Outage,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "The service refused connections for a while",
		Happened: "A client tried to connect while nothing was listening: the service had accepted connections before, " +
			"or accepted them later, so it was most likely restarting, crashed, or not yet ready.",
		Recognised: "The RST refuses a SYN, and in the same capture the same address and port accepted another connection " +
			"before or after.",
		LookAlikes: "A load balancer without healthy servers refuses in the same way. A full accept queue does not: Linux " +
			"drops the SYN then, or resets the third step of the handshake (accept-queue-overflow).",
		Prints: "ECONNREFUSED: connection refused, until the service listens again.",
		Remedy: "Let clients retry with exponential backoff; take the instance out of service discovery before it " +
			"stops and put it back when it is ready (readiness probe); hand over the listening socket on restart.",
		Limits: "Why the service was not listening: see its own log.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Related.HalfOpenAfter.Seen() {
			return 0 // it listens all the time
		}
		if !c.Related.AcceptedBefore.Seen() && !c.Related.AcceptedAfter.Seen() {
			return 0
		}
		return min(refusal(c), restartWindowSure)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.SayRefusal(c)
		a := &c.Related
		before, after := a.AcceptedBefore, a.AcceptedAfter
		if own := c.After.SenderACK; own.Seen() && askedAgain(c, own) && (!after.Seen() || own.Frame < after.Frame) {
			after = flows.ConnMark{Mark: own, Stream: claim.Own} // this very connection, asked for again
		}
		switch {
		case before.Seen() && after.Seen():
			f.Summary = words.Sentence("%s refused the connection to %s: the service was away for a while; it had accepted a "+
				"connection %s earlier and did again %s later.",
				words.Capital(Sender(c)), portOf(c), words.Span(c.Time.Sub(before.Time)), words.Span(after.Time.Sub(c.Time)))
		case before.Seen():
			f.Summary = words.Sentence("%s refused the connection to %s, which it had accepted %s earlier: the service has "+
				"gone away.", words.Capital(Sender(c)), portOf(c), words.Span(c.Time.Sub(before.Time)))
		default:
			f.Summary = words.Sentence("%s refused the connection to %s: the service was not there yet; it accepts "+
				"connections %s later.", words.Capital(Sender(c)), portOf(c), words.Span(after.Time.Sub(c.Time)))
		}
		for _, m := range [...]flows.ConnMark{before, after} {
			if m.Seen() {
				f.SayOf(m.Stream, claim.Claim{Kind: claim.Accepted, Side: c.Side, Span: m.Time.Sub(c.Time)}, m.Frame)
			}
		}
		if a.Refused > 1 {
			f.Say(claim.Claim{Kind: claim.RefusedCount, Side: c.Side, Count: a.Refused})
		}
	},
}

// askedAgain reports whether the refused connection was asked for again after the RST, and before m.
func askedAgain(c *facts.Facts, m flows.Mark) bool {
	syn := c.After.ReceiverSYN
	return syn.Seen() && syn.Frame < m.Frame
}
