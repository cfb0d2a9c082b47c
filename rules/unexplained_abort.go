package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure an abort without further signs is.
const (
	unexplainedAbortOpen = 0.68
	unexplainedAbortOdd  = 0.50
	unexplainedAbortGap  = 0.60 // behind data that the capture lacks
	unexplainedAbortLone = 0.50 // nothing else of the connection is in the capture
)

var unexplainedAbort = &Rule{
	ID:       "unexplained-abort",
	Cause:    PeerCrash,
	Fallback: true,
	Severity: Warning,
	Pattern:  Cut,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 9293 §3.5.3"},
	Doc: Doc{
		Title: "A connection was reset in an unfinished exchange, and no more is known",
		Happened: "One side reset the connection while the exchange was not finished, as far as the capture shows. " +
			"Whether it crashed, timed out or was stopped is not in the packets.",
		Recognised: "A RST that is no reply, in an unfinished exchange, where no better explanation fits.",
		LookAlikes: "All other resets of a side's own decision; with more packets one of them would fit.",
		Prints:     "ECONNRESET: connection reset by peer.",
		Remedy:     "Capture the whole connection, and look into the log of the side that reset.",
		Limits:     "This is a weak explanation: little supports it.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Close.Completion.Unfinished(c.Side) {
			return c.Lowered(unexplainedAbortOpen, facts.AnyDefect)
		}
		if c.LacksEnd() {
			return unexplainedAbortGap
		}
		if lone(c) {
			return unexplainedAbortLone
		}
		if c.Kind == facts.KindUnclear && !c.Close.Completion.Finished(c.Side) {
			return unexplainedAbortOdd
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s perhaps aborted: it reset the connection %s; the capture does not "+
			"show more.", words.Capital(Sender(c)), Circumstances(c))
		if lone(c) {
			f.Summary = words.Sentence("The capture holds nothing of this connection but RSTs; by its form this one is "+
				"perhaps a local abort of %s.", Sender(c))
			f.SayRST(c)
			if c.Unknown.Has(flows.FieldSEQ) {
				f.Summary = words.Sentence("The text shows nothing of this connection but RSTs; perhaps this one is a local "+
					"abort of %s.", Sender(c))
				f.Say(claim.Claim{Kind: claim.NoHandshake, Side: c.Side}, c.Frame)
				f.Open(ClosedPort, "", 0.3, "its sequence number may be 0, with which a RST refuses a SYN: the text leaves that open")
			}
			f.Open(FastClose, "", 0.8, "whether an exchange was under way is not in this capture")
			f.Open(UnknownConnection, "", 0.2, "its numbers leave that open")
			return
		}
		f.SayCompletion(c)
		f.SayClose(c)
		f.SayRST(c)
		if c.LacksEnd() {
			f.Open(FastClose, "", 0.8, "less likely: data was still being exchanged, which the capture lacks")
		} else if c.Close.Completion.State == facts.Unused {
			f.SayIdle(c)
			f.Open(FastClose, idleReleaseID, 0.8, "it ended a connection that was new")
			if c.Idle() >= time.Second && c.Kind == facts.KindAbort {
				f.Summary = words.Sentence("%s reset the connection %s%s: perhaps a time limit for the first request or the "+
					"login ran out.", words.Capital(Sender(c)), Circumstances(c), AfterIdle(c))
				f.Remedy = "Compare the time that the client said nothing with the server's time limit for a login or a first " +
					"request; find out what kept the client from sending it."
			}
		} else {
			f.Open(FastClose, "", 0.7, "an exchange seems to have been under way")
		}
		if c.Kind == facts.KindAbort && c.Close.Completion.State == facts.Unused {
			f.Open(UnknownConnection, "", 0.1, "the RST has the sequence number of a live connection")
			return
		}
		f.Open(UnknownConnection, "", 0.2, "its numbers leave that open")
	},
}

// lone reports whether the capture holds nothing of the connection but RSTs, of which this one has the form of an
// abort.
func lone(c *facts.Facts) bool {
	return c.Kind == facts.KindAbort && c.Snd.Segments == 0 && c.Rcv.Segments == 0
}
