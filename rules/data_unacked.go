package rules

import "github.com/rstexplain/rstexplain/rules/facts"

var dataUnacked = &Rule{
	ID:       "data-unacked",
	Cause:    RetransmitTimeout,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.8.1", "RFC 9293 §3.8.3", "RFC 9293 §3.10.8"},
	Doc: Doc{
		Title:      "Data was sent again and again, nobody confirmed it, and the sender gave up",
		Happened:   "One side sent data (or its FIN), got no confirmation, sent it again at growing distances, and at last ended the connection: the other host, or the way to it, was gone.",
		Recognised: "Resends of the same sequence numbers with growing gaps and no acknowledgment, then a RST of the same side that answers no segment.",
		LookAlikes: "Linux itself falls silent without a RST (gave-up-silently); a RST at this moment comes from the program, which had its own send timeout and closed with SO_LINGER 0 or with unread data, or from another stack (Windows, BSD, network devices).",
		Prints:     "ETIMEDOUT: connection timed out, at the side that sent; the other side, if it still lives, gets ECONNRESET.",
		Remedy:     "Find out where the packets are lost: capture on both hosts. Look for a changed route, a failed host, a filter, or packets that are too big for the path.",
		Limits:     "A capture at the sender cannot tell whether the data or its confirmations were lost.",
	},
	Match:   func(c *facts.Facts) float64 { return gaveUp(c) },
	Explain: explainGivingUp,
	Effects: Effects{Outcomes: givingUpOutcomes},
	WhyNot:  "no resend stood unanswered when the connection was given up",
}
