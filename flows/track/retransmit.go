package track

import "github.com/rstexplain/rstexplain/flows"

// A run is a Run in compact form, in Table.runs while it is unanswered.
type run struct {
	orig, first, last stamp
	seq               flows.Seq
	len               uint32
	count             uint32
	frames            [flows.MaxRunFrames]uint32
	kind              flows.RunKind
	held              uint8 // frames in use
}

// count adds the sending s to the run.
func (r *run) add(s *segment) {
	if r.count == 0 {
		r.first = stampOf(s)
	}
	r.count++
	r.last = stampOf(s)
	if r.held < flows.MaxRunFrames {
		r.frames[r.held] = uint32(s.Frame)
		r.held++
	}
}

// retransmitted takes a retransmission by side of sequence space [seq, seq+len): it goes to the run of
// retransmissions when it repeats the oldest thing that the peer has not acknowledged. Whether a timer or duplicate
// ACKs caused it does not matter: the distances are in the marks.
func (t *Table) retransmitted(c *record, side flows.Side, s *segment, kind flows.RunKind, seq flows.Seq,
	length uint32) {
	h := &c.side[side]
	x := &t.coldOf(c).side[side]
	x.retransmitted++
	t.echoed(c, side, s, kind, seq, length)
	c.history.add(letterRetransmitted, side)
	if h.una.Less(seq) || seq.Add(length).LessEq(h.una) {
		return // not the oldest, or acknowledged already
	}
	if h.bits&hasRetransmit == 0 {
		x.retransmit = t.runs.Take()
		h.bits |= hasRetransmit
		r := t.runs.At(x.retransmit)
		r.kind, r.seq, r.len = kind, seq, length
		r.orig = t.firstSending(c, side, seq, kind)
	}
	t.runs.At(x.retransmit).add(s)
}

// retransmittedSYN is sentAgain for a SYN or SYN-ACK.
func (t *Table) retransmittedSYN(c *record, side flows.Side, s *segment) {
	x := &t.coldOf(c).side[side]
	if x.syns < 1<<16-1 {
		x.syns++
	}
	x.lastSYN = stampOf(s)
	kind := flows.RunSYN
	if s.Flags&flows.ACK != 0 {
		kind = flows.RunSYNACK
	}
	t.retransmitted(c, side, s, kind, s.SEQ, 1)
}

// firstSending finds the first sending of what starts at seq.
func (t *Table) firstSending(c *record, side flows.Side, seq flows.Seq, kind flows.RunKind) stamp {
	h := &c.side[side]
	switch kind {
	case flows.RunSYN, flows.RunSYNACK:
		return stampAt(t.synMark(c, side))
	case flows.RunFIN:
		return t.coldOf(c).side[side].fin
	}
	var found stamp
	for k := 0; ; k++ { // the oldest that fits
		e := t.lines.back(c, k)
		if e == nil {
			break
		}
		if e.side() == side && e.flags&uint8(flows.RST) == 0 && e.seq.LessEq(seq) && seq.Less(e.end()) {
			found = stampAt(flows.Mark{Frame: int(e.frame), Time: c.at(e.lo, e.hi)})
		}
	}
	if found.frame == 0 && h.nxt.Sub(seq) == int32(h.lastLen) {
		found = stampAt(c.lastData(side))
	}
	return found
}

// probe takes a segment of side that repeats the byte before SND.NXT, or offers one byte to a closed
// window: a keep-alive probe, or a window probe while the peer's window is zero (Linux sends both alike).
func (t *Table) probe(c *record, side flows.Side, s *segment) flows.Notes {
	h := &c.side[side]
	x := &t.coldOf(c).side[side]
	if c.side[side^1].bits&zeroWND != 0 {
		if h.bits&hasProbe == 0 {
			x.probe = t.runs.Take()
			h.bits |= hasProbe
			r := t.runs.At(x.probe)
			r.kind, r.seq, r.len = flows.RunZeroWindow, s.SEQ, s.DataLen
		}
		t.runs.At(x.probe).add(s)
		return flows.WindowProbe
	}
	if h.bits&hasKeep == 0 {
		x.keep = t.runs.Take()
		h.bits |= hasKeep
		r := t.runs.At(x.keep)
		r.kind, r.seq, r.len = flows.RunKeepAlive, s.SEQ, s.DataLen
	}
	t.runs.At(x.keep).add(s)
	return flows.KeepAlive
}

