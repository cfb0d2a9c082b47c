package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
)

// An entry is an Event in 32 bytes. Its moment counts from the record's start.
type entry struct {
	frame    uint32
	seq, ack flows.Seq
	lo       uint32
	hi       int16
	wnd      uint16 // raw
	ipid     uint16
	lenLo    uint16
	lenHi    uint8
	ttl      uint8
	flags    uint8 // FIN … CWR; AE is in notes
	was, is  uint8 // states, see record.states
	origin   uint8 // sender in the lowest bit; above it, a hash of the place of capture
	notes    flows.Notes
}

// Bits of entry.notes beside the Notes themselves, which use the lower ones.
const (
	entryAE       flows.Notes = 1 << 15
	entryAnswered flows.Notes = 1 << 14 // a RST has been explained by this segment
	entryBits                 = entryAE | entryAnswered
)

// side returns the sender.
func (e *entry) side() flows.Side { return flows.Side(e.origin & 1) }

// pointOf hashes where s was captured.
func pointOf(s *segment) uint8 {
	if s.point != 0 {
		return s.point - 1
	}
	return deferral.HashPoint(s.MAC, s.Domain, s.Interface)
}

// dataLen returns the bytes of data; an impossible 16 MiB and more count as 16 MiB.
func (e *entry) dataLen() uint32 { return uint32(e.lenHi)<<16 | uint32(e.lenLo) }

func (e *entry) fl() flows.Flags {
	f := flows.Flags(e.flags)
	if e.notes&entryAE != 0 {
		f |= flows.AE
	}
	return f
}

// end returns the sequence number after the segment.
func (e *entry) end() flows.Seq {
	return e.seq + flows.Seq(e.dataLen()) + flows.Seq(e.flags>>1&1) + flows.Seq(e.flags&1) // SYN and FIN take one each
}

// A timeline keeps the last events of a connection in a ring that grows with it: 3, then 12, then 24
// entries. While very many connections are open, rings stay at 3 (TableOptions.ShortAbove).
const (
	shortRing  = 3
	middleRing = 12
	longRing   = 24
)

// ringSize gives the entries in a ring of each class.
var ringSize = [4]uint8{0, shortRing, middleRing, longRing}

// timelines holds the rings.
type timelines struct {
	short  slab.Slab[[shortRing]entry]
	middle slab.Slab[[middleRing]entry]
	long   slab.Slab[[longRing]entry]
}

// ring returns the entries of c's ring.
func (t *timelines) ring(c *record) []entry {
	switch c.ringClass {
	case 1:
		return t.short.At(c.ring)[:]
	case 2:
		return t.middle.At(c.ring)[:]
	case 3:
		return t.long.At(c.ring)[:]
	}
	return nil
}

// drop gives the ring of c back.
func (t *timelines) drop(c *record) {
	t.giveBack(c.ringClass, c.ring)
	c.ringClass, c.ringN, c.ringPos, c.ring = 0, 0, 0, 0
}

func (t *timelines) giveBack(class uint8, i uint32) {
	switch class {
	case 1:
		t.short.Give(i)
	case 2:
		t.middle.Give(i)
	case 3:
		t.long.Give(i)
	}
}

// next returns the entry for the next event of c, growing the ring where it may grow, else in place of
// the oldest event. The entry holds old values.
func (t *timelines) next(c *record, grow bool) *entry {
	size := ringSize[c.ringClass]
	if c.ringN == size && (size == 0 || grow && size < longRing) {
		t.grow(c)
		size = ringSize[c.ringClass]
	}
	e := &t.ring(c)[c.ringPos]
	if c.ringPos++; c.ringPos == size {
		c.ringPos = 0
	}
	if c.ringN < size {
		c.ringN++
	}
	return e
}

// grow moves c's events to a ring of the next class.
func (t *timelines) grow(c *record) {
	old, class, i := t.ring(c), c.ringClass, c.ring
	pos, n := int(c.ringPos), int(c.ringN)
	switch c.ringClass++; c.ringClass {
	case 1:
		c.ring = t.short.Take()
	case 2:
		c.ring = t.middle.Take()
	case 3:
		c.ring = t.long.Take()
	}
	fresh := t.ring(c)
	for k := 0; k < n; k++ { // oldest first
		fresh[k] = old[(pos-n+k+len(old))%len(old)]
	}
	c.ringPos = uint8(n)
	t.giveBack(class, i)
}

