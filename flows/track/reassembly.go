package track

import "github.com/rstexplain/rstexplain/flows"

// An application gets its data in order, whatever happens to the segments, and so must the exchange. While bytes of a
// side are missing, the data behind them is held here; when they come (reordered, or retransmitted after a loss), all
// is delivered in order. When they do not come, the exchange learns that they are lost: as soon as the peer
// acknowledges more or answers, a RST comes, or too much would be held.

// A held is one segment's data that waits, in Table.held. Those of a side are chained in sequence order.
type held struct {
	seq    flows.Seq
	len    uint32
	next   uint32
	at     stamp
	kept   uint16 // bytes in use of bytes
	octets [heldOctets]byte
}

const (
	heldOctets = 480  // how much is kept of a segment that waits
	maxHeld    = 64   // segments of one side that may wait
	maxAllHeld = 4096 // segments that may wait in all
)

// reassemble gives the exchange the data of s: now, or later when bytes before it are missing. The last fresh
// bytes of s are beyond all data before it.
func (t *Table) reassemble(c *record, side flows.Side, s *segment, fresh uint32) {
	if c.cold != 0 {
		x := t.coldParts.At(c.cold)
		if peer := &x.side[side^1]; peer.waits && s.Flags&flows.ACK != 0 && peer.delivered.Less(s.ACK) {
			t.stopWaiting(c, side.Peer()) // this is the answer to what is missing
		}
		if x.side[side].waits {
			t.hold(c, side, s)
			return
		}
	}
	if fresh > 0 && !s.delivered {
		t.deliverData(c, side, stampOf(s), s.Payload[min(int(s.DataLen-fresh), len(s.Payload)):], fresh)
	}
}

// hold keeps the data of s until what is missing before it comes.
func (t *Table) hold(c *record, side flows.Side, s *segment) {
	x := &t.coldOf(c).side[side]
	if x.nHeld >= maxHeld || t.held.Live >= maxAllHeld {
		t.stopWaiting(c, side)
	}
	i := t.held.Take()
	h := t.held.At(i)
	h.seq, h.len, h.at = s.dataSEQ(), s.DataLen, stampOf(s)
	h.kept = uint16(copy(h.octets[:], s.Payload))
	link := &x.held
	for *link != 0 && t.held.At(*link).seq.LessEq(h.seq) {
		link = &t.held.At(*link).next
	}
	h.next, *link = *link, i
	x.nHeld++
	for x.held != 0 && t.held.At(x.held).seq.LessEq(x.delivered) {
		t.deliverHeld(c, side, x)
	}
	if x.delivered == c.side[side].dataEnd() {
		t.waited(c, side, x)
	}
}

// deliverHeld delivers the first piece of data that waits. What is missing before it is lost; what was delivered
// already is left out.
func (t *Table) deliverHeld(c *record, side flows.Side, x *coldHalf) {
	i := x.held
	h := t.held.At(i)
	x.held = h.next
	x.nHeld--
	if lost := h.seq.Sub(x.delivered); lost > 0 {
		t.deliverGap(c, side, uint32(lost))
		x.delivered = h.seq
	}
	if old := uint32(x.delivered - h.seq); old < h.len {
		t.deliverData(c, side, h.at, h.octets[min(old, uint32(h.kept)):h.kept], h.len-old)
		x.delivered = h.seq.Add(h.len)
	}
	t.held.Give(i)
}

// stopWaiting tells the exchange all that waits of side, and what is lost.
func (t *Table) stopWaiting(c *record, side flows.Side) {
	x := &t.coldOf(c).side[side]
	if !x.waits {
		return
	}
	for x.held != 0 {
		t.deliverHeld(c, side, x)
	}
	end := c.side[side].dataEnd()
	if x.unseenFIN.frame != 0 {
		end--
	}
	if lost := end.Sub(x.delivered); lost > 0 {
		t.deliverGap(c, side, uint32(lost))
	}
	t.waited(c, side, x)
}

// waited ends the waiting of side: all that was sent has been fed.
func (t *Table) waited(c *record, side flows.Side, x *coldHalf) {
	x.waits = false
	if c.side[side].bits&sentFIN != 0 {
		t.finish(c, side)
	}
}

// finish tells the exchange of side's FIN, after all of its data.
func (t *Table) finish(c *record, side flows.Side) {
	x := &t.coldOf(c).side[side]
	if x.waits = x.waits && (x.held != 0 || x.delivered != c.side[side].dataEnd()); x.waits || x.closeState != 0 {
		return
	}
	if k := t.applicationOf(c); k != nil {
		k.state.Fin(int(side), int64(x.fin.time()))
	}
	t.noteClose(c, side, x.fin, true)
	c.side[side].unread = 0
}

// dropHeld gives back all that waits of a side.
func (t *Table) dropHeld(x *coldHalf) {
	for x.held != 0 {
		i := x.held
		x.held = t.held.At(i).next
		t.held.Give(i)
	}
	x.nHeld = 0
}
