package track

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
)

// farAhead is how far a number may jump over bytes that the capture missed before it is doubted. A
// jump further than that must be confirmed by a second segment (halfAnnex.stray).
const farAhead = 1 << 26

// farBehind is how far SND.UNA can lie behind SND.NXT: the largest window (RFC 7323 §2.3). Where the capture
// does not show the peer's ACKs, SND.UNA follows at that distance.
const farBehind = 1 << 30

// sequence takes the sequence numbers of s, no RST, into side's half and returns what it noticed.
// fresh is how many bytes are beyond all that the side had sent before, found how many fill holes, firstFIN
// whether its first FIN came.
func (t *Table) sequence(c *record, side flows.Side, s *segment) (n flows.Notes, fresh, found uint32, firstFIN bool) {
	a := &c.side[side]
	if s.Flags&flows.SYN != 0 {
		n = t.sequenceSYN(c, side, s)
	} else if a.bits&hasSND == 0 {
		t.joinSND(c, side, s)
	}
	seq := s.dataSEQ()
	end := seq.Add(s.DataLen)
	ahead := seq.Sub(a.nxt)
	if ahead > farAhead || ahead < -farBehind || s.DataLen > farAhead {
		if !t.confirmed(c, side, seq, end) {
			return n, 0, 0, false
		}
	}
	if ahead > 0 {
		n |= flows.Gap
		t.openHole(c, side, a.nxt, seq)
		a.sentUpTo(seq)
		c.history.add(letterGap, side)
	}
	fin := s.Flags&flows.FIN != 0
	switch {
	case s.DataLen == 1 && ahead == 0 && a.joined() && !t.asksFor(c, side, seq) && garbageByte(s):
		a.nxt = end
		a.una = end
		n |= t.probe(c, side, s)
	case s.DataLen > 0:
		if a.dataSegments++; a.dataSegments == 1 {
			c.history.add(letterData, side)
		}
		fresh, found = t.sequenceData(c, side, s, seq, end, &n)
	case ahead == 0 && a.joined() && !t.asksFor(c, side, seq) && t.repeats(c, side, s):
		// Nothing but a probe is sent again and again at this distance (RFC 9293 §3.8.4).
		a.nxt = seq + 1
		a.una = a.nxt
		n |= t.probe(c, side, s)
	case ahead == -1 && a.una == a.nxt && s.Flags&(flows.SYN|flows.FIN) == 0 && a.bits&sentFIN == 0:
		n |= t.probe(c, side, s)
		t.probed(c, side, s, n)
	}
	if fin {
		firstFIN = t.sequenceFIN(c, side, s, end, &n)
	}
	return n, fresh, found, firstFIN
}

// sentUpTo moves SND.NXT forward.
func (h *half) sentUpTo(nxt flows.Seq) {
	h.nxt = nxt
	if nxt.Sub(h.una) > farBehind {
		h.una = nxt - farBehind
	}
}

// sequenceSYN takes the SYN or SYN-ACK s.
func (t *Table) sequenceSYN(c *record, side flows.Side, s *segment) (n flows.Notes) {
	a, b := &c.side[side], &c.side[side^1]
	again := a.bits&sentSYN != 0
	if again && s.SEQ == a.iss {
		t.retransmittedSYN(c, side, s)
		n = flows.Retransmitted
	} else {
		// A second SYN-ACK with another number is a new answer: a SYN cookie made anew, or another host.
		a.synTTL, a.offer = s.TTL, t.offers.number(offerOf(s))
		a.syn = deferral.PackSYN(&s.Opts)
		if !again && s.Flags&flows.ACK != 0 && b.bits&sentSYN != 0 && s.ACK == b.iss+1 && a.belies(s.SEQ+1) {
			t.disown(c, side)
		}
		if a.bits&hasSND == 0 || again {
			a.una, a.nxt = s.SEQ, s.SEQ+1
			if b.bits&hasRCV != 0 && !again {
				a.una = c.ackOf(side.Peer())
			}
		}
		if a.segments > 0 {
			t.coldOf(c).side[side].syn = stampOf(s)
		}
		a.iss = s.SEQ
		a.bits |= sentSYN | hasBase | hasISS | hasSND
		if a.nxt.Less(s.SEQ + 1) {
			a.nxt = s.SEQ + 1
		}
	}
	letter := letterSYN
	if s.Flags&flows.ACK != 0 {
		letter = letterSYNACK
	}
	c.history.add(letter, side)
	return n
}

