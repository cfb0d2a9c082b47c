package claims

import (
	"cmp"
	"slices"
)

func checkClosedBy(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	if !p.Has(FIN) || p.Has(RST) {
		q.fail("frame %d is no FIN", p.Frame)
	}
	if f := q.by(q.side).before(p.Frame).keep(isFIN).first(); f != nil && numbersOf(f) != numbersOf(p) {
		q.fail("its first FIN is frame %d", f.Frame)
	}
	q.span(p, q.rst)
}

func isFIN(p *Packet) bool { return p.Has(FIN) && !p.Has(RST) }

func checkClosedUnseen(q *question) {
	p := q.rst
	if q.e.Values.What != "rst" {
		p = q.frame()
	}
	if !q.sent(p, q.peer) {
		return
	}
	q.span(p, q.rst)
	end, ok := q.by(q.side).before(p.Frame).highest()
	if ack, acked := q.by(q.peer).before(p.Frame).highestACK(); acked && (!ok || above(ack, end) > 0) {
		end, ok = ack, true
	}
	switch f := q.by(q.side).before(q.rst.Frame).keep(isFIN).first(); {
	case f != nil:
		q.fail("its FIN is frame %d", f.Frame)
	case !ok:
		q.fail("nothing of the side was captured before frame %d", p.Frame)
	case !p.Has(ACK) || p.ACK != end+1:
		q.fail("frame %d acknowledges %d; the side was captured up to %d", p.Frame, p.ACK, end)
	}
}

func checkFINAcked(q *question) {
	l := q.frames()
	if len(l) == 0 {
		q.fail("it names no FIN")
		return
	}
	if !q.sent(l[0], q.side) || !q.is(l[0], isFIN, "FIN") {
		return
	}
	ack := q.rst // where the RST itself acknowledges it
	if len(l) > 1 {
		ack = l[1]
	}
	if !q.sent(ack, q.peer) {
		return
	}
	q.span(l[0], q.rst)
	if d := above(ack.ACK, l[0].End()); !ack.Has(ACK) || d < 0 || d > far {
		q.fail("frame %d acknowledges %d; the FIN ends at %d", ack.Frame, ack.ACK, l[0].End())
	}
}

func checkNoFIN(q *question) {
	own := q.by(q.side).before(q.until())
	if p := own.keep(func(p *Packet) bool { return p.Has(FIN) || p.Has(RST) }).first(); p != nil {
		q.fail("frame %d is one", p.Frame)
		return
	}
	// Who sends data, or opens the connection, had not closed it before the capture began.
	begins := own.keep(func(p *Packet) bool { return p.Len > 1 || p.Has(SYN) })
	if !q.e.Limited && len(begins) == 0 && !q.conn[0].Has(SYN) && len(own) > 0 {
		q.fail("the capture could not have shown it, and the claim is not limited: it begins in the middle of the " +
			"connection, and the side sends no data in it")
	}
	q.visible(q.side, 0, q.until(), 1)
	q.lackedByReset()
}

func checkReceivesOn(q *question) {
	fin, p := q.c.byFrame[q.e.From], q.frame()
	if !q.sent(fin, q.side) || !q.is(fin, func(p *Packet) bool { return p.Has(FIN) }, "FIN") || !q.sent(p, q.side) {
		return
	}
	if p.Has(RST) || !p.Has(ACK) || p.Frame <= fin.Frame {
		q.fail("frame %d is no acknowledgment after it", p.Frame)
	}
	q.span(fin, p)
	if n := int64(above(p.ACK, fin.ACK)); n != q.e.Values.Bytes || n <= 0 {
		q.fail("it acknowledges %d bytes more", n)
	}
	if d := q.by(q.peer).before(p.Frame).data().keep(func(s *Packet) bool { return s.DataEnd() == p.ACK }); len(d) == 0 {
		q.fail("no data ends at its ACK")
	}
}

