package claims

import (
	"bytes"
	"cmp"
	"fmt"
	"math/bits"
	"strings"
)

// compared returns the packet of the RST's sender that the RST is compared with.
func (q *question) compared() *Packet {
	p := q.frame()
	if p == nil {
		return nil
	}
	if p.Src.Addr() != q.sender.Addr() {
		q.fail("frame %d is not from %v", p.Frame, q.sender.Addr())
		return nil
	}
	return p
}

func checkTTLSame(q *question) {
	if p := q.compared(); p != nil {
		q.number("the RST's TTL", q.e.Values.Number, uint64(q.rst.TTL))
		q.number(fmt.Sprintf("the TTL of frame %d", p.Frame), q.e.Values.Number, uint64(p.TTL))
	}
}

func checkTTLDiffers(q *question) {
	p := q.compared()
	if p == nil {
		return
	}
	q.number("the RST's TTL", q.e.Values.Number, uint64(q.rst.TTL))
	q.number(fmt.Sprintf("the TTL of frame %d", p.Frame), q.e.Values.Expected, uint64(p.TTL))
	if p.TTL == q.rst.TTL {
		q.fail("they do not differ")
	}
}

// ipids checks the two IP IDs that a claim gives, and that the other packet is its sender's last, on the connection or
// in the capture.
func (q *question) ipids() *Packet {
	p := q.compared()
	if p == nil {
		return nil
	}
	if q.rst.V6 || p.V6 {
		q.fail("IPv6 has no IP ID")
		return nil
	}
	q.number("the RST's IP ID", q.e.Values.Number, uint64(q.rst.IPID))
	q.number(fmt.Sprintf("the IP ID of frame %d", p.Frame), q.e.Values.Expected, uint64(p.IPID))
	last := q.by(q.sender).before(q.rst.Frame).last()
	var anywhere *Packet
	for _, s := range q.c.Packets {
		if s.Frame < q.rst.Frame && s.ICMP == nil && s.Src.Addr() == q.sender.Addr() && !s.Copy {
			anywhere = s
		}
	}
	if plain := q.by(q.sender).before(q.rst.Frame).others().last(); p != last && p != anywhere && p != plain && !p.Copy {
		q.fail("the sender's last packet is frame %d", cmp.Or(last, &Packet{}).Frame)
	}
	return p
}

func checkIPIDContinues(q *question) {
	p := q.ipids()
	if p == nil {
		return
	}
	d := q.rst.IPID - p.IPID
	e := bits.ReverseBytes16(q.rst.IPID) - bits.ReverseBytes16(p.IPID)
	if (d < 1 || d > 8) && (e < 1 || e > 8) {
		q.fail("it is %d above", d)
	}
}

func checkIPIDBreaks(q *question) {
	p := q.ipids()
	if p == nil {
		return
	}
	if d := q.rst.IPID - p.IPID; d <= 4096 {
		q.fail("it is %d above", d)
	}
}

func checkIPIDCopied(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return
	}
	q.number("the RST's IP ID", q.e.Values.Number, uint64(q.rst.IPID))
	q.number(fmt.Sprintf("the IP ID of frame %d", p.Frame), q.e.Values.Number, uint64(p.IPID))
	if p.Frame > q.rst.Frame {
		q.fail("frame %d comes after the RST", p.Frame)
	}
}

func checkWindowCopied(q *question) {
	p := q.frame()
	if q.sent(p, q.receiver) {
		q.number("the RST's window", q.e.Values.Number, uint64(q.rst.Window))
		q.number(fmt.Sprintf("the window of frame %d", p.Frame), q.e.Values.Number, uint64(p.Window))
	}
}

func checkTimestampContinues(q *question) {
	p := q.frame()
	if !q.sent(p, q.sender) {
		return
	}
	switch last := q.by(q.sender).before(q.rst.Frame).keep(func(s *Packet) bool { return s.HasTS && !s.Alike }).last(); {
	case !q.rst.HasTS || !p.HasTS:
		q.fail("there is no timestamp")
	case above(q.rst.TSval, p.TSval) < 0:
		q.fail("the TSval %d is below that of frame %d, %d", q.rst.TSval, p.Frame, p.TSval)
	case last != nil && last != p && numbersOf(last) != numbersOf(p) &&
		q.by(q.sender).before(q.rst.Frame).others().keep(func(s *Packet) bool { return !s.Alike }).last() != p:
		q.fail("its last segment is frame %d", last.Frame)
	}
	q.number("the RST's TSval", q.e.Values.Number, uint64(q.rst.TSval))
	q.number("the other's", q.e.Values.Expected, uint64(p.TSval))
}

