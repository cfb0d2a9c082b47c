package rules

import (
	"fmt"
	"strconv"

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
	Match:   func(c *Facts) float64 { return c.refusal() },
	Explain: tellRefusal,
	WhyNot:  "the RST does not have the form of an answer to a SYN",
}

// refusal returns how sure it is that the RST refuses a connection.
func (c *Facts) refusal() float64 {
	switch {
	case !c.Refused():
		return 0
	case c.Answers == ToSYN && c.Class == flows.ClassReplyACK:
		return refusedSure
	case c.Answers == ToSYN:
		return refusedOddly
	case c.Class == flows.ClassReplyACK:
		return refusedUnseen
	}
	return refusedOddly - 0.1
}

func tellRefusal(c *Facts, f *Finding) {
	f.Summary = sentence("%s refused the connection: nothing accepts connections on %s there.", capital(c.sender()), c.port())
	c.sayRefusal(f)
}

// port names the port of the RST's sender.
func (c *Facts) port() string { return "port " + strconv.Itoa(int(c.Snd.Addr.Port)) }

// sayRefusal tells how the SYN was refused, and what became of it.
func (c *Facts) sayRefusal(f *Finding) {
	where, syn := c.port(), c.Rcv.LastSYN
	switch {
	case c.Trigger == nil && syn.Seen() && c.ACK == c.Rcv.SND.ISS+1:
		f.say("the RST acknowledges the SYN", syn.Frame, c.Frame)
	case c.Trigger == nil && syn.Seen():
		f.say(sentence("%s asks for a connection to %s", c.receiver(), where), c.Rcv.SYN.Frame)
		f.say(sentence("the RST follows the SYN by %s, but does not acknowledge it: its ACK is %s the number that a refusal bears", span(c.Time.Sub(syn.Time)), c.missesBy()), syn.Frame, c.Frame)
	case c.Trigger != nil:
		f.say(sentence("%s asks for a connection to %s", c.receiver(), where), c.Rcv.SYN.Frame, c.Trigger.Frame)
		f.say(sentence("the RST acknowledges exactly this SYN, %s later", span(c.TriggerDelay)), c.Trigger.Frame, c.Frame)
	default:
		f.say("sequence number 0 and an ACK: the form in which a SYN is refused; the SYN itself is not in the capture", c.Frame)
	}
	if c.wrongEcho() {
		f.say(fmt.Sprintf("it echoes the timestamp %d, which %s never sent: its SYN bears %d", c.Opts.TSecr, c.receiver(), c.Rcv.TSval), syn.Frame, c.Frame)
	}
	if _, ack := c.opensAfter(); ack.Seen() {
		f.Summary = sentence("%s was told that %s refuses the connection, but did not take this RST: the connection opened %s later.", capital(c.receiver()), where, span(ack.Time.Sub(c.Time)))
		f.Severity = Warning
		f.Symptom = "nothing: " + c.receiver() + "'s TCP did not take this RST, and the connection opened"
		f.say(sentence("%s completes the handshake %s after the RST", c.receiver(), span(ack.Time.Sub(c.Time))), c.Frame, ack.Frame)
	}
	if c.Rcv.SYNs > 1 {
		f.say(fmt.Sprintf("%s had sent its SYN %d times by then", c.receiver(), c.Rcv.SYNs), c.Rcv.SYN.Frame, c.Rcv.LastSYN.Frame)
	}
	f.open(UnknownConnection, straySegmentID, 0.5, "the RST answers a SYN, which opens a connection and belongs to none")
}

// missesBy says how far the RST's ACK is from the number that acknowledges the SYN.
func (c *Facts) missesBy() string {
	d := c.ACK.Sub(c.Rcv.SND.ISS + 1)
	if d < 0 {
		return octets(int64(-d)) + " short of"
	}
	return octets(int64(d)) + " beyond"
}

// wrongEcho reports whether the RST throws itself away: it echoes a timestamp that its receiver, in SYN-SENT, has
// never sent (tcp_rcv_synsent_state_process in Linux).
func (c *Facts) wrongEcho() bool {
	return c.Answers == ToSYN && c.Accept == flows.AcceptOutside && c.Rcv.HasTS && c.Opts.HasTS
}

// opensAfter returns the SYN-ACK and the ACK by which the connection opened after the RST, without another SYN:
// then the RST was not taken. Zero Marks when it did not.
func (c *Facts) opensAfter() (synack, ack flows.Mark) {
	var first flows.Seq
	for i := range c.After.Events {
		e := &c.After.Events[i]
		switch {
		case e.Flags&flows.RST != 0 || e.Notes&flows.Duplicate != 0:
		case e.Side == flows.Originator && e.Flags&(flows.SYN|flows.ACK) == flows.SYN:
			return flows.Mark{}, flows.Mark{}
		case e.Side == flows.Responder && e.Flags.Has(flows.SYN|flows.ACK):
			synack, first = e.Mark, e.End()
		case e.Side == flows.Originator && e.Flags.Has(flows.ACK) && synack.Seen() && e.ACK == first:
			return synack, e.Mark
		}
	}
	return flows.Mark{}, flows.Mark{}
}
