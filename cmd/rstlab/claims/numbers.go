package claims

import "fmt"

// answers reports whether RFC 9293 §3.5.2 gives the RST's numbers to the answer to p. A FIN without ACK and SYN may be
// left out of the length, as some systems do.
func answers(rst, p *Packet) bool {
	if !rst.Has(ACK) {
		return p.Has(ACK) && rst.SEQ == p.ACK
	}
	return rst.SEQ == 0 && (rst.ACK == p.End() || !p.Has(ACK) && !p.Has(SYN) && rst.ACK == p.DataEnd())
}

// answered checks what reply-to and echoes-both have in common: the segment answered, and the values.
func (q *question) answered() *Packet {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return nil
	}
	if p.Frame > q.rst.Frame && p.Time >= q.rst.Time {
		q.fail("frame %d was captured after the RST", p.Frame)
	}
	v := &q.e.Values
	q.what(p)
	if v.Bytes != 0 && v.Bytes != int64(p.Len) {
		q.fail("frame %d has %d bytes of data, not %d", p.Frame, p.Len, v.Bytes)
	}
	q.span(p, q.rst)
	return p
}

// what compares the kind of a segment that the claim states. What only applications tell apart counts as data.
func (q *question) what(p *Packet) {
	own := q.by(p.Src).before(p.Frame)
	end, any := own.highest()
	plain := !p.Has(SYN) && !p.Has(FIN) && !p.Has(RST) && p.Has(ACK)
	ok := true
	switch what := q.e.Values.What; what {
	case "", "segment":
	case "syn":
		ok = p.Has(SYN) && !p.Has(ACK)
	case "syn-ack":
		ok = p.Has(SYN | ACK)
	case "handshake-ack":
		synack := q.by(other(q, p.Src)).before(p.Frame).keep(func(s *Packet) bool { return s.Has(SYN | ACK) }).last()
		ok = plain && p.Len == 0 && synack != nil && p.ACK == synack.SEQ+1
	case "data":
		ok = p.Len > 0
	case "data-fin":
		ok = p.Len > 0 && p.Has(FIN)
	case "fin":
		ok = p.Has(FIN)
	case "ack":
		ok = plain && p.Len == 0
	case "keep-alive":
		ok = plain && p.Len <= 1 && (!any || p.SEQ == end-1 || q.firstProbe(p, own) || q.again(p))
		if !any || p.SEQ == end {
			q.part()
		}
	case "window-probe":
		window := q.by(other(q, p.Src)).before(p.Frame).others().last()
		ok = window != nil && window.Window == 0
	case "challenge-ack":
		ok = plain && p.Len == 0
		q.part()
	case "no-ack":
		ok = !p.Has(ACK) && !p.Has(SYN) && !p.Has(RST)
	case "rst":
		ok = p.Has(RST)
	case "retransmission":
		ok = p.Len > 0 && (!any || above(p.SEQ, end) < 0)
		if !any {
			q.part()
		}
	case "request", "response", "message", "goodbye":
		ok = p.Len > 0
		q.part()
	case "client-hello", "server-hello":
		ok = p.Len > 0
		if len(p.Payload) > 5 && p.Payload[0] == 22 {
			ok = p.Payload[5] == map[string]byte{"client-hello": 1, "server-hello": 2}[what]
		} else {
			q.part()
		}
	case "alert", "close-notify":
		ok = p.Len > 0
		if r := q.records(p, p.Frame+1); len(r) > 0 {
			ok = r[0].kind == 21 || hidden(r[0])
		} else {
			q.part()
		}
	default:
		ok = q.fail("no kind of segment has the name %q", what)
	}
	if !ok && len(q.wrong) == 0 {
		q.fail("frame %d is no %s", p.Frame, q.e.Values.What)
	}
}

// again reports whether p, which carries nothing, comes long after an equal segment that nothing answered: in a capture
// that begins with them, probes look like this. Where the side acknowledged something else at this SEQ, it is its next
// number, and not one below.
func (q *question) again(p *Packet) bool {
	for _, s := range q.by(p.Src).before(p.Frame) {
		if s.SEQ == p.SEQ && s.Len == 0 && s.ACK != p.ACK {
			return false
		}
	}
	before := q.conn.before(p.Frame).last()
	return before != nil && before.Src == p.Src && before.SEQ == p.SEQ && before.ACK == p.ACK && before.Flags == p.Flags &&
		p.Len == 0 && before.Len == 0 && p.Time-before.Time > 500e6
}

