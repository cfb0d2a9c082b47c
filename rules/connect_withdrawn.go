package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const connectWithdrawnSure = 0.98

// connectWithdrawnID is what other rules call it by.
const connectWithdrawnID = "connect-withdrawn"

var connectWithdrawn = &Rule{
	ID:       connectWithdrawnID,
	Cause:    UnknownConnection,
	Severity: Info,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "The client cancelled its connection attempt",
		Happened: "A program began to connect and closed its socket before the SYN-ACK came, however soon: it tried two " +
			"addresses at once and took the other, was cancelled, or ended. Its system no longer had the connection attempt " +
			"when the SYN-ACK came, and answered with a RST.",
		Recognised: "An ordinary SYN, a SYN-ACK soon after, and a bare RST of the client whose sequence number is the ACK " +
			"of the SYN-ACK; no third step of the handshake.",
		LookAlikes: "A scanner's SYN has hardly any options (syn-probe). A health check that resets on purpose sends " +
			"RST+ACK (health-probe). A SYN-ACK that comes a second or more later points to a connect timeout (late-syn-ack).",
		Prints: "Nothing: the program had closed the socket itself.",
		Remedy: "Usually harmless. When it is frequent, look for very short connect timeouts.",
		Limits: "The packets do not show why the program cancelled it.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.ByClient() || c.Answers != facts.ToSYNACK || c.Flags.Has(flows.ACK) || c.Conn.HandshakeACK.Seen() ||
			c.Snd.Bytes > 0 {
			return 0
		}
		return connectWithdrawnSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s cancelled its connection attempt: when the SYN-ACK came, its socket was "+
			"closed.", words.Capital(Sender(c)))
		if c.Snd.SYN.Seen() {
			f.Summary = words.Sentence("%s cancelled its connection attempt: when the SYN-ACK came, %s after the SYN, its "+
				"socket was closed.", words.Capital(Sender(c)), words.Span(c.Trigger.Time.Sub(c.Snd.SYN.Time)))
		}
		f.SayHalfOpen(c)
		f.Open(FastClose, healthProbeID, 0.6, "a program that closes its socket after the SYN-ACK sends RST+ACK; this RST "+
			"has the form of a reply")
	},
	Effects: Effects{Outcomes: openingOutcomes, Own: connectLimit},
}