func checkMACDiffers(q *question) {
	p := q.frame()
	if !q.sent(p, q.sender) {
		return
	}
	own, theirs, _ := strings.Cut(q.e.Values.Text, "/")
	if q.rst.MAC == "" {
		q.part() // an address of another link layer
		return
	}
	switch first := q.by(q.sender).first(); {
	case own != q.rst.MAC:
		q.fail("the RST came from %s", q.rst.MAC)
	case theirs != p.MAC:
		q.fail("frame %d came from %s", p.Frame, p.MAC)
	case own == theirs:
		q.fail("they are the same")
	case first != p:
		q.fail("the sender's first packet is frame %d", first.Frame)
	}
}

func checkSendsAfterReset(q *question) {
	frames := q.frames()
	if len(frames) == 0 {
		q.fail("it names no data")
		return
	}
	fresh := q.by(q.sender).newData()
	for _, p := range frames {
		if q.sent(p, q.sender) && q.after(p) && !contains(fresh, p) {
			q.fail("frame %d holds no new data", p.Frame)
		}
	}
	q.span(q.rst, frames[0])
}

// contains reports whether a list holds a packet, or another capture of it.
func contains(l list, p *Packet) bool {
	for _, s := range l {
		if s == p || p.Copy && numbersOf(s) == numbersOf(p) {
			return true
		}
	}
	return false
}

func checkAcksAfterReset(q *question) {
	frames := q.frames()
	if len(frames) == 0 {
		q.fail("it names no acknowledgment")
		return
	}
	// A segment that acknowledges no more than the RST itself may have left before it, and been overtaken by it.
	acked, ok := q.by(q.sender).before(q.rst.Frame).highestACK()
	if q.rst.Has(ACK) && (!ok || above(q.rst.ACK, acked) > 0) && above(q.rst.ACK, acked) < far &&
		frames[0].Time-q.rst.Time < overtaking {
		acked, ok = q.rst.ACK, true
	}
	for _, p := range frames {
		if q.sent(p, q.sender) && q.after(p) && (p.Has(RST) || !p.Has(ACK) || ok && above(p.ACK, acked) <= 0) {
			q.fail("frame %d acknowledges no more than before", p.Frame)
		}
	}
	if n := q.e.Values.Count; n != 0 {
		all := q.by(q.sender).between(q.rst.Frame,
			0).others().keep(func(p *Packet) bool { return p.Has(ACK) && (!ok || above(p.ACK, acked) > 0) })
		if n > len(all) || n < len(frames) {
			q.fail("there are %d, not %d", len(all), n)
		}
	}
	q.span(q.rst, frames[0])
}

// overtaking is more than the time by which networks and captures reorder segments of one direction, in nanoseconds.
const overtaking = 3e6

func checkAcceptsAfterReset(q *question) {
	p := list(q.frames()).last()
	if !q.sent(p, q.sender) || !q.is(p, isSYNACK, "SYN-ACK") || !q.after(p) {
		return
	}
	if s := q.by(q.receiver).before(q.rst.Frame).keep(func(s *Packet) bool { return !isSYN(s) }).first(); s != nil {
		q.fail("the peer had sent more than SYNs: frame %d", s.Frame)
	}
	if s := q.by(q.receiver).between(q.rst.Frame, p.Frame).keep(isSYN).first(); s != nil {
		q.fail("frame %d is another SYN", s.Frame)
	}
	// Each SYN draws one answer: one more than RSTs may be what the SYN-ACK answers.
	syns, _ := counts(q.by(q.receiver).before(p.Frame).keep(isSYN))
	_, refusals := counts(q.by(q.sender).before(p.Frame).resets())
	if syns > refusals {
		q.fail("there are %d SYNs and %d RSTs before it: the SYN-ACK may answer a SYN of its own", syns, refusals)
	}
	q.span(q.rst, p)
}

func checkSEQOutside(q *question) {
	q.offset()
	q.noSuchACK()
}