// checkReplyTo and the rest decide what the numbers of the RST say.
func checkReplyTo(q *question) {
	if p := q.answered(); p != nil && !answers(q.rst, p) {
		q.fail("the RST has SEQ %d ACK %d %s; frame %d has SEQ %d, ACK %d and ends at %d", q.rst.SEQ, q.rst.ACK, form(q.rst),
			p.Frame, p.SEQ, p.ACK, p.End())
	}
	if n := q.e.Values.Count; n > 0 {
		same := q.by(q.receiver).before(q.rst.Frame).keep(func(p *Packet) bool { return answers(q.rst, p) })
		q.count(n, min(2, len(same)), len(same))
	}
}

func form(p *Packet) string {
	if p.Has(ACK) {
		return "(with ACK)"
	}
	return "(without ACK)"
}

func checkReplyUnseen(q *question) {
	if q.rst.Has(ACK) && q.rst.SEQ != 0 {
		q.fail("the RST has ACK and SEQ %d: not the form of a reply", q.rst.SEQ)
	}
	// What its sender has dealt with since, it no longer answers: a late copy of that is what the capture lacks.
	since := 0
	if p := q.by(q.sender).before(q.rst.Frame).others().last(); p != nil {
		since = p.Frame
	}
	for _, p := range q.by(q.receiver).between(since, q.rst.Frame) {
		if answers(q.rst, p) {
			q.fail("frame %d is what it answers", p.Frame)
			return
		}
	}
}

func checkEchoesBoth(q *question) {
	if p := q.answered(); p != nil && (!q.rst.Has(ACK) || !p.Has(ACK) || q.rst.SEQ != p.ACK ||
		q.rst.ACK != p.End() && q.rst.ACK != p.DataEnd()) {
		q.fail("the RST has SEQ %d ACK %d; frame %d has ACK %d and ends at %d", q.rst.SEQ, q.rst.ACK, p.Frame, p.ACK, p.End())
	}
}

func checkAbort(q *question) {
	all := q.next(q.sender, q.rst.Frame)
	for _, n := range all {
		if n == q.rst.SEQ {
			return
		}
	}
	q.fail("the RST's SEQ is %d, its sender's next %v", q.rst.SEQ, all)
}

func checkReplyOrAbort(q *question) {
	if q.rst.Has(ACK) {
		q.fail("the RST has ACK")
	}
	checkAbort(q)
}

// offset checks a distance of the RST's SEQ from its sender's next.
func (q *question) offset() {
	all := q.next(q.sender, q.rst.Frame)
	for _, n := range all {
		if d := int64(above(q.rst.SEQ, n)); d != 0 && d == q.e.Values.Bytes {
			return
		}
	}
	if len(all) == 0 {
		q.fail("nothing of its sender was captured before it")
		return
	}
	q.fail("the RST's SEQ is %d above its sender's next, not %d", above(q.rst.SEQ, all[0]), q.e.Values.Bytes)
}

func checkAbortOffset(q *question) {
	if !q.rst.Has(ACK) {
		q.fail("the RST has no ACK")
	}
	q.offset()
}

func checkAbortAlone(q *question) {
	if !q.rst.Has(ACK) || q.rst.SEQ == 0 {
		q.fail("the RST has not ACK and a SEQ")
	}
	if p := q.by(q.sender).before(q.rst.Frame).others().first(); p != nil {
		q.fail("frame %d is of its sender", p.Frame)
	}
}

func checkSEQNotNext(q *question) { q.offset() }

// noSuchACK fails where the RST's SEQ is the ACK of a segment before it.
func (q *question) noSuchACK() {
	for _, p := range q.by(q.receiver).before(q.rst.Frame) {
		if p.Has(ACK) && p.ACK == q.rst.SEQ {
			q.fail("the RST's SEQ is the ACK of frame %d", p.Frame)
			return
		}
	}
}

func checkRefusalOffset(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return
	}
	switch d := int64(above(q.rst.ACK, p.SEQ+1)); {
	case !p.Has(SYN) || p.Has(ACK):
		q.fail("frame %d is no SYN", p.Frame)
	case !q.rst.Has(ACK):
		q.fail("the RST has no ACK")
	case d == 0 || d != q.e.Values.Bytes:
		q.fail("the RST's ACK is %d off, not %d", d, q.e.Values.Bytes)
	}
	q.span(p, q.rst)
}

func checkWrongEcho(q *question) {
	if !q.rst.HasTS {
		q.fail("the RST has no timestamp")
		return
	}
	q.number("TSecr", q.e.Values.Number, uint64(q.rst.TSecr))
	stamped := q.by(q.receiver).before(q.rst.Frame).keep(func(p *Packet) bool { return p.HasTS })
	for _, p := range stamped {
		if p.TSval == q.rst.TSecr {
			q.fail("frame %d has that TSval", p.Frame)
			return
		}
	}
	if p := stamped.last(); p == nil {
		q.fail("its receiver sent no timestamp")
	} else {
		q.number(fmt.Sprintf("the TSval of frame %d", p.Frame), q.e.Values.Expected, uint64(p.TSval))
	}
}
