package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// Idle returns how long the connection had been silent when the sender closed: since the last data, else
// since the handshake; 0 when that is not known.
func (c *Facts) Idle() time.Duration {
	last := c.LastData()
	if !last.Seen() || !c.Close.Seen() {
		return 0
	}
	if c.acksUnseen() || c.Close.By == ByThis &&
		(c.missedAtEnd(flows.Originator) > 0 || c.missedAtEnd(flows.Responder) > 0) {
		return 0 // when the data came that the capture lacks is not known
	}
	if c.gapSince(last.Frame, c.Close.Frame, 1) { // a single byte is a FIN
		return 0
	}
	if m := c.lastAcknowledged(); c.OneSided() && m.Frame > last.Frame && c.between(m, c.Close.Mark) < IdleFrom {
		return 0 // data that the capture does not hold had just come
	}
	return c.between(last, c.Close.Mark)
}

// CrossedIdle returns the last data of the sender before its FIN, and how long it had been silent then, where
// all that its peer sent in that time crossed the FIN: for the sender the connection was idle. 0 where nothing crossed.
func (c *Facts) CrossedIdle() (from flows.Mark, idle time.Duration) {
	a := &c.AfterClose
	if c.Close.By != ByFIN || !a.acksKnown || !a.Data.Seen() || a.Data.Frame >= c.Close.Frame {
		return from, 0
	}
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		switch {
		case e.Frame >= c.Close.Frame || e.Notes&flows.Duplicate != 0:
		case e.Side == c.Side:
			from = e.Mark
		case from.Seen() && e.DataLen > 0 && e.End().Sub(a.acked) <= 0 && e.Frame > from.Frame:
			from = flows.Mark{} // received, and not acknowledged before the FIN
		}
	}
	if !from.Seen() || from.Frame != c.Close.LastData[c.Side].Frame {
		return from, 0
	}
	return from, c.between(from, c.Close.Mark)
}

// gapSince reports whether a segment between a frame and the close shows that the capture lacks data: it acknowledges
// data, or has a number, beyond all that was captured, more than atLeast bytes of it. When it was sent is not known.
func (c *Facts) gapSince(frame, until int, atLeast uint32) bool {
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Frame <= frame || e.Frame > until || e.Notes&(flows.Gap|flows.AckedUnseen) == 0 {
			continue
		}
		who := e.Side // whose data is missing
		if e.Notes&flows.AckedUnseen != 0 {
			who = who.Peer()
		}
		if c.Conn.End(who).Missing > atLeast {
			return true
		}
	}
	return false
}

// acksUnseen reports whether the RST acknowledges data that the capture missed.
func (c *Facts) acksUnseen() bool {
	return c.Flags.Has(flows.ACK) && c.Rcv.HasSND && c.ACK.Sub(c.Rcv.SND.NXT) > 1
}

// LastData returns the last data of either side before the sender closed, else the end of the handshake.
func (c *Facts) LastData() flows.Mark {
	last := c.LastNewData()
	// Data sent again is no idle time either; keep-alive probes are.
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.DataLen > 0 && e.Frame > last.Frame && e.Frame < c.Close.Frame &&
			e.Notes&(flows.KeepAlive|flows.Duplicate) == 0 {
			last = e.Mark
		}
	}
	return last
}

// LastNewData returns the last data of either side before the sender closed, what was sent again left out; else the end
// of the handshake.
func (c *Facts) LastNewData() flows.Mark {
	last := c.Conn.HandshakeACK
	if !last.Seen() {
		last = c.Conn.SYNACK
	}
	for _, m := range c.Close.LastData {
		if m.Frame > last.Frame && m.Frame <= c.Close.Frame {
			last = m
		}
	}
	return last
}

// IdleFrom is the silence from which on a connection counts as idle.
const IdleFrom = 5 * time.Second

// Gap returns the silence before the segment that the RST answers; retransmissions of it are no break of the silence.
func (c *Facts) Gap() time.Duration {
	if c.Trigger == nil {
		return 0
	}
	from := c.LastBefore(c.Trigger.Frame)
	if !from.Seen() {
		return 0
	}
	return c.between(from, c.Trigger.Mark)
}

// between returns the time between two packets, 0 where packets between them were left out: it was no silence.
func (c *Facts) between(from, until flows.Mark) time.Duration {
	if c.Conn.Omitted.Within(from.Frame, until.Frame) {
		return 0
	}
	return until.Time.Sub(from.Time)
}

// LastBefore returns the last segment of the RST's sender before frame, else the last of its peer.
func (c *Facts) LastBefore(frame int) flows.Mark {
	if c.Snd.Last.Seen() && c.Snd.Last.Frame < frame {
		return c.Snd.Last
	}
	var m flows.Mark
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame < frame && e.Flags&flows.RST == 0 {
			m = e.Mark
		}
	}
	return m
}

// DataBetween reports whether a side sent data between two packets, keep-alive probes left out.
func (c *Facts) DataBetween(from, until flows.Mark) bool {
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Frame > from.Frame && e.Frame < until.Frame && e.DataLen > 0 && e.Notes&(flows.KeepAlive|flows.Duplicate) == 0 {
			return true
		}
	}
	return false
}

// PeerRepeated reports whether the peer had sent the same thing several times before somebody answered with
// the RST: the host was away and is back.
func (c *Facts) PeerRepeated() bool {
	return c.Rcv.Retransmits.Count >= 2 || c.Rcv.KeepAlives.Count >= 3
}

// Silence returns how long no packet of the connection was seen before the RST.
func (c *Facts) Silence() time.Duration {
	last := c.LastPacket()
	if !last.Seen() {
		return 0
	}
	return c.between(last, c.Mark)
}

// LastPacket returns the last packet before the RST, resets of the same moment left out.
func (c *Facts) LastPacket() flows.Mark {
	last := c.Snd.Last
	if c.Rcv.Last.Frame > last.Frame {
		last = c.Rcv.Last
	}
	for _, p := range c.Prior {
		if p.Frame > last.Frame && c.Time.Sub(p.Time) > c.Soon() {
			last = p.Mark // resets to both sides at one moment are one event
		}
	}
	return last
}

// lastAcknowledged returns the last segment of the RST's sender before it closed that acknowledges more than a FIN
// would take: in a capture of one side it shows that data of the peer came. The zero Mark: there is none.
func (c *Facts) lastAcknowledged() flows.Mark {
	var m flows.Mark
	var ack flows.Seq
	known := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || !e.Flags.Has(flows.ACK) || e.Flags&flows.RST != 0 || e.Frame > c.Close.Frame {
			continue
		}
		if known && e.ACK.Sub(ack) > 1 {
			m = e.Mark
		}
		ack, known = e.ACK, true
	}
	return m
}

// SentUnseen reports whether the RST's own number shows data of its sender that the capture does not hold: it lies
// above what the SYN-ACK acknowledged.
func (c *Facts) SentUnseen() bool {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side != c.Side && e.Flags.Has(flows.SYN|flows.ACK) {
			return c.Snd.Bytes == 0 && c.SEQ.Sub(e.ACK) > 1
		}
	}
	return false
}
