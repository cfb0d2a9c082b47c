package track

import "github.com/rstexplain/rstexplain/flows"

// Most segments of a capture belong to a calm connection: both ends are ESTABLISHED, nothing is missing,
// resent or probed, no window is closed, no RST has been seen. Those that come in order change little, and
// takeCalm does it without asking all the questions that take must ask. The results are the same; a fuzz
// test compares them.

// troubles are the marks of a half that keep a connection from being calm.
const troubles = sentFIN | finAcked | zeroWND | hasHoles | hasResend | hasKeep | hasProbe | holdFIN

// settleDown sets or clears calm after a segment that take has taken.
func (c *record) settleDown() {
	c.marks &^= calm
	o, r := &c.side[0], &c.side[1]
	const both = hasBase | hasSND | hasRCV
	if o.state == flows.Established && r.state == flows.Established && (o.bits|r.bits)&troubles == 0 && o.bits&r.bits&both == both &&
		c.marks&(watched|hasReset) == 0 && o.segments > 0 && r.segments > 0 &&
		(c.ackFrame != 0 || o.bits&r.bits&sentSYN == 0) {
		c.marks |= calm
	}
}

// takeCalm takes s, from side of a calm connection, if it is an ordinary segment: in order, and with new
// data or a new ACK. Else it does nothing and returns false.
func (t *Table) takeCalm(c *record, side flows.Side, s *segment) bool {
	a, b := &c.side[side], &c.side[side^1]
	acked, flying := uint32(s.ACK-b.una), uint32(b.nxt-b.una)
	if s.Flags&(flows.FIN|flows.SYN|flows.RST|flows.ACK) != flows.ACK || s.SEQ != a.nxt || acked > flying || s.WND == 0 || s.DataLen|acked == 0 || s.DataLen >= farAhead {
		return false
	}
	lo, hi := c.moment(s.Time)
	if s.DataLen > 0 {
		if a.dataSegments++; a.dataSegments == 1 {
			c.history.add(letterData, side)
		}
		a.sentUpTo(a.nxt.Add(s.DataLen))
		a.lastLen = s.DataLen
		a.dataFrame, a.dataLo, a.dataHi = uint32(s.Frame), lo, hi
		if a.bytes += s.DataLen; a.bytes < s.DataLen {
			a.bytesHi++
		}
		a.unread, a.ackedSince = 0, 0
		b.unread += s.DataLen
	} else if a.bits&saidACK == 0 {
		a.bits |= saidACK
		c.history.add(letterACK, side)
	}
	if acked != 0 {
		old := b.una
		b.una = s.ACK
		if acked == flying {
			t.reacted(c, side, s)
		}
		a.ackedSince += acked
		if uint32(b.maxAcked) < b.lastLen {
			t.acknowledgedLen(c, side.Peer(), old, s.ACK)
		}
	}
	a.wnd = s.WND
	t.sent(a, s, lo, hi)
	e := t.lines.next(c, t.mayGrow(c))
	states := uint8(flows.Established) | uint8(flows.Established)<<4
	e.fill(s, side, lo, hi, 0, states, states)
	if s.DataLen > 0 && !s.told {
		if uint32(len(s.Payload)) < s.DataLen && !t.following {
			c.defects |= flows.SnapCut
		}
		t.say(c, side, stampOf(s), s.Payload, s.DataLen)
	}
	return true
}