// shorten keeps the last events of c only, in a ring of the first class.
func (t *timelines) shorten(c *record) {
	if c.ringClass <= 1 {
		return
	}
	old, class, i := t.ring(c), c.ringClass, c.ring
	pos, n := int(c.ringPos), min(int(c.ringN), shortRing)
	c.ringClass, c.ring = 1, t.short.Take()
	fresh := t.ring(c)
	for k := range n { // oldest first
		fresh[k] = old[(pos-n+k+len(old))%len(old)]
	}
	c.ringN, c.ringPos = uint8(n), uint8(n%shortRing)
	t.giveBack(class, i)
}

// back returns the k-th last event of c, 0 for the newest; nil when the ring does not hold it.
func (t *timelines) back(c *record, k int) *entry {
	if uint(k) >= uint(c.ringN) {
		return nil
	}
	i := int(c.ringPos) - 1 - k
	if i < 0 {
		i += int(ringSize[c.ringClass])
	}
	return &t.ring(c)[i]
}

// mayGrow reports whether the ring of c may grow: if c is followed closely, or one of few of which one side has
// spoken. Once memory has come near its bound, rings grow only into memory that other rings have left.
func (t *Table) mayGrow(c *record) bool {
	if c.marks&followed == 0 && (c.marks&bothSides != 0 || t.connections() > t.opts.ShortAbove) {
		return false
	}
	return t.lastMemory == 0 || t.lines.left(c.ringClass+1)
}

// left reports whether there is a ring of a class that was given back.
func (t *timelines) left(class uint8) bool {
	switch class {
	case 2:
		return len(t.middle.Free) > 0
	case 3:
		return len(t.long.Free) > 0
	}
	return false
}

// note appends segment s of side to the timeline.
func (t *Table) note(c *record, side flows.Side, s *segment, n flows.Notes, from uint8) *entry {
	e := t.lines.next(c, t.mayGrow(c))
	lo, hi := c.moment(s.Time)
	e.fill(s, side, lo, hi, n, from, c.states())
	return e
}

// fill writes s into e. It does so field by field, for a literal is made elsewhere and copied, which the
// processor waits for.
func (e *entry) fill(s *segment, side flows.Side, lo uint32, hi int16, n flows.Notes, was, is uint8) {
	data := min(s.DataLen, 1<<24-1)
	if s.Flags&flows.AE != 0 {
		n |= entryAE
	}
	e.frame, e.seq, e.ack, e.lo, e.hi = uint32(s.Frame), s.SEQ, s.ACK, lo, hi
	e.wnd, e.ipid, e.lenLo, e.lenHi = s.WND, s.IPID, uint16(data), uint8(data>>16)
	e.ttl, e.flags, e.was, e.is = s.TTL, uint8(s.Flags), was, is
	e.origin, e.notes = uint8(side)|pointOf(s), n
}

// event makes an Event of an entry.
func (c *record) event(e *entry) flows.Event {
	shift, _ := c.scale(e.side())
	if e.flags&uint8(flows.SYN) != 0 {
		shift = 0 // the window of a SYN is never scaled (RFC 7323 §2.2)
	}
	return flows.Event{
		Mark: flows.Mark{Frame: int(e.frame), Time: c.at(e.lo, e.hi)}, Side: e.side(), Flags: e.fl(), SEQ: e.seq, ACK: e.ack,
		DataLen: e.dataLen(), WND: uint32(e.wnd) << shift,
		From:  [2]flows.State{flows.State(e.was & 15), flows.State(e.was >> 4)},
		To:    [2]flows.State{flows.State(e.is & 15), flows.State(e.is >> 4)},
		Notes: e.notes &^ entryBits, TTL: e.ttl, IPID: e.ipid,
	}
}

// coarsen makes room for times far from the start of c: moments count in steps of 1.024 µs from now on,
// which reaches 4 years.
func (t *Table) coarsen(c *record) {
	const steps = 10
	if c.coarse >= 2*steps {
		return // a clock that lies about years
	}
	shrink := func(lo *uint32, hi *int16) {
		d := (int64(*hi)<<32 | int64(*lo)) >> steps
		*lo, *hi = uint32(d), int16(d>>32)
	}
	shrink(&c.ackLo, &c.ackHi)
	for i := range c.side {
		h := &c.side[i]
		shrink(&h.firstLo, &h.firstHi)
		shrink(&h.lastLo, &h.lastHi)
		shrink(&h.dataLo, &h.dataHi)
	}
	ring := t.lines.ring(c)
	for k := range ring[:min(int(c.ringN), len(ring))] {
		shrink(&ring[k].lo, &ring[k].hi)
	}
	c.coarse += steps
}