// probed takes a probe of side below SND.NXT.
func (t *Table) probed(c *record, side flows.Side, s *segment, n flows.Notes) {
	if n&flows.KeepAlive != 0 {
		t.echoed(c, side, s, flows.RunKeepAlive, s.SEQ, s.DataLen)
	}
}

// echoed takes a retransmission or keep-alive probe of side, below SND.NXT, for the run of those that echo one
// timestamp although the peer has sent others: nothing of the peer has arrived meanwhile (RFC 7323 §4.3).
func (t *Table) echoed(c *record, side flows.Side, s *segment, kind flows.RunKind, seq flows.Seq, length uint32) {
	peer, echo := &c.side[side^1], uint16(s.Opts.TSecr)
	if !s.Opts.HasTS || peer.bits&hasTS == 0 || s.Flags&(flows.SYN|flows.ACK) == flows.SYN {
		return
	}
	x := &t.coldOf(c).side[side]
	if kind == flows.RunSYNACK && uint16(peer.tsval) == echo {
		return // the SYN's own, or a later one: the first sending is not known to have echoed another
	}
	if x.unheard == 0 {
		x.unheard = t.runs.Take()
	}
	r := t.runs.At(x.unheard)
	if r.kind != kind || r.seq != seq || x.echo != echo || uint16(peer.tsval) == echo {
		*r = run{kind: kind, seq: seq, len: length}
		if kind != flows.RunKeepAlive {
			r.orig = t.firstSending(c, side, seq, kind)
		}
		x.echo = echo
	}
	r.add(s)
}

// endRuns ends the run of retransmissions of side when the peer's ACK has passed it, and forgets passed holes.
func (t *Table) endRuns(c *record, side flows.Side, ack flows.Seq) {
	h := &c.side[side]
	x := &t.coldOf(c).side[side]
	if h.bits&hasRetransmit != 0 && t.runs.At(x.retransmit).seq.Less(ack) {
		t.runs.Give(x.retransmit)
		x.retransmit = 0
		h.bits &^= hasRetransmit
	}
	if h.bits&hasHoles != 0 {
		t.passHoles(c, side, ack)
	}
}

// keepAliveAnswered ends the run of keep-alives of side: the peer has answered, with whatever segment.
func (t *Table) keepAliveAnswered(c *record, side flows.Side) {
	h := &c.side[side]
	x := &t.coldOf(c).side[side]
	t.runs.Give(x.keep)
	x.keep = 0
	h.bits &^= hasKeep
}

// advertise takes the window of s.
func (t *Table) advertise(c *record, side flows.Side, s *segment) (n flows.Notes) {
	h, peer := &c.side[side], &c.side[side^1]
	h.wnd = s.WND
	if s.WND == 0 && s.Flags&flows.SYN == 0 {
		n = flows.ZeroWindow
		if h.bits&zeroWND == 0 {
			h.bits |= zeroWND
			t.coldOf(c).side[side].zeroWND = stampOf(s)
			c.history.add(letterZeroWindow, side)
		}
		return n
	}
	if h.bits&zeroWND != 0 {
		h.bits &^= zeroWND
		t.coldOf(c).side[side].zeroWND = stamp{}
	}
	if peer.bits&hasProbe != 0 {
		x := &t.coldOf(c).side[side^1]
		t.runs.Give(x.probe)
		x.probe = 0
		peer.bits &^= hasProbe
	}
	return 0
}

// runOf makes a Run of the run with index i, whose sender is side.
func (t *Table) runOf(c *record, side flows.Side, i uint32) flows.Run {
	if i == 0 {
		return flows.Run{}
	}
	r := t.runs.At(i)
	out := flows.Run{What: r.kind, Count: int(r.count), SEQ: r.seq, LEN: r.len,
		Orig: r.orig.mark(), First: r.first.mark(), Last: r.last.mark()}
	for _, f := range r.frames[:r.held] {
		out.Frames = append(out.Frames, int(f))
	}
	since := out.Orig
	if !since.Seen() {
		since = out.First
	}
	if h := c.last(side.Peer()); h.Frame > since.Frame {
		out.PeerLast = h
	}
	return out
}
