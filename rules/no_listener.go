package rules

import (
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// noListenerID is what other rules call it by.
const noListenerID = "no-listener"

var noListener = &Rule{
	ID:       noListenerID,
	Cause:    ClosedPort,
	Severity: Error,
	Pattern:  Refusal,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "Nothing accepts connections on this port",
		Happened: "A client sent a SYN, and the host answered with a RST, because nothing there accepts the connection: " +
			"the service is not running, listens on another port, or listens on another address (often only on 127.0.0.1).",
		Recognised: "The RST answers a SYN: it carries ACK, its sequence number is 0, and it acknowledges the SYN's " +
			"number plus one. It comes one round trip after the SYN, and no SYN-ACK came before.",
		LookAlikes: "A firewall that rejects sends the same bytes (policy-reject): only TTL, timing, or a capture on the " +
			"server tell them apart. A service that is restarting refuses for a while and accepts again (restart-window).",
		Prints: "ECONNREFUSED: connection refused.",
		Remedy: "Start the service, or bind it to the address and port that the client uses; on the server, ss -ltn " +
			"shows what listens.",
		Limits: "Whether the service was ever meant to run there is not in the packets.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Related.HalfOpenAfter.Seen() {
			return 0
		}
		return refusal(c)
	},
	Explain: explainRefusal,
}

func explainRefusal(c *facts.Facts, f *Finding) {
	f.Summary = words.Sentence("%s refused the connection: nothing accepts connections on "+
		"%s there.", words.Capital(Sender(c)), portOf(c))
	f.SayRefusal(c)
}