// belies reports whether what h is thought to have sent cannot follow its SYN, which the number first does: it was
// sent in its name by another.
func (h *half) belies(first flows.Seq) bool {
	const opening = 1 << 20 // more than anybody sends before the handshake is complete
	d := h.nxt.Sub(first)
	return h.bits&(hasSND|hasHoles) == hasSND && (d < 0 || d > opening)
}

// disown takes back what segments in the name of side had made known of its numbers.
func (t *Table) disown(c *record, side flows.Side) {
	a := &c.side[side]
	a.bits &^= hasSND | sentFIN | finAcked | holdFIN
	a.bytes, a.bytesHi, a.dataSegments, a.lastLen, a.dataFrame = 0, 0, 0, 0, 0
	if c.cold != 0 {
		x := &t.coldParts.At(c.cold).side[side]
		x.fin, x.finAcked, x.unseenFIN, x.fins, x.missing = stamp{}, stamp{}, stamp{}, 0, 0
	}
}

// joinSND begins the send variables of a side whose SYN was not captured.
func (t *Table) joinSND(c *record, side flows.Side, s *segment) {
	a, b := &c.side[side], &c.side[side^1]
	if b.bits&hasRCV == 0 {
		a.una = s.SEQ // nothing is acknowledged yet
		a.nxt = s.SEQ
	} else if d := s.SEQ.Sub(a.una); d > farAhead || d < -farAhead {
		a.una, a.nxt = s.SEQ, s.SEQ // the peer's number was of another time
	} else if d > 0 {
		a.nxt = s.SEQ // in flight before the capture began
		t.coldOf(c).side[side].missing += uint32(d)
	}
	a.bits |= hasSND
}

// joined reports whether nothing is known of a side's numbers but where it was when the capture began: that
// may be one below SND.NXT, if it was probing.
func (h *half) joined() bool { return h.bits&(sentSYN|sentFIN) == 0 && h.dataFrame == 0 }

// garbageByte reports whether s has the one byte of 0 with which Windows and Solaris send their keep-alive probes
// (RFC 1122 §4.2.3.6: "MAY include one garbage octet of data"): as the first that is seen of a side it is no message.
func garbageByte(s *segment) bool {
	return len(s.Payload) == 1 && s.Payload[0] == 0 && s.Flags&(flows.SYN|flows.FIN|flows.PSH) == 0
}

// asksFor reports whether the peer of side has acknowledged exactly up to seq: a segment there is no probe, which lies
// one below.
func (t *Table) asksFor(c *record, side flows.Side, seq flows.Seq) bool {
	return c.side[side^1].bits&hasRCV != 0 && c.side[side].una == seq
}

// repeats reports whether s, which carries nothing, comes long after an equal segment that nothing answered. Where the
// side acknowledged something new at this SEQ, that was its SND.NXT: s is a further ACK, for data that the capture
// lacks.
func (t *Table) repeats(c *record, side flows.Side, s *segment) bool {
	e := t.lines.back(c, 0)
	if e == nil || e.side() != side || e.seq != s.SEQ || e.ack != s.ACK || e.fl() != s.Flags || s.LEN() != 0 ||
		e.dataLen() != 0 || s.Time.Sub(c.at(e.lo, e.hi)) <= probeDistance {
		return false
	}
	for k := 1; ; k++ {
		switch e = t.lines.back(c, k); {
		case e == nil:
			return true
		case e.side() == side && e.seq == s.SEQ && e.ack != s.ACK:
			return false
		}
	}
}

// probeDistance is less than the distance of keep-alive probes of any system (Windows sends them 1 s
// apart), and more than that of duplicate ACKs.
const probeDistance = 500 * time.Millisecond

// ackOf returns the highest ACK that side has sent: what its peer's SND.UNA rests on.
func (c *record) ackOf(side flows.Side) flows.Seq { return c.side[side^1].una }