func checkAfterClose(q *question) {
	closing := q.c.byFrame[q.e.From]
	if q.e.From == 0 {
		closing = q.by(q.side).before(q.until()).keep(func(p *Packet) bool { return p.Has(FIN) || p.Has(RST) }).first()
	}
	if closing == nil {
		q.fail("it does not say how the side closed")
		return
	}
	unseen := closing.Src == q.peer && slices.ContainsFunc(q.list, func(e Evidence) bool {
		return e.Claim == "closed-unseen" && slices.Contains(e.Frames, closing.Frame)
	})
	if !unseen && !q.sent(closing, q.side) {
		return
	}
	if !unseen && !closing.Has(FIN) && !closing.Has(RST) {
		q.fail("frame %d is neither FIN nor RST", closing.Frame)
	}
	acked, known := q.by(q.side).before(closing.Frame).highestACK()
	if !unseen && closing.Has(ACK) && (!known || above(closing.ACK, acked) > 0) {
		acked, known = closing.ACK, true
	}
	later, _ := q.by(q.side).highestACK()
	frames := q.frames()
	if len(frames) == 0 {
		q.fail("it names no data")
		return
	}
	have := spans{}
	base := frames[0].SEQ
	for _, p := range frames {
		if !q.sent(p, q.peer) {
			return
		}
		switch {
		case p.Len == 0 && p.Has(FIN) && q.e.Values.What == "fin": // a FIN instead of data
		case p.Len == 0:
			q.fail("frame %d has no data", p.Frame)
		case known && above(acked, p.DataEnd()) >= 0:
			q.fail("the data of frame %d was acknowledged by then", p.Frame)
		case known && above(later, p.DataEnd()) >= 0 && above(later, p.DataEnd()) < far:
			q.fail("the side acknowledges the data of frame %d afterwards", p.Frame)
		}
		if above(p.SEQ, base) < 0 {
			base = p.SEQ
		}
	}
	for _, p := range frames {
		have.add(base, p.SEQ, p.DataEnd())
	}
	q.what(frames[0])
	if n := q.e.Values.Bytes; n != 0 {
		sum := int64(0)
		for _, p := range frames {
			sum += int64(p.Len)
		}
		if unique := have.below(far); n != unique && n != sum {
			q.fail("the frames hold %d bytes, not %d", unique, n)
		}
	}
	q.quotes(frames[0])
	q.span(closing, frames[0])
}

func checkAllAcked(q *question) {
	for _, s := range [][2]list{
		{q.by(q.originator), q.by(q.responder)},
		{q.by(q.responder), q.by(q.originator)},
	} {
		own, acks := s[0].before(q.rst.Frame).data(), s[1].before(q.rst.Frame+1)
		var top *Packet
		for _, p := range own {
			if top == nil || above(p.DataEnd(), top.DataEnd()) > 0 {
				top = p
			}
		}
		if top == nil {
			continue
		}
		found := false
		for _, p := range acks {
			found = found || p.Has(ACK) && above(p.ACK, top.DataEnd()) >= 0
		}
		if !found {
			q.fail("frame %d ends at %d, which nothing acknowledges", top.Frame, top.DataEnd())
		}
	}
}

func checkNothingBetween(q *question) {
	if p := q.by(q.side).newData().between(q.e.From, q.until()).first(); p != nil {
		q.fail("frame %d holds new data of the side (%d bytes)", p.Frame, p.Len)
		return
	}
	q.visible(q.side, q.e.From, q.until(), 2)
}

// idleData are the segments that end idle time: those with data, keep-alive probes left out.
func (q *question) idleData() (l list) {
	ends := map[bool]uint32{}
	known := map[bool]bool{}
	for _, p := range q.conn {
		if p.Has(RST) {
			continue
		}
		own := p.Src == q.originator
		keepAlive := known[own] && p.Len == 1 && p.SEQ == ends[own]-1
		if !p.Copy && !p.Alike && p.Len > 0 && !keepAlive {
			l = append(l, p)
		}
		if !known[own] || above(p.End(), ends[own]) > 0 {
			known[own], ends[own] = true, p.End()
		}
	}
	return l
}

