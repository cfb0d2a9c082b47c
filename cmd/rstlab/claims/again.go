package claims

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
)

// merged returns the ranges in ascending order, those that touch as one.
func (s spans) merged() (all [][2]int64) {
	for _, r := range slices.SortedFunc(maps.Keys(s),
		func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		if n := len(all); n > 0 && r[0] <= all[n-1][1] {
			all[n-1][1] = max(all[n-1][1], r[1])
			continue
		}
		all = append(all, r)
	}
	return all
}

// covers reports whether a segment holds a sequence number.
func covers(p *Packet, number uint32) bool {
	d := above(number, p.SEQ)
	return !p.Has(RST) && d >= 0 && uint32(d) < p.End()-p.SEQ
}

// repeated returns what a claim about something sent again speaks of: a segment of the side that was. It is the claim's
// own frame, or that of the claim beside it which says what was sent again.
func (q *question) repeated(who netip.AddrPort) *Packet {
	pick := func(e *Evidence) *Packet {
		for _, n := range slices.Backward(e.Frames) {
			if p := q.c.byFrame[n]; p != nil && p.ICMP == nil && p.Src == who && p.End() != p.SEQ && !p.Has(RST) {
				return p
			}
		}
		return nil
	}
	if p := pick(q.e); p != nil {
		return p
	}
	if q.e.From > 0 {
		if p := q.c.byFrame[q.e.From]; p.Src == who && p.End() != p.SEQ && !p.Has(RST) {
			return p
		}
	}
	for i := range q.list {
		if e := &q.list[i]; e.Claim == "retransmitted" || e.Claim == "first-sent" || e.Claim == "syn" ||
			e.Claim == "keep-alive-probes" {
			if p := pick(e); p != nil {
				return p
			}
		}
	}
	q.fail("neither the claim nor one beside it says what was sent again")
	return nil
}

func checkFirstSent(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	q.what(p)
	if n := q.e.Values.Bytes; n != 0 && n != int64(p.Len) {
		q.fail("frame %d has %d bytes", p.Frame, p.Len)
	}
	for _, s := range q.by(q.side) {
		switch {
		case s.Frame < p.Frame && covers(s, p.SEQ):
			q.fail("frame %d has the same sequence numbers before it", s.Frame)
			return
		case s.Frame > p.Frame && covers(s, p.SEQ):
			return
		}
	}
	q.fail("its sequence number %d is not sent again", p.SEQ)
}

func checkRetransmitted(q *question) {
	frames := q.frames()
	if len(frames) == 0 {
		q.fail("it names no frame")
		return
	}
	last := frames.last()
	if !q.sent(last, q.side) {
		return
	}
	number := last.SEQ
	own := q.by(q.side).before(q.until())
	all := own.keep(func(p *Packet) bool { return covers(p, number) })
	v := &q.e.Values
	switch {
	case v.What == "syn" && !isSYN(last), v.What == "syn-ack" && !isSYNACK(last), v.What == "fin" && !last.Has(FIN),
		(v.What == "data" || v.What == "retransmission") && last.Len == 0:
		q.fail("frame %d is no %s", last.Frame, v.What)
	case last.End() == last.SEQ:
		q.fail("frame %d takes no sequence space", last.Frame)
	}
	for i, p := range frames {
		if !q.sent(p, q.side) {
			return
		}
		end, ok := q.by(q.side).before(p.Frame).highest()
		if i > 0 && !covers(p, number) {
			q.fail("frame %d does not hold sequence number %d", p.Frame, number)
		}
		if ok && above(p.SEQ, end) >= 0 {
			q.fail("frame %d is sent for the first time", p.Frame)
		}
	}
	if len(q.wrong) > 0 {
		return
	}
	// Where the first sending was not captured, all that cover it are repetitions.
	first := all.first()
	again := all
	if end, ok := own.before(first.Frame).highest(); !ok || above(first.SEQ, end) >= 0 || first.Frame < frames[0].Frame {
		again = all[1:]
		if !ok && first == frames[0] {
			again = all // the capture begins with it
		}
	}
	low, high := counts(again)
	q.count(v.Count, low, high)
	if v.Span != 0 {
		from, to := all.first(), all.last()
		if !near(v.Span, to.Time-from.Time) && !near(v.Span, last.Time-from.Time) && !near(v.Span, last.Time-frames[0].Time) {
			q.fail("the time from frame %d to frame %d is %d ns, not %d", from.Frame, last.Frame, last.Time-from.Time, v.Span)
		}
	}
}

