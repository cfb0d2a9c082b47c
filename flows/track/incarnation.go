package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A before is what is remembered of the incarnation of a connection before the present one.
type before struct {
	stream uint32
	last   stamp
	nxt    [2]flows.Seq
	una    [2]flows.Seq
	states [2]flows.State
}

// startsStream reports whether s starts a new incarnation. It is Wireshark's rule, so that streams have its
// numbers: a SYN without ACK does so when its side has shown a sequence number before and the SYN's is
// another, whatever has become of the connection.
func (c *record) startsStream(side flows.Side, s *segment) bool {
	a := &c.side[side]
	return s.Flags&(flows.SYN|flows.ACK) == flows.SYN && a.bits&hasBase != 0 && s.SEQ != a.iss
}

// opensAfterResets takes the RSTs of c, of which nothing else was seen before the SYN s of side, for those of an
// earlier incarnation: they ended that one, and not this. Wireshark gives both one stream number.
func (t *Table) opensAfterResets(c *record, side flows.Side, s *segment) {
	refused := false // by a RST that was captured before the SYN that it answers
	t.eachPending(c, func(p *pending) {
		refused = refused || p.sender != side && p.r.Class == flows.ClassReplyACK && p.r.ACK == s.End() &&
			s.Time.Sub(p.r.Time) <= reordered
	})
	if refused {
		return
	}
	t.reopened(c, s)
	f := t.resetPartOf(c)
	for i := range c.side {
		t.undoClose(c, flows.Side(i))
		c.side[i].state = flows.Unknown
		f.side[i] = resetSide{count: f.side[i].count}
	}
	f.n, f.accepted = 0, false
	c.defects &^= flows.NoHandshake
	if c.marks&leaving != 0 {
		c.marks &^= leaving
		f.returned++
	}
}

// Number gives a stream number to a TCP header that is no segment of a connection, and returns it:
// Wireshark counts headers that an ICMP error quotes, and malformed ones, and so must the table. It keeps
// nothing else of s. Beside batches, Batch.Number does the same.
func (t *Table) Number(s *flows.Segment) (stream int) {
	var tp tuple.Tuple
	t.given(&tp, s)
	return t.number(&segment{Segment: *s}, tp)
}

// number is Number of a header whose tuple is tp.
func (t *Table) number(s *segment, tp tuple.Tuple) (stream int) {
	id := t.recordOf(&tp, &s.Src, &s.Dst, 0)
	switch {
	case id == 0:
		id = t.open(&tp, s)
		t.conns.At(id).marks |= isOther
	case t.conns.At(id).startsStream(t.conns.At(id).sideOf(tp.FromHi), s):
		id = t.reopen(id, &tp, s)
		t.conns.At(id).marks |= isOther
	}
	return int(t.conns.At(id).stream)
}

// begins takes the first segment of a connection that only had a number.
func (t *Table) begins(c *record, tp *tuple.Tuple, s *segment) {
	c.marks &^= isOther
	c.start = int64(s.Time)
	t.orient(c, tp, s)
}

// orient decides which end of a new connection is its originator.
func (t *Table) orient(c *record, tp *tuple.Tuple, s *segment) {
	fromOriginator, sure := t.fromOriginator(s)
	c.marks &^= origIsHi | guessed
	if fromOriginator == tp.FromHi {
		c.marks |= origIsHi
	}
	if !sure {
		c.marks |= guessed
	}
	c.defects &^= flows.NoHandshake
	if s.Flags&flows.SYN == 0 && !s.Unfounded() {
		c.defects |= flows.NoHandshake
	}
}

// base keeps the first sequence number of each side the way Wireshark does, for startsStream.
func (c *record) base(side flows.Side, s *segment) {
	a, b := &c.side[side], &c.side[side^1]
	if a.bits&hasBase == 0 {
		a.iss = s.SEQ - 1
		if s.Flags&flows.SYN != 0 {
			a.iss = s.SEQ
		}
		a.bits |= hasBase
	}
	if s.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.SYN|flows.ACK|flows.RST && s.SEQ != a.iss {
		a.iss = s.SEQ // as sequenceSYN does for a SYN-ACK that makes sense
		a.bits &^= hasISS
	}
	if b.bits&hasBase == 0 && s.Flags&flows.ACK != 0 {
		b.iss = s.ACK - 1
		b.bits |= hasBase
	}
}

// sideOf tells which side a segment is from.
func (c *record) sideOf(fromHi bool) flows.Side {
	if fromHi == (c.marks&origIsHi != 0) {
		return flows.Originator
	}
	return flows.Responder
}

// begin takes the first segment of the capture.
func (t *Table) begin(s *segment) {
	if t.streams == 0 {
		t.began = s.Time
	}
}

// open makes a record for a tuple that is not known and gives it the next stream number, or, where the
// tuple was forgotten a short while ago, its old one.
func (t *Table) open(tp *tuple.Tuple, s *segment) uint32 {
	t.makeRoom()
	t.begin(s)
	id := t.record(tp, s)
	t.index.Insert(tp.Hash(), id)
	c := t.conns.At(id)
	t.stats.PeakOpen = max(t.stats.PeakOpen, t.connections())
	if c.defects&flows.NoHandshake != 0 {
		t.stats.MidStream++
	}
	t.halfOpen++
	if g := t.tombstones.find(tp); g != nil {
		t.restore(c, g, tp, s)
		*g = tombstone{} // the record remembers it now, and the next incarnation must not rise from it
	} else {
		c.stream = uint32(t.streams)
		t.streams++
	}
	return id
}

