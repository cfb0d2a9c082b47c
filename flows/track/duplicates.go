package track

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// copyWithin is how far apart the captures of one packet may be: two interfaces of a host, or the two
// sides of a router, whose clocks differ by tens of milliseconds. A retransmission timer is longer (RFC
// 6298 §2.4 asks for a second, Linux waits 200 ms at least).
const copyWithin = 100 * time.Millisecond

// copyAtOnce is how far apart two captures of one packet may be when nothing but the time tells: shorter
// than any timer.
const copyAtOnce = 500 * time.Microsecond

// fresh reports whether s must be a new packet: it takes new sequence space, or acknowledges more than
// its side has before.
func (c *record) fresh(side flows.Side, s *segment) bool {
	a, b := &c.side[side], &c.side[side^1]
	return a.segments == 0 || s.Flags&flows.ACK != 0 && a.bits&hasRCV != 0 && b.una.Less(s.ACK) || a.nxt.Less(s.End())
}

// original returns the event of which s is a second capture, nil when s is a packet of its own. RSTs are
// judged with the segments that they may answer (copiedRST).
func (t *Table) original(c *record, side flows.Side, s *segment) *entry {
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return nil
		}
		if e.side() != side || e.seq != s.SEQ || e.ack != s.ACK || e.wnd != s.WND ||
			e.fl() != s.Flags || e.dataLen() != s.DataLen || e.ipid != s.IPID {
			continue
		}
		if t.samePacket(c, side, s, e) {
			return e
		}
		return nil
	}
}

// samePacket reports whether s, which looks like e in every TCP field kept, is the same packet.
func (t *Table) samePacket(c *record, side flows.Side, s *segment, e *entry) bool {
	apart := s.Time.Sub(c.at(e.lo, e.hi))
	if apart < 0 {
		apart = -apart
	}
	hop := int(s.TTL) - int(e.ttl)
	switch {
	case apart > copyWithin, hop < -1, hop > 1:
		return false
	case s.Opts.HasTS && (hop == 0 || c.defects&flows.Reordered == 0) && t.newTSval(c, side, s):
		return false // sent later than anything before it, unless what was captured last was sent long before
	case s.IPID != 0 && !t.ipidStands(c, side, s):
		return true // RFC 791 §3.1: the identification is the sender's mark on one packet
	case hop != 0 || pointOf(s) != e.origin&^1:
		return true // captured at another place
	case t.copiesAreUsual(c):
		return true
	case s.LEN() == 0 || s.Opts.HasSACK || s.Flags&flows.RST != 0:
		return false // duplicate ACKs look alike, and so do the RSTs of a train
	}
	return apart <= copyAtOnce && !s.Unknown.Has(flows.FieldTime)
}

// newTSval reports whether the timestamp of s is later than that of all segments of side before it.
func (t *Table) newTSval(c *record, side flows.Side, s *segment) bool {
	if h := &c.side[side]; h.bits&hasTS != 0 && int32(s.Opts.TSval-h.tsval) <= 0 {
		return false
	}
	if c.marks&hasReset != 0 {
		if last := &t.resetPartOf(c).side[side]; last.count > 0 && int32(s.Opts.TSval-last.tsval) <= 0 {
			return false
		}
	}
	return true
}

// ipidStands reports whether side uses the IP ID of s for other packets as well, so that it marks nothing.
func (t *Table) ipidStands(c *record, side flows.Side, s *segment) bool {
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

// manyPackets is how many packets a capture must have before its copies as a whole say anything.
const manyPackets = 20

// copiesPer returns how many copies there are to how many packets, on the connection, or in the capture
// where it has more of them in proportion: a mirror port that doubles packets doubles all.
func (t *Table) copiesPer(c *record) (copies, packets uint32) {
	packets = c.side[0].segments + c.side[1].segments
	if c.cold != 0 {
		copies = t.coldParts.At(c.cold).duplicates
	}
	if c.marks&hasReset != 0 {
		f := t.resetPartOf(c)
		packets += f.side[0].count + f.side[1].count
	}
	all, allCopies := t.stats.Segments-t.stats.Duplicates, t.stats.Duplicates
	if all >= manyPackets && uint64(allCopies)*uint64(packets) > uint64(copies)*uint64(all) {
		return uint32(allCopies), uint32(all)
	}
	return copies, packets
}

// copiesAreUsual reports whether at least every fourth packet was a copy so far.
func (t *Table) copiesAreUsual(c *record) bool {
	copies, packets := t.copiesPer(c)
	return copies > 0 && copies*3 >= packets
}

// usualDuplicates returns how many copies each packet has had so far, to the nearest whole number.
func (t *Table) usualDuplicates(c *record) uint32 {
	copies, packets := t.copiesPer(c)
	return (copies + packets/2) / max(packets, 1)
}

// takeDuplicate counts a packet captured once more.
func (t *Table) takeDuplicate(c *record) {
	t.coldOf(c).duplicates++
	c.defects |= flows.Duplicated
	t.stats.Duplicates++
}