// sequenceData takes the data of s, which spans [seq, end). It returns how much of it is beyond all that
// side had sent before, and how much fills holes.
func (t *Table) sequenceData(c *record, side flows.Side, s *segment, seq, end flows.Seq, n *flows.Notes) (fresh,
	found uint32) {
	a, b := &c.side[side], &c.side[side^1]
	if end.Sub(a.nxt) > 0 {
		fresh = min(uint32(end-a.nxt), s.DataLen)
	}
	old := s.DataLen - fresh
	switch {
	case s.DataLen == 1 && (old == 1 && end == a.nxt && a.una == a.nxt && s.Flags&(flows.SYN|flows.FIN) == 0 &&
		a.bits&sentFIN == 0 || b.bits&zeroWND != 0 && (old == 0 || seq == a.una)):
		*n |= t.probe(c, side, s)
		if old == 1 {
			t.probed(c, side, s, *n)
		}
	case old > 0:
		if a.bits&hasHoles != 0 {
			found = t.fillHoles(c, side, seq, seq.Add(old))
		}
		if found > 0 {
			*n |= flows.OutOfOrder
		}
		if found < old {
			*n |= flows.Retransmitted
			t.retransmitted(c, side, s, flows.RunData, seq, s.DataLen)
		}
	}
	if a.bits&sentFIN != 0 {
		fresh = 0 // bytes above the FIN: it was no true one, or these are of another connection
	}
	if fresh > 0 {
		if a.bits&hasHoles != 0 {
			t.coldOf(c).side[side].unseenFIN = stamp{} // data behind it: it was none
		}
		a.sentUpTo(end)
		a.ackedSince = 0
	}
	if fresh > 0 || found > 0 && end == a.nxt { // or only its acknowledgment was captured before it
		a.lastLen = s.DataLen
		a.dataFrame = uint32(s.Frame)
		a.dataLo, a.dataHi = c.moment(s.Time)
	}
	if fresh+found > 0 {
		before := a.bytes
		if a.bytes += fresh + found; a.bytes < before {
			a.bytesHi++
		}
		a.unread = 0
		b.unread += fresh + found
	}
	return fresh, found
}

// sequenceFIN takes the FIN of s, whose number is seq; it reports whether it is the first of the side.
func (t *Table) sequenceFIN(c *record, side flows.Side, s *segment, seq flows.Seq, n *flows.Notes) (first bool) {
	a := &c.side[side]
	x := &t.coldOf(c).side[side]
	if x.fins < 1<<16-1 {
		x.fins++
	}
	if c.side[side^1].state == flows.SynSent && a.bits&sentSYN == 0 {
		return false // dropped (§3.10.7.3)
	}
	if a.bits&sentFIN != 0 {
		if *n&flows.Retransmitted == 0 {
			t.retransmitted(c, side, s, flows.RunFIN, seq, 1)
		}
		*n |= flows.Retransmitted
		return false
	}
	again := seq+1 == a.nxt && a.joined() // its first sending came before the capture
	if seq != a.nxt && !again && (seq+1 != a.nxt || a.bits&hasHoles == 0 || t.fillHoles(c, side, seq, seq+1) == 0) {
		return false // a FIN inside of what was sent already: not believed
	}
	a.nxt = seq + 1
	x.unseenFIN = stamp{}
	a.bits |= sentFIN
	if a.bits&hasHoles != 0 {
		a.bits |= holdFIN
	}
	x.fin, x.finSEQ = stampOf(s), seq
	c.history.add(letterFIN, side)
	return true
}

// acknowledge takes the ACK of s, no RST, and returns what it noticed and whether the ACK is acceptable
// at the peer.
func (t *Table) acknowledge(c *record, side flows.Side, s *segment) (n flows.Notes, acceptable bool) {
	a, b := &c.side[side], &c.side[side^1]
	ack := s.ACK
	if b.bits&hasSND == 0 {
		switch ahead := ack.Sub(b.una); {
		case a.bits&hasRCV == 0:
			b.una, b.nxt = ack, ack
		case ahead > 0 && ahead < farAhead:
			b.una, b.nxt = ack, ack
			a.ackedSince += uint32(ahead)
		}
		if s.Flags&flows.SYN != 0 && (b.bits&hasBase == 0 || b.iss == ack-1) {
			b.iss = ack - 1
			b.bits |= hasBase | hasISS
		}
		a.bits |= hasRCV
		return 0, true
	}
	if a.bits&hasRCV == 0 && b.bits&sentSYN == 0 {
		// The peer began in mid-stream with a number that was only a guess at its SND.UNA.
		if d := ack.Sub(b.nxt); d <= 0 && d > -farAhead {
			if b.una = ack; d == 0 {
				t.advance(c, side, s) // of all that it sent, a FIN perhaps
			}
		}
	}
	if b.state == flows.SynSent && b.una == b.iss && !ack.InWindow(b.iss+1, uint32(b.nxt-b.iss)) {
		// RFC 9293 §3.10.7.3: "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is
		// set …) and discard the segment". A plain ACK here is what a side answers to a SYN that meets a
		// connection it still has (§3.5.2, RFC 5961 §4.2).
		if s.LEN() == 0 {
			n = flows.ChallengeACK
		}
		return n, false
	}
	switch ahead := ack.Sub(b.nxt); {
	case ahead > farAhead:
		return 0, false // SEG.ACK > SND.NXT by more than the capture can have missed
	case ahead == 1 && b.joined():
		b.nxt = ack // what it was first seen to send was a keep-alive probe
		t.advance(c, side, s)
	case ahead > 0:
		n = flows.AckedUnseen
		if ahead == 1 && b.bits&sentFIN == 0 {
			t.coldOf(c).side[side.Peer()].unseenFIN = stampOf(s)
		}
		t.openHole(c, side.Peer(), b.nxt, ack)
		b.nxt = ack
		t.advance(c, side, s)
	case b.una.Less(ack):
		if ahead == 0 {
			t.reacted(c, side, s)
		}
		t.advance(c, side, s)
	case ack == b.una && a.bits&hasRCV != 0 && s.LEN() == 0 && s.WND == a.wnd:
		n = flows.DupACK
	}
	a.bits |= hasRCV
	return n, true
}

