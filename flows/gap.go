package flows

// A hole is a range of octets that one side must have sent and the capture does not hold (yet). Holes
// of a side are chained, newest first.
type hole struct {
	from, to Seq
	next     uint32
}

// maxHoles bounds the open holes of a side; more are counted as missing and forgotten.
const maxHoles = 8

// openHole notes that side's octets in [from, to) were skipped.
func (t *Table) openHole(c *record, side Side, from, to Seq) {
	x := &t.annexOf(c).side[side]
	x.missing += uint32(to - from)
	t.talkOf(c).state.Lost(int(side), uint32(to-from))
	n := 0
	for i := x.holes; i != 0; i = t.holes.at(i).next {
		n++
	}
	if n >= maxHoles {
		return
	}
	i := t.holes.take()
	*t.holes.at(i) = hole{from, to, x.holes}
	x.holes = i
	c.side[side].bits |= hasHoles
}

// fillHoles takes data in [seq, end) of side that was not sent last. It tells whether it lies in a hole.
func (t *Table) fillHoles(c *record, side Side, seq, end Seq, n *Notes) bool {
	x := &t.annexOf(c).side[side]
	for link := &x.holes; *link != 0; link = &t.holes.at(*link).next {
		i := *link
		h := t.holes.at(i)
		if seq.Less(h.from) || h.to.Less(end) {
			continue
		}
		*n |= OutOfOrder
		c.defects |= Reordered
		x.missing -= uint32(end - seq)
		switch {
		case seq == h.from && end == h.to:
			*link = h.next
			t.holes.give(i)
		case seq == h.from:
			h.from = end
		case end == h.to:
			h.to = seq
		default: // in the middle: two holes are left
			k := t.holes.take()
			*t.holes.at(k) = hole{end, h.to, h.next}
			h = t.holes.at(i)
			h.to, h.next = seq, k
		}
		t.holesLeft(c, side, x)
		return true
	}
	return false
}

// passHoles forgets the holes below una: the peer has those octets, the capture never will. What is
// missing stays counted.
func (t *Table) passHoles(c *record, side Side, una Seq) {
	x := &t.annexOf(c).side[side]
	for link := &x.holes; *link != 0; {
		i := *link
		if h := t.holes.at(i); h.to.LessEq(una) && h.to != una {
			*link = h.next
			t.holes.give(i)
		} else {
			link = &h.next
		}
	}
	t.holesLeft(c, side, x)
}

// holesLeft clears the marks when no hole is left.
func (t *Table) holesLeft(c *record, side Side, x *halfAnnex) {
	if x.holes == 0 {
		c.side[side].bits &^= hasHoles | holdFIN
	}
}

// contiguous returns the number up to which side's octets have been seen without a hole.
func (t *Table) contiguous(c *record, side Side) Seq {
	h := &c.side[side]
	low := h.nxt
	if h.bits&hasHoles == 0 {
		return low
	}
	for i := t.annexes.at(c.annex).side[side].holes; i != 0; {
		o := t.holes.at(i)
		if h.una.Less(o.to) && o.from.Less(low) { // a hole below SND.UNA has arrived
			low = o.from
		}
		i = o.next
	}
	if low.Less(h.una) {
		return h.una
	}
	return low
}

// dropHoles gives all holes of a side back.
func (t *Table) dropHoles(x *halfAnnex) {
	for x.holes != 0 {
		i := x.holes
		x.holes = t.holes.at(i).next
		t.holes.give(i)
	}
}

// confirmed tells whether a jump of side to seq is to be believed: the segment before it jumped to the
// same place. A single stray segment moves nothing.
func (t *Table) confirmed(c *record, side Side, seq, end Seq) bool {
	x := &t.annexOf(c).side[side]
	d := seq.Sub(x.stray)
	near := x.hasStray && d >= 0 && d < 1<<20
	x.stray, x.hasStray = end, !near
	if !near {
		return false
	}
	h := &c.side[side]
	t.dropHoles(x)
	h.bits &^= hasHoles | holdFIN
	h.una, h.nxt = seq, seq
	x.missing++ // how much is not known
	return true
}
