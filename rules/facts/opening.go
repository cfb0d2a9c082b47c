package facts

import "github.com/rstexplain/rstexplain/flows"

// Refused reports whether the RST turns down an attempt to connect: a SYN that no SYN-ACK had answered.
func (c *Facts) Refused() bool {
	if c.Snd.Segments > 0 && (c.Class != flows.ClassReplyACK || c.Answers != ToSYN || c.Snd.Segments > c.Snd.SYNs) {
		return false // it had accepted; only a SYN that comes again can still be refused
	}
	switch {
	case c.Answers == ToSYN:
		return true
	case c.Class == flows.ClassReplyACK:
		return c.Answers == ToNothing && c.Rcv.DataSegments == 0
	}
	// A device that does not keep to the numbers: a RST toward one who has sent SYNs and nothing else.
	return !c.ByClient() && c.Flags.Has(flows.ACK) && c.Answers == ToNothing && c.Conn.SYN.Seen() && c.Rcv.Segments == c.Rcv.SYNs
}

// Unopened reports whether the connection never came to life at the RST's sender, which had asked for it.
func (c *Facts) Unopened() bool {
	return c.ByClient() && c.Snd.SYN.Seen() && !c.Conn.HandshakeACK.Seen() && c.Snd.Segments == c.Snd.SYNs &&
		c.Snd.Bytes == 0
}

// WrongEcho reports whether the RST throws itself away: it echoes a timestamp that its receiver, in SYN-SENT, has
// never sent (tcp_rcv_synsent_state_process in Linux).
func (c *Facts) WrongEcho() bool {
	return c.Answers == ToSYN && c.Accept == flows.AcceptOutside && c.Rcv.HasTS && c.Opts.HasTS
}

// OpensAfter returns the SYN-ACK and the ACK by which the connection opened after the RST, without another SYN:
// then the RST was not taken. Zero Marks when it did not.
func (c *Facts) OpensAfter() (synack, ack flows.Mark) {
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

// synackAfter returns the first SYN-ACK after the RST, the zero Mark without one.
func (c *Facts) synackAfter() flows.Mark {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side == c.Side && e.Flags.Has(flows.SYN|flows.ACK) && e.Flags&flows.RST == 0 && e.Notes&flows.Duplicate == 0 {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// AcksOwnSYN reports whether the RST answers a segment without SYN that came while its sender still opened the
// connection, and that acknowledges its SYN: no older connection can know that number.
func (c *Facts) AcksOwnSYN() bool {
	t := c.Trigger
	return c.Unopened() && c.Kind == KindReply && t != nil && t.Flags&(flows.SYN|flows.ACK) == flows.ACK &&
		c.Snd.HasISS && t.ACK == c.Snd.SND.ISS+1 && !c.Rcv.SYN.Seen()
}

// ResetsSYNACK reports whether the RST answers the SYN-ACK of a connection that its originator does not
// know or no longer wants.
func (c *Facts) ResetsSYNACK() bool {
	return c.ByClient() && c.Answers == ToSYNACK && c.Kind == KindReply && !c.Conn.HandshakeACK.Seen() && c.Snd.Bytes == 0
}