func checkGuessesSEQ(q *question) {
	var most int32
	found := map[uint32]bool{q.rst.SEQ: true}
	for _, p := range q.by(q.side).resets() {
		if p == q.rst {
			continue
		}
		if end, ok := q.by(q.side).before(p.Frame).highest(); ok {
			if d := above(p.SEQ, end); d > 0 {
				most, found[p.SEQ] = max(most, d), true
			}
		}
	}
	switch {
	case len(found) < 2:
		q.fail("no further RST has a SEQ of its own above what the side was captured to have sent")
	case q.e.Values.Bytes != 0 && q.e.Values.Bytes != int64(most):
		q.fail("the largest distance is %d, not %d", most, q.e.Values.Bytes)
	}
}

func checkRepeated(q *question) {
	same := list(q.conn).resets().keep(func(p *Packet) bool {
		d := p.Time - q.rst.Time
		return p.Src == q.sender && p.SEQ == q.rst.SEQ && p.ACK == q.rst.ACK && d <= 1e6 && d >= -1e6
	})
	low, high := counts(same.by(q.sender))
	q.count(q.e.Values.Count, low, max(high, len(same)))
}

func checkTooSoon(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return
	}
	v := &q.e.Values
	q.span(p, q.rst)
	if v.Span >= v.Every {
		q.fail("%d ns are not less than %d", v.Span, v.Every)
	}
	// The least time from a segment that takes sequence space to a segment that acknowledges just that.
	least, all := int64(1<<62), q.by(q.receiver)
	for _, a := range q.by(q.sender).before(q.rst.Frame).others() {
		for _, s := range all {
			if s.Frame >= a.Frame {
				break
			}
			if s.End() != s.SEQ && a.Has(ACK) && s.End() == a.ACK && !s.Has(RST) && !s.Copy && !s.Alike {
				least = min(least, a.Time-s.Time)
			}
		}
	}
	if least < v.Every-1000 {
		q.fail("another answer took %d ns", least)
	}
	if !near(least, v.Every) {
		q.part()
	}
}

func checkBothReset(q *question) {
	l := list{}
	for _, n := range q.e.Frames {
		l = append(l, q.c.byFrame[n])
	}
	if len(l) < 2 {
		l = append(l, q.rst)
	}
	if len(l) < 2 || !l[0].Has(RST) || !l[1].Has(RST) || l[0].Src == l[1].Src {
		q.fail("the frames are not one RST of each side")
		return
	}
	if v := q.e.Values.Span; v != 0 && !near(v, l[1].Time-l[0].Time) && !near(v, l[0].Time-l[1].Time) {
		q.fail("they are %d ns apart", l[1].Time-l[0].Time)
	}
}

func checkCapturedOnce(q *question) {
	twice := map[numbers]int{}
	for _, p := range q.conn {
		twice[numbersOf(p)]++
	}
	copies, packets := 0, 0
	for _, p := range q.conn {
		switch {
		case p.Copy || p.Alike:
			copies++
		case p != q.rst:
			packets++
		}
	}
	if twice[numbersOf(q.rst)] > 1 {
		q.fail("the RST was captured %d times", twice[numbersOf(q.rst)])
	}
	// The report may have counted only until the RST.
	before := 0
	for _, p := range q.conn {
		if p.Copy && p.Frame < q.rst.Frame {
			before++
		}
	}
	if v := q.e.Values; v.Count < before || v.Count > copies {
		q.fail("%d packets were captured twice, not %d", copies, v.Count)
	} else if v.Hosts > packets {
		q.fail("there are only %d other packets", packets)
	}
}

func checkAfterFirstData(q *question) {
	p := q.frame()
	if !q.sent(p, q.originator) {
		return
	}
	first := q.by(q.originator).data().first()
	switch {
	case first == nil || first != p && numbersOf(first) != numbersOf(p):
		q.fail("the originator's first data is frame %d", cmp.Or(first, &Packet{}).Frame)
	case p.Frame > q.rst.Frame:
		q.fail("it comes after the RST")
	}
	if d := q.by(q.responder).before(q.rst.Frame).data().first(); d != nil {
		q.fail("frame %d is data of the responder", d.Frame)
	}
}

func checkReplyWithACK(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return
	}
	closing := q.by(q.sender).before(p.Frame).keep(func(s *Packet) bool { return s.Has(FIN) || s.Has(RST) }).first()
	switch {
	case !q.rst.Has(ACK) || q.rst.SEQ == 0:
		q.fail("the RST has not ACK and a SEQ")
	case p.Len == 0 && !p.Has(FIN):
		q.fail("frame %d has no data", p.Frame)
	case closing == nil:
		q.fail("its sender had not ended the connection before frame %d", p.Frame)
	case q.rst.ACK != p.DataEnd() && q.rst.ACK != p.End() && q.rst.SEQ != p.ACK:
		q.fail("its numbers are not those of an answer to frame %d", p.Frame)
	}
}