// advance moves SND.UNA of side's peer up to the ACK of s.
func (t *Table) advance(c *record, side flows.Side, s *segment) {
	a, b := &c.side[side], &c.side[side^1]
	old, ack := b.una, s.ACK
	b.una = ack
	a.ackedSince += uint32(ack - old)
	if uint32(b.maxAcked) < b.lastLen && b.lastLen > 0 {
		t.acknowledgedLen(c, side.Peer(), old, ack)
	}
	if b.bits&(hasRetransmit|hasHoles|hasKeep) != 0 {
		t.endRuns(c, side.Peer(), ack)
	}
	if b.bits&(sentFIN|finAcked) == sentFIN && ack == b.nxt {
		b.bits |= finAcked
		b.bits &^= holdFIN
		t.coldOf(c).side[side.Peer()].finAcked = stampOf(s)
	}
	if c.ackFrame == 0 && side == flows.Originator && s.Flags&flows.SYN == 0 && a.bits&b.bits&sentSYN != 0 {
		c.ackFrame = uint32(s.Frame)
		c.ackLo, c.ackHi = c.moment(s.Time)
	}
}

// reacted measures the time that side took to acknowledge all that its peer had sent.
func (t *Table) reacted(c *record, side flows.Side, s *segment) {
	a, b := &c.side[side], &c.side[side^1]
	var sent flows.Time
	switch {
	case b.bits&sentFIN != 0:
		x := &t.coldOf(c).side[side^1]
		if x.fins > 1 {
			return // which of the FINs it answers is not known (Karn's rule)
		}
		sent = x.fin.time()
	case b.dataFrame != 0:
		if b.bits&hasRetransmit != 0 {
			return
		}
		sent = c.at(b.dataLo, b.dataHi)
	case b.bits&sentSYN != 0 && b.firstFrame != 0:
		if c.cold != 0 && t.coldParts.At(c.cold).side[side^1].syns > 0 {
			return
		}
		sent = c.at(b.firstLo, b.firstHi)
	default:
		return
	}
	d := s.Time.Sub(sent)
	if d < 0 {
		return
	}
	if b.dataFrame == 0 && b.bits&sentFIN == 0 {
		t.related.handshakeTook(t, s, d)
	}
	u := uint32(min(max(d/reactionUnit, 1), 1<<32-1))
	if a.reaction == 0 || u < a.reaction {
		a.reaction = u
	}
}

// acknowledgedLen keeps the largest segment of side among those that the ACK from old to ack covers.
func (t *Table) acknowledgedLen(c *record, side flows.Side, old, ack flows.Seq) {
	h := &c.side[side]
	if h.dataEnd().LessEq(ack) {
		h.maxAcked = uint16(max(uint32(h.maxAcked), min(h.lastLen, 1<<16-1)))
		return
	}
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return
		}
		if e.side() == side && e.flags&uint8(flows.RST) == 0 && old.Less(e.end()) && e.end().LessEq(ack) {
			h.maxAcked = uint16(max(uint32(h.maxAcked), min(e.dataLen(), 1<<16-1)))
		}
	}
}
