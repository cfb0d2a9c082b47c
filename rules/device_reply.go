package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a device answered on a connection that was over.
const (
	deviceReplyToReset = 0.95 // it answers a RST, as no host does
	deviceReplyLate    = 0.94 // it answers another segment, after the end
)

// deviceReplyID is what other rules call it by.
const deviceReplyID = "device-reply"

var deviceReply = &Rule{
	ID:       deviceReplyID,
	Cause:    UnknownConnection,
	Path:     true,
	Severity: Info,
	Pattern:  Aftermath,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1", "RFC 5382 §5"},
	Doc: Doc{
		Title:      "A device on the path answers on a connection that is over",
		Happened:   "The connection had ended. A NAT engine, proxy or firewall on the path no longer has it, and answers a segment of it with a RST in the host's name.",
		Recognised: "The RST has the form of a reply, and answers a RST (RST+ACK with sequence number 0, whose ACK is the sequence number of the peer's RST); or it answers a segment after the end of the connection and has signs of another sender (TTL, IP ID, Ethernet address).",
		LookAlikes: "A host that has ended the connection answers a late segment with a RST of its own (late-segment), and never answers a RST. A device that cuts a connection in use is forged-reset.",
		Prints:     "Usually nothing: the connection was over.",
		Remedy:     "Harmless. If connections in use are answered like that too, look at the device's timeouts.",
		Limits:     "Which device it was is not in the packets.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.AnsweredReset() != nil {
			return deviceReplyToReset
		}
		if c.PathSigns.Middlebox() && c.Kind == facts.KindReply && c.Trigger != nil && c.BothClosed() && !c.Refused() && !c.Unopened() {
			return c.Lowered(deviceReplyLate, facts.AnyDefect)
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if r := c.AnsweredReset(); r != nil {
			f.Summary = words.Sentence("The connection was over: %s had reset it, and a device on the path answers that RST in %s's name. No host does so. Nothing was lost by this RST.", Receiver(c), Sender(c))
			f.Say(claim.Claim{Kind: claim.AnswersReset, Side: c.Side, Span: c.Time.Sub(r.Time)}, r.Frame, c.Frame)
			return
		}
		f.Summary = words.Sentence("The connection was over: both sides had closed it; %s reached a device on the path that %sno longer has it and answers in %s's name.", LateSegment(c), words.Probably(f.Confidence), Sender(c))
		f.sayFINAcked(c.Side, c.Snd)
		f.sayFINAcked(c.Side.Peer(), c.Rcv)
		f.SayRST(c)
		f.SaySigns(c)
	},
	WhyNot: "the RST answers no RST, and nothing shows a device on a connection that is over",
}
