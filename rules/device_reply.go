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
		Title: "A device on the path answers on a connection that is over",
		Happened: "The connection had ended. A NAT engine, proxy or firewall on the path no longer has it, and answers " +
			"a segment of it with a RST in the host's name.",
		Recognised: "The RST has the form of a reply, and answers a RST (RST+ACK with sequence number 0, whose ACK is the " +
			"sequence number of the peer's RST); or it comes after the end of the connection (a RST of the other side, both " +
			"FINs acknowledged, or the sender's FIN acknowledged and no data after it) and has signs of another sender (TTL, " +
			"IP ID, Ethernet address).",
		LookAlikes: "A host that has ended the connection answers a late segment with a RST of its own (late-segment), " +
			"and never answers a RST. A device that cuts a connection in use is forged-reset.",
		Prints: "Usually nothing: the connection was over.",
		Remedy: "Harmless. If connections in use are answered like that too, look at the device's timeouts.",
		Limits: "Which device it was is not in the packets.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.AnsweredReset() != nil {
			return deviceReplyToReset
		}
		if !c.PathSigns.Middlebox() || c.Refused() || c.Unopened() || c.Snd.Segments == 0 {
			return 0
		}
		if c.PeersReset() != nil || c.Trigger != nil && c.BothClosed() || closedBefore(c) {
			return c.Lowered(deviceReplyLate, facts.AnyDefect)
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if r := c.AnsweredReset(); r != nil {
			f.Summary = words.Sentence("The connection was over: %s had reset it, and a device on the path answers that RST "+
				"in %s's name. No host does so. Nothing was lost by this RST.", Receiver(c), Sender(c))
			f.Say(claim.Claim{Kind: claim.AnswersReset, Side: c.Side, Span: c.Time.Sub(r.Time)}, r.Frame, c.Frame)
			return
		}
		switch r := c.PeersReset(); {
		case r != nil && c.Trigger == nil:
			f.Summary = words.Sentence("The connection was over: %s had reset it %s before; a device on the path %ssent a "+
				"RST after that, in %s's name.", Receiver(c), words.Span(c.Time.Sub(r.Time)), words.Probably(f.Confidence),
				Sender(c))
			f.Say(claim.Claim{Kind: claim.ResetBefore, Side: c.Side.Peer(), Span: c.Time.Sub(r.Time)}, r.Frame)
			f.SaySigns(c)
			return
		case r != nil:
			f.Summary = words.Sentence("The connection was over: %s had reset it %s before; %s reached a device on the path "+
				"that %sno longer has it and answers in %s's name.", Receiver(c), words.Span(c.Time.Sub(r.Time)), LateSegment(c),
				words.Probably(f.Confidence), Sender(c))
			f.Say(claim.Claim{Kind: claim.ResetBefore, Side: c.Side.Peer(), Span: c.Time.Sub(r.Time)}, r.Frame)
			f.SayRST(c)
			f.SaySigns(c)
			return
		case !c.BothClosed():
			f.Summary = words.Sentence("%s had closed its side, and %s had acknowledged that; %s reached a device on the "+
				"path that %sno longer has the connection and answers in %s's name.", words.Capital(Sender(c)), Receiver(c),
				LateSegment(c), words.Probably(f.Confidence), Sender(c))
			f.sayFINAcked(c.Side, c.Snd)
			f.SayRST(c)
			f.SaySigns(c)
			return
		}
		f.Summary = words.Sentence("The connection was over: both sides had closed it; %s reached a device on the path "+
			"that %sno longer has it and answers in %s's name.", LateSegment(c), words.Probably(f.Confidence), Sender(c))
		f.sayFINAcked(c.Side, c.Snd)
		f.sayFINAcked(c.Side.Peer(), c.Rcv)
		f.SayRST(c)
		f.SaySigns(c)
	},
}

// closedBefore reports whether the named sender had closed after a complete exchange, its peer had acknowledged that,
// and the RST answers no new data.
func closedBefore(c *facts.Facts) bool {
	fin, t := c.Snd.FINAcked, c.Trigger
	if !fin.Seen() || t == nil || t.Frame <= fin.Frame || c.Close.By != facts.ByFIN || !done(c) {
		return false
	}
	return t.DataLen == 0
}

// done reports whether nothing of the exchange was left to be said when the connection was closed.
func done(c *facts.Facts) bool {
	switch c.Close.Completion.State {
	case facts.OpenRequest, facts.CutRequest, facts.CutResponse, facts.InFlight, facts.OpenHandshake:
		return false
	}
	return true
}
