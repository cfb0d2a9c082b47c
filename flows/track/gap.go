package track

import "github.com/rstexplain/rstexplain/flows"

// A hole is a range of bytes that one side must have sent and the capture does not hold (yet). Holes
// of a side are chained, newest first.
type hole struct {
	from, to flows.Seq
	next     uint32
}

// maxHoles bounds the open holes of a side; more are counted as missing and forgotten.
const maxHoles = 8

// openHole notes that side's bytes in [from, to) were skipped.
func (t *Table) openHole(c *record, side flows.Side, from, to flows.Seq) {
	x := &t.coldOf(c).side[side]
	x.missing += uint32(to - from)
	if !x.waits {
		x.waits, x.delivered = true, from
	}
	n := 0
	for i := x.holes; i != 0; i = t.holes.At(i).next {
		n++
	}
	if n >= maxHoles {
		t.stopWaiting(c, side)
		return
	}
	t.addHole(x, from, to)
	c.side[side].bits |= hasHoles
}

func (t *Table) addHole(x *coldHalf, from, to flows.Seq) {
	i := t.holes.Take()
	*t.holes.At(i) = hole{from, to, x.holes}
	x.holes = i
}

// fillHoles takes data in [seq, end) of side that was not sent last, out of its holes. It returns how
// many bytes of it were missing.
func (t *Table) fillHoles(c *record, side flows.Side, seq, end flows.Seq) (found uint32) {
	x := &t.coldOf(c).side[side]
	for link := &x.holes; *link != 0; {
		i := *link
		h := t.holes.At(i)
		from, to := h.from, h.to
		if from.Less(seq) {
			from = seq
		}
		if end.Less(to) {
			to = end
		}
		if to.LessEq(from) { // they do not meet
			link = &h.next
			continue
		}
		found += uint32(to - from)
		switch {
		case from == h.from && to == h.to:
			*link = h.next
			t.holes.Give(i)
			continue
		case from == h.from:
			h.from = to
		case to == h.to:
			h.to = from
		default: // in the middle: two holes are left
			t.addHole(x, to, h.to)
			h.to = from
		}
		link = &h.next
	}
	if found > 0 {
		c.defects |= flows.Reordered
		x.missing -= found
		t.holesLeft(c, side, x)
	}
	return found
}

// passHoles forgets the holes below una: the peer has those bytes, the capture never will. What is
// missing stays counted.
func (t *Table) passHoles(c *record, side flows.Side, una flows.Seq) {
	x := &t.coldOf(c).side[side]
	passed := false
	for link := &x.holes; *link != 0; {
		i := *link
		if h := t.holes.At(i); h.to.Less(una) {
			*link = h.next
			t.holes.Give(i)
			passed = true
		} else {
			link = &h.next
		}
	}
	if passed {
		t.stopWaiting(c, side)
		t.holesLeft(c, side, x)
	}
}

// holesLeft clears the marks when no hole is left.
func (t *Table) holesLeft(c *record, side flows.Side, x *coldHalf) {
	if x.holes == 0 {
		c.side[side].bits &^= hasHoles | holdFIN
	}
}

// contiguous returns the number up to which side's bytes have been seen without a hole.
func (t *Table) contiguous(c *record, side flows.Side) flows.Seq {
	h := &c.side[side]
	low := h.nxt
	if h.bits&hasHoles == 0 {
		return low
	}
	for i := t.coldParts.At(c.cold).side[side].holes; i != 0; {
		o := t.holes.At(i)
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
func (t *Table) dropHoles(x *coldHalf) {
	for x.holes != 0 {
		i := x.holes
		x.holes = t.holes.At(i).next
		t.holes.Give(i)
	}
}

// confirmed reports whether a jump of side to seq is to be believed: the segment before it jumped to the
// same place. A single stray segment moves nothing.
func (t *Table) confirmed(c *record, side flows.Side, seq, end flows.Seq) bool {
	x := &t.coldOf(c).side[side]
	d := seq.Sub(x.stray)
	near := x.hasStray && d >= 0 && d < 1<<20
	x.stray, x.hasStray = end, !near
	if !near {
		return false
	}
	h := &c.side[side]
	t.stopWaiting(c, side)
	t.dropHoles(x)
	h.bits &^= hasHoles | holdFIN
	h.una, h.nxt = seq, seq
	x.missing++ // how much is not known
	return true
}
