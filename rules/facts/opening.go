package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

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
	return !c.ByClient() && c.Flags.Has(flows.ACK) && c.Answers == ToNothing && c.Conn.SYN.Seen() &&
		c.Rcv.Segments == c.Rcv.SYNs
}

// Unopened reports whether the connection never came to life at the RST's sender, which had asked for it.
func (c *Facts) Unopened() bool {
	return c.ByClient() && c.Snd.SYN.Seen() && !c.Conn.HandshakeACK.Seen() && c.Snd.Segments == c.Snd.SYNs &&
		c.Snd.Bytes == 0
}

// OfOlder reports whether the RST of a client whose handshake is not complete has a number from before its SYN: it
// ends an older connection, of which a segment was captured behind the SYN.
func (c *Facts) OfOlder() bool {
	return c.ByClient() && c.Snd.SYN.Seen() && c.Snd.HasISS && !c.Conn.HandshakeACK.Seen() && c.Snd.Bytes == 0 &&
		c.Trigger != nil && c.Trigger.ACK == c.SEQ && c.SEQ.Sub(c.Snd.SND.ISS) < 0
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
		if e := &c.After.Events[i]; e.Side == c.Side && e.Flags.Has(flows.SYN|flows.ACK) && e.Flags&flows.RST == 0 &&
			e.Notes&flows.Duplicate == 0 {
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
	return c.ByClient() && c.Answers == ToSYNACK && c.Kind == KindReply && !c.Conn.HandshakeACK.Seen() &&
		c.Snd.Segments == c.Snd.SYNs
}

// FirstACK returns the peer's first segment that acknowledges the SYN-ACK of the RST's sender, by time; the zero Mark
// without one.
func (c *Facts) FirstACK() flows.Mark {
	m := c.Conn.HandshakeACK
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side && e.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.ACK && c.Snd.HasISS &&
			e.ACK == c.Snd.SND.ISS.Add(1) && (!m.Seen() || e.Time < m.Time) {
			m = e.Mark
		}
	}
	return m
}

// SYNACKAckedBefore reports whether the peer acknowledged the SYN-ACK of the RST's sender before it was sent again, also
// where the capture has that acknowledgment behind it.
func (c *Facts) SYNACKAckedBefore(again flows.Mark) bool {
	m := c.FirstACK()
	return m.Seen() && (m.Frame < again.Frame || m.Time < again.Time)
}

// SYNACKUnheard reports whether the last retransmission of the sender's SYN-ACK echoes an older timestamp than the last
// that the peer had sent: what the peer sent did not arrive, or was not taken note of.
func (c *Facts) SYNACKUnheard() bool {
	return c.Snd.Unheard.What == flows.RunSYNACK && c.Snd.Unheard.Last.Frame == c.Snd.LastSYN.Frame
}

// Translated reports whether the RST answers the SYN-ACK to a SYN whose destination a device on the path had translated:
// the capture has it before that too.
func (c *Facts) Translated() bool { return c.ResetsSYNACK() && c.Related.SameSYN.Seen() }

// An unasked answer is sure to be one from so many of them on.
const unaskedFew = 3

// Unasked reports whether the capture shows that the originator's host got several answers to SYNs that it never sent,
// and more of them than it sent SYNs.
func (c *Facts) Unasked() bool {
	r := &c.Related
	return r.Unasked >= unaskedFew && r.Unasked > r.Asked
}

// Early reports whether the connection comes so soon after the beginning of the capture that its SYN may have been sent
// before, and be on its way for the first time (RFC 6298 §2.1: it is sent again after a second).
func (c *Facts) Early() bool { return c.Related.Into < time.Second }

// SYNData returns how many bytes of data the SYN of side s has.
func (c *Facts) SYNData(s flows.Side) uint32 {
	if e := c.synOf(s); e != nil {
		return e.DataLen
	}
	return 0
}

// SYNFlags returns the flags of the SYN of side s, 0 where it is not in the timeline.
func (c *Facts) SYNFlags(s flows.Side) flows.Flags {
	if e := c.synOf(s); e != nil {
		return e.Flags
	}
	return 0
}

// synOf returns the SYN of side s, nil where the timeline does not hold it.
func (c *Facts) synOf(s flows.Side) *flows.Event {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side == s && e.Frame == c.Conn.End(s).SYN.Frame {
			return e
		}
	}
	return nil
}

// OtherHost reports whether the SYN-ACK's reset comes from another place than the SYN: another Ethernet source, or
// another distance by its TTL. A path may be a router longer than another.
func (c *Facts) OtherHost() (mac, ttl bool) {
	k := c.Snd
	mac = c.MAC != 0 && k.MAC != 0 && c.MAC != k.MAC && c.Conn.Duplicates == 0 && c.Reset.Domain == c.Conn.Domain
	d := Hops(c.TTL) - Hops(k.SYNTTL)
	ttl = c.TTL != 0 && k.SYNTTL != 0 && (d > 1 || d < -1) && !(c.Conn.Duplicates > 0 && c.After.Duplicates == 0)
	return mac, ttl
}

// A scan is wide from so many ports or hosts on, and takes so long for each at most.
const (
	scanWidth = 8
	scanPace  = 5 * time.Second
)

// Wide reports whether so many ports or hosts in that time are a scan.
func Wide(n int, in time.Duration) bool { return n >= scanWidth && in <= time.Duration(n)*scanPace }

// Scans reports whether the originator's host asks for many ports of few hosts, or few ports of many hosts, and most
// of them do not accept: whoever asks many hosts for as many ports has been told of each.
func (c *Facts) Scans() bool {
	r := &c.Related
	p, h := r.AskedPorts, r.AskedHosts
	return r.Asked >= scanWidth && r.Answered <= r.Asked/4 &&
		(p >= 4*h && Wide(p, r.AskedSpan) || h >= 4*p && Wide(h, r.AskedSpan))
}

// A flood comes from so many hosts at least, one a second or more.
const (
	floodFrom = 32
	floodPace = time.Second
)

// Flooded reports whether so many hosts ask the responder's port for a connection that it may be a SYN flood.
func (c *Facts) Flooded() bool {
	r := &c.Related
	return r.Askers >= floodFrom && r.AskersSpan <= time.Duration(r.Askers)*floodPace
}

// BySYNProxy reports whether the responder's SYN-ACK has a window of 0: a server offers room for data, and a SYN proxy
// on the path none before the server itself has accepted (Linux, synproxy_send_client_synack).
func (c *Facts) BySYNProxy() bool {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame == c.Conn.SYNACK.Frame {
			return e.Flags.Has(flows.SYN|flows.ACK) && e.WND == 0
		}
	}
	return false
}
