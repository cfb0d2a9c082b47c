package claims

import (
	"fmt"
	"strings"
)

// checkChallenged and the rest decide what became of the RST, and what it carries.
func checkChallenged(q *question) {
	p := list(q.frames()).last()
	if !q.sent(p, q.receiver) || !q.after(p) {
		return
	}
	if !p.Has(ACK) || p.Has(SYN) || p.Has(FIN) || p.Has(RST) || p.Len > 0 {
		q.fail("frame %d is no plain ACK", p.Frame)
	}
	switch end, ok := q.by(q.receiver).before(p.Frame).highest(); {
	case ok && above(p.SEQ, end) < 0:
		q.fail("the SEQ of frame %d is not its sender's next", p.Frame)
	case ok && p.SEQ != end:
		q.part() // the capture lacks some of its sender's data
	}
	if acked, ok := q.by(q.receiver).before(q.rst.Frame).highestACK(); ok && above(p.ACK, acked) > 0 {
		q.fail("frame %d acknowledges new data: it answers that, and shows nothing of the RST", p.Frame)
	}
}

// window returns the receiver's next expected number, and the highest that its window may reach. Without both window
// scale options it is not known how far.
func (q *question) window() (next, low, high uint32, ok bool) {
	own := q.by(q.receiver).before(q.rst.Frame).others()
	var last *Packet
	for _, p := range own {
		if p.Has(ACK) {
			last = p
		}
	}
	if last == nil {
		return 0, 0, 0, false
	}
	shift, most := 0, 0
	syn, peers := own.keep(func(p *Packet) bool { return p.Has(SYN) }).last(),
		q.by(q.sender).before(q.rst.Frame).keep(func(p *Packet) bool { return p.Has(SYN) && !p.Has(RST) }).last()
	switch {
	case last.Has(SYN):
	case syn == nil:
		most = 14
	case syn.Scale >= 0 && (peers == nil || peers.Scale >= 0):
		if most = syn.Scale; peers != nil {
			shift = syn.Scale
		}
	}
	ack, _ := own.highestACK()
	return ack, ack + uint32(last.Window)<<shift, ack + uint32(last.Window)<<most, true
}

func checkOutOfWindow(q *question) {
	next, _, high, ok := q.window()
	if !ok {
		q.fail("its receiver advertised no window before it")
		return
	}
	if q.rst.SEQ == next || above(q.rst.SEQ, next) > 0 && above(q.rst.SEQ, high) < 0 {
		q.fail("its SEQ %d is from %d up to %d", q.rst.SEQ, next, high)
	}
}

func checkAtFIN(q *question) {
	frames := q.frames()
	if len(frames) < 2 {
		q.fail("it does not name the FIN and its acknowledgment")
		return
	}
	fin, ack := frames[0], frames[1]
	if !q.sent(fin, q.sender) || !q.sent(ack, q.receiver) {
		return
	}
	switch at := fin.SEQ + uint32(fin.Len); {
	case !fin.Has(FIN) || fin.Has(RST):
		q.fail("frame %d is no FIN", fin.Frame)
	case !ack.Has(ACK) || ack.ACK != at+1 || ack.Frame > q.rst.Frame:
		q.fail("frame %d does not acknowledge the FIN of frame %d before the RST", ack.Frame, fin.Frame)
	case q.rst.SEQ != at:
		q.fail("its SEQ %d is not the FIN's, %d", q.rst.SEQ, at)
	}
}

func checkGoesOn(q *question) {
	p := list(q.frames()).last()
	if !q.sent(p, q.receiver) || !q.after(p) {
		return
	}
	if p.Has(RST) {
		q.fail("frame %d is a RST", p.Frame)
	}
	q.span(q.rst, p)
}

func checkEchoMoves(q *question) {
	l := q.frames()
	if len(l) != 2 {
		q.fail("it names %d frames", len(l))
		return
	}
	for _, p := range l {
		if !q.sent(p, q.receiver) || !q.after(p) {
			return
		}
		if !p.HasTS || p.Has(SYN) {
			q.fail("frame %d has no timestamp of an open connection", p.Frame)
		}
	}
	if int32(l[1].TSecr-l[0].TSecr) <= 0 {
		q.fail("the TSecr of frame %d, %d, is not above %d", l[1].Frame, l[1].TSecr, l[0].TSecr)
	}
	q.span(q.rst, l[1])
}

func checkImpossibleFlags(q *question) {
	if !q.rst.Has(SYN) && !q.rst.Has(FIN) {
		q.fail("the RST has neither SYN nor FIN")
	}
}

func checkInWindow(q *question) {
	next, _, high, ok := q.window()
	if !ok {
		q.fail("its receiver advertised no window before it")
		return
	}
	if above(q.rst.SEQ, next) <= 0 || above(q.rst.SEQ, high) >= 0 {
		q.fail("its SEQ %d is not above %d and below %d", q.rst.SEQ, next, high)
	}
	// What its receiver has to expect when all that was captured arrived.
	have := spans{}
	for _, p := range q.by(q.sender).before(q.rst.Frame).others() {
		if above(p.SEQ, next) < 0 && above(p.End(), next) > 0 {
			have.add(next, next, p.End())
			continue
		}
		have.add(next, p.SEQ, p.End())
	}
	if m := have.merged(); len(m) > 0 && m[0][0] == 0 && next+uint32(m[0][1]) == q.rst.SEQ {
		q.fail("its SEQ is the next expected when all data before it arrived")
	}
}

