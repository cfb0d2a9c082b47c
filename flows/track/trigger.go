package track

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// trigger looks for the segment that RST s of side answers by the numbers of RFC 9293 §3.10.7. n counts all
// that fit; best is the one that most likely drew it.
//
// A socket that is gone answers each segment with one RST, in the order in which they arrive. So of those
// that can just have been under way, the first is meant: after an earlier RST the first that follows what
// that one answered; before any, the first with data, else the first with FIN, because a socket that has
// sent its FIN takes an ACK in silence. Where none can just have been under way, the latest is meant.
func (t *Table) trigger(c *record, side flows.Side, s *segment) (best *entry, n int) {
	if s.Flags&flows.ACK != 0 && s.SEQ != 0 && (t.lastRST(c, side) == 0 || c.side[side].state != flows.Closed) {
		return nil, 0 // its sender's own decision: it had the connection until now
	}
	// A segment cannot have been answered in less than the sender's round trip to the capture point.
	// Half of the shortest one seen allows for what that measurement does not know.
	reaction := time.Duration(c.side[side].reaction) * reactionUnit
	recent := t.recentReaction(c, side)
	soonest, within := reaction/2, answeredWithin(max(reaction, recent))
	if reaction < nearby || nearer(s.TTL, c.side[side].ttl) {
		soonest = 0 // what a host itself takes varies more than that; and a device on the way is sooner
	}
	after := t.lastTrigger(c, side)
	var late, first *entry
	weight := 0
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			break
		}
		if !answers(s, side, e) {
			continue
		}
		n++
		if e.notes&entryAnswered != 0 {
			continue
		}
		d := s.Time.Sub(c.at(e.lo, e.hi))
		switch {
		case d < 0 && c.side[side].bits&hasSND != 0 && s.SEQ == c.side[side].nxt:
			n-- // captured after the RST by its time: with this SEQ, the RST is an abort
			continue
		case d < soonest:
			if late == nil {
				late = e
			}
			continue
		case best == nil:
			best = e
			if reaction == 0 && recent == 0 {
				within = answeredWithin(d) // where none was seen, the latest tells how far away the sender can be
			}
		}
		if d > within || e.frame < after || t.hasTaken(c, side, e) {
			continue
		}
		if w := weightOf(e, after != 0); w > 0 && w >= weight {
			first, weight = e, w
		}
	}
	switch {
	case first != nil:
		best = first
	case best == nil:
		best = late
	case late != nil && late.end() != late.seq && (after == 0 && t.hasTaken(c, side, best) ||
		s.Time.Sub(c.at(best.lo, best.hi)) > max(2*within, time.Second)):
		best = late // sooner than it ever answered is likelier than so much later, or what it had acknowledged
	}
	return best, n
}

// recentReaction returns the shortest of the last times in which side acknowledged segments of its peer, 0 where the
// timeline holds fewer than enoughReactions: since the handshake, queues on the way may have filled.
func (t *Table) recentReaction(c *record, side flows.Side) time.Duration {
	const enoughReactions, lastReactions = 3, 5
	type answer struct {
		ack flows.Seq
		at  flows.Time
	}
	var open [lastReactions]answer // acknowledgments whose segments are not found yet, newest first
	n, found := 0, 0
	shortest := time.Duration(0)
	for k := 0; found < lastReactions; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			break
		}
		switch at := c.at(e.lo, e.hi); {
		case e.flags&uint8(flows.RST|flows.SYN) != 0:
		case e.side() == side && e.flags&uint8(flows.ACK) != 0:
			if n > 0 && open[n-1].ack == e.ack {
				open[n-1].at = at // the first acknowledgment of it counts
			} else if n < lastReactions {
				open[n] = answer{e.ack, at}
				n++
			}
		case e.side() != side && e.end() != e.seq:
			for i := range open[:n] {
				if open[i].ack != e.end() {
					continue
				}
				if d := open[i].at.Sub(at); d > 0 && e.notes&flows.Retransmitted == 0 {
					if found++; shortest == 0 || d < shortest {
						shortest = d
					}
				}
				copy(open[i:n], open[i+1:n])
				n--
				break
			}
		}
	}
	if found < enoughReactions {
		return 0
	}
	return shortest
}