// record makes a record for tp, whose first segment is s. The index does not know of it yet.
func (t *Table) record(tp *tuple.Tuple, s *segment) uint32 {
	id := t.conns.Take()
	c := t.conns.At(id)
	c.lo, c.hi, c.portLo, c.portHi = tp.Lo, tp.Hi, tp.PortLo, tp.PortHi
	if tp.Wide {
		c.lo = t.wide.Take()
		c.marks |= isWide
		w := t.wide.At(c.lo)
		w.lo, w.hi = s.Src.IP, s.Dst.IP
		if tp.FromHi {
			w.lo, w.hi = w.hi, w.lo
		}
	}
	c.start = int64(s.Time)
	t.orient(c, tp, s)
	c.domain = t.domains.number(uint64(s.Domain))
	return id
}

// fromOriginator reports whether the first segment seen of a connection came from its originator, and
// whether that is sure.
func (t *Table) fromOriginator(s *segment) (originator, sure bool) {
	switch {
	case s.Flags&(flows.SYN|flows.ACK|flows.RST) == flows.SYN, s.Unfounded():
		return true, true
	case s.Flags&(flows.SYN|flows.RST) == flows.SYN: // SYN-ACK
		return false, true
	case s.Flags&(flows.RST|flows.ACK) == flows.RST|flows.ACK && s.SEQ == 0:
		return false, true // answers a segment without ACK: a SYN (RFC 9293 §3.10.7.1)
	}
	src, dst := t.related.serves(t, &s.Src), t.related.serves(t, &s.Dst)
	if src != dst {
		return dst, false // one of them was seen to accept connections on this port
	}
	const ephemeral = 32768 // where most systems' ephemeral ports begin, at the lowest (RFC 6056 §2.1)
	sp, dp := s.Src.Port, s.Dst.Port
	if (sp < 1024) != (dp < 1024) || (sp < ephemeral) != (dp < ephemeral) {
		return sp > dp, false
	}
	return true, false
}

// reopen ends the incarnation id and starts the next one of its 4-tuple with the SYN s.
func (t *Table) reopen(id uint32, tp *tuple.Tuple, s *segment) uint32 {
	c := t.conns.At(id)
	x := before{stream: c.stream}
	for i := range c.side {
		h := &c.side[i]
		x.nxt[i], x.una[i], x.states[i] = h.nxt, h.una, h.state
		if m := c.last(flows.Side(i)); m.Frame > int(x.last.frame) {
			x.last = stampAt(m)
		}
	}
	incarnation := uint32(1)
	if c.cold != 0 {
		incarnation += t.coldParts.At(c.cold).incarnation
	}
	wasHi := c.marks&origIsHi != 0
	t.reopened(c, s)
	t.forget(id, tp.Hash())
	t.stats.Reopened++

	id = t.open(tp, s)
	c = t.conns.At(id)
	if wasHi != (c.marks&origIsHi != 0) { // the other side connects this time
		x.nxt[0], x.nxt[1] = x.nxt[1], x.nxt[0]
		x.una[0], x.una[1] = x.una[1], x.una[0]
		x.states[0], x.states[1] = x.states[1], x.states[0]
	}
	a := t.coldOf(c)
	a.incarnation = incarnation
	a.before = t.befores.Take()
	*t.befores.At(a.before) = x
	return id
}

// swap exchanges the sides of a connection whose originator had been guessed wrong.
func (t *Table) swap(c *record) {
	c.marks ^= origIsHi
	c.marks &^= guessed
	c.side[0], c.side[1] = c.side[1], c.side[0]
	ring := t.lines.ring(c)
	for k := range ring[:min(int(c.ringN), len(ring))] {
		e := &ring[k]
		e.origin ^= 1
		e.was, e.is = e.was>>4|e.was<<4, e.is>>4|e.is<<4
	}
	c.history = c.history.swapped()
	if c.cold != 0 {
		x := t.coldParts.At(c.cold)
		x.side[0], x.side[1] = x.side[1], x.side[0]
		if x.reset != 0 {
			t.resetParts.At(x.reset).swap()
		}
	}
	if c.application != 0 { // what was said so far is about the wrong sides: begin again
		t.dropApplication(c)
		c.marks |= applicationLost
	}
}

// leave puts a connection that is over at the end of the queue of closed ones.
func (t *Table) leave(c *record) {
	if c.marks&leaving == 0 {
		c.marks |= leaving
		t.closed.Push(uint64(t.current)<<32 | uint64(c.stream))
	}
}

// forget gives back the record id and all that hangs on it.
func (t *Table) forget(id, hash uint32) {
	c := t.conns.At(id)
	if c.marks&bothSides == 0 {
		t.halfOpen--
	}
	t.index.Remove(hash, id)
	t.lines.drop(c)
	t.dropCold(c)
	t.dropApplication(c)
	if c.marks&followed != 0 {
		t.follows.live--
	}
	if c.marks&isWide != 0 {
		t.wide.Give(c.lo)
	}
	*c = record{marks: gone}
	t.conns.Give(id)
}