func checkNotForSYN(q *question) {
	own := q.by(q.receiver).before(q.rst.Frame)
	syn := own.keep(isSYN).last()
	switch {
	case syn == nil:
		q.fail("its receiver was not captured to send a SYN before it")
	case len(own.keep(func(p *Packet) bool { return !isSYN(p) && !p.Has(RST) })) > 0:
		q.fail("its receiver had sent more than a SYN")
	case q.rst.Has(ACK) && above(q.rst.ACK, syn.SEQ+1) >= 0 && above(q.rst.ACK, syn.End()) <= 0:
		q.fail("it acknowledges the SYN of frame %d", syn.Frame)
	}
}

func checkSYNAfter(q *question) {
	p := q.frames().firstAfter(q.rst.Frame)
	if p == nil {
		q.fail("it names no frame after the RST")
		return
	}
	if !q.sent(p, q.receiver) || !q.is(p, isSYN, "SYN") {
		return
	}
	if len(q.by(q.receiver).before(q.rst.Frame).keep(func(s *Packet) bool { return isSYN(s) && s.SEQ == p.SEQ })) == 0 {
		q.fail("the SYN of frame %d was not sent before the RST", p.Frame)
	}
	if n := q.e.Values.Count; n > 0 {
		low, high := counts(q.by(q.receiver).between(q.rst.Frame,
			0).keep(func(s *Packet) bool { return isSYN(s) && s.SEQ == p.SEQ }))
		q.count(n, low, high)
	}
}

// firstAfter returns the first packet after a frame.
func (l list) firstAfter(frame int) *Packet { return l.between(frame, 0).first() }

func checkRetransmitsAfter(q *question) {
	own := q.by(q.receiver)
	var again, surely list // the first sending may only have been overtaken, where no segment before holds its bytes
	for _, p := range own.between(q.rst.Frame, 0).others() {
		if p.Len > 0 || p.Has(FIN) {
			end, ok := own.before(p.Frame).highest()
			ack, acked := q.by(q.sender).before(p.Frame).highestACK() // it acknowledges what was sent before the capture
			if ok && above(p.SEQ, end) < 0 || acked && above(p.SEQ, ack) < 0 {
				again = append(again, p)
				before := own.before(p.Frame).keep(func(s *Packet) bool { return covers(s, p.SEQ) })
				if len(before) > 0 || acked && above(p.SEQ, ack) < 0 {
					surely = append(surely, p)
				}
			}
		}
	}
	frames := q.frames().between(q.rst.Frame, 0)
	if len(frames) == 0 {
		q.fail("it names no frame after the RST")
		return
	}
	for _, p := range frames {
		if q.sent(p, q.receiver) && !contains(again, p) {
			q.fail("frame %d is sent for the first time", p.Frame)
		}
	}
	if n := q.e.Values.Count; n > 0 {
		low, _ := counts(surely.data())
		_, high := counts(again)
		q.count(n, low, high)
	}
}

func checkResetText(q *question) {
	t := strings.TrimRight(q.e.Values.Text, "…")
	if t == "" || !strings.Contains(squeezed(string(q.rst.Payload)), squeezed(t)) {
		q.fail("the RST carries %q", q.rst.Payload)
	}
}

// squeezed leaves of a text what is printed of it everywhere.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '\u007f' || r > '~' || r == '\\' || r == '.' {
			return -1
		}
		return r
	}, s)
}

// mptcp returns the RST's MPTCP option of a subtype (RFC 8684 §3).
func (q *question) mptcp(subtype byte) []byte {
	for _, o := range q.rst.MPTCP {
		if len(o) > 0 && o[0]>>4 == subtype {
			return o
		}
	}
	return nil
}

func checkMPTCPReason(q *question) {
	o := q.mptcp(8)
	if len(o) < 2 {
		q.fail("the RST has no MP_TCPRST")
		return
	}
	q.number("the reason", q.e.Values.Number, uint64(o[1]))
}

func checkMPTCPFastClose(q *question) {
	if q.mptcp(7) == nil {
		q.fail("the RST has no MP_FASTCLOSE")
	}
}

func checkFurtherResets(q *question) {
	all := q.by(q.side).between(q.rst.Frame, 0).resets()
	if l := q.frames(); len(l) > 0 {
		if q.sent(l[0], q.side) && (!l[0].Has(RST) || l[0].Frame <= q.rst.Frame) {
			q.fail("frame %d is no RST after it", l[0].Frame)
		}
	}
	low, high := counts(all)
	if n := q.e.Values.Count; n > 0 {
		q.count(n, low, high)
	} else if high == 0 {
		q.fail("there is none")
	}
}

func checkSameEvent(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	if !p.Has(RST) || p.Frame >= q.rst.Frame {
		q.fail("frame %d is no RST before it", p.Frame)
	}
	q.span(p, q.rst)
}

func checkDuplicate(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	if r := q.rst; p.Src != r.Src || p.Dst != r.Dst || p.SEQ != r.SEQ || p.ACK != r.ACK || p.Flags != r.Flags ||
		p.IPID != r.IPID {
		q.fail("frame %d differs: %s", p.Frame, fmt.Sprint(p.Flags, p.SEQ, p.ACK, p.IPID))
	}
}