// nearer reports whether a packet with the first TTL has passed fewer routers than one with the second, by the initial
// values that systems use (64, 128, 255).
func nearer(ttl, than uint8) bool {
	hops := func(ttl uint8) uint8 {
		switch {
		case ttl <= 64:
			return 64 - ttl
		case ttl <= 128:
			return 128 - ttl
		}
		return 255 - ttl
	}
	return ttl != 0 && than != 0 && hops(ttl) < hops(than)
}

// nearby is the reaction below which the capture point is at the sender itself, or next to it.
const nearby = 500 * time.Microsecond

// answeredWithin is how long after a segment the RST that it draws comes at most, where the sender's
// reaction is known: queues on the way may double it.
func answeredWithin(reaction time.Duration) time.Duration {
	return max(2*reaction, reaction+5*time.Millisecond)
}

// weightOf tells how likely a segment draws the next RST, against others that are under way with it. reset
// says that the socket is gone for sure.
func weightOf(e *entry, reset bool) int {
	switch {
	case reset, e.dataLen() > 0:
		return 2
	case e.flags&uint8(flows.FIN) != 0:
		return 1
	}
	return 0
}

// hasTaken reports whether side had acknowledged the bytes of e, by an earlier RST too: its socket was there when e
// arrived.
func (t *Table) hasTaken(c *record, side flows.Side, e *entry) bool {
	if e.end() == e.seq {
		return false
	}
	if c.side[side].bits&hasRCV != 0 && e.end().LessEq(c.ackOf(side)) {
		return true
	}
	if c.marks&hasReset == 0 {
		return false
	}
	own := &t.resetPartOf(c).side[side]
	return own.hasAcked && e.frame < own.last.frame && e.end().LessEq(own.acked)
}

// lastRST returns the frame of the last RST of side, 0 without one.
func (t *Table) lastRST(c *record, side flows.Side) uint32 {
	if c.marks&hasReset == 0 {
		return 0
	}
	return t.resetPartOf(c).side[side].last.frame
}

// lastTrigger returns the frame that the last RST of side answered, 0 without one.
func (t *Table) lastTrigger(c *record, side flows.Side) uint32 {
	if c.marks&hasReset == 0 {
		return 0
	}
	return t.resetPartOf(c).side[side].trigger
}

// answers reports whether RST s of side has the numbers of an answer to e.
func answers(s *segment, side flows.Side, e *entry) bool {
	if e.side() == side || e.flags&uint8(flows.RST) != 0 {
		return false // §3.5.2: a RST is never answered
	}
	switch {
	case s.Flags&flows.ACK == 0:
		return e.flags&uint8(flows.ACK) != 0 && e.ack == s.SEQ
	case s.SEQ != 0:
		// Some devices and stacks give both numbers of an answer, whatever the segment has: §3.10.7.1 asks for
		// ACK = SEG.SEQ + SEG.LEN only where it has no ACK.
		return e.flags&uint8(flows.ACK) != 0 && e.ack == s.SEQ && e.end() == s.ACK && e.end() != e.seq
	}
	// Some stacks do not count the FIN of a segment without ACK, which only scanners send.
	return e.flags&uint8(flows.ACK) == 0 && (e.end() == s.ACK || e.flags&uint8(flows.FIN) != 0 && e.end()-1 == s.ACK)
}

// atOnce looks for the segment of the peer that a RST which is its sender's own decision followed at
// once: its last data, FIN or SYN that the RST acknowledges, when the RST came about as fast after it as the
// sender ever answers.
func (t *Table) atOnce(c *record, side flows.Side, s *segment) *entry {
	reaction := time.Duration(c.side[side].reaction) * reactionUnit
	within := max(2*reaction, reaction+2*time.Millisecond)
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return nil
		}
		if e.side() == side || e.flags&uint8(flows.RST) != 0 || e.end() == e.seq {
			continue
		}
		if d := s.Time.Sub(c.at(e.lo, e.hi)); d < 0 || d > within || e.notes&entryAnswered != 0 || s.ACK.Less(e.end()) {
			return nil
		}
		return e
	}
}