func checkUnacked(q *question) {
	p := q.repeated(q.side)
	if p == nil {
		return
	}
	for _, a := range q.by(q.peer).between(q.e.From, q.until()).others() {
		if d := above(a.ACK, p.End()); a.Has(ACK) && d >= 0 && d < far {
			q.fail("frame %d acknowledges it", a.Frame)
			return
		}
	}
	q.visible(q.peer, q.e.From, q.until(), 2)
}

func checkPeerHeard(q *question) {
	f := q.frame()
	if !q.sent(f, q.peer) {
		return
	}
	p := q.repeated(q.side)
	if p == nil {
		return
	}
	first := q.by(q.side).keep(func(s *Packet) bool { return covers(s, p.SEQ) }).first()
	switch d := above(f.ACK, p.End()); {
	case first != nil && f.Frame < first.Frame:
		q.fail("frame %d comes before the first sending at frame %d", f.Frame, first.Frame)
	case f.Has(ACK) && d >= 0 && d < far:
		q.fail("frame %d acknowledges it", f.Frame)
	}
}

func checkSilent(q *question) {
	until := q.until()
	if s := q.by(q.side).between(q.e.From, until).keep(func(p *Packet) bool { return !p.Alike }).first(); s != nil {
		q.fail("frame %d is of the side", s.Frame)
		return
	}
	if q.e.Values.Span != 0 {
		q.span(q.by(q.side).before(until).keep(func(p *Packet) bool { return !p.Alike }).last(), q.c.byFrame[until])
	}
	q.visible(q.side, q.e.From, until, 1)
}

func checkEchoUnmoved(q *question) {
	frames := q.frames()
	if len(frames) < 2 {
		q.fail("it names fewer than two frames")
		return
	}
	echo := frames[0].TSecr
	for _, p := range frames {
		if p.Src != q.side || !p.HasTS || p.TSecr != echo {
			q.fail("frame %d does not have the TSecr %d", p.Frame, echo)
			return
		}
	}
	last := frames.last()
	for _, p := range q.by(q.peer).between(frames[0].Frame, last.Frame).others() {
		if p.HasTS && above(p.TSval, echo) > 0 && above(p.SEQ, last.ACK) <= 0 {
			return
		}
	}
	q.fail("the peer sent no later timestamp between frames %d and %d", frames[0].Frame, last.Frame)
}

func checkAckedEachTime(q *question) {
	for i := range q.list {
		if probes := &q.list[i]; probes.Claim == "keep-alive-probes" && len(q.frames()) == 0 {
			frames := probes.Frames
			if n := len(frames); n < 2 || len(q.by(q.peer).between(frames[0], frames[n-1]).others()) == 0 {
				q.fail("the peer sent nothing between the probes")
			}
			return
		}
	}
	p := q.repeated(q.side)
	if p == nil {
		return
	}
	acked := 0
	for _, s := range q.conn {
		d := above(s.ACK, p.End())
		switch {
		case s.Copy || s.Has(RST):
		case s.Src == q.peer && s.Has(ACK) && d >= 0 && d < far:
			acked = s.Frame
		case s.Src == q.side && acked > 0 && covers(s, p.SEQ):
			return
		}
	}
	q.fail("no acknowledgment is followed by a repetition")
}

