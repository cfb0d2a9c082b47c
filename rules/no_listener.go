package rules

import (
	"fmt"

	"github.com/rstexplain/rstexplain/flows"
)

// How sure a refusal is.
const (
	refusedSure   = 0.99 // the SYN is in the capture
	refusedUnseen = 0.95 // only the RST is, in the form that nothing but a SYN draws
	refusedOddly  = 0.90 // a SYN, and a RST+ACK that does not keep to the numbers
)

var noListener = &Rule{
	ID:       "no-listener",
	Cause:    ClosedPort,
	Severity: Error,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title:      "Nothing accepts connections on this port",
		Happened:   "A client asked to open a connection, and the host it asked answered that nothing there accepts one: the service is not running, listens on another port, or listens on another address (often only on 127.0.0.1).",
		Recognised: "The RST answers a SYN: it carries ACK, its sequence number is 0, and it acknowledges the SYN's number plus one. It comes one round trip after the SYN, and no SYN-ACK came before.",
		LookAlikes: "A firewall that rejects sends the same bytes (policy-reject): only TTL, timing, or a capture on the server tell. A service that is restarting refuses for a while and accepts again (restart-window).",
		Prints:     "ECONNREFUSED: connection refused.",
		Remedy:     "Start the service, or bind it to the address and port that the client uses; on the server, ss -ltn shows what listens.",
		Limits:     "Whether the service was ever meant to run there is not in the packets.",
	},
	Match:   func(c *Case) float64 { return c.refusal() },
	Tell:    tellRefusal,
	Against: "the RST does not have the form of an answer to a SYN",
}

// refusal returns how sure it is that the RST refuses a connection.
func (c *Case) refusal() float64 {
	switch {
	case !c.Refused():
		return 0
	case c.Answers == ToSYN && c.Form == flows.FormReplyACK:
		return refusedSure
	case c.Answers == ToSYN:
		return refusedOddly
	case c.Form == flows.FormReplyACK:
		return refusedUnseen
	}
	return refusedOddly - 0.1
}

func tellRefusal(c *Case, f *Finding) {
	where := fmt.Sprintf("port %d", c.Snd.Addr.Port)
	f.Summary = fmt.Sprintf("%s refused the connection: nothing accepts connections on %s there.", capital(c.sender()), where)
	if c.Trigger != nil {
		f.say(fmt.Sprintf("%s asks for a connection to %s", c.receiver(), where), c.Rcv.SYN.Frame, c.Trigger.Frame)
		f.say(fmt.Sprintf("the RST acknowledges exactly this SYN, %s later", span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	} else {
		f.say("sequence number 0 and an ACK: the form in which a SYN is refused; the SYN itself is not in the capture", c.Frame)
	}
	if c.Rcv.SYNs > 1 {
		f.say(fmt.Sprintf("%s had sent its SYN %d times by then", c.receiver(), c.Rcv.SYNs), c.Rcv.SYN.Frame, c.Rcv.LastSYN.Frame)
	}
	f.open(UnknownConnection, "stray-segment", 0.5, "the RST answers a SYN, which opens a connection and belongs to none")
}
