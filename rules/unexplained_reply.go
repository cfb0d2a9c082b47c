package rules

import (
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const unexplainedReplySure = 0.50

var unexplainedReply = &Rule{
	ID:       "unexplained-reply",
	Pattern:  Loss, // most of what else it can be has state-lost's label
	Cause:    UnknownConnection,
	Fallback: true,
	Severity: Warning,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A reply to a segment of a connection that is not known there",
		Happened: "The RST has the form with which a host answers a segment for a connection that it does not have. Why " +
			"it does not have it is not in this capture.",
		Recognised: "A bare RST, or a RST+ACK with sequence number 0, where no better explanation fits.",
		LookAlikes: "All other resets in reply form; with more packets one of them would fit.",
		Prints:     "ECONNRESET: connection reset by peer.",
		Remedy:     "Capture the whole connection, on both hosts if possible.",
		Limits:     "This is a weak explanation: only the form of the RST supports it.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind != facts.KindReply {
			return 0
		}
		return c.Lowered(unexplainedReplySure, facts.AnyDefect)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s perhaps does not know this connection: the RST has the form of a reply; the "+
			"capture does not show more.", words.Capital(Sender(c)))
		f.SayRST(c)
		f.SayCompletion(c)
		lost := "no captured packet shows that the host died"
		if c.FellAlike() {
			f.SayRelated(c)
			lost = "less likely: some of these connections began after others had been reset"
		}
		f.Open(PeerCrash, stateLostID, 0.5, lost)
		f.Open(FastClose, "", 0.4, "no captured packet shows that the connection was closed")
	},
}