func checkKeepAliveProbes(q *question) {
	frames := q.frames()
	for _, p := range frames {
		if q.sent(p, q.side) && !q.isProbe(p) {
			q.fail("frame %d is no keep-alive probe", p.Frame)
		}
	}
	if len(frames) == 0 || len(q.wrong) > 0 {
		return
	}
	// The row: probes with nothing else of the side in between, but for answers to the peer's probes.
	var row, before list
	var end uint32
	for _, p := range q.by(q.side).before(q.until()).others() {
		switch {
		case len(before) > 0 && p.Len <= 1 && p.Has(ACK) && !p.Has(SYN) && !p.Has(FIN) && p.SEQ == end-1,
			q.firstProbe(p, before):
			row = append(row, p)
		case p.End() != p.SEQ && p.Frame <= frames.last().Frame:
			row = nil
		}
		next := p.End()
		if q.firstProbe(p, before) {
			next = p.SEQ + 1
		}
		if before = append(before, p); len(before) == 1 || above(next, end) > 0 {
			end = next
		}
	}
	low, high := counts(row)
	if low < high { // copies, or probes that nothing tells from copies
		row = row.keep(func(p *Packet) bool { return !p.Alike })
	}
	if v := q.e.Values; v.Count > high || v.Count < len(frames) && v.Count != 0 {
		q.fail("there are %d in a row, not %d", high, v.Count)
	}
	q.every(row)
}

// every checks the usual distance of repetitions: half of the distances are within a fifth of it.
func (q *question) every(row list) {
	v := q.e.Values.Every
	if v == 0 || len(row) < 2 {
		return
	}
	fit := 0
	for i := range row[1:] {
		if d := row[i+1].Time - row[i].Time; d > v-v/5 && d < v+v/5 {
			fit++
		}
	}
	if 2*fit < len(row)-1 {
		q.fail("only %d of %d distances are near %d ns", fit, len(row)-1, v)
	}
}

func checkWindowProbes(q *question) {
	frames := q.frames()
	for _, p := range frames {
		if !q.sent(p, q.side) {
			return
		}
		if w := q.by(q.peer).before(p.Frame).others().last(); w == nil || w.Window != 0 {
			q.fail("the peer's window at frame %d is not 0", p.Frame)
		}
	}
	if n := q.e.Values.Count; n < len(frames) {
		q.fail("it names %d frames, and counts %d", len(frames), n)
	} else if n > len(frames) {
		all := q.by(q.side).before(q.until()).keep(func(p *Packet) bool {
			w := q.by(q.peer).before(p.Frame).others().last()
			return w != nil && w.Window == 0 && p.Len <= 1 && !p.Has(RST)
		})
		if n > len(all) {
			q.fail("there are only %d", len(all))
		}
	}
}

func checkProbesAnswered(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	if p.Window != 0 || p.Has(RST) {
		q.fail("frame %d does not advertise a window of 0", p.Frame)
	}
	probe := q.by(q.peer).before(q.rst.Frame).others().keep(func(p *Packet) bool {
		return p.Len <= 1 &&
			!p.Has(RST)
	}).last()
	if probe == nil || probe.Frame > p.Frame {
		q.fail("no probe comes before frame %d, or one comes after it", p.Frame)
	}
}

func checkZeroWindow(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	if p.Window != 0 || p.Has(RST) || p.Has(SYN) {
		q.fail("the window of frame %d is %d", p.Frame, p.Window)
	}
	for _, s := range q.by(q.side).between(p.Frame, q.until()).others() {
		if s.Window != 0 {
			q.fail("the window of frame %d is %d", s.Frame, s.Window)
			return
		}
	}
	if u := q.c.byFrame[q.until()]; q.e.Values.Span != 0 {
		q.span(p, u)
	}
	q.visible(q.side, p.Frame, q.until(), 1)
}

func checkMaxAcked(q *question) {
	v := &q.e.Values
	ack, ok := q.by(q.peer).before(q.rst.Frame).highestACK()
	largest := 0
	lost := false
	own := q.by(q.side).before(q.rst.Frame)
	for _, p := range own.data() {
		if ok && above(ack, p.DataEnd()) >= 0 {
			largest = max(largest, p.Len)
		} else if int64(p.Len) == v.Of {
			lost = true
		}
	}
	switch {
	case int64(largest) != v.Bytes:
		q.fail("the largest acknowledged has %d bytes, not %d", largest, v.Bytes)
	case v.Of <= v.Bytes:
		q.fail("the lost one is not larger")
	case !lost:
		q.fail("no segment of %d bytes stays unacknowledged", v.Of)
	}
}
