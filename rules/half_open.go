package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// SayHalfOpen lists the steps of a handshake that its originator reset.
func (f *Finding) SayHalfOpen(c *facts.Facts) {
	f.saySYN(c.Side, c.Snd)
	if t := c.Trigger; t != nil && t.Flags.Has(flows.SYN|flows.ACK) {
		f.saySYNACK(c.Side.Peer(), t.Mark, c.Snd.SYN)
	}
	f.SayRST(c)
}

// saySYN says that a side, whose endpoint is e, sent a SYN, and where to.
func (f *Finding) saySYN(side flows.Side, e *flows.Endpoint) {
	if !e.SYN.Seen() {
		return
	}
	syn := claim.Claim{Kind: claim.SYNSent, Side: side, Count: int(e.SYNs),
		Text: f.facts.Conn.End(side.Peer()).Addr.String()}
	if f.facts.Answers != facts.ToSYN { // else the reply says how long ago that was
		syn.Span = f.facts.Time.Sub(e.SYN.Time)
	}
	if e.HasISS {
		syn.Number = uint64(e.SND.ISS)
	}
	if e.LastSYN.Frame != e.SYN.Frame {
		f.Say(syn, e.SYN.Frame, e.LastSYN.Frame)
	} else {
		f.Say(syn, e.SYN.Frame)
	}
}

// saySYNACK says that a side accepted by a SYN-ACK; syn is the SYN of its peer, where it was captured.
func (f *Finding) saySYNACK(side flows.Side, synack, syn flows.Mark) {
	if !synack.Seen() {
		return
	}
	c := claim.Claim{Kind: claim.SYNACKSent, Side: side}
	if syn.Seen() && syn.Time < synack.Time {
		c.Span = synack.Time.Sub(syn.Time)
	}
	f.Say(c, synack.Frame)
}

// sayHandshake says that the handshake was completed.
func (f *Finding) sayHandshake(c *facts.Facts) {
	if ack := c.Conn.HandshakeACK; ack.Seen() {
		f.Say(claim.Claim{Kind: claim.Handshake, Side: flows.Originator, Span: c.Time.Sub(ack.Time)}, ack.Frame)
	}
}