func checkComparedWith(q *question) {
	p := q.compared()
	if p == nil || q.e.Values.Number == 0 {
		return
	}
	n := q.e.Values.Number
	if n != uint64(p.TTL) && n != uint64(p.IPID) && n != uint64(p.Window) && n != uint64(p.TSval) {
		q.fail("frame %d has TTL %d, IP ID %d, window %d; none is %d", p.Frame, p.TTL, p.IPID, p.Window, n)
	}
}

func checkTooSoonElsewhere(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) || !q.is(p, isSYN, "SYN") {
		return
	}
	v := &q.e.Values
	q.span(p, q.rst)
	if v.Span*8 >= v.Every {
		q.fail("%d ns are not less than an eighth of %d", v.Span, v.Every)
	}
	// The least time from a SYN, or SYN-ACK, to what acknowledges it, over all connections.
	least := int64(1 << 62)
	for _, conn := range q.c.Streams {
		for i, a := range conn {
			if a.Src.Addr() != q.sender.Addr() || !a.Has(ACK) || a.Has(RST) || a.Copy || a.Alike {
				continue
			}
			for _, s := range conn[:i] {
				if s.Src == a.Dst && s.Has(SYN) && !s.Copy && !s.Alike && a.ACK == s.SEQ+1 {
					least = min(least, a.Time-s.Time)
				}
			}
		}
	}
	if least < v.Every-1000 {
		q.fail("another answer took %d ns", least)
	}
	if !near(least, v.Every) {
		q.part() // an answer to a SYN that was sent again tells no time
	}
}

func checkIPIDNotZero(q *question) {
	p := q.compared()
	if p == nil {
		return
	}
	q.number("the RST's IP ID", q.e.Values.Number, uint64(q.rst.IPID))
	if q.rst.IPID == 0 {
		q.fail("the RST's IP ID is 0")
	}
	for _, s := range q.by(q.sender).before(q.rst.Frame).others() {
		if s.IPID != 0 {
			q.fail("frame %d has IP ID %d", s.Frame, s.IPID)
		}
	}
}

func checkAnswersReset(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return
	}
	switch {
	case !p.Has(RST) || p.Has(ACK) || p.Frame > q.rst.Frame:
		q.fail("frame %d is no RST without ACK before it", p.Frame)
	case q.rst.SEQ != 0 || !q.rst.Has(ACK) || q.rst.ACK != p.SEQ:
		q.fail("its numbers are not those of an answer to frame %d", p.Frame)
	}
	q.span(p, q.rst)
}

// farOutside is the distance from which on ack-outside is claimed.
const farOutside = 1 << 20

func checkACKOutside(q *question) {
	last := q.by(q.receiver).before(q.rst.Frame).others().last()
	if p := q.frame(); !q.sent(p, q.receiver) || p != last && !p.Copy {
		return
	}
	l := q.by(q.receiver).before(q.rst.Frame).others()
	end, ok := l.highest()
	first := l.first()
	if !ok || !q.rst.Has(ACK) {
		q.fail("there is no number to compare with")
		return
	}
	d := above(q.rst.ACK, end)
	if d <= farOutside && above(q.rst.ACK, first.SEQ) >= -farOutside {
		q.fail("its ACK is %d above the end of what its receiver sent", d)
	}
	if q.e.Values.Bytes != int64(d) {
		q.fail("the distance is %d, not %d", d, q.e.Values.Bytes)
	}
}

func checkMirrorsData(q *question) {
	p := q.frame()
	if !q.sent(p, q.receiver) {
		return
	}
	n := min(len(p.Payload), len(q.rst.Payload), leastMirrored)
	switch {
	case p.Frame > q.rst.Frame:
		q.fail("frame %d comes after the RST", p.Frame)
	case n < leastMirrored:
		q.part() // not captured
	case !bytes.Equal(p.Payload[:n], q.rst.Payload[:n]):
		q.fail("its payload begins otherwise")
	}
}

// leastMirrored is how many bytes are compared.
const leastMirrored = 5
