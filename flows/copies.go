package flows

import "time"

// copyWithin is how far apart the captures of one packet may be: two interfaces of a host, or the two
// sides of a router, whose clocks differ by tens of milliseconds. A retransmission timer is longer (RFC
// 6298 §2.4 asks for a second, Linux waits 200 ms at least).
const copyWithin = 100 * time.Millisecond

// copyAtOnce is how far apart two captures of one packet may be when nothing but the time tells: shorter
// than any timer.
const copyAtOnce = 500 * time.Microsecond

// fresh tells whether s must be a new packet: it takes new sequence space, or acknowledges more than
// its side has before.
func (c *record) fresh(side Side, s *Segment) bool {
	a, b := &c.side[side], &c.side[side^1]
	if a.bits&hasSND == 0 || s.Flags&ACK != 0 && (a.bits&hasRCV == 0 || b.una.Less(s.ACK)) {
		return true
	}
	return a.nxt.Less(s.End())
}

// original returns the event of which s is a second capture, nil when s is a packet of its own. RSTs are
// judged with the segments that they may answer (copiedRST).
func (t *Table) original(c *record, side Side, s *Segment) *entry {
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return nil
		}
		if e.side() != side || e.seq != s.SEQ || e.ack != s.ACK || e.wnd != s.WND || e.fl() != s.Flags || e.dataLen() != s.DataLen || e.ipid != s.IPID {
			continue
		}
		if t.samePacket(c, side, s, e) {
			return e
		}
		return nil
	}
}

// samePacket tells whether s, which looks like e in every TCP field kept, is the same packet.
func (t *Table) samePacket(c *record, side Side, s *Segment, e *entry) bool {
	apart := s.Time.Sub(c.at(e.lo, e.hi))
	if apart < 0 {
		apart = -apart
	}
	hop := int(s.TTL) - int(e.ttl)
	h := &c.side[side]
	switch {
	case apart > copyWithin, hop < -1, hop > 1:
		return false
	case s.Opts.HasTS && h.bits&hasTS != 0 && int32(s.Opts.TSval-h.tsval) > 0:
		return false // sent later than anything before it
	case s.IPID != 0 && !t.ipidStands(c, side, s):
		return true // RFC 791 §3.1: the identification is the sender's mark on one packet
	case hop != 0 || placeOf(s) != e.origin&^1:
		return true // captured at another place
	case t.copiesAreUsual(c):
		return true
	case s.LEN() == 0 || s.Opts.HasSACK || s.Flags&RST != 0:
		return false // duplicate ACKs look alike, and so do the RSTs of a train
	}
	return apart <= copyAtOnce
}

// ipidStands tells whether side uses the IP ID of s for other packets as well, so that it marks nothing.
func (t *Table) ipidStands(c *record, side Side, s *Segment) bool {
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return false
		}
		if e.side() == side && e.ipid == s.IPID && (e.seq != s.SEQ || e.ack != s.ACK || e.fl() != s.Flags) {
			return true
		}
	}
}

// copiesAreUsual tells whether at least every fourth packet of the connection was a copy so far.
func (t *Table) copiesAreUsual(c *record) bool {
	if c.annex == 0 {
		return false
	}
	n := t.annexes.at(c.annex).copies
	return n > 0 && n*3 >= c.side[0].segments+c.side[1].segments
}

// takeCopy counts a packet captured once more.
func (t *Table) takeCopy(c *record) {
	t.annexOf(c).copies++
	c.defects |= Duplicated
	t.stats.Copies++
}