func checkIdle(q *question) {
	until := q.until()
	if p := q.idleData().between(q.e.From, until).first(); p != nil {
		q.fail("frame %d holds data (%d bytes)", p.Frame, p.Len)
		return
	}
	if q.e.From == 0 {
		q.fail("it does not say from when on")
		return
	}
	q.span(q.c.byFrame[q.e.From], q.c.byFrame[until])
	for _, who := range []bool{true, false} {
		if who {
			q.visible(q.originator, q.e.From, until, 2)
		} else if len(q.wrong) == 0 {
			q.visible(q.responder, q.e.From, until, 2)
		}
	}
}

// checkMatchesTimeout cannot tell what timers systems have; the time must be one between two frames.
func checkMatchesTimeout(q *question) {
	q.part()
	v := q.e.Values.Span
	ends := list{q.rst}
	if p := q.c.byFrame[q.e.Until]; p != nil {
		ends = append(ends, p)
	}
	for _, p := range q.conn {
		if p.Has(FIN) || p.Has(RST) {
			ends = append(ends, p)
		}
	}
	for _, e := range append(ends, q.frames()...) {
		for _, p := range q.conn {
			if near(v, e.Time-p.Time) {
				return
			}
		}
	}
	q.fail("no two frames of the connection are %d ns apart", v)
}

func checkResetBefore(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	if !p.Has(RST) || p.Frame >= q.rst.Frame {
		q.fail("frame %d is no RST before it", p.Frame)
	}
	q.span(p, q.rst)
}

func checkLastSegment(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	last := q.by(q.side).before(q.rst.Frame).others().last()
	if last == nil || last != p && numbersOf(last) != numbersOf(p) {
		q.fail("the last one is frame %d", cmp.Or(last, &Packet{}).Frame)
	}
	q.span(p, q.rst)
	q.lackedByReset()
}

// lackedByReset fails where the RST's own number shows that the capture lacks segments of the side, its sender, and the
// claim is not limited.
func (q *question) lackedByReset() {
	end, ok := q.by(q.side).before(q.rst.Frame).highest()
	if d := above(q.rst.SEQ, end); q.side == q.sender && ok && !q.e.Limited && d > 1 && d < far && q.rst.SEQ != 0 {
		q.fail("the capture could not have shown it, and the claim is not limited: the RST's SEQ is %d above what was "+
			"captured of its sender", d)
	}
}

func checkLastData(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	if last := q.by(q.side).newData().before(q.rst.Frame).last(); last == nil ||
		last != p && numbersOf(last) != numbersOf(p) {
		q.fail("its last new data is frame %d", cmp.Or(last, &Packet{}).Frame)
	}
	q.span(p, q.rst)
	q.lackedByReset()
}

func checkOverBefore(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	if q.e.Values.What == "rst" {
		if !p.Has(RST) || p.Frame >= q.rst.Frame {
			q.fail("frame %d is no RST before it", p.Frame)
		}
		q.sent(p, q.peer)
		q.span(p, q.rst)
		return
	}
	for _, s := range [][2]list{
		{q.by(q.originator), q.by(q.responder)},
		{q.by(q.responder), q.by(q.originator)},
	} {
		fin := s[0].before(q.rst.Frame).keep(isFIN).first()
		if fin == nil {
			q.fail("one side sent no FIN before it")
			continue
		}
		if ack, ok := s[1].before(p.Frame + 1).highestACK(); !ok || above(ack, fin.End()) < 0 {
			q.fail("the FIN of frame %d is not acknowledged up to frame %d", fin.Frame, p.Frame)
		}
	}
	q.span(p, q.rst)
}
