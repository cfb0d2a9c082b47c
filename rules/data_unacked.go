package rules

import "github.com/rstexplain/rstexplain/rules/facts"

var dataUnacked = &Rule{
	ID:       "data-unacked",
	Cause:    RetransmitTimeout,
	Severity: Error,
	Pattern:  Silence,
	RFC:      []string{"RFC 9293 §3.8.1", "RFC 9293 §3.8.3", "RFC 9293 §3.10.8"},
	Doc: Doc{
		Title: "Data was retransmitted and never acknowledged",
		Happened: "One side sent data (or its FIN), received no acknowledgment, retransmitted it at growing intervals, " +
			"and finally ended the connection: the other host, or the path to it, had failed. Or the other side, which the " +
			"data never reached although its own segments arrived, ended the connection by its own timer.",
		Recognised: "Retransmissions of the same sequence numbers at growing intervals without an acknowledgment, then a " +
			"RST of the same side that is not a reply; or a FIN or RST of the other side, which sent segments meanwhile and " +
			"acknowledged none of it.",
		LookAlikes: "Linux itself gives up without a RST (gave-up-silently); a RST at this point comes from the program, " +
			"which had its own send timeout and closed with SO_LINGER 0 or with unread data, or from another stack (Windows, " +
			"BSD, network devices).",
		Prints: "ETIMEDOUT: connection timed out, at the sending side; the other side, if it is still running, gets " +
			"ECONNRESET.",
		Remedy: "Find out where the packets are lost: capture on both hosts. Look for a changed route, a failed host, " +
			"a filter, or packets that are too big for the path.",
		Limits: "A capture at the sender does not show whether the data or its acknowledgments were lost.",
	},
	Match: func(c *facts.Facts) float64 { return max(gaveUp(c), undelivered(c), unarrived(c)) },
	Explain: func(c *facts.Facts, f *Finding) {
		switch {
		case gaveUp(c) > 0:
			explainGivingUp(c, f)
		case undelivered(c) > 0:
			explainUndelivered(c, f)
		default:
			explainUnarrived(c, f)
		}
	},
	Effects: Effects{Outcomes: givingUpOutcomes},
}
